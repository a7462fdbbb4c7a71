/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the files of the hash commands share. A field past its expiry is not there to any command;
 * who meets one by its name deletes it, if deletion is ours, and tells the log and the replicas so.
 */
#ifndef RINGLET_CMD_HASH_H
#define RINGLET_CMD_HASH_H

#include "cmd/container.h"
#include "types/hash.h"

static inline int64_t hash_now(const struct call *call)
{
	return call->db->keyspace->now_ms;
}

/* Deletes a field that was met past its expiry under argv[1]. Values read before are void then. */
void hash_drop_expired(struct call *call, struct bytes field);
/* The same within an edit, for commands that go on with the field as a new one. */
void hash_drop_expired_in(struct call *call, struct edit *edit, struct bytes field);

/* FIELDS numfields field … from argv[at] on, to the end; a wrong number is refused with
 * `wrong_number`. False: the error is written. */
struct hash_fields {
	int first; /* in argv */
	int count;
};
bool hash_parse_fields(
	struct call *call, int at, enum error wrong_number, struct hash_fields *fields);

/* An expiry out of a number of seconds or milliseconds, relative or not. False: the error is
 * written. */
struct hash_time {
	bool is_seconds;
	bool is_relative;
};
bool hash_parse_time(struct call *call, int index, struct hash_time kind, int64_t *at_ms);

#endif
