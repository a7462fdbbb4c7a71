/* SPDX-License-Identifier: BSD-3-Clause
 *
 * How listening sockets are made; accepting is in conformance/.
 */
#include "../../../src/io/listener.c"

#include "conformance/harness.c"

#include <arpa/inet.h>
#include <netdb.h>

static int port_of(int fd)
{
	struct sockaddr_storage at;
	socklen_t size = sizeof at;
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
	if (at.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)&at)->sin6_port);
	return ntohs(((struct sockaddr_in *)&at)->sin_port);
}

/* The address it is bound to, as text. */
static const char *address_of(int fd)
{
	static char text[INET6_ADDRSTRLEN];
	struct sockaddr_storage at;
	socklen_t size = sizeof at;
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
	const void *ip = at.ss_family == AF_INET6
		? (const void *)&((struct sockaddr_in6 *)&at)->sin6_addr
		: (const void *)&((struct sockaddr_in *)&at)->sin_addr;
	return inet_ntop(at.ss_family, ip, text, sizeof text);
}

static void check_listener(const char *address, const char *expected)
{
	int fd = listen_tcp(address, 0, 16, 0);
	assert_true(fd >= 0);
	assert_string_equal(address_of(fd), expected);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	int listening = 0;
	socklen_t size = sizeof listening;
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size), 0);
	assert_int_equal(listening, 1);
	close(fd);
}

static void test_addresses(void **state)
{
	(void)state;
	check_listener("127.0.0.1", "127.0.0.1");
	check_listener("*", "0.0.0.0");
	/* A bare root has no /etc/hosts, and then no such name. */
	struct addrinfo *found = NULL;
	if (getaddrinfo("localhost", NULL, &(struct addrinfo){.ai_family = AF_INET}, &found) == 0) {
		check_listener("localhost", "127.0.0.1");
		freeaddrinfo(found);
	}
	int probe = socket(AF_INET6, SOCK_STREAM, 0);
	struct sockaddr_in6 loopback = {.sin6_family = AF_INET6,
					.sin6_addr = IN6ADDR_LOOPBACK_INIT};
	bool has_v6 = probe >= 0 && bind(probe, (struct sockaddr *)&loopback, sizeof loopback) == 0;
	if (probe >= 0)
		close(probe);
	if (!has_v6)
		return;
	check_listener("::1", "::1");
	check_listener("::*", "::");
	check_listener("::", "::");
}

/* Both families on one port: the one for IPv6 keeps to IPv6. */
static void test_both_families(void **state)
{
	(void)state;
	int four = -EADDRINUSE;
	for (int attempt = 0; four == -EADDRINUSE && attempt < 20; attempt++) { /* by a stranger */
		int six = listen_tcp("::*", 0, 16, 0);
		if (six == -EAFNOSUPPORT || six == -EADDRNOTAVAIL)
			return;
		assert_true(six >= 0);
		four = listen_tcp("*", port_of(six), 16, 0);
		close(six);
	}
	assert_true(four >= 0);
	close(four);
}

static void test_bad_addresses(void **state)
{
	(void)state;
	assert_int_equal(listen_tcp("127.0.0.1", -1, 16, 0), -EINVAL);
	assert_int_equal(listen_tcp("127.0.0.1", 65536, 16, 0), -EINVAL);
	assert_int_equal(listen_tcp("::zz", 0, 16, 0), -EADDRNOTAVAIL);
	assert_int_equal(listen_tcp("192.0.2.1", 0, 16, 0), -EADDRNOTAVAIL);
	assert_int_equal(listen_tcp("999.0.0.1.invalid", 0, 16, 0), -EADDRNOTAVAIL);
}

/* In use: believed only after a while. */
static void test_port_in_use(void **state)
{
	(void)state;
	int fd = listen_tcp("127.0.0.1", 0, 16, 0);
	int64_t start_us = clock_mono_us();
	assert_int_equal(listen_tcp("127.0.0.1", port_of(fd), 16, 0), -EADDRINUSE);
	int64_t took_us = clock_mono_us() - start_us;
	assert_true(took_us >= LISTEN_BIND_RETRY_US && took_us < LISTEN_BIND_RETRY_US + 500000);
	close(fd);
}

static unsigned mode_of(const char *path)
{
	struct stat st;
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	return st.st_mode & 0777;
}

static void test_unix(void **state)
{
	(void)state;
	char path[108];
	snprintf(path, sizeof path, "/tmp/ringlet-unit-%d.sock", getpid());
	mode_t mask = umask(027);
	static const struct {
		unsigned mode, expected;
	} modes[] = {{0, 0750}, {0700, 0700}, {0777, 0777}, {0600, 0600}};
	for (size_t i = 0; i < 4; i++) {
		/* The file of the one before is still there. */
		int fd = listen_unix(path, modes[i].mode, 16);
		assert_true(fd >= 0);
		assert_int_equal(mode_of(path), modes[i].expected);
		assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
		close(fd);
	}
	assert_int_equal(umask(mask), 027); /* it was never touched */
	unlink(path);
}

static void test_unix_refused(void **state)
{
	(void)state;
	char path[200] = "/tmp/ringlet-unit-XXXXXX";
	int file = mkstemp(path);
	assert_int_equal(listen_unix(path, 0, 16), -EADDRINUSE);
	assert_int_equal(access(path, F_OK), 0); /* somebody's file survives */
	close(file);
	unlink(path);
	assert_int_equal(listen_unix("", 0, 16), -ENAMETOOLONG);
	assert_int_equal(listen_unix("/nonexistent/directory/s", 0, 16), -ENOENT);
	assert_int_equal(listen_unix("/tmp/s", 01000, 16), -EINVAL);
	memset(path, 'x', sizeof path - 1);
	path[sizeof path - 1] = '\0';
	assert_int_equal(listen_unix(path, 0, 16), -ENAMETOOLONG);
}

static void test_lasting_errors(void **state)
{
	(void)state;
	static const int lasting[] = {EMFILE, ENFILE, ENOBUFS, ENOMEM};
	static const int passing[] = {ECONNABORTED, EINTR, EPROTO, ENETDOWN, EPERM, EHOSTUNREACH};
	for (size_t i = 0; i < sizeof lasting / sizeof lasting[0]; i++)
		assert_true(listener_error_lasts(lasting[i]));
	for (size_t i = 0; i < sizeof passing / sizeof passing[0]; i++)
		assert_false(listener_error_lasts(passing[i]));
}

int main(void)
{
	clock_init();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),     cmocka_unit_test(test_both_families),
		cmocka_unit_test(test_bad_addresses), cmocka_unit_test(test_port_in_use),
		cmocka_unit_test(test_unix),          cmocka_unit_test(test_unix_refused),
		cmocka_unit_test(test_lasting_errors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
