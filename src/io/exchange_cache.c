/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A short array in the order of use, oldest first: a few peers at most. Invariant: the timer is
 * armed while something is kept, for the moment at which the oldest has been idle for too long.
 */
#include "io/exchange_cache.h"

#include "base/mem.h"
#include "io/clock.h"
#include "io/exchange.h"
#include "io/loop.h"
#include "io/timer.h"

#include <string.h>
#include <unistd.h>

struct exchange_kept {
	char *host;
	int port;
	bool logs_in;
	const struct exchange_wire *wire;
	struct exchange_line line;
	int64_t since_us;
};

struct exchange_cache {
	struct loop *loop;
	struct timer timer;
	size_t count;
	struct exchange_kept kept[EXCHANGE_KEPT_MAX];
};

/* Takes one out of the row; its name is freed, it stays open. */
static struct exchange_line kept_remove(struct exchange_cache *cache, size_t i)
{
	struct exchange_line line = cache->kept[i].line;

	mem_free(cache->kept[i].host);
	cache->count--;
	memmove(&cache->kept[i], &cache->kept[i + 1],
		(cache->count - i) * sizeof(cache->kept[0]));
	return line;
}

static void kept_close(struct exchange_cache *cache, size_t i)
{
	const struct exchange_wire *wire = cache->kept[i].wire;
	struct exchange_line line = kept_remove(cache, i);

	if (line.state != NULL)
		wire->close(line.state);
	close(line.fd);
}

static void cache_arm(struct exchange_cache *cache)
{
	if (cache->count == 0) {
		timer_disarm(cache->loop, &cache->timer);
		return;
	}
	int64_t left = cache->kept[0].since_us + EXCHANGE_KEPT_US - clock_mono_us();
	timer_arm(cache->loop, &cache->timer, left > 0 ? left : 0);
}

static void cache_expire(struct timer *timer)
{
	struct exchange_cache *cache = timer->context;
	int64_t now_us = clock_mono_us();

	while (cache->count > 0 && now_us - cache->kept[0].since_us >= EXCHANGE_KEPT_US)
		kept_close(cache, 0);
	cache_arm(cache);
}

struct exchange_cache *exchange_cache_new(struct loop *loop)
{
	struct exchange_cache *cache = mem_calloc(1, sizeof(*cache));

	cache->loop = loop;
	timer_init(&cache->timer, cache_expire, cache);
	return cache;
}

void exchange_cache_free(struct exchange_cache *cache)
{
	while (cache->count > 0)
		kept_close(cache, cache->count - 1);
	mem_free(cache);
}

struct exchange_line exchange_cache_take(
	struct exchange_cache *cache, const struct exchange_peer *peer)
{
	for (size_t i = cache->count; i > 0; i--) {
		const struct exchange_kept *k = &cache->kept[i - 1];
		if (k->port != peer->port || k->logs_in != peer->logs_in ||
			k->wire != peer->wire || strcmp(k->host, peer->host) != 0)
			continue;
		struct exchange_line line = kept_remove(cache, i - 1);
		cache_arm(cache);
		return line;
	}
	return (struct exchange_line){.fd = -1};
}

void exchange_cache_keep(struct exchange_cache *cache, const struct exchange_peer *peer,
	struct exchange_line line)
{
	if (cache->count == EXCHANGE_KEPT_MAX)
		kept_close(cache, 0);
	cache->kept[cache->count++] = (struct exchange_kept){
		.host = mem_dup_text(peer->host),
		.port = peer->port,
		.logs_in = peer->logs_in,
		.wire = peer->wire,
		.line = line,
		.since_us = clock_mono_us(),
	};
	cache_arm(cache);
}

size_t exchange_cache_count(const struct exchange_cache *cache)
{
	return cache->count;
}
