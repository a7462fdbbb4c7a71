/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Opening and closing edits. Invariant: between open and close the entry, if there is one, still
 * holds what `before` says, so the value may be freed or moved by its type only through the edit.
 */
#include "store/edit.h"

#include "base/assert.h"
#include "store/parts.h"
#include "store/preimage.h"

enum edit_status edit_open(struct db *db, struct key key, enum value_type type,
	const struct value *create, struct edit *edit)
{
	struct entry *e = db_find(db, key);
	*edit = (struct edit){.db = db, .key = key, .entry = e};
	if (e == NULL) {
		if (create == NULL)
			return EDIT_MISSING;
		ASSERT(create->type == type);
		edit->value = *create;
		return EDIT_OK;
	}
	if (e->type != type)
		return EDIT_WRONG_TYPE;
	if (!db->keyspace->no_touch)
		db_touch(db, e);
	db_before_change(db, e);
	edit->value = entry_value(e);
	edit->before = edit->value;
	return EDIT_OK;
}

static bool edit_has_moved(const struct edit *edit)
{
	return edit->value.encoding != edit->before.encoding || edit->value.ptr != edit->before.ptr;
}

/* Whether the key is not to hold this value: an empty one, as far as its type knows that. */
static bool is_to_go(const struct value *v)
{
	if (v->type == TYPE_STRING)
		return false; /* an empty one is a value like any other */
	const struct type_ops *ops = type_ops_of(v);
	return ops->may_be_empty ? v->ptr == NULL : ops->length(v) == 0;
}

bool edit_store(struct edit *edit)
{
	struct value *v = &edit->value;
	bool is_empty = is_to_go(v);
	if (edit->entry == NULL) {
		if (is_empty)
			value_release(v);
		else
			edit->entry = db_set_value(edit->db, edit->key, v, EXPIRY_NONE);
		return is_empty;
	}
	if (edit_has_moved(edit))
		edit->entry = db_update_value(edit->db, edit->key, edit->entry, v);
	if (!is_empty) {
		db_note_parts(edit->db, edit->key, edit->entry);
		return false;
	}
	db_delete_entry(edit->db, edit->key, edit->entry, false);
	edit->entry = NULL;
	return true;
}

bool edit_close(struct edit *edit, uint32_t event_class, const char *event, uint64_t changed)
{
	bool was_there = edit->entry != NULL;
	bool is_gone = edit_store(edit);
	if (changed == 0)
		return is_gone;
	db_publish(edit->db, edit->key, event_class, event);
	/* Each element counts towards the next save. */
	edit->db->keyspace->dirty += changed - 1;
	if (is_gone && was_there)
		db_publish_also(edit->db, edit->key, EVENT_GENERIC, "del");
	return is_gone;
}

bool edit_close_expired(struct edit *edit, uint32_t event_class, const char *event)
{
	struct keyspace *k = edit->db->keyspace;
	enum change_cause cause = k->cause;
	k->cause = CHANGE_PART_EXPIRED;
	bool is_gone = edit_store(edit);
	db_publish_also(edit->db, edit->key, event_class, event);
	if (is_gone)
		db_publish_also(edit->db, edit->key, EVENT_GENERIC, "del");
	k->cause = cause;
	return is_gone;
}
