/* SPDX-License-Identifier: BSD-3-Clause
 *
 * net/http over real sockets: what is answered to which request, whole or byte by byte, and the
 * limits.
 */
#include "../../../src/net/http.c"

#include "../unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <time.h>

#define CLIENT_MAX 8192
#define PATIENCE_TURNS 200000

static struct loop *loop;
static struct http *http;
static int port;

static void write_page(struct bytes path, struct http_page *page, void *context)
{
	assert_ptr_equal(context, &port);
	if (bytes_equal(path, BYTES("/big"))) {
		memset(buf_reserve(&page->body, 1 << 20), 'b', 1 << 20);
		page->body.len = 1 << 20;
	} else if (bytes_equal(path, BYTES("/page"))) {
		buf_add_text(&page->body, "hello");
		page->type = "text/x";
	} else {
		return;
	}
	page->status = 200;
}

static int free_port(void)
{
	struct sockaddr_in at;
	socklen_t size = sizeof(at);
	int fd = listen_tcp("127.0.0.1", 0, 1, 0);
	assert_true(fd >= 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
	close(fd);
	return ntohs(at.sin_port);
}

static void open_server(void)
{
	const struct loop_options options = {.backend = LOOP_AUTO, .max_sockets = 100};
	char error[256];
	bool stands = false;
	loop = loop_new(&options, error, sizeof(error));
	assert_non_null(loop);
	http = http_new(loop, write_page, &port);
	/* Another process may take a port between choice and use. */
	for (int i = 0; i < 10 && !stands; i++) {
		port = free_port();
		stands = http_listen(http, "127.0.0.1", port, error, sizeof(error));
	}
	assert_true(stands);
}

static void close_server(void)
{
	http_close(http);
	loop_turn(loop, 0);
	loop_free(loop);
	http_free(http);
}

static int dial(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

/* Reads to the end of the connection while the loop turns; returns the length. */
static size_t drain(int fd, char *out, size_t size)
{
	size_t len = 0;
	for (int i = 0; i < PATIENCE_TURNS; i++) {
		loop_turn(loop, 100);
		ssize_t got = recv(fd, out + len, size - len, MSG_DONTWAIT);
		if (got == 0 || (got < 0 && errno == ECONNRESET))
			return len;
		len += got > 0 ? (size_t)got : 0;
	}
	fail_msg("no end of the answer");
	return 0;
}

/* The answer to these bytes, sent in pieces of `step`. */
static const char *ask(const char *request, size_t step)
{
	static char answer[CLIENT_MAX];
	int fd = dial();
	for (size_t at = 0, len = strlen(request); at < len; at += step) {
		size_t piece = len - at < step ? len - at : step;
		assert_int_equal(
			send(fd, request + at, piece, MSG_NOSIGNAL), (ssize_t)piece);
		loop_turn(loop, 0);
	}
	answer[drain(fd, answer, sizeof(answer) - 1)] = '\0';
	close(fd);
	return answer;
}

static void expect_status(const char *request, int status)
{
	char line[32];
	snprintf(line, sizeof(line), "HTTP/1.1 %d ", status);
	const char *answer = ask(request, SIZE_MAX);
	if (strncmp(answer, line, strlen(line)) != 0)
		fail_msg("'%s': wanted %d, got '%s'", request, status, answer);
}

static void test_pages(void **state)
{
	static const char whole[] = "HTTP/1.1 200 OK\r\nContent-Type: text/x\r\n"
				    "Content-Length: 5\r\nCache-Control: no-store\r\n"
				    "Connection: close\r\n\r\nhello";
	(void)state;
	open_server();
	assert_string_equal(ask("GET /page HTTP/1.1\r\nHost: x\r\n\r\n", SIZE_MAX), whole);
	assert_string_equal(ask("GET /page?a=b HTTP/1.0\r\n\r\n", 1), whole);
	assert_string_equal(ask("GET /page HTTP/1.0\r\nA: b\r\n\r\nmore", 7), whole);
	const char *head = ask("HEAD /page HTTP/1.1\r\nhost: x\r\n\r\n", SIZE_MAX);
	assert_non_null(strstr(head, "Content-Length: 5\r\n"));
	assert_null(strstr(head, "hello"));
	expect_status("GET /none HTTP/1.0\r\n\r\n", 404);
	expect_status("POST /page HTTP/1.0\r\n\r\n", 405);
	assert_non_null(strstr(ask("DELETE / HTTP/1.0\r\n\r\n", SIZE_MAX), "Allow: GET, HEAD"));
	close_server();
}

static void test_bad(void **state)
{
	static const char *const requests[] = {
		"\r\n\r\n", "GET\r\n\r\n", "GET /page\r\n\r\n", "GET  /page HTTP/1.0\r\n\r\n",
		"GET page HTTP/1.0\r\n\r\n", "GET /page HTTP/2.0\r\n\r\n",
		"GET /page HTTP/1.1\r\n\r\n", "get /page HTTP/1.0\r\n\r\n",
		"GET /page HTTP/1.0 x\r\n\r\n", "GET /p\x01 HTTP/1.0\r\n\r\n",
		"*1\r\n$4\r\nPING\r\n\r\n",
	};
	static char large[HTTP_REQUEST_MAX + 2];
	(void)state;
	open_server();
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		expect_status(requests[i], 400);
	memset(large, 'a', HTTP_REQUEST_MAX);
	memcpy(large, "GET /", 5);
	expect_status(large, 400);
	close_server();
}

static void test_big_page(void **state)
{
	static char answer[(1 << 20) + CLIENT_MAX];
	static const char request[] = "GET /big HTTP/1.0\r\n\r\n";
	(void)state;
	open_server();
	int fd = dial();
	assert_true(send(fd, request, sizeof(request) - 1, 0) > 0);
	size_t len = drain(fd, answer, sizeof(answer));
	assert_true(len > 1 << 20);
	assert_int_equal(answer[len - 1], 'b');
	close(fd);
	close_server();
}

static void test_many(void **state)
{
	int fds[HTTP_CONNS_MAX];
	char answer[CLIENT_MAX];
	(void)state;
	open_server();
	for (int i = 0; i < HTTP_CONNS_MAX; i++)
		fds[i] = dial();
	for (int i = 0; i < PATIENCE_TURNS && http->conn_count < HTTP_CONNS_MAX; i++)
		loop_turn(loop, 100);
	assert_int_equal(http->conn_count, HTTP_CONNS_MAX);
	int fd = dial();
	answer[drain(fd, answer, sizeof(answer) - 1)] = '\0';
	assert_non_null(strstr(answer, "503"));
	close(fd);
	/* The silent are ended when their time is over, and then there is room again. */
	http_on_tick(http);
	loop_turn(loop, 0);
	assert_int_equal(http->conn_count, HTTP_CONNS_MAX);
	LINK_EACH(it, after, &http->conns)
	LINK_OWNER(it, struct http_conn, link)->opened_us -= 2 * HTTP_TIMEOUT_MS * INT64_C(1000);
	http_on_tick(http);
	for (int i = 0; i < HTTP_CONNS_MAX; i++) {
		assert_int_equal(drain(fds[i], answer, sizeof(answer)), 0);
		close(fds[i]);
	}
	assert_int_equal(http->conn_count, 0);
	expect_status("GET /page HTTP/1.0\r\n\r\n", 200);
	close_server();
}

static void test_listen(void **state)
{
	char error[256] = "";
	(void)state;
	open_server();
	/* A bad address: the old place goes on. */
	assert_false(http_listen(http, "127.0.0.1 256.1.1.1", port, error, sizeof(error)));
	assert_true(strlen(error) > 0);
	expect_status("GET /page HTTP/1.0\r\n\r\n", 200);
	assert_true(http_listen(http, "127.0.0.1 -256.1.1.1", port, error, sizeof(error)));
	expect_status("GET /page HTTP/1.0\r\n\r\n", 200);
	assert_true(http_listen(http, "127.0.0.1", 0, error, sizeof(error)));
	assert_int_equal(http->listener_count, 0);
	close_server();
}

UNIT_MAIN(test_pages, test_bad, test_big_page, test_many, test_listen)
