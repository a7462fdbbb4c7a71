/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The slowest turns of the loop and what made them so: LATENCY TURNS. While nobody's turn is long
 * it costs a comparison a turn.
 *
 * A turn's cause is what took at least half of it: one call, a kind of work on the side
 * (exec/work), else whatever is largest: all its calls together, or the rest ("other": receiving,
 * sending, accepting, a machine that gave the thread no time).
 *
 * Invariant: at most TURNS_KEPT, the least of them dropped for a longer one; `threshold_ticks` is
 * what a turn must take to get in. A call's arguments are not kept, only how many keys and bytes.
 */
#ifndef RINGLET_OBS_TURNS_H
#define RINGLET_OBS_TURNS_H

#include "exec/exec.h"

#define TURNS_KEPT 32
#define TURNS_CALL_MIN_US 100 /* a shorter call is nobody's cause by itself */
#define TURNS_NAME_MAX 48
#define TURNS_PEER_MAX 64

/* The longest call of a turn; ticks 0 = none was long. */
struct turn_call {
	uint64_t ticks;
	uint64_t keys, bytes; /* of its arguments */
	uint64_t client_id;   /* 0 = none */
	char command[TURNS_NAME_MAX];
	char peer[TURNS_PEER_MAX];
};

struct turn_record {
	int64_t time_ms; /* wall clock of the turn */
	uint64_t ticks;
	const char *cause; /* a word; lives for ever */
	uint64_t cause_ticks;
	uint64_t calls;
	struct turn_call call; /* where cause is "command" */
};

struct turns {
	struct turn_record kept[TURNS_KEPT];
	int count;
	uint64_t threshold_ticks;
	struct turn_call longest; /* of the turn under way */
	uint64_t calls_before;    /* the executor's count when it began */
};

/* What is known of a turn when it is over. */
struct turn_end {
	uint64_t ticks;
	bool is_loading;
	const struct call *running; /* it ended inside this call; NULL = between calls */
};

/* A call that took long enough to be a cause. */
void turns_note_call(struct turns *t, struct call *call, uint64_t ticks);
/* Is there anything to be done at the end of a turn of so many ticks? */
static inline bool turns_concern(const struct turns *t, const struct exec *exec, uint64_t ticks)
{
	return UNLIKELY(ticks > t->threshold_ticks || exec->work.is_used);
}
/* The turn is over, exec has still its clocks: keeps it if it is among the slowest, and empties the
 * ledger. Returns what was kept, for the caller to add the client's address, or NULL. */
struct turn_record *turns_close(
	struct turns *t, struct exec *exec, const struct turn_end *end);
/* Returns how many there were. */
int turns_forget(struct turns *t);
/* Places in `kept`, slowest first; returns how many. */
int turns_order(const struct turns *t, uint8_t order[TURNS_KEPT]);

#endif
