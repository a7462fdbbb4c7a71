/* SPDX-License-Identifier: BSD-3-Clause
 *
 * WATCH: which sessions want to know whether a key changed before their EXEC.
 */
#ifndef RINGLET_EXEC_WATCH_H
#define RINGLET_EXEC_WATCH_H

#include "exec/exec.h"

void watch_table_init(struct exec *exec);
void watch_table_release(struct exec *exec);
/* Watches a key for the session; the same key twice is one watch. */
void watch_add(struct session *s, struct db *db, struct bytes key);
void watch_drop(struct session *s);
/* A watched key has expired since it was watched: as good as changed. */
bool watch_has_expired(const struct session *s);
/* The databases change places: keys that exist in either are touched. */
void watch_on_swap(struct exec *exec, int a, int b);
size_t watch_memory_bytes(const struct session *s);
/* INFO: sessions that watch, keys watched. */
size_t watch_key_count(const struct exec *exec);
size_t watch_session_count(const struct exec *exec);

#endif
