/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The floor: an epoll server that does nothing. It counts the asterisks in what it receives, looks
 * at the first letter of the first command and answers a constant as many times. What it costs is
 * what the kernel and the event loop cost, and no server on the same calls can be cheaper.
 *
 *   floor PORT [value=BYTES] [edge=1] [spin=NS]
 *
 * It listens on 127.0.0.1. `value` is the size of GET's answer; `edge` registers sockets
 * edge-triggered; `spin` burns so many nanoseconds per request: a known cost, by which the bench
 * itself is tested.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	READ_BYTES = 64 * 1024,
	REPLIES_MAX = READ_BYTES,
	REPLY_BYTES_MAX = 8 * 1024,
	EVENTS_MAX = 1024,
	FDS_MAX = 65536,
};

struct answer {
	char *many;                    /* the reply, repeated */
	size_t len, repeats;
};

static struct answer answers[256];
/* Of each connection's last command: a read may begin inside a request. */
static char first_letter[FDS_MAX];
static char input[READ_BYTES];
static long value_bytes = 16, edge, spin_ns;

static void answer_set(unsigned char letter, const char *reply, size_t len)
{
	struct answer *answer = &answers[letter];

	answer->len = len;
	answer->repeats = len < 64 ? REPLIES_MAX / 8 : 256;
	answer->many = malloc(answer->repeats * len);
	if (!answer->many)
		exit(1);
	for (size_t i = 0; i < answer->repeats; i++)
		memcpy(answer->many + i * len, reply, len);
}

static void answers_init(void)
{
	static char bulk[REPLY_BYTES_MAX];
	int head = snprintf(bulk, sizeof bulk, "$%ld\r\n", value_bytes);
	size_t size = (size_t)value_bytes;

	memset(bulk + head, 'x', size);
	memcpy(bulk + (size_t)head + size, "\r\n", 2);
	for (int i = 0; i < 256; i++)
		answer_set((unsigned char)i, "+OK\r\n", 5);
	answer_set('G', bulk, (size_t)head + size + 2);
	answer_set('I', ":1000000\r\n", 10);
	answer_set('P', "+PONG\r\n", 7);
}

static size_t asterisks(const char *data, size_t len)
{
	size_t count = 0;

	for (size_t i = 0; i < len; i++)
		count += data[i] == '*';
	return count;
}

static long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000L + now.tv_nsec;
}

static void burn(long ns)
{
	for (long end = now_ns() + ns; now_ns() < end;)
		;
}

/* Nothing waits for room to write: a client that lets replies pile up loses some. */
static void answer_send(int fd, size_t requests)
{
	const struct answer *answer = &answers[(unsigned char)first_letter[fd]];

	while (requests) {
		size_t now = requests < answer->repeats ? requests : answer->repeats;

		if (send(fd, answer->many, now * answer->len, MSG_NOSIGNAL) < 0)
			return;
		requests -= now;
	}
}

static void client_serve(int fd)
{
	ssize_t got = recv(fd, input, sizeof input, 0);

	if (got == 0 || (got < 0 && errno != EAGAIN)) {
		close(fd);
		return;
	}
	if (got < 0)
		return;
	if (got > 8 && input[0] == '*')
		first_letter[fd] = input[8];   /* "*2 $3 GET": right for up to nine arguments */
	size_t requests = asterisks(input, (size_t)got);
	if (spin_ns)
		burn(spin_ns * (long)requests);
	answer_send(fd, requests);
}

static void client_accept(int epoll, int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), on = 1;
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	if (fd < 0)
		return;
	if (edge)
		event.events |= EPOLLET;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (fd >= FDS_MAX || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		close(fd);
}

static int listen_on(int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ||
		listen(fd, 511) < 0) {
		perror("floor");
		exit(1);
	}
	return fd;
}

static int argument_read(const char *text)
{
	const struct { const char *name; long *where, high; } names[] = {
		{ "value=", &value_bytes, REPLY_BYTES_MAX - 32 },
		{ "edge=", &edge, 1 },
		{ "spin=", &spin_ns, 1000000 },
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		size_t len = strlen(names[i].name);

		if (strncmp(text, names[i].name, len))
			continue;
		*names[i].where = strtol(text + len, NULL, 10);
		return *names[i].where >= 0 && *names[i].where <= names[i].high;
	}
	return 0;
}

int main(int argc, char **argv)
{
	static struct epoll_event ready[EVENTS_MAX];
	long port = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
	int is_good = port > 0 && port < 65536;

	for (int i = 2; i < argc; i++)
		is_good &= argument_read(argv[i]);
	if (!is_good) {
		fputs("floor PORT [value=BYTES] [edge=1] [spin=NS]\n", stderr);
		return 2;
	}
	answers_init();
	int listener = listen_on((int)port), epoll = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event event = { .events = EPOLLIN, .data.fd = listener };

	if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) < 0) {
		perror("floor");
		return 1;
	}
	for (;;) {
		int count = epoll_wait(epoll, ready, EVENTS_MAX, -1);

		for (int i = 0; i < count; i++) {
			if (ready[i].data.fd == listener)
				client_accept(epoll, listener);
			else
				client_serve(ready[i].data.fd);
		}
	}
}
