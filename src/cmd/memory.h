/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What of the server's memory is not data, part by part: for MEMORY and for INFO, which must not
 * disagree.
 */
#ifndef RINGLET_CMD_MEMORY_H
#define RINGLET_CMD_MEMORY_H

#include <stddef.h>

struct exec;

struct memory_parts {
	size_t startup; /* the empty server */
	size_t normal_clients, replica_clients;
	size_t aof_buffer;          /* what waits for the log */
	size_t scripts, functions;  /* texts, libraries and their tables */
	size_t interpreters;        /* what they have taken since the start */
	size_t tables;              /* of the keyspace */
	size_t overhead;            /* all of these */
	size_t dataset;             /* the rest of what is used */
};
void memory_parts_get(const struct exec *exec, struct memory_parts *out);

#endif
