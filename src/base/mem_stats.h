/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the allocator itself says: its figures, its knobs and its own report. jemalloc's; without it
 * (sanitizer builds) the figures are those of base/mem and there are no knobs.
 */
#ifndef RINGLET_BASE_MEM_STATS_H
#define RINGLET_BASE_MEM_STATS_H

#include "base/buf.h"

struct mem_stats {
	size_t allocated; /* by the program */
	size_t active;    /* in pages that hold any of it */
	size_t resident;  /* mapped, incl. the allocator's own data and unused dirty pages */
};

/* Costs some microseconds: the allocator sums up its arenas. */
void mem_stats_read(struct mem_stats *stats);
/* Gives unused pages back to the kernel; false when the allocator can't. */
bool mem_purge(void);
/* A thread of the allocator's own gives unused pages back. Not before the last fork of a daemon.
 * False: it can't have one. */
bool mem_background_thread(bool is_on);
/* Appends the allocator's report; false when it has none. */
bool mem_stats_report(struct buf *out);
/* A knob that is a number. 0 or an errno; *value is what it was, `set` may be NULL. */
int mem_knob_i64(const char *name, int64_t *value, const int64_t *set);
/* A knob that is a text. */
int mem_knob_text(const char *name, const char **value, const char *set);
/* A knob that has no value: it does something. */
int mem_knob_call(const char *name);

#endif
