/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Samples and scans of a dictionary, shared by sets, hashes and sorted sets.
 */
#ifndef RINGLET_TYPES_SAMPLE_H
#define RINGLET_TYPES_SAMPLE_H

#include "ds/dict.h"

/* A scan stops after this many buckets for each element asked for, however empty they are. */
#define SAMPLE_SCAN_BUCKETS_PER_COUNT 10

/* Whether drawing `count` of `total` at random, with a memory of what was drawn, beats a walk over
 * all. */
static inline bool sample_is_sparse(size_t count, size_t total)
{
	return count < total / 8;
}

/* Where random items come from: `draw` gives each with the same chance. */
struct sample_source {
	void *(*draw)(const void *context);
	const void *context;
};

/* Visits `count` distinct random items; sample_is_sparse must hold. */
void sample_distinct(const struct sample_source *source, size_t count,
	void (*visit)(void *item, void *context), void *context);
/* The same of a dictionary's. */
void sample_dict(const struct dict *d, size_t count, void (*visit)(void *item, void *context),
	void *context);

/* Scans until about `count` items were visited; returns the next cursor, 0 at the end. */
uint64_t sample_scan(struct dict *d, uint64_t cursor, size_t count,
	void (*visit)(void *item, void *context), void *context);

#endif
