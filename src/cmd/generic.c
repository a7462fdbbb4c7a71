/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Commands that treat keys as wholes, whatever they hold: delete, look, rename, copy, move. Expiry
 * is in expire.c, walks in scan.c, payloads in dump.c, OBJECT in object.c.
 */
#include "base/num.h"
#include "cmd/commands.h"
#include "cmd/keys.h"
#include "exec/exec.h"
#include "store/type_ops.h"

static enum outcome delete_keys(struct call *call, bool is_lazy)
{
	struct key keys[KEYS_BATCH];
	int64_t deleted = 0;
	for (int at = 1; at < call->argc; at += KEYS_BATCH) {
		int count = keys_prefetch(call, at, 1, keys);
		for (int i = 0; i < count; i++) {
			struct entry *e = db_find(call->db, keys[i]);
			if (e == NULL)
				continue;
			db_delete_entry(call->db, keys[i], e, is_lazy);
			db_publish(call->db, keys[i], EVENT_GENERIC, "del");
			deleted++;
		}
	}
	reply_i64(call->reply, deleted);
	return DONE;
}

static enum outcome del(struct call *call)
{
	return delete_keys(call, call->db->keyspace->config.lazy_user_del);
}

static enum outcome unlink_keys(struct call *call)
{
	return delete_keys(call, true);
}

static enum outcome count_keys(struct call *call, struct entry *(*find)(struct call *, struct key))
{
	struct key keys[KEYS_BATCH];
	int64_t found = 0;
	for (int at = 1; at < call->argc; at += KEYS_BATCH) {
		int count = keys_prefetch(call, at, 1, keys);
		for (int i = 0; i < count; i++)
			found += find(call, keys[i]) != NULL;
	}
	reply_i64(call->reply, found);
	return DONE;
}

static enum outcome exists(struct call *call)
{
	return count_keys(call, keys_find_untouched);
}

/* Touches also for a client that said NO-TOUCH: that is what the command is for. */
static struct entry *find_and_touch(struct call *call, struct key key)
{
	struct entry *e = keys_find_untouched(call, key);
	if (e != NULL)
		db_touch(call->db, e);
	return e;
}

static enum outcome touch(struct call *call)
{
	return count_keys(call, find_and_touch);
}

static enum outcome type(struct call *call)
{
	struct entry *e = keys_find_untouched(call, call_key(call, 1));
	reply_simple(call->reply, e == NULL ? "none" : type_table[e->type]->name);
	return DONE;
}

/* Stores a value and its expiry (-1 = none). A short string that had grown stays "raw". What was
 * there is deleted, so that the key counts as new. */
static void value_place(
	struct db *db, struct key key, struct value *v, uint8_t encoding, int64_t expiry_ms)
{
	bool replaces = db->keyspace->notices & EVENT_NEW && db_find(db, key) != NULL;
	if (replaces)
		db_notice(db, key, EVENT_NEW, "new");
	struct entry *e = db_set_value(db, key, v, expiry_ms < 0 ? EXPIRY_NONE : expiry_ms);
	if (encoding == ENC_INLINE_RAW && e->encoding == ENC_INLINE)
		e->encoding = ENC_INLINE_RAW;
}

/* Takes a key and puts its value and expiry under another name or into another database. */
static void entry_move(
	struct db *from, struct key from_key, struct entry *e, struct db *to, struct key to_key)
{
	int64_t expiry_ms = entry_expiry_ms(e);
	uint8_t encoding = e->encoding;
	struct value v;
	db_detach(from, from_key, e, &v);
	value_place(to, to_key, &v, encoding, expiry_ms);
}

static enum outcome rename_generic(struct call *call, bool only_new)
{
	struct key from = call_key(call, 1);
	struct key to = key_of(call->argv[2]);
	struct entry *e = call_find_write(call, from);
	if (e == NULL)
		return call_fail(call, E_NO_KEY);
	bool is_same = bytes_equal(from.name, to.name);
	if (only_new && (is_same || db_find(call->db, to) != NULL)) {
		reply_i64(call->reply, 0);
		return DONE;
	}
	if (!is_same) {
		entry_move(call->db, from, e, call->db, to);
		db_publish(call->db, from, EVENT_GENERIC, "rename_from");
		db_publish(call->db, to, EVENT_GENERIC, "rename_to");
	}
	if (only_new)
		reply_i64(call->reply, 1);
	else
		reply_ok(call->reply);
	return DONE;
}

static enum outcome rename_key(struct call *call)
{
	return rename_generic(call, false);
}

static enum outcome renamenx(struct call *call)
{
	return rename_generic(call, true);
}

static enum outcome move(struct call *call)
{
	struct key key = call_key(call, 1);
	struct db *to = keys_arg_db(call, 2);
	if (to == NULL)
		return FAILED;
	if (to == call->db)
		return call_fail(call, E_SAME_OBJECT);
	struct entry *e = call_find_write(call, key);
	if (e == NULL || db_find(to, key) != NULL) {
		exec_look(call->exec, to, &key);
		reply_i64(call->reply, 0);
		return DONE;
	}
	entry_move(call->db, key, e, to, key);
	db_publish(call->db, key, EVENT_GENERIC, "move_from");
	db_publish(to, key, EVENT_GENERIC, "move_to");
	reply_i64(call->reply, 1);
	return DONE;
}

static bool copy_options(struct call *call, struct db **to, bool *replaces)
{
	*to = call->db;
	*replaces = false;
	for (int i = 3; i < call->argc; i++) {
		if (call_arg_is(call, i, "REPLACE")) {
			*replaces = true;
		} else if (call_arg_is(call, i, "DB") && i + 1 < call->argc) {
			*to = keys_arg_db(call, ++i);
			if (*to == NULL)
				return false;
		} else {
			call_fail(call, E_SYNTAX);
			return false;
		}
	}
	return true;
}

static enum outcome copy(struct call *call)
{
	struct key from = call_key(call, 1);
	struct key to = key_of(call->argv[2]);
	struct db *to_db;
	bool replaces;

	if (!copy_options(call, &to_db, &replaces))
		return FAILED;
	if (to_db == call->db && bytes_equal(from.name, to.name))
		return call_fail(call, E_SAME_OBJECT);
	struct entry *e = call_find_read(call, from);
	if (e == NULL || (db_find(to_db, to) != NULL && !replaces)) {
		exec_look(call->exec, to_db, &to);
		reply_i64(call->reply, 0);
		return DONE;
	}
	int64_t expiry_ms = entry_expiry_ms(e);
	struct value v = entry_value(e), twin;
	type_ops_of(&v)->copy(&v, &twin);
	value_place(to_db, to, &twin, v.encoding, expiry_ms);
	db_publish(to_db, to, EVENT_GENERIC, "copy_to");
	reply_i64(call->reply, 1);
	return DONE;
}

#define GROUP .group = "generic"
#define COUNTS .tips = "request_policy:multi_shard|response_policy:agg_sum"
#define EACH_KEY "O(N) where N is the number of keys."

const struct command_row generic_commands[] = {
	{.name = "DEL",
		.run = del,
		.flags = CMD_WRITE,
		GROUP,
		.since = "1.0.0",
		COUNTS,
		.complexity = "O(N) where N is the number of keys and of their elements.",
		.syntax = "key:key:RM+delete...",
		.summary = "Deletes keys."},
	{.name = "UNLINK",
		.run = unlink_keys,
		.flags = CMD_WRITE | CMD_FAST,
		GROUP,
		.since = "4.0.0",
		COUNTS,
		.complexity = "O(1) for each key; the memory is given back in slices later.",
		.syntax = "key:key:RM+delete...",
		.summary = "Deletes keys and frees what they held later."},
	{.name = "EXISTS",
		.run = exists,
		.flags = CMD_READONLY | CMD_FAST,
		GROUP,
		.since = "1.0.0",
		COUNTS,
		.complexity = EACH_KEY,
		.syntax = "key:key:RO...",
		.summary = "Counts the keys that exist.",
		.history = "3.0.3=Accepts multiple `key` arguments."},
	{.name = "TOUCH",
		.run = touch,
		.flags = CMD_READONLY | CMD_FAST,
		GROUP,
		.since = "3.2.1",
		COUNTS,
		.complexity = EACH_KEY,
		.syntax = "key:key:RO...",
		.summary = "Counts the keys that exist and notes an access to each."},
	{.name = "TYPE",
		.run = type,
		.flags = CMD_READONLY | CMD_FAST,
		GROUP,
		.since = "1.0.0",
		.complexity = "O(1)",
		.syntax = "key:key:RO",
		.summary = "Answers the type of what a key holds."},
	{.name = "RENAME",
		.run = rename_key,
		.flags = CMD_WRITE,
		GROUP,
		.since = "1.0.0",
		.complexity = "O(1)",
		.syntax = "key:key:RW+access+delete newkey:key:OW+update",
		.summary = "Renames a key, over another if need be."},
	{.name = "RENAMENX",
		.run = renamenx,
		.flags = CMD_WRITE | CMD_FAST,
		GROUP,
		.since = "1.0.0",
		.complexity = "O(1)",
		.syntax = "key:key:RW+access+delete newkey:key:OW+insert",
		.summary = "Renames a key if the new name is free.",
		.history = "3.2.0=The command no longer returns an error when source and "
			   "destination names are the same."},
	{.name = "MOVE",
		.run = move,
		.flags = CMD_WRITE | CMD_FAST,
		GROUP,
		.since = "1.0.0",
		.complexity = "O(1)",
		.syntax = "key:key:RW+access+update db:integer",
		.summary = "Moves a key to another database."},
	{.name = "COPY",
		.run = copy,
		.flags = CMD_WRITE | CMD_DENY_OOM,
		GROUP,
		.since = "6.2.0",
		.complexity = "O(N) where N is the number of elements; O(1) for strings.",
		.syntax = "source:key:RO+access destination:key:OW+update "
			  "[DB destination-db:integer] [REPLACE]",
		.summary = "Copies what a key holds to another key."},
	{0},
};
