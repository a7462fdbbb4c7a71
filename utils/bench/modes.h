/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The modes of the bench. Each starts its servers, measures, prints its report and stops them.
 */
#ifndef BENCH_MODES_H
#define BENCH_MODES_H

#include "options.h"

/* Cost per request, client and server in turn on one core. */
void lockstep_run(struct options *options);
/* Requests per second and processor time under redis-benchmark on another core. */
void saturated_run(struct options *options);
/* Bytes per key or element. */
void memory_run(struct options *options);
/* Many idle connections and a few active ones: memory of each, cost per request. */
void connections_run(struct options *options);
/* The longest turns of huge containers: growing, changing, deleting. */
void turns_run(struct options *options);
/* How long requests take before and during a background save. */
void snapshot_run(struct options *options);

/* Brings all servers to the content that `load` describes (NULL: empty), unless `loaded` says that
 * they have it already; remembers it there. */
struct load_state {
	const char *load;
	long value_bytes;
	int is_known;
};
void servers_load(
	struct options *options, struct load_state *state, const char *load, long value_bytes);

#endif
