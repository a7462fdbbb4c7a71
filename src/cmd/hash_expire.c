/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The expiry of hash fields: HEXPIRE and its kin, HTTL and its kin, HPERSIST. Whatever way a time
 * was given, it is propagated as HPEXPIREAT, and one that is past as the HDEL that it is.
 */
#include "base/mem.h"
#include "base/num.h"
#include "cmd/commands.h"
#include "cmd/hash.h"
#include "exec/effect.h"

/* Replies for a field. */
enum {
	FIELD_MISSING = -2,
	FIELD_FAILED = 0, /* the condition */
	FIELD_SET = 1,
	FIELD_DELETED = 2,
	FIELD_LASTING = -1,
};

bool hash_parse_fields(
	struct call *call, int at, enum error wrong_number, struct hash_fields *fields)
{
	int64_t count;
	if (at + 1 >= call->argc || !call_arg_is(call, at, "FIELDS")) {
		call_fail(call, E_FIELDS_MISSING);
		return false;
	}
	if (!call_arg_i64_in(
		    call, at + 1, (struct i64_range){1, INT64_MAX}, &count, wrong_number))
		return false;
	int given = call->argc - at - 2;
	if (count != given) {
		call_fail(call, E_FIELDS_COUNT);
		return false;
	}
	*fields = (struct hash_fields){at + 2, (int)count};
	return true;
}

bool hash_parse_time(struct call *call, int index, struct hash_time kind, int64_t *at_ms)
{
	int64_t time;
	int64_t base = kind.is_relative ? hash_now(call) : 0;
	if (!call_arg_i64(call, index, &time))
		return false;
	if (time < 0) {
		call_fail(call, E_FIELD_TIME_NEGATIVE);
		return false;
	}
	if (__builtin_mul_overflow(time, kind.is_seconds ? 1000 : 1, &time) ||
		time > HASH_EXPIRY_MAX_MS - base) {
		call_failf(call, E_EXPIRE_TIME, call->command->name);
		return false;
	}
	*at_ms = time + base;
	return true;
}

/* --- HEXPIRE and its kin --- */

enum condition { ALWAYS, IF_NONE, IF_ANY, IF_LATER, IF_SOONER };

static enum condition condition_parse(struct bytes word)
{
	static const char *const words[] = {NULL, "NX", "XX", "GT", "LT"};
	for (int i = IF_NONE; i <= IF_SOONER; i++)
		if (bytes_is(word, words[i]))
			return (enum condition)i;
	return ALWAYS;
}

/* No expiry is as one that never comes. */
static bool condition_holds(enum condition condition, int64_t now, int64_t wanted)
{
	switch (condition) {
	case IF_NONE:
		return now == HASH_NO_EXPIRY;
	case IF_ANY:
		return now != HASH_NO_EXPIRY;
	case IF_LATER:
		return now != HASH_NO_EXPIRY && wanted > now;
	case IF_SOONER:
		return now == HASH_NO_EXPIRY || wanted < now;
	default:
		return true;
	}
}

struct expire {
	struct call *call;
	struct edit *edit;
	struct hash_fields fields;
	enum condition condition;
	int64_t at_ms;
	bool is_past;
	struct bytes *words; /* of the propagated HPEXPIREAT; its fields from `first_word` on */
	int first_word;
	int word_count;
	uint64_t changed;
};

static int64_t expire_field(struct expire *e, struct bytes field)
{
	struct listpack_item item;
	struct value *v = &e->edit->value;
	if (hash_get(v, hash_now(e->call), field, &item) != HASH_LIVE)
		return FIELD_MISSING;
	if (!condition_holds(e->condition, hash_expiry_ms(v, field), e->at_ms))
		return FIELD_FAILED;
	e->changed++;
	if (e->is_past) {
		EFFECT(e->call, BYTES("HDEL"), e->call->argv[1], field);
		hash_delete(v, field);
		return FIELD_DELETED;
	}
	hash_set_expiry_ms(v, field, e->at_ms);
	e->words[e->word_count++] = field;
	return FIELD_SET;
}

static void expire_fields(struct expire *e)
{
	struct call *call = e->call;
	char time[NUM_I64_MAX_CHARS];
	char count[NUM_I64_MAX_CHARS];
	size_t room = ((size_t)e->fields.count + 6) * sizeof(struct bytes);
	e->words = mem_alloc(room);
	e->words[0] = BYTES("HPEXPIREAT");
	e->words[1] = call->argv[1];
	e->words[2] = bytes_of(time, num_print_i64(time, e->at_ms));
	int n = 3;
	if (e->condition != ALWAYS)
		e->words[n++] = call->argv[3];
	e->words[n++] = BYTES("FIELDS");
	e->first_word = e->word_count = n + 1;
	for (int i = 0; i < e->fields.count; i++)
		reply_i64(call->reply, expire_field(e, call->argv[e->fields.first + i]));
	int set = e->word_count - e->first_word;
	e->words[n] = bytes_of(count, num_print_i64(count, set));
	if (set > 0 && effect_wanted(call))
		effect_rewrite(call, e->words, e->word_count);
	mem_free_sized(e->words, room);
}

static enum outcome expire(struct call *call, struct hash_time kind)
{
	struct edit edit;
	struct expire e = {.call = call, .edit = &edit};
	if (!hash_parse_time(call, 2, kind, &e.at_ms))
		return FAILED;
	e.condition = condition_parse(call->argv[3]);
	if (!hash_parse_fields(call, e.condition == ALWAYS ? 3 : 4, E_FIELDS_NUMBER, &e.fields))
		return FAILED;
	enum found found = container_open(call, 1, TYPE_HASH, NULL, &edit);
	if (found == REFUSED)
		return FAILED;
	reply_array(call->reply, e.fields.count);
	if (found == MISSING) {
		for (int i = 0; i < e.fields.count; i++)
			reply_i64(call->reply, FIELD_MISSING);
		return DONE;
	}
	/* What comes from a primary or a log is taken as it is: the HDEL follows. */
	e.is_past = e.at_ms <= hash_now(call) && call->db->keyspace->allow_expiry;
	if (e.at_ms == 0)
		e.at_ms = 1;
	expire_fields(&e);
	edit_close(&edit, EVENT_HASH, e.is_past ? "hdel" : "hexpire", e.changed);
	return DONE;
}

static enum outcome hexpire(struct call *call)
{
	return expire(call, (struct hash_time){.is_seconds = true, .is_relative = true});
}

static enum outcome hpexpire(struct call *call)
{
	return expire(call, (struct hash_time){.is_relative = true});
}

static enum outcome hexpireat(struct call *call)
{
	return expire(call, (struct hash_time){.is_seconds = true});
}

static enum outcome hpexpireat(struct call *call)
{
	return expire(call, (struct hash_time){.is_seconds = false});
}

/* --- HTTL and its kin --- */

static int64_t field_time(
	struct call *call, const struct value *v, struct bytes field, struct hash_time kind)
{
	struct listpack_item item;
	if (hash_get(v, hash_now(call), field, &item) != HASH_LIVE)
		return FIELD_MISSING;
	int64_t at_ms = hash_expiry_ms(v, field);
	if (at_ms == HASH_NO_EXPIRY)
		return FIELD_LASTING;
	int64_t time = kind.is_relative ? at_ms - hash_now(call) : at_ms;
	return kind.is_seconds ? (time + 999) / 1000 : time;
}

static enum outcome times(struct call *call, struct hash_time kind)
{
	struct value v = hash_empty;
	struct hash_fields fields;
	if (!hash_parse_fields(call, 2, E_FIELDS_POSITIVE, &fields) ||
		container_read(call, 1, TYPE_HASH, &v) == REFUSED)
		return FAILED;
	reply_array(call->reply, fields.count);
	for (int i = 0; i < fields.count; i++)
		reply_i64(call->reply, field_time(call, &v, call->argv[fields.first + i], kind));
	return DONE;
}

static enum outcome httl(struct call *call)
{
	return times(call, (struct hash_time){.is_seconds = true, .is_relative = true});
}

static enum outcome hpttl(struct call *call)
{
	return times(call, (struct hash_time){.is_relative = true});
}

static enum outcome hexpiretime(struct call *call)
{
	return times(call, (struct hash_time){.is_seconds = true});
}

static enum outcome hpexpiretime(struct call *call)
{
	return times(call, (struct hash_time){.is_seconds = false});
}

/* --- HPERSIST --- */

static enum outcome hpersist(struct call *call)
{
	struct edit edit;
	struct hash_fields fields;
	uint64_t changed = 0;
	if (!hash_parse_fields(call, 2, E_FIELDS_POSITIVE, &fields))
		return FAILED;
	enum found found = container_open(call, 1, TYPE_HASH, NULL, &edit);
	if (found == REFUSED)
		return FAILED;
	reply_array(call->reply, fields.count);
	for (int i = 0; i < fields.count; i++) {
		struct bytes field = call->argv[fields.first + i];
		struct hash_time raw = {.is_seconds = false};
		int64_t answer = found == MISSING ? FIELD_MISSING
						  : field_time(call, &edit.value, field, raw);
		if (answer > 0) {
			hash_set_expiry_ms(&edit.value, field, HASH_NO_EXPIRY);
			changed++;
			answer = FIELD_SET;
		}
		reply_i64(call->reply, answer);
	}
	if (found == FOUND)
		edit_close(&edit, EVENT_HASH, "hpersist", changed);
	return DONE;
}

#define HASH .group = "hash"
#define PER_FIELD "O(N) where N is the number of specified fields"
#define EXPIRE_FLAGS (CMD_WRITE | CMD_DENY_OOM | CMD_FAST)
#define EXPIRE_TAIL " condition=[NX|XX|GT|LT] fields={FIELDS numfields:integer field...}"
#define TIME_SYNTAX "key:key:RO+access fields={FIELDS numfields:integer field...}"

const struct command_row hash_expire_commands[] = {
	{.name = "HEXPIRE",
		.run = hexpire,
		.flags = EXPIRE_FLAGS,
		HASH,
		.since = "7.4.0",
		.complexity = PER_FIELD,
		.syntax = "key:key:RW+update seconds:integer" EXPIRE_TAIL,
		.summary = "Lets fields of a hash expire after seconds."},
	{.name = "HPEXPIRE",
		.run = hpexpire,
		.flags = EXPIRE_FLAGS,
		HASH,
		.since = "7.4.0",
		.complexity = PER_FIELD,
		.syntax = "key:key:RW+update milliseconds:integer" EXPIRE_TAIL,
		.summary = "Lets fields of a hash expire after milliseconds."},
	{.name = "HEXPIREAT",
		.run = hexpireat,
		.flags = EXPIRE_FLAGS,
		HASH,
		.since = "7.4.0",
		.complexity = PER_FIELD,
		.syntax = "key:key:RW+update unix-time-seconds:unix-time" EXPIRE_TAIL,
		.summary = "Lets fields of a hash expire at a moment, in seconds."},
	{.name = "HPEXPIREAT",
		.run = hpexpireat,
		.flags = EXPIRE_FLAGS,
		HASH,
		.since = "7.4.0",
		.complexity = PER_FIELD,
		.syntax = "key:key:RW+update unix-time-milliseconds:unix-time" EXPIRE_TAIL,
		.summary = "Lets fields of a hash expire at a moment, in milliseconds."},
	{.name = "HTTL",
		.run = httl,
		.flags = CMD_READONLY | CMD_FAST,
		HASH,
		.since = "7.4.0",
		.complexity = PER_FIELD,
		.syntax = TIME_SYNTAX,
		.tips = "nondeterministic_output",
		.summary = "Answers how long fields of a hash live, in seconds."},
	{.name = "HPTTL",
		.run = hpttl,
		.flags = CMD_READONLY | CMD_FAST,
		HASH,
		.since = "7.4.0",
		.complexity = PER_FIELD,
		.syntax = TIME_SYNTAX,
		.tips = "nondeterministic_output",
		.summary = "Answers how long fields of a hash live, in milliseconds."},
	{.name = "HEXPIRETIME",
		.run = hexpiretime,
		.flags = CMD_READONLY | CMD_FAST,
		HASH,
		.since = "7.4.0",
		.complexity = PER_FIELD,
		.syntax = TIME_SYNTAX,
		.summary = "Answers when fields of a hash expire, in seconds."},
	{.name = "HPEXPIRETIME",
		.run = hpexpiretime,
		.flags = CMD_READONLY | CMD_FAST,
		HASH,
		.since = "7.4.0",
		.complexity = PER_FIELD,
		.syntax = TIME_SYNTAX,
		.summary = "Answers when fields of a hash expire, in milliseconds."},
	{.name = "HPERSIST",
		.run = hpersist,
		.flags = CMD_WRITE | CMD_FAST,
		HASH,
		.since = "7.4.0",
		.complexity = PER_FIELD,
		.syntax = "key:key:RW+update fields={FIELDS numfields:integer field...}",
		.summary = "Takes away the expiry of fields of a hash."},
	{0},
};
