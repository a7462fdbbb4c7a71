/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Connections that conversations left open (io/exchange.h), for the next one with the same peer. Of
 * the loop's thread. A connection that had to log in serves only conversations that log in, too.
 */
#ifndef RINGLET_IO_EXCHANGE_CACHE_H
#define RINGLET_IO_EXCHANGE_CACHE_H

#include <stdbool.h>
#include <stddef.h>

#define EXCHANGE_KEPT_MAX 64   /* connections; the one unused for longest goes */
#define EXCHANGE_KEPT_US 10000000 /* without use */

struct exchange_cache;
struct exchange_wire;
struct loop;

struct exchange_peer {
	const char *host;
	int port;
	bool logs_in;
	const struct exchange_wire *wire; /* as in an exchange */
};

/* A connection as an exchange leaves it. */
struct exchange_line {
	int fd;
	void *state;
};

struct exchange_cache *exchange_cache_new(struct loop *loop);
/* Closes what is kept. Behind the loop's end: until then conversations may bring connections. */
void exchange_cache_free(struct exchange_cache *cache);
/* A connection to this peer, which is the caller's from here on; its fd -1 = there is none. */
struct exchange_line exchange_cache_take(
	struct exchange_cache *cache, const struct exchange_peer *peer);
/* Keeps it for later. */
void exchange_cache_keep(struct exchange_cache *cache, const struct exchange_peer *peer,
	struct exchange_line line);
size_t exchange_cache_count(const struct exchange_cache *cache);

#endif
