/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The floor: an epoll server that does nothing. It counts the asterisks in what it receives, looks at the
 * first letter of the first command and answers a constant as many times. What it costs is what the kernel
 * and the event loop cost, and no server on the same calls can be cheaper.
 *
 *   floor PORT [VALUE_BYTES] [edge]     listens on 127.0.0.1; `edge` registers sockets edge-triggered
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
static char first_letter[FDS_MAX]; /* of the connection's last command: a read may begin inside a request */
static char input[READ_BYTES];

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

static void answers_init(size_t value_bytes)
{
	static char bulk[REPLY_BYTES_MAX];
	int head = snprintf(bulk, sizeof bulk, "$%zu\r\n", value_bytes);

	memset(bulk + head, 'x', value_bytes);
	memcpy(bulk + (size_t)head + value_bytes, "\r\n", 2);
	for (int i = 0; i < 256; i++)
		answer_set((unsigned char)i, "+OK\r\n", 5);
	answer_set('G', bulk, (size_t)head + value_bytes + 2);
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
	answer_send(fd, asterisks(input, (size_t)got));
}

static void client_accept(int epoll, int listener, uint32_t events)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), on = 1;
	struct epoll_event event = { .events = events, .data.fd = fd };

	if (fd < 0)
		return;
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
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 511) < 0) {
		perror("floor");
		exit(1);
	}
	return fd;
}

int main(int argc, char **argv)
{
	static struct epoll_event ready[EVENTS_MAX];
	long port = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
	long value_bytes = argc > 2 ? strtol(argv[2], NULL, 10) : 16;
	uint32_t events = argc > 3 && !strcmp(argv[3], "edge") ? EPOLLIN | EPOLLET : EPOLLIN;

	if (port < 1 || port > 65535 || value_bytes < 0 || value_bytes > REPLY_BYTES_MAX - 32) {
		fputs("floor PORT [VALUE_BYTES] [edge]\n", stderr);
		return 2;
	}
	answers_init((size_t)value_bytes);
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
				client_accept(epoll, listener, events);
			else
				client_serve(ready[i].data.fd);
		}
	}
}
