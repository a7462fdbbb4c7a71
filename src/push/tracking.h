/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Client-side caching: a session that has tracking on is told when a key that it read (or that
 * begins with one of its prefixes) changes.
 */
#ifndef RINGLET_PUSH_TRACKING_H
#define RINGLET_PUSH_TRACKING_H

#include "exec/exec.h"
#include "push/push_params.h"

struct tracking_options {
	uint64_t redirect; /* id of the session that gets the messages; 0 = itself */
	bool bcast, optin, optout, noloop;
	const struct bytes *prefixes;
	int prefix_count;
};

enum tracking_caching { CACHING_UNSET, CACHING_YES, CACHING_NO };

/* Registers sinks; exec->tracking is set. */
void tracking_init(struct exec *exec, const struct push_config *config);
void tracking_free(struct exec *exec);

/* Turns it on, or changes the options; prefixes are added. */
void tracking_enable(struct session *s, const struct tracking_options *options);
void tracking_disable(struct session *s);
/* The options in force; prefixes are left out. False when tracking is off. */
bool tracking_options_get(const struct session *s, struct tracking_options *out);
/* CLIENT CACHING: what holds for the next command. */
void tracking_set_caching(struct session *s, enum tracking_caching caching);
enum tracking_caching tracking_caching_get(const struct session *s);
/* A prefix of the session that overlaps `prefix`; ptr NULL = none. */
struct bytes tracking_overlap(const struct session *s, struct bytes prefix);
void tracking_prefixes_each(
	const struct session *s, void (*visit)(struct bytes prefix, void *context), void *context);

/* Sends the broadcast messages of this turn and forgets keys above the limit. */
void tracking_on_turn_end(struct exec *exec);
/* INFO: sessions, keys, items (session and key), prefixes. */
void tracking_figures(
	const struct exec *exec, size_t *sessions, size_t *keys, size_t *items, size_t *prefixes);
size_t tracking_memory_bytes(const struct session *s);

#endif
