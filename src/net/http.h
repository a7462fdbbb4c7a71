/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A very small HTTP/1.1 server on the loop, for machines that ask how the server does: GET and HEAD
 * of pages that somebody above writes, one request a connection. It has listeners of its own and no
 * sessions: who asks here can run no command.
 *
 * Limits: HTTP_CONNS_MAX connections at once (more are told 503), HTTP_REQUEST_MAX bytes of request
 * line and headers, HTTP_TIMEOUT_MS from accept to the end. A body is never read.
 *
 * Invariant: a connection is freed only after the loop said that its socket is closed. It must not
 * know what the pages mean.
 */
#ifndef RINGLET_NET_HTTP_H
#define RINGLET_NET_HTTP_H

#include "base/buf.h"
#include "io/loop.h"

#define HTTP_CONNS_MAX 16
#define HTTP_REQUEST_MAX 8192
#define HTTP_TIMEOUT_MS 5000
#define HTTP_BIND_MAX 16

struct http_page {
	int status; /* 200, 404, 503 */
	const char *type; /* of the body; lives for ever */
	struct buf body;
};

struct http;

/* `write` fills in the page of a path (without what follows a '?'); status is 404 before. */
struct http *http_new(struct loop *loop,
	void (*write)(struct bytes path, struct http_page *page, void *context), void *context);
/* After http_close and the turn that follows it. */
void http_free(struct http *h);
/* Listens on these addresses (as `bind` has them, blank-separated) and no others; port 0: nowhere.
 * False with a text in `error`: all is as it was. */
bool http_listen(struct http *h, const char *addresses, int port, char *error, size_t error_size);
/* Listeners and connections. */
void http_close(struct http *h);
/* A few times a second: ends what takes too long. */
void http_on_tick(struct http *h);

#endif
