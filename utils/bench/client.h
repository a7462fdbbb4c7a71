/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The client's side: blocking TCP connections on 127.0.0.1 and bulk loading. A connection that
 * stays silent for ten seconds ends the program, so a hanging server cannot hang the bench.
 */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include "reply.h"
#include "request.h"

enum {
	CLIENT_SILENCE_S = 10,
	CLIENT_READ_BYTES = 256 * 1024,
	LOAD_BATCH = 200,              /* requests in flight while loading */
};

struct client {
	int fd;
	char *out;                     /* the requests of the batch in hand */
	size_t out_len;
	struct reply_scan scan;
};

/* A connected socket, or -1. */
int client_try(int port);
void client_open(struct client *client, int port);
void client_close(struct client *client);
void client_send(const struct client *client, const char *data, size_t len);
/* Reads until the connection has had `until` replies in all. */
void client_await(struct client *client, uint64_t until);
/* Sends one request on a connection of its own; the reply's raw bytes, NUL-terminated. */
char *client_ask(int port, const char *request);
/* `count` renderings of the template, numbers 0, 1, 2 …; error replies end the program. */
void client_load(int port, const struct request *request, uint64_t count);

#endif
