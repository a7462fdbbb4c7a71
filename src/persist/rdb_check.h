/* SPDX-License-Identifier: BSD-3-Clause
 *
 * redis-check-rdb: reads a dump as a server would, checks all of it and keeps nothing.
 */
#ifndef RINGLET_PERSIST_RDB_CHECK_H
#define RINGLET_PERSIST_RDB_CHECK_H

#include <stdbool.h>
#include <stdint.h>

struct rdb_checked {
	uint64_t bytes; /* how long the RDB part of the file is: a log may follow */
	int64_t made_s; /* when it was made (aux field ctime); 0 = not said */
};

/* Prints what Redis's tool prints, line by line, to standard output. True: it is whole. The types
 * must be registered. */
bool rdb_check_file(const char *path, struct rdb_checked *out);
/* The tool; returns its exit code. */
int rdb_check_main(int argc, char **argv);

#endif
