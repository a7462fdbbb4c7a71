/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The edit seam: how a command changes a container. Open finds or creates the value; the command
 * works on edit.value (whose encoding and pointer may change); one close writes it back, deletes an
 * emptied key, dirties and publishes the change. Nothing can be forgotten because there is one
 * door.
 */
#ifndef RINGLET_STORE_EDIT_H
#define RINGLET_STORE_EDIT_H

#include "store/keyspace.h"
#include "store/type_ops.h"

enum edit_status {
	EDIT_OK,
	EDIT_MISSING, /* no such key (without EDIT_CREATE) */
	EDIT_WRONG_TYPE,
};

struct edit {
	struct db *db;
	struct key key;
	struct entry *entry; /* NULL while the value is new and not yet stored */
	struct value value;  /* the caller's to change */
	struct value before; /* as it was found, to see what must be written back */
};

/* Finds the live value of `type`. Where the key is missing and `create` is given, *create becomes
 * the new value (stored at close if it is not empty). */
enum edit_status edit_open(struct db *db, struct key key, enum value_type type,
	const struct value *create, struct edit *edit);

/* Closes. `changed`: how many elements changed: 0 = nothing happened (an empty new value is freed;
 * a moved pointer is still written back). If the value is empty now the key is deleted and "del" is
 * published after the event. Returns true when the key is gone. */
bool edit_close(struct edit *edit, uint32_t event_class, const char *event, uint64_t changed);

/* As edit_close where parts of the value were deleted because they expired: nothing is dirtied, and
 * the change says why. edit->key.name must outlive the entry. */
bool edit_close_expired(struct edit *edit, uint32_t event_class, const char *event);

/* As edit_close, for commands that publish their own events: writes back or deletes only. */
bool edit_store(struct edit *edit);

#endif
