/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The turn: wait, collect, batches of bytes, timers, the owner's end of turn, and last the one safe
 * point at which closed sockets leave. The order is the promise; everything else is delegated.
 *
 * Invariant: the thread sleeps only if no socket waits to be read or released and the owner said
 * that it may; then until the earliest of its word, the next timer and the kernel's next news.
 */
#include "base/mem.h"
#include "io/loop_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/select.h>

#define CLOSE_WAIT_US 1000
#define CLOSE_TURNS 5000 /* loop_free gives the kernel this many waits to let go of sockets */

static const struct {
	const char *name;
	enum loop_backend_kind kind;
	const struct loop_backend *backend;
} backends[] = {
	{"auto", LOOP_AUTO, NULL},
	{"io_uring", LOOP_IO_URING, &backend_uring},
	{"io_uring-proactor", LOOP_IO_URING_PROACTOR, &backend_uring_proactor},
	{"epoll", LOOP_EPOLL, &backend_epoll},
	{"poll", LOOP_POLL, &backend_poll},
	{"select", LOOP_SELECT, &backend_select},
};
#define BACKEND_COUNT (sizeof backends / sizeof backends[0])

bool loop_backend_parse(const char *name, enum loop_backend_kind *out)
{
	for (size_t i = 0; i < BACKEND_COUNT; i++) {
		if (!bytes_is(bytes_text(name), backends[i].name))
			continue;
		*out = backends[i].kind;
		return true;
	}
	return false;
}

const char *loop_backend_name(const struct loop *loop)
{
	return loop->backend->name;
}

const char *loop_backend_reason(const struct loop *loop)
{
	return loop->reason;
}

unsigned loop_socket_limit(const struct loop *loop)
{
	return loop->backend->socket_limit;
}

static bool backend_try(struct loop *loop, const struct loop_backend *backend, char *why,
			size_t size)
{
	loop->backend = backend;
	return backend->open(loop, why, size) == 0;
}

/* Best first; the reason keeps why the better ones are not it. */
static bool backend_auto(struct loop *loop, char *error, size_t error_size)
{
	static const struct loop_backend *const order[] = {&backend_uring, &backend_epoll,
							   &backend_poll};
	char refused[128] = "";
	for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
		char why[96] = "";
		if (backend_try(loop, order[i], why, sizeof why)) {
			snprintf(loop->reason, sizeof loop->reason, "auto: %s%s",
				 i == 0 ? "the kernel has all it needs" : refused,
				 i == 0 ? "" : "; this is the next best");
			return true;
		}
		if (refused[0] == '\0')
			snprintf(refused, sizeof refused, "%s", why);
	}
	snprintf(error, error_size, "no back end works here: %s", refused);
	return false;
}

static bool backend_named(struct loop *loop, const struct loop_options *options, char *error,
			  size_t error_size)
{
	size_t i = 0;
	while (i < BACKEND_COUNT && backends[i].kind != options->backend)
		i++;
	ASSERT(i < BACKEND_COUNT);
	if (!backend_try(loop, backends[i].backend, error, error_size))
		return false;
	unsigned limit = loop->backend->socket_limit;
	if (limit != 0 && options->max_sockets > limit)
		snprintf(loop->reason, sizeof loop->reason,
			 "chosen by name; it watches only descriptors below FD_SETSIZE (%d), so at "
			 "most %u sockets instead of %u",
			 FD_SETSIZE, limit, options->max_sockets);
	else
		snprintf(loop->reason, sizeof loop->reason, "chosen by name");
	return true;
}

struct loop *loop_new(const struct loop_options *options, char *error, size_t error_size)
{
	clock_init();
	struct loop *loop = mem_calloc(1, sizeof *loop);
	loop->options = *options;
	link_init(&loop->ready);
	link_init(&loop->now);
	link_init(&loop->again);
	link_init(&loop->held);
	link_init(&loop->closing);
	link_init(&loop->closed);
	link_init(&loop->outputs);
	clock_read(&loop->clock);
	loop->wait_end_ticks = loop->clock.ticks;
	bool has_backend = options->backend == LOOP_AUTO
		? backend_auto(loop, error, error_size)
		: backend_named(loop, options, error, error_size);
	if (!has_backend) {
		mem_free(loop);
		return NULL;
	}
	/* Those of inner turns come when they are needed; this one always is. */
	loop->arena[0] = mem_alloc(LOOP_ARENA_BYTES);
	return loop;
}

void loop_free(struct loop *loop)
{
	ASSERT(loop->depth == 0);
	disk_close(loop);
	offload_close(loop);
	sockets_release(loop);
	for (int i = 0; i < CLOSE_TURNS && loop->attached > 0; i++) {
		loop->backend->wait(loop, CLOSE_WAIT_US);
		loop->backend->collect(loop);
		sockets_release(loop);
	}
	ASSERT(loop->attached == 0);
	loop->backend->close(loop);
	sockets_free_spare(loop);
	for (int i = 0; i < LOOP_DEPTH_MAX; i++)
		mem_free(loop->arena[i]);
	mem_free(loop->timers);
	mem_free(loop);
}

/* How long the wait may be; the time until the next timer counts from now, not from the turn's
 * clock, which a long turn has left behind. */
static int64_t sleep_us(const struct loop *loop, int64_t limit_us)
{
	if (!link_is_empty(&loop->ready) || !link_is_empty(&loop->closing) ||
	    !link_is_empty(&loop->outputs))
		return 0;
	int64_t sleep = loop->idle_us;
	if (limit_us >= 0 && (sleep < 0 || limit_us < sleep))
		sleep = limit_us;
	int64_t next_us = timers_next_us(loop);
	if (next_us == INT64_MAX)
		return sleep;
	int64_t until_us = next_us > loop->before_wait_us ? next_us - loop->before_wait_us : 0;
	return sleep < 0 || until_us < sleep ? until_us : sleep;
}

static void turn_sleep(struct loop *loop, int64_t sleep)
{
	bool looks = sleep != 0 && idle_look_is_due(loop, sleep);
	uint32_t company = idle_company(loop);
	loop->idle.company = looks || sleep == 0 ? 1 : company;
	if (looks && idle_look(loop))
		return;
	loop->backend->wait(loop, sleep);
}

static void turn_wait(struct loop *loop, int64_t limit_us)
{
	uint64_t ticks = clock_ticks();
	uint64_t busy = ticks - loop->wait_end_ticks;
	loop->busy_ticks += busy;
	loop->last_turn_ticks = loop->stats.turns > 0 ? busy : 0; /* the first: the start */
	if (busy > loop->longest_ticks)
		loop->longest_ticks = busy;
	histogram_add(&loop->turns, busy);
	loop->before_wait_us =
		loop->clock.mono_us + (int64_t)clock_ticks_to_us(ticks - loop->clock.ticks);
	int64_t sleep = sleep_us(loop, limit_us);
	loop->stats.turns++;
	loop->stats.waits += sleep != 0;
	turn_sleep(loop, sleep);
	loop->idle.turn_begin_ticks = loop->wait_end_ticks;
	clock_read(&loop->clock);
	loop->wait_end_ticks = loop->clock.ticks;
}

HOT static void turn(struct loop *loop, int64_t limit_us)
{
	if (loop->depth == LOOP_DEPTH_MAX)
		return;
	turn_wait(loop, limit_us);
	uint32_t outer_batch = loop->turn_batch;
	size_t outer_used = loop->arena_used; /* an outer turn may be in the middle of a batch */
	unsigned outer_sockets = loop->batch_sockets;
	loop->turn_batch = loop->batch;
	loop->idle.delivered = loop->idle.away_most = loop->idle.away_sum = 0;
	loop->depth++;
	if (loop->options.on_turn_begin != NULL)
		loop->options.on_turn_begin(loop->options.context);
	loop->backend->collect(loop);
	sockets_serve(loop);
	timers_run(loop);
	loop->idle_us = -1;
	if (loop->options.on_turn_end != NULL)
		loop->idle_us = loop->options.on_turn_end(loop->options.context);
	if (!link_is_empty(&loop->outputs))
		sockets_send_parked(loop);
	loop->depth--;
	loop->turn_batch = outer_batch;
	loop->arena_used = outer_used;
	loop->batch_sockets = outer_sockets;
	if (!link_is_empty(&loop->closing) || !link_is_empty(&loop->closed))
		sockets_release(loop);
}

void loop_run(struct loop *loop)
{
	ASSERT(loop->depth == 0);
	/* A stop that came before (a signal while loading) counts. */
	while (!loop->is_stopping)
		turn(loop, -1);
	loop->is_stopping = false;
}

void loop_stop(struct loop *loop)
{
	loop->is_stopping = true;
}

bool loop_is_stopping(const struct loop *loop)
{
	return loop->is_stopping;
}

void loop_turn(struct loop *loop, int64_t wait_us)
{
	turn(loop, wait_us < 0 ? 0 : wait_us);
}

int64_t loop_wall_ms(const struct loop *loop)
{
	return loop->clock.wall_us / 1000;
}

int64_t loop_wall_us(const struct loop *loop)
{
	return loop->clock.wall_us;
}

int64_t loop_mono_us(const struct loop *loop)
{
	return loop->clock.mono_us;
}

int64_t loop_now_us(const struct loop *loop)
{
	return loop->clock.mono_us + (int64_t)clock_ticks_to_us(clock_ticks() - loop->clock.ticks);
}

const struct loop_stats *loop_stats_get(struct loop *loop)
{
	loop->stats.busy_us = (uint64_t)clock_ticks_to_us(loop->busy_ticks);
	loop->stats.longest_turn_us = (uint64_t)clock_ticks_to_us(loop->longest_ticks);
	return &loop->stats;
}

uint64_t loop_turn_began(const struct loop *loop)
{
	return loop->clock.ticks;
}

uint64_t loop_last_turn(const struct loop *loop)
{
	return loop->last_turn_ticks;
}

const struct latency_histogram *loop_turn_ticks(const struct loop *loop)
{
	return &loop->turns;
}

void loop_stats_reset(struct loop *loop)
{
	loop->stats = (struct loop_stats){0};
	loop->busy_ticks = 0;
	loop->longest_ticks = 0;
	memset(&loop->turns, 0, sizeof(loop->turns));
}
