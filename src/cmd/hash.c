/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The commands of hashes; those that count are in hash_number.c.
 */
#include "cmd/hash.h"

#include "base/num.h"
#include "cmd/commands.h"
#include "store/parts.h"

/* --- fields past their expiry --- */

void hash_drop_expired_in(struct call *call, struct edit *edit, struct bytes field)
{
	db_tell_part_gone(call->db, edit->key.name, field);
	hash_delete(&edit->value, field);
}

void hash_drop_expired(struct call *call, struct bytes field)
{
	struct edit edit;
	if (!call->db->keyspace->allow_expiry ||
		edit_open(call->db, call_key(call, 1), TYPE_HASH, NULL, &edit) != EDIT_OK)
		return;
	hash_drop_expired_in(call, &edit, field);
	edit_close_expired(&edit, EVENT_HASH, "hexpired");
}

/* --- writing --- */

/* Sets the fields and values in argv[2 …]; returns how many fields are new, or -1: the error is
 * written. */
static int64_t set_fields(struct call *call)
{
	struct edit edit;
	int64_t created = 0;
	if (call->argc % 2 != 0) {
		call_failf(call, E_ARITY, call->command->name);
		return -1;
	}
	if (container_open(call, 1, TYPE_HASH, &hash_empty, &edit) == REFUSED)
		return -1;
	hash_reserve(&edit.value, call->argv + 2, (size_t)call->argc - 2);
	for (int i = 2; i < call->argc; i += 2)
		created += hash_set(&edit.value, hash_now(call), call->argv[i], call->argv[i + 1]);
	edit_close(&edit, EVENT_HASH, "hset", (uint64_t)(call->argc - 2) / 2);
	return created;
}

static enum outcome hset(struct call *call)
{
	int64_t created = set_fields(call);
	if (created < 0)
		return FAILED;
	reply_i64(call->reply, created);
	return DONE;
}

static enum outcome hmset(struct call *call)
{
	if (set_fields(call) < 0)
		return FAILED;
	reply_ok(call->reply);
	return DONE;
}

static enum outcome hsetnx(struct call *call)
{
	struct edit edit;
	if (container_open(call, 1, TYPE_HASH, &hash_empty, &edit) == REFUSED)
		return FAILED;
	struct listpack_item item;
	enum hash_state state = hash_get(&edit.value, hash_now(call), call->argv[2], &item);
	bool is_new = state != HASH_LIVE;
	if (is_new) {
		if (state == HASH_EXPIRED)
			hash_drop_expired_in(call, &edit, call->argv[2]);
		hash_reserve(&edit.value, call->argv + 2, 2);
		hash_set(&edit.value, hash_now(call), call->argv[2], call->argv[3]);
		edit_close(&edit, EVENT_HASH, "hset", 1);
	}
	reply_i64(call->reply, is_new);
	return DONE;
}

static enum outcome hdel(struct call *call)
{
	struct edit edit;
	uint64_t deleted = 0;
	enum found found = container_open(call, 1, TYPE_HASH, NULL, &edit);
	if (found == REFUSED)
		return FAILED;
	if (found == FOUND) {
		for (int i = 2; i < call->argc; i++)
			deleted += hash_delete(&edit.value, call->argv[i]);
		edit_close(&edit, EVENT_HASH, "hdel", deleted);
	}
	reply_i64(call->reply, (int64_t)deleted);
	return DONE;
}

/* --- reading --- */

static enum hash_state reply_field(struct call *call, const struct value *v, int index)
{
	struct listpack_item item;
	enum hash_state state = hash_get(v, hash_now(call), call->argv[index], &item);
	if (LIKELY(state == HASH_LIVE))
		reply_item(call->reply, &item);
	else
		reply_null(call->reply);
	return state;
}

static enum outcome hget(struct call *call)
{
	struct value v = hash_empty;
	if (container_read(call, 1, TYPE_HASH, &v) == REFUSED)
		return FAILED;
	if (UNLIKELY(reply_field(call, &v, 2) == HASH_EXPIRED))
		hash_drop_expired(call, call->argv[2]);
	return DONE;
}

static enum outcome hmget(struct call *call)
{
	struct value v = hash_empty;
	if (container_read(call, 1, TYPE_HASH, &v) == REFUSED)
		return FAILED;
	reply_array(call->reply, call->argc - 2);
	bool has_expired = false;
	for (int i = 2; i < call->argc; i++)
		has_expired |= reply_field(call, &v, i) == HASH_EXPIRED;
	/* The value changes with each deletion: a second look at each field. */
	for (int i = 2; UNLIKELY(has_expired) && i < call->argc; i++) {
		struct listpack_item item;
		struct entry *e = call_find_write(call, call_key(call, 1));
		if (e == NULL)
			break;
		v = entry_value(e);
		if (hash_get(&v, hash_now(call), call->argv[i], &item) == HASH_EXPIRED)
			hash_drop_expired(call, call->argv[i]);
	}
	return DONE;
}

static enum outcome hlen(struct call *call)
{
	struct value v = hash_empty;
	if (container_read(call, 1, TYPE_HASH, &v) == REFUSED)
		return FAILED;
	reply_i64(call->reply, (int64_t)hash_length(&v));
	return DONE;
}

static enum outcome hexists(struct call *call)
{
	struct value v = hash_empty;
	struct listpack_item item;
	if (container_read(call, 1, TYPE_HASH, &v) == REFUSED)
		return FAILED;
	enum hash_state state = hash_get(&v, hash_now(call), call->argv[2], &item);
	reply_i64(call->reply, state == HASH_LIVE);
	if (UNLIKELY(state == HASH_EXPIRED))
		hash_drop_expired(call, call->argv[2]);
	return DONE;
}

static enum outcome hstrlen(struct call *call)
{
	struct value v = hash_empty;
	struct listpack_item item;
	char digits[NUM_I64_MAX_CHARS];
	if (container_read(call, 1, TYPE_HASH, &v) == REFUSED)
		return FAILED;
	enum hash_state state = hash_get(&v, hash_now(call), call->argv[2], &item);
	bool is_live = state == HASH_LIVE;
	reply_i64(call->reply, is_live ? (int64_t)listpack_item_text(&item, digits).len : 0);
	if (UNLIKELY(state == HASH_EXPIRED))
		hash_drop_expired(call, call->argv[2]);
	return DONE;
}

enum parts { FIELDS = 1, VALUES = 2 };

static enum outcome reply_all(struct call *call, unsigned parts)
{
	struct value v = hash_empty;
	struct hash_iter it;
	struct listpack_item field, value;
	if (container_read(call, 1, TYPE_HASH, &v) == REFUSED)
		return FAILED;
	/* How many are live is known only afterwards where some may not be. */
	int64_t length = 0;
	bool is_pairs = parts == (FIELDS | VALUES);
	bool is_open = hash_soonest_ms(&v) <= hash_now(call);
	struct reply_hole hole = {0};
	if (UNLIKELY(is_open))
		hole = reply_open(call->reply);
	else if (is_pairs)
		reply_map(call->reply, (int64_t)hash_length(&v));
	else
		reply_array(call->reply, (int64_t)hash_length(&v));
	hash_iter_init(&it, &v, hash_now(call));
	for (; hash_next(&it, &field, &value); length++) {
		if (parts & FIELDS)
			reply_item(call->reply, &field);
		if (parts & VALUES)
			reply_item(call->reply, &value);
	}
	if (UNLIKELY(is_open) && is_pairs)
		reply_close_map(call->reply, hole, length);
	else if (UNLIKELY(is_open))
		reply_close_array(call->reply, hole, length);
	return DONE;
}

static enum outcome hgetall(struct call *call)
{
	return reply_all(call, FIELDS | VALUES);
}

static enum outcome hkeys(struct call *call)
{
	return reply_all(call, FIELDS);
}

static enum outcome hvals(struct call *call)
{
	return reply_all(call, VALUES);
}

/* --- HRANDFIELD --- */

struct purge {
	struct call *call;
	bool is_told;
};

static void purge_tell(struct bytes field, void *context)
{
	const struct purge *p = context;
	if (p->is_told)
		db_tell_part_gone(p->call->db, p->call->argv[1], field);
}

/* Chance is for live fields only: the others go first, out of a copy where deletion is not ours.
 * False: a wrong type; *copy is the caller's to free. */
static enum found random_read(struct call *call, struct value *v, struct value *copy)
{
	struct edit edit;
	struct purge p = {call, call->db->keyspace->allow_expiry};
	*copy = hash_empty;
	enum found found = container_read(call, 1, TYPE_HASH, v);
	if (found != FOUND || LIKELY(hash_soonest_ms(v) > hash_now(call)))
		return found;
	edit_open(call->db, call_key(call, 1), TYPE_HASH, NULL, &edit);
	if (!p.is_told) {
		hash_ops.copy(v, copy);
		edit.value = *copy;
	}
	while (hash_soonest_ms(&edit.value) <= hash_now(call))
		hash_expire(&edit.value, hash_now(call), SIZE_MAX, purge_tell, &p);
	*v = edit.value;
	if (!p.is_told)
		*copy = edit.value;
	else if (edit_close_expired(&edit, EVENT_HASH, "hexpired"))
		*v = hash_empty;
	return hash_length(v) == 0 ? MISSING : FOUND;
}

struct random_reply {
	struct reply *reply;
	bool with_values;
};

static void reply_random(
	const struct listpack_item *field, const struct listpack_item *value, void *context)
{
	const struct random_reply *r = context;
	if (r->with_values && r->reply->resp > 2)
		reply_array(r->reply, 2);
	reply_item(r->reply, field);
	if (r->with_values)
		reply_item(r->reply, value);
}

static enum outcome hrandfield_many(struct call *call)
{
	struct value v = hash_empty;
	struct listpack_item field, value;
	int64_t count;
	struct random_reply r = {call->reply, call->argc == 4};
	if (!container_arg_sample(call, "WITHVALUES", &count))
		return FAILED;
	struct value copy;
	enum found found = random_read(call, &v, &copy);
	if (found == REFUSED)
		return FAILED;
	if (found == MISSING)
		count = 0;
	int64_t length = (int64_t)hash_length(&v);
	if (count > length)
		count = length;
	int64_t replies = count < 0 ? -count : count;
	reply_array(call->reply, r.with_values && call->reply->resp == 2 ? replies * 2 : replies);
	if (count >= 0)
		hash_sample(&v, (size_t)count, reply_random, &r);
	for (; count < 0 && !reply_is_full(call->reply); count++) {
		hash_random(&v, &field, &value);
		reply_random(&field, &value, &r);
	}
	hash_free(&copy);
	return DONE;
}

static enum outcome hrandfield(struct call *call)
{
	struct value v = hash_empty;
	struct listpack_item field, value;
	if (call->argc > 2)
		return hrandfield_many(call);
	struct value copy;
	if (random_read(call, &v, &copy) == REFUSED)
		return FAILED;
	if (hash_random(&v, &field, &value))
		reply_item(call->reply, &field);
	else
		reply_null(call->reply);
	hash_free(&copy);
	return DONE;
}

/* --- HSCAN --- */

static void scan_visit(
	const struct listpack_item *field, const struct listpack_item *value, void *context)
{
	struct container_scan *scan = context;
	char digits[NUM_I64_MAX_CHARS];
	struct bytes text = listpack_item_text(field, digits);
	if (!container_scan_wants(scan, text))
		return;
	reply_bulk(scan->reply, text);
	scan->replied++;
	if (scan->no_values)
		return;
	reply_item(scan->reply, value);
	scan->replied++;
}

static enum outcome hscan(struct call *call)
{
	struct container_scan scan;
	struct value v;
	enum found found = container_scan_begin(call, TYPE_HASH, true, &scan, &v);
	if (found != FOUND)
		return found == MISSING ? DONE : FAILED;
	reply_array(call->reply, 2);
	/* The cursor stands before the fields and is known after them. */
	struct reply_hole cursor_hole = reply_open(call->reply);
	struct reply_hole hole = reply_open(call->reply);
	struct hash_scan walk = {hash_now(call), scan.cursor, (size_t)scan.count};
	hash_scan(&v, &walk, scan_visit, &scan);
	reply_close_array(call->reply, hole, scan.replied);
	reply_close_bulk_u64(call->reply, cursor_hole, walk.cursor);
	return DONE;
}

#define HASH .group = "hash"
#define FAST_READ (CMD_READONLY | CMD_FAST)
#define FAST_WRITE (CMD_WRITE | CMD_DENY_OOM | CMD_FAST)
#define ALL_COMPLEXITY "O(N) where N is the size of the hash."

const struct command_row hash_commands[] = {
	{.name = "HSET",
		.run = hset,
		.flags = FAST_WRITE,
		HASH,
		.since = "2.0.0",
		.complexity = "O(1) for each field/value pair added, so O(N) to add N field/value "
			      "pairs when the command is called with multiple field/value pairs.",
		.history = "4.0.0=Accepts multiple `field` and `value` arguments.",
		.syntax = "key:key:RW+update data={field value}...",
		.summary = "Sets fields of a hash."},
	{.name = "HMSET",
		.run = hmset,
		.flags = FAST_WRITE,
		HASH,
		.since = "2.0.0",
		.complexity = "O(N) where N is the number of fields being set.",
		.deprecated = "4.0.0=`HSET` with multiple field-value pairs",
		.syntax = "key:key:RW+update data={field value}...",
		.summary = "Sets fields of a hash; answers OK."},
	{.name = "HSETNX",
		.run = hsetnx,
		.flags = FAST_WRITE,
		HASH,
		.since = "2.0.0",
		.complexity = "O(1)",
		.syntax = "key:key:RW+insert field value",
		.summary = "Sets a field of a hash if it is not there."},
	{.name = "HDEL",
		.run = hdel,
		.flags = CMD_WRITE | CMD_FAST,
		HASH,
		.since = "2.0.0",
		.complexity = "O(N) where N is the number of fields to be removed.",
		.history = "2.4.0=Accepts multiple `field` arguments.",
		.syntax = "key:key:RW+delete field...",
		.summary = "Deletes fields of a hash."},
	{.name = "HGET",
		.run = hget,
		.flags = FAST_READ,
		HASH,
		.since = "2.0.0",
		.complexity = "O(1)",
		.syntax = "key:key:RO+access field",
		.summary = "Answers the value of a field of a hash."},
	{.name = "HMGET",
		.run = hmget,
		.flags = FAST_READ,
		HASH,
		.since = "2.0.0",
		.complexity = "O(N) where N is the number of fields being requested.",
		.syntax = "key:key:RO+access field...",
		.summary = "Answers the values of several fields of a hash."},
	{.name = "HGETALL",
		.run = hgetall,
		.flags = CMD_READONLY,
		HASH,
		.since = "2.0.0",
		.complexity = ALL_COMPLEXITY,
		.syntax = "key:key:RO+access",
		.tips = "nondeterministic_output_order",
		.summary = "Answers all fields and values of a hash."},
	{.name = "HKEYS",
		.run = hkeys,
		.flags = CMD_READONLY,
		HASH,
		.since = "2.0.0",
		.complexity = ALL_COMPLEXITY,
		.syntax = "key:key:RO+access",
		.tips = "nondeterministic_output_order",
		.summary = "Answers all fields of a hash."},
	{.name = "HVALS",
		.run = hvals,
		.flags = CMD_READONLY,
		HASH,
		.since = "2.0.0",
		.complexity = ALL_COMPLEXITY,
		.syntax = "key:key:RO+access",
		.tips = "nondeterministic_output_order",
		.summary = "Answers all values of a hash."},
	{.name = "HLEN",
		.run = hlen,
		.flags = FAST_READ,
		HASH,
		.since = "2.0.0",
		.complexity = "O(1)",
		.syntax = "key:key:RO",
		.summary = "Answers how many fields a hash has."},
	{.name = "HEXISTS",
		.run = hexists,
		.flags = FAST_READ,
		HASH,
		.since = "2.0.0",
		.complexity = "O(1)",
		.syntax = "key:key:RO field",
		.summary = "Answers whether a hash has a field."},
	{.name = "HSTRLEN",
		.run = hstrlen,
		.flags = FAST_READ,
		HASH,
		.since = "3.2.0",
		.complexity = "O(1)",
		.syntax = "key:key:RO field",
		.summary = "Answers the length of a field's value."},
	{.name = "HRANDFIELD",
		.run = hrandfield,
		.flags = CMD_READONLY,
		HASH,
		.since = "6.2.0",
		.complexity = "O(N) where N is the number of fields returned",
		.syntax = "key:key:RO+access options=[count:integer [WITHVALUES]]",
		.tips = "nondeterministic_output",
		.summary = "Answers random fields of a hash."},
	{.name = "HSCAN",
		.run = hscan,
		.flags = CMD_READONLY,
		HASH,
		.since = "2.8.0",
		.complexity = CONTAINER_SCAN_COMPLEXITY,
		.syntax = "key:key:RO+access cursor:integer [MATCH pattern:pattern] "
			  "[COUNT count:integer] [NOVALUES]@7.4.0",
		.tips = "nondeterministic_output",
		.summary = "Walks over the fields of a hash, a part each time."},
	{0},
};
