/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Many slow clients: each begins a request, promises much and sends a byte in each round. Meanwhile
 * another client must be served, the memory that the server occupies stays within what so many
 * connections may cost (not what they promise), and when they are gone all of it is free again.
 *
 *   loris PORT [CONNECTIONS [ROUNDS [PAUSE_MS]]]     prints what fails, then "N passed, N failed"
 *
 * The time between rounds changes nothing for the server but how long it lasts.
 */
#include <hiredis/hiredis.h>

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 50000
#define PATIENCE_S 60
#define TRY_US 20000
#define CONNECTION_BYTES (128 * 1024) /* what one may occupy, also under a sanitizer */
#define SLACK_BYTES (64 * 1024 * 1024)
#define LEFT_BYTES (2 * 1024 * 1024) /* what may stay when all are gone */

static const char *const beginnings[] = {
	"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870911\r\n",
	"*1048576\r\n$1\r\n",
	"*2\r\n$100000000\r\n",
	"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$9",
	"SET some-key ",
	"*",
};

static int sockets[CONNECTIONS_MAX];
static int passed, failed;

static void check(bool holds, const char *what)
{
	passed += holds;
	failed += !holds;
	if (!holds)
		printf("FAILED: %s\n", what);
}

static long argument(int argc, char **argv, int place, long otherwise)
{
	return place < argc ? strtol(argv[place], NULL, 10) : otherwise;
}

static redisContext *dial(int port)
{
	struct timeval patience = {.tv_sec = PATIENCE_S};
	redisContext *c = redisConnectWithTimeout("127.0.0.1", port, patience);
	if (c == NULL || c->err != 0) {
		printf("FAILED to connect\n0 passed, 1 failed\n");
		exit(1);
	}
	redisSetTimeout(c, patience);
	return c;
}

/* A number out of INFO; -1: it is not there. */
static long long info(redisContext *c, const char *name)
{
	char line[64];
	long long value = -1;
	redisReply *reply = redisCommand(c, "INFO");
	snprintf(line, sizeof(line), "\n%s:", name);
	const char *at = reply != NULL && reply->str != NULL ? strstr(reply->str, line) : NULL;
	if (at != NULL)
		value = strtoll(at + strlen(line), NULL, 10);
	freeReplyObject(reply);
	return value;
}

/* Asks until the number is at most `most`. */
static bool info_falls(redisContext *c, const char *name, long long most)
{
	for (long tries = PATIENCE_S * 1000000L / TRY_US; tries > 0; tries--) {
		long long value = info(c, name);
		if (value >= 0 && value <= most)
			return true;
		usleep(TRY_US);
	}
	printf("%s is %lld, wanted at most %lld\n", name, info(c, name), most);
	return false;
}

static bool is_served(redisContext *c, int round)
{
	char wanted[32];
	snprintf(wanted, sizeof(wanted), "value-%d", round);
	redisReply *set = redisCommand(c, "SET loris:key %s", wanted);
	redisReply *get = redisCommand(c, "GET loris:key");
	bool is_same = set != NULL && get != NULL && get->str != NULL &&
		strcmp(get->str, wanted) == 0;
	freeReplyObject(set);
	freeReplyObject(get);
	return is_same;
}

static int slow_open(int port, const char *beginning)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	if (send(fd, beginning, strlen(beginning), MSG_NOSIGNAL) < 0)
		printf("a connection was closed at once\n");
	return fd;
}

/* Digits fit any of the beginnings; how many still stand. */
static int round_send(int count)
{
	int alive = 0;
	for (int i = 0; i < count; i++)
		alive += sockets[i] >= 0 &&
			send(sockets[i], "1", 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1;
	return alive;
}

int main(int argc, char **argv)
{
	int port = (int)argument(argc, argv, 1, 6379), count = (int)argument(argc, argv, 2, 500);
	int rounds = (int)argument(argc, argv, 3, 10);
	long pause_us = argument(argc, argv, 4, 0) * 1000, opened = 0;
	struct rlimit files;
	bool serves = true, all_stand = true;

	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	count = count > CONNECTIONS_MAX ? CONNECTIONS_MAX : count;
	redisContext *c = dial(port);
	freeReplyObject(redisCommand(c, "CONFIG SET maxclients %d", count + 100));
	check(is_served(c, -1), "a client is served");
	long long clients = info(c, "connected_clients"), used = info(c, "used_memory");
	long long before = info(c, "used_memory_rss"), most = 0;
	for (int i = 0; i < count; i++) {
		sockets[i] = slow_open(port,
			beginnings[i % (int)(sizeof(beginnings) / sizeof(beginnings[0]))]);
		opened += sockets[i] >= 0;
	}
	check(opened == count, "all slow clients are let in");
	for (int round = 0; round < rounds; round++) {
		all_stand &= round_send(count) == count;
		serves &= is_served(c, round);
		long long occupied = info(c, "used_memory_rss");
		most = occupied > most ? occupied : most;
		usleep((useconds_t)pause_us);
	}
	check(serves, "others are served meanwhile");
	check(all_stand, "who is only slow is not closed");
	check(info(c, "connected_clients") >= count, "all slow clients are there");
	check(most - before <= (long long)count * CONNECTION_BYTES + SLACK_BYTES,
		"memory follows what was sent, not what was promised");
	for (int i = 0; i < count; i++)
		close(sockets[i]);
	check(info_falls(c, "connected_clients", clients), "they are forgotten");
	check(info_falls(c, "used_memory", used + LEFT_BYTES), "their memory is given back");
	printf("%d slow clients took %lld bytes each\n", count, (most - before) / (count + !count));
	redisFree(c);
	printf("%d passed, %d failed\n", passed, failed);
	return failed != 0;
}
