/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the machine can be asked before or while a server runs on it: does its memory keep what is
 * written (--test-memory), is its kernel set up in a way that hurts (--check-system).
 * It must not know the server.
 */
#ifndef RINGLET_PROCESS_SELF_TEST_H
#define RINGLET_PROCESS_SELF_TEST_H

#include <stdbool.h>
#include <stddef.h>

/* Writes and reads back patterns over fresh memory, reporting on stdout. False: memory is broken or
 * there is not that much. */
bool self_test_memory(size_t megabytes);
/* A few megabytes, silently, without the allocator: for crash reports. */
bool self_test_memory_fast(void);
/* Prints one line per check; false when one of them warns. */
bool self_test_system(void);
/* The warnings alone, into the log, at start; but those whose names `ignored` lists. */
void self_test_log_warnings(const char *ignored);
/* Are transparent huge pages in mode "always"? */
bool self_test_thp_always(void);

#endif
