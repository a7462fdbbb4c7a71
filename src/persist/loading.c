/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The gate that answers LOADING, and the turns inside a load. A turn is run when LOADING_SLICE_US
 * are over, or when loading-process-events-interval-bytes have been read: whichever is sooner.
 */
#include "persist/loading.h"

#include "base/log.h"
#include "exec/exec.h"
#include "io/clock.h"
#include "io/loop.h"
#include "store/keyspace.h"

static enum gate_answer loading_check(struct call *call, void *context)
{
	const struct loading *l = context;
	if (!l->is_active || call->session->origin != ORIGIN_CLIENT)
		return GATE_PASS;
	call_fail(call, E_LOADING);
	return GATE_REFUSED;
}

static bool loading_concerns(const struct command *command)
{
	return !(command->flags & CMD_LOADING);
}

void loading_init(
	struct loading *l, struct loop *loop, struct exec *exec, const int *interval_bytes)
{
	*l = (struct loading){.loop = loop, .exec = exec, .interval_bytes = interval_bytes};
	gate_register(exec, &(struct gate_row){.gate = GATE_LOADING,
				    .name = "loading",
				    .check = loading_check,
				    .concerns = loading_concerns,
				    .context = l});
}

void loading_begin(struct loading *l, uint64_t total_bytes)
{
	l->is_active = true;
	l->exec->gates |= GATE_BIT(GATE_LOADING);
	l->started_s = clock_wall_ms() / 1000;
	l->started_us = clock_mono_us();
	l->turn_us = l->started_us;
	l->total_bytes = total_bytes;
	l->loaded_bytes = 0;
	l->turn_bytes = 0;
	l->told_us = l->started_us;
	l->told_bytes = 0;
	l->rdb_used_bytes = 0;
	l->owed_us = 0;
	l->allow_expiry = l->exec->keyspace->allow_expiry;
	l->exec->keyspace->allow_expiry = 0;
}

/* A turn in the middle of a call (DEBUG RELOAD): the calls of others are outermost all the same. */
static void loading_turn(struct loading *l, int64_t wait_us)
{
	struct exec *exec = l->exec;
	struct call *current = exec->current;
	int depth = exec->depth;
	exec->current = NULL;
	exec->depth = 0;
	loop_turn(l->loop, wait_us);
	exec->current = current;
	exec->depth = depth;
}

static void loading_tell(struct loading *l, int64_t now_us)
{
	int64_t since_us = now_us - l->told_us;
	if (since_us < LOADING_TELL_MIN_US)
		return;
	if (since_us < LOADING_TELL_MAX_US &&
		l->loaded_bytes - l->told_bytes < l->total_bytes / 10)
		return;
	l->told_us = now_us;
	l->told_bytes = l->loaded_bytes;
	log_line(LOG_NOTICE, "Loading: %.0f %% of %.1f MB read, about %lld seconds to go",
		l->total_bytes == 0 ? 0 : 100 * (double)l->loaded_bytes / (double)l->total_bytes,
		(double)l->total_bytes / (1024 * 1024), (long long)loading_eta_s(l));
}

bool loading_progress(struct loading *l, uint64_t loaded_bytes)
{
	l->loaded_bytes = loaded_bytes;
	bool is_time = clock_mono_us() - l->turn_us >= LOADING_SLICE_US;
	if (!is_time && loaded_bytes - l->turn_bytes < (uint64_t)*l->interval_bytes)
		return !loop_is_stopping(l->loop);
	loading_turn(l, 0);
	l->turn_us = clock_mono_us();
	l->turn_bytes = loaded_bytes;
	loading_tell(l, l->turn_us);
	return !loop_is_stopping(l->loop);
}

void loading_delay(struct loading *l, int us)
{
	l->delays++;
	if (us < 0)
		us = l->delays % (uint64_t) - (int64_t)us == 0;
	l->owed_us += us;
	int64_t until_us = clock_mono_us() + l->owed_us;
	if (l->owed_us < LOADING_SLICE_US)
		return;
	for (int64_t left = l->owed_us; left > 0 && !loop_is_stopping(l->loop);
		left = until_us - clock_mono_us())
		loading_turn(l, left);
	l->owed_us = 0;
}

void loading_end(struct loading *l)
{
	l->is_active = false;
	l->exec->gates &= ~GATE_BIT(GATE_LOADING);
	l->exec->keyspace->allow_expiry = l->allow_expiry;
}

int64_t loading_eta_s(const struct loading *l)
{
	int64_t took_us = clock_mono_us() - l->started_us;
	if (l->loaded_bytes == 0 || l->loaded_bytes >= l->total_bytes)
		return l->loaded_bytes == 0 && l->is_active ? 1 : 0;
	double share = (double)l->loaded_bytes / (double)l->total_bytes;
	return (int64_t)((double)took_us * (1 - share) / share / 1e6);
}
