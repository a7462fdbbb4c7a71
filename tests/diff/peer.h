/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A connection to a server; replies are parted as they arrive. What goes wrong with it ends the
 * program: a server that is gone cannot be compared.
 */
#ifndef DIFF_PEER_H
#define DIFF_PEER_H

#include "compare.h"

struct peer {
	int fd, port;
	char *data;
	size_t len, room, at;          /* received, and how far replies are handed out */
};

__attribute__((noreturn)) void fail(const char *what, int port);
/* Connects anew; a server that is just starting gets some seconds. */
void peer_open(struct peer *peer);
void peer_send(struct peer *peer, const char *data, size_t len);
/* The next whole reply; valid until the next call. */
struct text peer_reply(struct peer *peer);
/* Sends words as a command; false when the reply is an error. */
int peer_ask(struct peer *peer, const char *words);
/* Sends a command of `count` words and waits for its reply. */
struct text peer_call(struct peer *peer, const struct text *word, int count);

#endif
