/* SPDX-License-Identifier: BSD-3-Clause
 *
 * HGETEX, HSETEX, HGETDEL: fields read or written together with their expiry. They are propagated
 * as the plain commands that have the same effect.
 */
#include "base/mem.h"
#include "base/num.h"
#include "cmd/commands.h"
#include "cmd/hash.h"
#include "exec/effect.h"

enum lifetime {
	LIFETIME_NONE, /* not said */
	LIFETIME_AT,
	LIFETIME_KEEP,
	LIFETIME_PERSIST,
};

struct options {
	enum lifetime lifetime;
	int64_t at_ms;
	bool if_none; /* FNX */
	bool if_all;  /* FXX */
	struct hash_fields fields;
};

static const struct {
	const char *word;
	struct hash_time kind;
} time_words[] = {
	{"EX", {.is_seconds = true, .is_relative = true}},
	{"PX", {.is_seconds = false, .is_relative = true}},
	{"EXAT", {.is_seconds = true, .is_relative = false}},
	{"PXAT", {.is_seconds = false, .is_relative = false}},
};

/* EX, PX, EXAT, PXAT with their time at argv[*at]; `last` is the command's word without a time. *at
 * moves on. False: it is none of them, or the error is written (*failed). */
static bool parse_lifetime(
	struct call *call, int *at, const char *last, struct options *o, bool *failed)
{
	enum lifetime found = LIFETIME_NONE;
	struct hash_time kind = {.is_seconds = false};
	for (size_t i = 0; i < 4; i++) {
		if (!call_arg_is(call, *at, time_words[i].word))
			continue;
		found = LIFETIME_AT;
		kind = time_words[i].kind;
	}
	if (call_arg_is(call, *at, last))
		found = bytes_is(bytes_text(last), "KEEPTTL") ? LIFETIME_KEEP : LIFETIME_PERSIST;
	if (found == LIFETIME_NONE)
		return false;
	if (o->lifetime != LIFETIME_NONE) {
		/* HGETEX has one option at most, then come its fields. */
		if (bytes_is(bytes_text(last), "KEEPTTL"))
			call_failf(call, E_FIELDS_LIFETIME, last);
		else
			call_fail(call, E_FIELDS_MISSING);
		*failed = true;
		return false;
	}
	o->lifetime = found;
	if (found == LIFETIME_AT && ++*at >= call->argc) {
		call_fail(call, E_SYNTAX);
		*failed = true;
		return false;
	}
	*failed = found == LIFETIME_AT && !hash_parse_time(call, *at, kind, &o->at_ms);
	return !*failed;
}

static bool parse_condition(struct call *call, int at, struct options *o, bool *failed)
{
	bool is_none = call_arg_is(call, at, "FNX");
	if (!is_none && !call_arg_is(call, at, "FXX"))
		return false;
	*failed = o->if_none || o->if_all;
	if (*failed)
		call_fail(call, E_FIELDS_CONDITION);
	o->if_none = is_none;
	o->if_all = !is_none;
	return !*failed;
}

/* FIELDS numfields field value …, to the end, at argv[at]; in HSETEX's words. */
static bool parse_pairs(struct call *call, int at, struct hash_fields *fields)
{
	int64_t count = 0;
	int given = call->argc - at - 2;
	if (given >= 0 && !call_arg_i64_in(call, at + 1, (struct i64_range){1, INT32_MAX}, &count,
				  E_FIELDS_INVALID))
		return false;
	if (given < 0 || count * 2 != given) {
		call_failf(call, E_ARITY, call->command->name);
		return false;
	}
	*fields = (struct hash_fields){at + 2, (int)count};
	return true;
}

static void fail_option(struct call *call, int at, bool sets)
{
	if (sets)
		call_failf(call, E_FIELDS_OPTION, bytes_clip_text(call->argv[at], 128).text);
	else
		call_fail(call, E_FIELDS_MISSING);
}

/* Options in any order, then FIELDS to the end. `sets`: HSETEX. */
static bool parse_options(struct call *call, bool sets, struct options *o)
{
	bool failed = false;
	int at = 2;
	*o = (struct options){.lifetime = LIFETIME_NONE};
	for (; at < call->argc && !call_arg_is(call, at, "FIELDS"); at++) {
		if (parse_lifetime(call, &at, sets ? "KEEPTTL" : "PERSIST", o, &failed))
			continue;
		if (!failed && sets && parse_condition(call, at, o, &failed))
			continue;
		if (!failed)
			fail_option(call, at, sets);
		return false;
	}
	if (sets)
		return parse_pairs(call, at, &o->fields);
	return hash_parse_fields(call, at, E_FIELDS_POSITIVE, &o->fields);
}

static struct bytes print_i64(char *digits, int64_t number)
{
	return bytes_of(digits, num_print_i64(digits, number));
}

/* Propagates `head` (its last word is the count, filled in here) followed by chosen fields; `step`
 * 2 takes their values along. Fields whose name was made empty-handed (ptr NULL) are left out. */
static void tell_fields(struct call *call, const struct bytes *head, int head_count,
	const struct hash_fields *fields, const bool *chosen)
{
	char digits[NUM_I64_MAX_CHARS];
	int count = head_count;
	size_t room = ((size_t)head_count + (size_t)fields->count) * sizeof(struct bytes);
	struct bytes *words = mem_alloc(room);
	memcpy(words, head, (size_t)head_count * sizeof(*words));
	for (int i = 0; i < fields->count; i++)
		if (chosen[i])
			words[count++] = call->argv[fields->first + i];
	if (words[head_count - 1].ptr == NULL)
		words[head_count - 1] = print_i64(digits, count - head_count);
	if (count > head_count && effect_wanted(call))
		effect_rewrite(call, words, count);
	mem_free_sized(words, room);
}

/* --- HGETDEL --- */

static enum outcome hgetdel(struct call *call)
{
	struct edit edit;
	struct hash_fields fields;
	struct listpack_item item;
	uint64_t deleted = 0;
	if (!hash_parse_fields(call, 2, E_FIELDS_POSITIVE, &fields))
		return FAILED;
	enum found found = container_open(call, 1, TYPE_HASH, NULL, &edit);
	if (found == REFUSED)
		return FAILED;
	bool *chosen = mem_calloc((size_t)fields.count, sizeof(*chosen));
	reply_array(call->reply, fields.count);
	for (int i = 0; i < fields.count; i++) {
		struct bytes field = call->argv[fields.first + i];
		enum hash_state state = found == MISSING
			? HASH_MISSING
			: hash_get(&edit.value, hash_now(call), field, &item);
		if (state == HASH_LIVE)
			reply_item(call->reply, &item);
		else
			reply_null(call->reply);
		chosen[i] = state != HASH_MISSING && hash_delete(&edit.value, field);
		deleted += chosen[i];
	}
	if (found == FOUND)
		edit_close(&edit, EVENT_HASH, "hdel", deleted);
	const struct bytes head[] = {BYTES("HDEL"), call->argv[1]};
	tell_fields(call, head, 2, &fields, chosen);
	mem_free(chosen);
	return DONE;
}

/* --- HGETEX --- */

/* What HGETEX does with a live field's expiry; true when something changed. */
static bool apply_lifetime(
	struct call *call, struct value *v, const struct options *o, struct bytes field)
{
	int64_t before = hash_expiry_ms(v, field);
	if (o->lifetime == LIFETIME_PERSIST) {
		hash_set_expiry_ms(v, field, HASH_NO_EXPIRY);
		return before != HASH_NO_EXPIRY;
	}
	if (o->lifetime != LIFETIME_AT)
		return false;
	if (o->at_ms <= hash_now(call))
		return hash_delete(v, field);
	hash_set_expiry_ms(v, field, o->at_ms);
	return true;
}

static void tell_lifetime(struct call *call, const struct options *o, const bool *chosen)
{
	char time[NUM_I64_MAX_CHARS];
	struct bytes count = {NULL, 0};
	struct bytes key = call->argv[1];
	if (o->lifetime == LIFETIME_PERSIST) {
		const struct bytes head[] = {BYTES("HPERSIST"), key, BYTES("FIELDS"), count};
		tell_fields(call, head, 4, &o->fields, chosen);
	} else if (o->at_ms <= hash_now(call)) {
		const struct bytes head[] = {BYTES("HDEL"), key};
		tell_fields(call, head, 2, &o->fields, chosen);
	} else {
		const struct bytes head[] = {BYTES("HPEXPIREAT"), key, print_i64(time, o->at_ms),
			BYTES("FIELDS"), count};
		tell_fields(call, head, 5, &o->fields, chosen);
	}
}

static const char *lifetime_event(struct call *call, const struct options *o)
{
	if (o->lifetime == LIFETIME_PERSIST)
		return "hpersist";
	return o->at_ms <= hash_now(call) ? "hdel" : "hexpire";
}

static enum outcome hgetex(struct call *call)
{
	struct edit edit;
	struct options o;
	struct listpack_item item;
	uint64_t changed = 0;
	if (!parse_options(call, false, &o))
		return FAILED;
	enum found found = container_open(call, 1, TYPE_HASH, NULL, &edit);
	if (found == REFUSED)
		return FAILED;
	bool *chosen = mem_calloc((size_t)o.fields.count, sizeof(*chosen));
	reply_array(call->reply, o.fields.count);
	for (int i = 0; i < o.fields.count; i++) {
		struct bytes field = call->argv[o.fields.first + i];
		if (found == MISSING ||
			hash_get(&edit.value, hash_now(call), field, &item) != HASH_LIVE) {
			reply_null(call->reply);
			continue;
		}
		reply_item(call->reply, &item);
		chosen[i] = apply_lifetime(call, &edit.value, &o, field);
		changed += chosen[i];
	}
	if (changed > 0) {
		edit_close(&edit, EVENT_HASH, lifetime_event(call, &o), changed);
		tell_lifetime(call, &o, chosen);
	}
	mem_free(chosen);
	return DONE;
}

/* --- HSETEX --- */

static bool hsetex_may(struct call *call, const struct value *v, const struct options *o)
{
	struct listpack_item item;
	if (!o->if_none && !o->if_all)
		return true;
	for (int i = 0; i < o->fields.count; i++) {
		struct bytes field = call->argv[o->fields.first + 2 * i];
		bool is_live = hash_get(v, hash_now(call), field, &item) == HASH_LIVE;
		if (is_live != o->if_all)
			return false;
	}
	return true;
}

static void hsetex_field(struct call *call, struct value *v, const struct options *o, int at)
{
	struct listpack_item item;
	struct bytes field = call->argv[at];
	bool keeps = o->lifetime == LIFETIME_KEEP &&
		hash_get(v, hash_now(call), field, &item) == HASH_LIVE;
	if (keeps)
		hash_update(v, field, call->argv[at + 1]);
	else
		hash_set(v, hash_now(call), field, call->argv[at + 1]);
	if (o->lifetime == LIFETIME_AT)
		hash_set_expiry_ms(v, field, o->at_ms == 0 ? 1 : o->at_ms);
}

/* HSETEX key [KEEPTTL|PXAT time] FIELDS numfields field value …, or HDEL of what is past at once.
 */
static void hsetex_tell(struct call *call, const struct options *o, bool is_past)
{
	char time[NUM_I64_MAX_CHARS];
	int pairs = 2 * o->fields.count;
	if (!effect_wanted(call))
		return;
	size_t room = ((size_t)pairs + 6) * sizeof(struct bytes);
	struct bytes *words = mem_alloc(room);
	int n = 0;
	words[n++] = is_past ? BYTES("HDEL") : BYTES("HSETEX");
	words[n++] = call->argv[1];
	if (o->lifetime == LIFETIME_KEEP)
		words[n++] = BYTES("KEEPTTL");
	if (o->lifetime == LIFETIME_AT && !is_past) {
		words[n++] = BYTES("PXAT");
		words[n++] = print_i64(time, o->at_ms);
	}
	/* FIELDS, numfields and the pairs stand in the request as they are wanted. */
	for (int i = is_past ? 0 : -2; i < pairs; i += is_past ? 2 : 1)
		words[n++] = call->argv[o->fields.first + i];
	effect_rewrite(call, words, n);
	mem_free_sized(words, room);
}

/* With its events: fields that are past at once are set and go again. */
static void hsetex_close(
	struct call *call, struct edit *edit, const struct options *o, bool is_past)
{
	bool is_gone = edit_store(edit);
	db_publish(call->db, edit->key, EVENT_HASH, "hset");
	call->db->keyspace->dirty += (uint64_t)o->fields.count - 1;
	if (o->lifetime == LIFETIME_AT)
		db_publish_also(call->db, edit->key, EVENT_HASH, is_past ? "hdel" : "hexpire");
	if (is_gone)
		db_publish_also(call->db, edit->key, EVENT_GENERIC, "del");
}

static enum outcome hsetex(struct call *call)
{
	struct edit edit;
	struct options o;
	if (!parse_options(call, true, &o))
		return FAILED;
	if (container_open(call, 1, TYPE_HASH, &hash_empty, &edit) == REFUSED)
		return FAILED;
	bool may = hsetex_may(call, &edit.value, &o);
	if (may) {
		bool is_past = o.lifetime == LIFETIME_AT && o.at_ms <= hash_now(call);
		size_t words = 2 * (size_t)o.fields.count;
		hash_reserve(&edit.value, call->argv + o.fields.first, words);
		for (int i = 0; i < o.fields.count; i++) {
			int at = o.fields.first + 2 * i;
			if (is_past)
				hash_delete(&edit.value, call->argv[at]);
			else
				hsetex_field(call, &edit.value, &o, at);
		}
		hsetex_close(call, &edit, &o, is_past);
		hsetex_tell(call, &o, is_past);
	}
	reply_i64(call->reply, may);
	return DONE;
}

#define HASH .group = "hash"
#define PER_FIELD "O(N) where N is the number of specified fields"
#define LIFETIMES                                                                                  \
	"EX seconds:integer|PX milliseconds:integer|EXAT unix-time-seconds:unix-time|"             \
	"PXAT unix-time-milliseconds:unix-time"

const struct command_row hash_ex_commands[] = {
	{.name = "HGETDEL",
		.run = hgetdel,
		.flags = CMD_WRITE | CMD_FAST,
		HASH,
		.since = "8.0.0",
		.complexity = PER_FIELD,
		.syntax = "key:key:RW+access+delete fields={FIELDS numfields:integer field...}",
		.summary = "Answers the values of fields of a hash and deletes them."},
	{.name = "HGETEX",
		.run = hgetex,
		.flags = CMD_WRITE | CMD_FAST,
		HASH,
		.since = "8.0.0",
		.complexity = PER_FIELD,
		.syntax = "key:key:RW+access+update expiration=[" LIFETIMES "|PERSIST] "
			  "fields={FIELDS numfields:integer field...}",
		.summary = "Answers the values of fields of a hash and sets their expiry."},
	{.name = "HSETEX",
		.run = hsetex,
		.flags = CMD_WRITE | CMD_DENY_OOM | CMD_FAST,
		HASH,
		.since = "8.0.0",
		.complexity = "O(N) where N is the number of fields being set.",
		.syntax = "key:key:RW+update condition=[FNX|FXX] expiration=[" LIFETIMES
			  "|KEEPTTL] fields={FIELDS numfields:integer data={field value}...}",
		.summary = "Sets fields of a hash and their expiry."},
	{0},
};
