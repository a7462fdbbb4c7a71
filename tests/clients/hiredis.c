/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Ringlet seen through hiredis, the C library that many clients of other languages wrap: blocking
 * and asynchronous, over TCP and over a Unix socket. It knows nothing of our sources.
 *
 *   hiredis PORT SOCKET     prints a line for each failed check, then "N passed, N failed"
 */
#include <hiredis/async.h>
#include <hiredis/hiredis.h>

#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#define LARGE_BYTES (16 * 1024 * 1024)
#define PIPELINED 10000
#define ASYNC_REQUESTS 5000
#define ASYNC_CONNECTIONS 20
#define PATIENCE_MS 20000

static int passed, failed;
static const char *transport;
static int port;
static const char *path;

static void check(bool holds, const char *what)
{
	if (holds) {
		passed++;
		return;
	}
	failed++;
	printf("FAILED over %s: %s\n", transport, what);
}

static redisContext *dial(void)
{
	struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
	redisContext *c = strcmp(transport, "tcp") == 0
				  ? redisConnectWithTimeout("127.0.0.1", port, patience)
				  : redisConnectUnixWithTimeout(path, patience);
	if (c == NULL || c->err) {
		printf("FAILED to connect over %s: %s\n", transport, c == NULL ? "" : c->errstr);
		exit(1);
	}
	redisSetTimeout(c, patience);
	return c;
}

/* Sends, compares the reply's type and text (or integer as text), frees. */
static void expect(redisContext *c, int type, const char *wanted, const char *command)
{
	char got[64] = "";
	redisReply *reply = redisCommand(c, command);
	bool is_same = reply != NULL && reply->type == type;
	if (is_same && type == REDIS_REPLY_INTEGER) {
		snprintf(got, sizeof(got), "%lld", reply->integer);
		is_same = strcmp(got, wanted) == 0;
	} else if (is_same && type != REDIS_REPLY_NIL && type != REDIS_REPLY_ARRAY) {
		is_same = strcmp(reply->str, wanted) == 0;
	}
	check(is_same, command);
	if (reply != NULL)
		freeReplyObject(reply);
}

static void test_types(void)
{
	redisContext *c = dial();
	expect(c, REDIS_REPLY_STATUS, "PONG", "PING");
	expect(c, REDIS_REPLY_STRING, "hello", "ECHO hello");
	expect(c, REDIS_REPLY_STATUS, "OK", "SET c:k 10");
	expect(c, REDIS_REPLY_STRING, "10", "GET c:k");
	expect(c, REDIS_REPLY_INTEGER, "11", "INCR c:k");
	expect(c, REDIS_REPLY_NIL, "", "GET c:none");
	expect(c, REDIS_REPLY_ARRAY, "", "MGET c:k c:none");
	expect(c, REDIS_REPLY_ERROR, "ERR wrong number of arguments for 'get' command", "GET");
	expect(c, REDIS_REPLY_ERROR, "ERR value is not an integer or out of range", "INCRBY c:k x");
	expect(c, REDIS_REPLY_STATUS, "OK", "MULTI");
	expect(c, REDIS_REPLY_STATUS, "QUEUED", "INCR c:k");
	expect(c, REDIS_REPLY_STATUS, "QUEUED", "GET c:k");
	redisReply *reply = redisCommand(c, "EXEC");
	check(reply != NULL && reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
		      reply->element[0]->integer == 12 && strcmp(reply->element[1]->str, "12") == 0,
	      "EXEC's array");
	if (reply != NULL)
		freeReplyObject(reply);
	expect(c, REDIS_REPLY_INTEGER, "1", "DEL c:k");
	redisFree(c);
}

static void test_binary_and_large(void)
{
	redisContext *c = dial();
	char *value = malloc(LARGE_BYTES);
	for (size_t i = 0; i < LARGE_BYTES; i++)
		value[i] = (char)(i * 2654435761u >> 13);
	for (size_t size = 0; size <= LARGE_BYTES; size = size == 0 ? 1 : size * 16) {
		redisReply *set = redisCommand(c, "SET %b %b", "c:\r\n\0k", (size_t)6, value, size);
		check(set != NULL && set->type == REDIS_REPLY_STATUS, "SET of a large value");
		redisReply *get = redisCommand(c, "GET %b", "c:\r\n\0k", (size_t)6);
		check(get != NULL && get->type == REDIS_REPLY_STRING && get->len == size &&
			      memcmp(get->str, value, size) == 0,
		      "GET of a large value");
		if (set != NULL)
			freeReplyObject(set);
		if (get != NULL)
			freeReplyObject(get);
	}
	free(value);
	redisFree(c);
}

static void test_pipeline(void)
{
	redisContext *c = dial();
	bool is_ordered = true;
	for (int i = 0; i < PIPELINED; i++)
		redisAppendCommand(c, i % 2 ? "GET c:p" : "SET c:p %d", i);
	for (int i = 0; i < PIPELINED; i++) {
		redisReply *reply = NULL;
		if (redisGetReply(c, (void **)&reply) != REDIS_OK) {
			is_ordered = false;
			break;
		}
		is_ordered &= i % 2 == 0 ? reply->type == REDIS_REPLY_STATUS
					 : reply->type == REDIS_REPLY_STRING &&
						   atoi(reply->str) == i - 1;
		freeReplyObject(reply);
	}
	check(is_ordered, "pipelined replies in order");
	redisFree(c);
}

static void test_reconnect(void)
{
	redisContext *c = dial();
	for (int i = 0; i < 50; i++) {
		if (redisReconnect(c) != REDIS_OK)
			break;
		redisReply *reply = redisCommand(c, "PING");
		if (reply == NULL)
			break;
		freeReplyObject(reply);
	}
	check(c->err == 0, "50 reconnects");
	redisFree(c);
}

/* ---- asynchronous: hiredis asks for events, a poll loop gives them ---- */

struct async_conn {
	redisAsyncContext *c;
	bool wants_read;
	bool wants_write;
	bool is_gone;
	int next; /* the reply that must come next */
	bool is_ordered;
};

static void add_read(void *p)
{
	((struct async_conn *)p)->wants_read = true;
}

static void del_read(void *p)
{
	((struct async_conn *)p)->wants_read = false;
}

static void add_write(void *p)
{
	((struct async_conn *)p)->wants_write = true;
}

static void del_write(void *p)
{
	((struct async_conn *)p)->wants_write = false;
}

static void on_reply(redisAsyncContext *c, void *r, void *wanted)
{
	struct async_conn *conn = c->data;
	redisReply *reply = r;
	conn->is_ordered &= reply != NULL && reply->type == REDIS_REPLY_STRING &&
			    atoi(reply->str) == conn->next && (long)wanted == conn->next;
	conn->next++;
	if (conn->next == ASYNC_REQUESTS)
		redisAsyncDisconnect(c);
}

static void on_disconnect(const redisAsyncContext *c, int status)
{
	struct async_conn *conn = c->data;
	conn->is_gone = true;
	conn->is_ordered &= status == REDIS_OK;
}

static void async_open(struct async_conn *conn)
{
	*conn = (struct async_conn){.is_ordered = true};
	conn->c = strcmp(transport, "tcp") == 0 ? redisAsyncConnect("127.0.0.1", port)
						: redisAsyncConnectUnix(path);
	conn->c->data = conn;
	conn->c->ev.data = conn;
	conn->c->ev.addRead = add_read;
	conn->c->ev.delRead = del_read;
	conn->c->ev.addWrite = add_write;
	conn->c->ev.delWrite = del_write;
	redisAsyncSetDisconnectCallback(conn->c, on_disconnect);
	for (long i = 0; i < ASYNC_REQUESTS; i++)
		redisAsyncCommand(conn->c, on_reply, (void *)i, "ECHO %ld", i);
}

/* One round of poll over all connections; false when none is left or nothing comes any more. */
static bool async_turn(struct async_conn *conns, int count)
{
	struct pollfd fds[ASYNC_CONNECTIONS];
	int left = 0;
	for (int i = 0; i < count; i++) {
		fds[i] = (struct pollfd){.fd = -1};
		if (conns[i].is_gone)
			continue;
		left++;
		fds[i].fd = conns[i].c->c.fd;
		fds[i].events = (short)((conns[i].wants_read ? POLLIN : 0) |
					(conns[i].wants_write ? POLLOUT : 0));
	}
	if (left == 0 || poll(fds, (nfds_t)count, PATIENCE_MS) <= 0)
		return false;
	for (int i = 0; i < count; i++) {
		if (fds[i].revents & (POLLIN | POLLHUP | POLLERR))
			redisAsyncHandleRead(conns[i].c);
		if (!conns[i].is_gone && fds[i].revents & POLLOUT)
			redisAsyncHandleWrite(conns[i].c);
	}
	return true;
}

static void test_async(void)
{
	static struct async_conn conns[ASYNC_CONNECTIONS];
	for (int i = 0; i < ASYNC_CONNECTIONS; i++)
		async_open(&conns[i]);
	while (async_turn(conns, ASYNC_CONNECTIONS))
		;
	bool is_ordered = true, is_whole = true;
	for (int i = 0; i < ASYNC_CONNECTIONS; i++) {
		is_ordered &= conns[i].is_ordered;
		is_whole &= conns[i].is_gone && conns[i].next == ASYNC_REQUESTS;
	}
	check(is_ordered, "asynchronous replies in order");
	check(is_whole, "every asynchronous request answered");
}

int main(int argc, char **argv)
{
	static const char *const transports[] = {"tcp", "unix"};
	if (argc != 3) {
		fprintf(stderr, "usage: hiredis PORT SOCKET\n");
		return 2;
	}
	port = atoi(argv[1]);
	path = argv[2];
	for (int i = 0; i < 2; i++) {
		transport = transports[i];
		test_types();
		test_binary_and_large();
		test_pipeline();
		test_reconnect();
		test_async();
	}
	printf("%d passed, %d failed\n", passed, failed);
	return failed != 0;
}
