/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Effects: what the log and the replicas are told. By default a call that changed something is
 * propagated as it was sent; a handler whose request is relative, random or time-dependent says the
 * deterministic words instead. A unit (outermost call, EXEC, script) is handed to the sinks whole;
 * sinks wrap more than one propagation in MULTI/EXEC, in one place.
 *
 * With no sink nothing is collected: effect_wanted() is false and handlers may skip the work.
 */
#ifndef RINGLET_EXEC_EFFECT_H
#define RINGLET_EXEC_EFFECT_H

#include "base/bytes.h"

struct call;
struct exec;

#define EFFECT_SINKS_MAX 4

/* One command of a unit. */
struct propagation {
	uint16_t db;
	int argc;
	const struct bytes *argv;
	struct propagation *next;
};

struct effect_sink {
	/* The commands of one closed unit, in order; `is_transaction`: more than one, or from EXEC.
	 * They may be views of the request: whoever keeps them copies. */
	void (*unit)(const struct propagation *first, bool is_transaction, void *context);
	void *context;
};

void effect_init(struct exec *exec);
/* Adds a sink, armed, and returns its number. With none armed nothing is collected. */
int effect_add_sink(struct exec *exec, struct effect_sink sink);
void effect_arm_sink(struct exec *exec, int sink, bool armed);

/* Is anybody listening? */
bool effect_wanted(const struct call *call);
/* This call is propagated as these words instead (copied). A second call adds a further command:
 * SPOP with count, LMOVE … may need several. */
void effect_rewrite(struct call *call, const struct bytes *argv, int argc);
/* The same with NUL-terminated words and views mixed: EFFECT(call, BYTES("SET"), key, value). */
#define EFFECT(call, ...)                                                                          \
	do {                                                                                       \
		if (effect_wanted(call)) {                                                         \
			const struct bytes words_[] = {__VA_ARGS__};                               \
			effect_rewrite(call, words_, (int)(sizeof(words_) / sizeof(words_[0])));   \
		}                                                                                  \
	} while (0)
/* This call is not propagated, whatever it changed. */
void effect_none(struct call *call);
/* Propagated although nothing changed (FLUSHALL of an empty keyspace, script loads). */
void effect_force(struct call *call);

/* Used by exec/call: the bracket around a call, and around a unit. */
void effect_call_begin(struct call *call);
void effect_call_end(struct call *call);
void effect_unit_close(struct exec *exec, bool is_transaction);
/* Forgets what the open unit collected: nobody is told. */
void effect_unit_drop(struct exec *exec);

#endif
