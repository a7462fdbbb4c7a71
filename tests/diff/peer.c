/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Blocking sockets: the differential test waits for every batch.
 */
#include "peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "../../utils/bench/reply.h"

enum {
	READ_BYTES = 1 << 20,
	REPLY_MAX = 64 << 20,
	SILENCE_S = 90,
	START_TRIES = 100,
	START_TRY_US = 50000,
	ASK_WORDS = 32,
};

void fail(const char *what, int port)
{
	fprintf(stderr, "diff: %s (port %d)\n", what, port);
	exit(2);
}

static int peer_try(struct peer *peer)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)peer->port) };
	struct timeval silence = { .tv_sec = SILENCE_S };
	int on = 1;

	if (peer->fd > 0)
		close(peer->fd);
	peer->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(peer->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	setsockopt(peer->fd, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof silence);
	peer->len = peer->at = 0;
	return peer->fd >= 0 && !connect(peer->fd, (struct sockaddr *)&address, sizeof address);
}

void peer_open(struct peer *peer)
{
	for (int i = 0; i < START_TRIES; i++) {
		if (peer_try(peer))
			return;
		usleep(START_TRY_US);
	}
	fail("cannot connect", peer->port);
}

void peer_send(struct peer *peer, const char *data, size_t len)
{
	while (len) {
		ssize_t sent = send(peer->fd, data, len, MSG_NOSIGNAL);

		if (sent <= 0)
			fail("the server takes nothing more: has it died?", peer->port);
		data += sent;
		len -= (size_t)sent;
	}
}

struct text peer_reply(struct peer *peer)
{
	struct reply_scan scan = { 0 };
	size_t scanned = peer->at;

	if (peer->at == peer->len)
		peer->at = peer->len = scanned = 0;
	for (;;) {
		scanned += reply_scan(&scan, peer->data + scanned, peer->len - scanned, 1);
		if (scan.is_bad)
			fail("what the server sends is no RESP", peer->port);
		if (scan.replies)
			break;
		if (peer->room - peer->len < READ_BYTES) {
			peer->room = peer->room * 2 + READ_BYTES;
			peer->data = realloc(peer->data, peer->room);
			if (!peer->data || peer->room > REPLY_MAX)
				fail("a reply too large", peer->port);
		}
		ssize_t got = recv(peer->fd, peer->data + peer->len, peer->room - peer->len, 0);
		if (got <= 0)
			fail("no reply: has the server died?", peer->port);
		peer->len += (size_t)got;
	}
	struct text reply = { peer->data + peer->at, scanned - peer->at };
	peer->at = scanned;
	return reply;
}

struct text peer_call(struct peer *peer, const struct text *word, int count)
{
	char head[32];

	peer_send(peer, head, (size_t)snprintf(head, sizeof head, "*%d\r\n", count));
	for (int i = 0; i < count; i++) {
		peer_send(peer, head, (size_t)snprintf(head, sizeof head, "$%zu\r\n", word[i].len));
		peer_send(peer, word[i].data, word[i].len);
		peer_send(peer, "\r\n", 2);
	}
	return peer_reply(peer);
}

int peer_ask(struct peer *peer, const char *words)
{
	struct text word[ASK_WORDS];
	int count = 0;

	for (const char *at = words; *at && count < ASK_WORDS; at += strspn(at, " ")) {
		word[count++] = (struct text){ at, strcspn(at, " ") };
		at += word[count - 1].len;
	}
	return peer_call(peer, word, count).data[0] != '-';
}
