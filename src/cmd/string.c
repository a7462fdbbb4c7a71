/* SPDX-License-Identifier: BSD-3-Clause
 *
 * GET, SET and their kin: whole values in and out. Numbers are in string_number.c, parts of values
 * in string_range.c, comparisons in string_compare.c.
 *
 * A relative expiry is propagated as the absolute one that it became; GETEX and GETDEL as what
 * they did.
 */
#include "cmd/string.h"

#include <limits.h>

#include "base/num.h"
#include "cmd/commands.h"
#include "cmd/keys.h"
#include "exec/effect.h"
#include "exec/exec.h"

enum set_flag {
	SET_NX = 1 << 0,
	SET_XX = 1 << 1,
	SET_GET = 1 << 2,
	SET_KEEPTTL = 1 << 3,
	SET_PERSIST = 1 << 4,
	SET_EX = 1 << 5,
	SET_PX = 1 << 6,
	SET_EXAT = 1 << 7,
	SET_PXAT = 1 << 8,
	SET_CONDITION = 1 << 9,
};
#define SET_EXPIRES (SET_EX | SET_PX | SET_EXAT | SET_PXAT)
#define SET_LIFETIME (SET_EXPIRES | SET_KEEPTTL | SET_PERSIST)
#define SET_WHETHER (SET_NX | SET_XX | SET_CONDITION)
#define SET_WORDS (SET_NX | SET_XX | SET_GET | SET_KEEPTTL | SET_EXPIRES | SET_CONDITION)
#define MSETEX_WORDS (SET_NX | SET_XX | SET_KEEPTTL | SET_EXPIRES)
#define GETEX_WORDS (SET_PERSIST | SET_EXPIRES)

struct set_options {
	uint32_t flags;
	struct bytes time; /* of SET_EXPIRES */
	struct string_condition condition;
};

static const struct option_word {
	const char *word;
	uint32_t flag;
	uint32_t excludes;
} option_words[] = {
	{"EX", SET_EX, SET_LIFETIME & ~SET_EX},
	{"PX", SET_PX, SET_LIFETIME & ~SET_PX},
	{"NX", SET_NX, SET_WHETHER & ~SET_NX},
	{"XX", SET_XX, SET_WHETHER & ~SET_XX},
	{"GET", SET_GET, 0},
	{"KEEPTTL", SET_KEEPTTL, SET_LIFETIME & ~SET_KEEPTTL},
	{"EXAT", SET_EXAT, SET_LIFETIME & ~SET_EXAT},
	{"PXAT", SET_PXAT, SET_LIFETIME & ~SET_PXAT},
	{"PERSIST", SET_PERSIST, SET_LIFETIME & ~SET_PERSIST},
};

static const struct option_word condition_word = {"", SET_CONDITION, SET_WHETHER};

static const struct option_word *option_find(struct bytes word, enum string_condition_kind *kind)
{
	*kind = CONDITION_NONE;
	for (size_t i = 0; i < sizeof(option_words) / sizeof(option_words[0]); i++)
		if (bytes_is(word, option_words[i].word))
			return &option_words[i];
	*kind = string_condition_word(word);
	return *kind == CONDITION_NONE ? NULL : &condition_word;
}

/* Reads the options from argv[at] on; `allowed` are those that this command knows. False: the error
 * is written. */
static bool options_parse(struct call *call, int at, uint32_t allowed, struct set_options *o)
{
	enum string_condition_kind kind;
	for (; at < call->argc; at++) {
		const struct option_word *w = option_find(call->argv[at], &kind);
		if (w == NULL || !(w->flag & allowed) || o->flags & w->excludes)
			goto syntax;
		o->flags |= w->flag;
		if (!(w->flag & (SET_EXPIRES | SET_CONDITION)))
			continue;
		if (++at == call->argc)
			goto syntax;
		if (w->flag & SET_EXPIRES)
			o->time = call->argv[at];
		else if (!string_condition_set(call, kind, call->argv[at], &o->condition))
			return false;
	}
	return true;
syntax:
	call_fail(call, E_SYNTAX);
	return false;
}

/* The absolute expiry that the options name; false: the error is written. */
static bool options_expiry(struct call *call, const struct set_options *o, int64_t *expiry_ms)
{
	int64_t time;
	if (!num_parse_i64(o->time, &time)) {
		call_fail(call, E_NOT_INTEGER);
		return false;
	}
	bool is_seconds = o->flags & (SET_EX | SET_EXAT);
	bool is_relative = o->flags & (SET_EX | SET_PX);
	if (time <= 0 || __builtin_mul_overflow(time, is_seconds ? 1000 : 1, &time) ||
	    __builtin_add_overflow(time, is_relative ? call->db->keyspace->now_ms : 0, &time)) {
		call_failf(call, E_EXPIRE_TIME, call->command->name);
		return false;
	}
	*expiry_ms = time;
	return true;
}

/* Stores argv[index]; a long one in the blob that it was received into. */
static inline void argument_store(struct call *call, struct key key, int index, int64_t expiry_ms)
{
	if (UNLIKELY(call->exec->big_argument != NULL)) {
		struct value v = {.type = TYPE_STRING, .encoding = ENC_BLOB};
		v.ptr = call_hold_argument(call, index);
		if (v.ptr != NULL) {
			db_set_value(call->db, key, &v, expiry_ms);
			return;
		}
	}
	db_set_string(call->db, key, call->argv[index], expiry_ms);
}

static struct bytes print_ms(char *digits, int64_t ms)
{
	return bytes_of(digits, num_print_i64(digits, ms));
}

/* Tells the change, and the log and replicas the same without anything relative or conditional. */
static void set_announce(struct call *call, struct key key, struct bytes value,
	const struct set_options *o, int64_t expiry_ms)
{
	char digits[NUM_I64_MAX_CHARS];
	db_publish(call->db, key, EVENT_STRING, "set");
	if (o->flags & SET_EXPIRES) {
		db_publish_also(call->db, key, EVENT_GENERIC, "expire");
		EFFECT(call, BYTES("SET"), key.name, value, BYTES("PXAT"),
			print_ms(digits, expiry_ms));
	} else if (o->flags & SET_KEEPTTL) {
		EFFECT(call, BYTES("SET"), key.name, value, BYTES("KEEPTTL"));
	} else if (o->flags & (SET_GET | SET_CONDITION)) {
		EFFECT(call, BYTES("SET"), key.name, value);
	}
}

static bool set_may(const struct set_options *o, const struct entry *e)
{
	if (o->flags & SET_NX)
		return e == NULL;
	if (o->flags & SET_XX)
		return e != NULL;
	return string_condition_holds(&o->condition, e);
}

/* SET in all its forms: the value is argv[index]. */
static enum outcome set_generic(struct call *call, int index, const struct set_options *o)
{
	struct key key = call_key(call, 1);
	struct entry *e = NULL;
	int64_t expiry_ms = o->flags & SET_KEEPTTL ? EXPIRY_KEEP : EXPIRY_NONE;

	if (o->flags & SET_EXPIRES && !options_expiry(call, o, &expiry_ms))
		return FAILED;
	if (o->flags & SET_GET)
		e = call_find_read(call, key);
	else if (o->flags & SET_WHETHER)
		e = call_find_write(call, key);
	if (e != NULL && o->flags & (SET_GET | SET_CONDITION) && e->type != TYPE_STRING)
		return call_fail(call, E_WRONGTYPE);
	if (o->flags & SET_GET && e == NULL) {
		reply_null(call->reply);
	} else if (o->flags & SET_GET) {
		struct value old = entry_value(e);
		string_reply(call, &old);
	}
	if (o->flags & SET_WHETHER && !set_may(o, e)) {
		if (!(o->flags & SET_GET))
			reply_null(call->reply);
		return DONE;
	}
	argument_store(call, key, index, expiry_ms);
	set_announce(call, key, call->argv[index], o, expiry_ms);
	if (!(o->flags & SET_GET))
		reply_ok(call->reply);
	return DONE;
}

HOT static enum outcome set(struct call *call)
{
	struct set_options o = {0};
	if (LIKELY(call->argc == 3)) {
		struct key key = call_key(call, 1);
		argument_store(call, key, 2, EXPIRY_NONE);
		db_publish(call->db, key, EVENT_STRING, "set");
		reply_ok(call->reply);
		return DONE;
	}
	if (!options_parse(call, 3, SET_WORDS, &o))
		return FAILED;
	return set_generic(call, 2, &o);
}

/* Only an old value that is replied is accessed; without GET the key is just overwritten. */
static bool set_keys(const struct bytes *argv, int argc, struct key_refs *refs)
{
	uint32_t flags = KEY_OW | KEY_UPDATE;
	for (int i = 3; i < argc; i++)
		if (bytes_is(argv[i], "GET") || string_condition_word(argv[i]) != CONDITION_NONE)
			flags = KEY_RW | KEY_ACCESS | KEY_UPDATE;
	for (int i = 0; i < refs->count; i++)
		refs->refs[i].flags = flags;
	return true;
}

static enum outcome setnx(struct call *call)
{
	struct key key = call_key(call, 1);
	if (call_find_write(call, key) != NULL) {
		reply_i64(call->reply, 0);
		return DONE;
	}
	argument_store(call, key, 2, EXPIRY_NONE);
	db_publish(call->db, key, EVENT_STRING, "set");
	reply_i64(call->reply, 1);
	return DONE;
}

static enum outcome setex(struct call *call)
{
	struct set_options o = {.flags = SET_EX, .time = call->argv[2]};
	return set_generic(call, 3, &o);
}

static enum outcome psetex(struct call *call)
{
	struct set_options o = {.flags = SET_PX, .time = call->argv[2]};
	return set_generic(call, 3, &o);
}

static enum outcome getset(struct call *call)
{
	struct set_options o = {.flags = SET_GET};
	return set_generic(call, 2, &o);
}

/* Replies the value at `key`: DONE with *e NULL for a missing key, FAILED for a wrong type. */
static inline enum outcome get_generic(struct call *call, struct key key, struct entry **e)
{
	*e = call_find_read(call, key);
	if (UNLIKELY(*e == NULL)) {
		reply_null(call->reply);
		return DONE;
	}
	if (UNLIKELY((*e)->type != TYPE_STRING))
		return call_fail(call, E_WRONGTYPE);
	struct value v = entry_value(*e);
	string_reply(call, &v);
	return DONE;
}

HOT static enum outcome get(struct call *call)
{
	struct entry *e;
	return get_generic(call, call_key(call, 1), &e);
}

static enum outcome getdel(struct call *call)
{
	struct key key = call_key(call, 1);
	struct entry *e;
	if (get_generic(call, key, &e) == FAILED)
		return FAILED;
	if (e == NULL)
		return DONE;
	db_delete_entry(call->db, key, e, false);
	db_publish(call->db, key, EVENT_GENERIC, "del");
	EFFECT(call, BYTES("DEL"), key.name);
	return DONE;
}

/* Gives the key its new lifetime, or ends it when that is over. */
static void getex_expire(struct call *call, struct key key, struct entry *e, int64_t expiry_ms)
{
	struct keyspace *k = call->db->keyspace;
	char digits[NUM_I64_MAX_CHARS];
	if (expiry_ms <= k->now_ms && k->allow_expiry) {
		bool is_lazy = k->config.lazy_expire;
		db_delete_entry(call->db, key, e, is_lazy);
		db_publish(call->db, key, EVENT_GENERIC, "del");
		EFFECT(call, is_lazy ? BYTES("UNLINK") : BYTES("DEL"), key.name);
		return;
	}
	db_set_expiry(call->db, key, e, expiry_ms);
	db_publish(call->db, key, EVENT_GENERIC, "expire");
	EFFECT(call, BYTES("PEXPIREAT"), key.name, print_ms(digits, expiry_ms));
}

static enum outcome getex(struct call *call)
{
	struct key key = call_key(call, 1);
	struct set_options o = {0};
	struct entry *e;
	int64_t expiry_ms = EXPIRY_NONE;

	if (!options_parse(call, 2, GETEX_WORDS, &o))
		return FAILED;
	e = call_find_read(call, key);
	if (e == NULL) {
		reply_null(call->reply);
		return DONE;
	}
	if (e->type != TYPE_STRING)
		return call_fail(call, E_WRONGTYPE);
	if (o.flags & SET_EXPIRES && !options_expiry(call, &o, &expiry_ms))
		return FAILED;
	struct value v = entry_value(e);
	string_reply(call, &v);
	if (o.flags & SET_EXPIRES) {
		getex_expire(call, key, e, expiry_ms);
	} else if (o.flags & SET_PERSIST && entry_expiry_ms(e) >= 0) {
		db_set_expiry(call->db, key, e, EXPIRY_NONE);
		db_publish(call->db, key, EVENT_GENERIC, "persist");
		EFFECT(call, BYTES("PERSIST"), key.name);
	}
	return DONE;
}

static enum outcome mget(struct call *call)
{
	struct key keys[KEYS_BATCH];
	reply_array(call->reply, call->argc - 1);
	for (int at = 1; at < call->argc; at += KEYS_BATCH) {
		int count = keys_prefetch(call, at, 1, keys);
		for (int i = 0; i < count; i++) {
			struct entry *e = call_find_read(call, keys[i]);
			if (e == NULL || e->type != TYPE_STRING) {
				reply_null(call->reply);
				continue;
			}
			struct value v = entry_value(e);
			string_reply(call, &v);
		}
	}
	return DONE;
}

/* Whether all keys at argv[first], argv[first + 2] … before argv[behind] exist, or none. */
static bool all_are(struct call *call, int first, int behind, bool wanted)
{
	struct key keys[KEYS_BATCH];
	for (int at = first; at < behind; at += 2 * KEYS_BATCH) {
		int count = keys_prefetch(call, at, 2, keys);
		for (int i = 0; i < count && at + 2 * i < behind; i++)
			if ((db_find(call->db, keys[i]) != NULL) != wanted)
				return false;
	}
	return true;
}

static void set_pairs(struct call *call)
{
	struct key keys[KEYS_BATCH];
	for (int at = 1; at < call->argc; at += 2 * KEYS_BATCH) {
		int count = keys_prefetch(call, at, 2, keys);
		for (int i = 0; i < count; i++) {
			argument_store(call, keys[i], at + 2 * i + 1, EXPIRY_NONE);
			db_publish(call->db, keys[i], EVENT_STRING, "set");
		}
	}
}

static enum outcome mset(struct call *call)
{
	if (call->argc % 2 == 0)
		return call_failf(call, E_ARITY, call->command->name);
	set_pairs(call);
	reply_ok(call->reply);
	return DONE;
}

static enum outcome msetnx(struct call *call)
{
	if (call->argc % 2 == 0)
		return call_failf(call, E_ARITY, call->command->name);
	bool may = all_are(call, 1, call->argc, false);
	if (may)
		set_pairs(call);
	reply_i64(call->reply, may);
	return DONE;
}

/* MSETEX numkeys key value [key value …] [NX|XX] [EX …|KEEPTTL]: all of them or none. */
static enum outcome msetex(struct call *call)
{
	struct set_options o = {0};
	int64_t count, expiry_ms = EXPIRY_NONE;
	if (!call_arg_i64_in(
		    call, 1, (struct i64_range){1, INT_MAX}, &count, E_MSETEX_NUMKEYS))
		return FAILED;
	if (count > (call->argc - 2) / 2)
		return call_fail(call, E_MSETEX_PAIRS);
	int behind = 2 + 2 * (int)count;
	if (!options_parse(call, behind, MSETEX_WORDS, &o))
		return FAILED;
	if (o.flags & SET_EXPIRES && !options_expiry(call, &o, &expiry_ms))
		return FAILED;
	if (o.flags & SET_KEEPTTL)
		expiry_ms = EXPIRY_KEEP;
	if (o.flags & SET_WHETHER && !all_are(call, 2, behind, o.flags & SET_XX)) {
		reply_i64(call->reply, 0);
		return DONE;
	}
	/* A plain SET of each is what every replica understands. */
	if (!(o.flags & (SET_EXPIRES | SET_KEEPTTL)))
		o.flags |= SET_GET;
	for (int i = 2; i < behind; i += 2) {
		struct key key = key_of(call->argv[i]);
		argument_store(call, key, i + 1, expiry_ms);
		set_announce(call, key, call->argv[i + 1], &o, expiry_ms);
	}
	reply_i64(call->reply, 1);
	return DONE;
}

#define GROUP .group = "string"
#define WRITES (CMD_WRITE | CMD_DENY_OOM)

const struct command_row string_commands[] = {
	{.name = "GET", .run = get, .flags = CMD_READONLY | CMD_FAST, GROUP, .since = "1.0.0",
		.complexity = "O(1)", .syntax = "key:key:RO+access",
		.summary = "Answers the value of a key."},
	{.name = "SET", .run = set, .flags = WRITES, GROUP, .since = "1.0.0", .complexity = "O(1)",
		.syntax = "key:key:RW+access+update+variable_flags value "
			"condition=[NX|XX|IFEQ ifeq-value@8.4.0|IFNE ifne-value@8.4.0|"
			"IFDEQ ifdeq-digest@8.4.0|IFDNE ifdne-digest@8.4.0]@2.6.12 [GET]@6.2.0 "
			"expiration=[EX seconds:integer@2.6.12|PX milliseconds:integer@2.6.12|"
			"EXAT unix-time-seconds:unix-time@6.2.0|"
			"PXAT unix-time-milliseconds:unix-time@6.2.0|KEEPTTL@6.0.0]",
		.key_notes = "RW and ACCESS due to the optional `GET` argument",
		.summary = "Sets a key to a value, whatever it held; with conditions and expiry.",
		.history = "2.6.12=Added the `EX`, `PX`, `NX` and `XX` options.|"
			"6.0.0=Added the `KEEPTTL` option.|"
			"6.2.0=Added the `GET`, `EXAT` and `PXAT` option.|"
			"7.0.0=Allowed the `NX` and `GET` options to be used together.|"
			"8.4.0=Added the `IFEQ`, `IFNE`, `IFDEQ` and `IFDNE` options.",
		.find_keys = set_keys},
	{.name = "SETNX", .run = setnx, .flags = WRITES | CMD_FAST, GROUP, .since = "1.0.0",
		.complexity = "O(1)", .syntax = "key:key:OW+insert value",
		.summary = "Sets a key that does not exist.",
		.deprecated = "2.6.12=`SET` with the `NX` argument"},
	{.name = "SETEX", .run = setex, .flags = WRITES, GROUP, .since = "2.0.0",
		.complexity = "O(1)",
		.syntax = "key:key:OW+update seconds:integer value",
		.summary = "Sets a key with a lifetime in seconds.",
		.deprecated = "2.6.12=`SET` with the `EX` argument"},
	{.name = "PSETEX", .run = psetex, .flags = WRITES, GROUP, .since = "2.6.0",
		.complexity = "O(1)",
		.syntax = "key:key:OW+update milliseconds:integer value",
		.summary = "Sets a key with a lifetime in milliseconds.",
		.deprecated = "2.6.12=`SET` with the `PX` argument"},
	{.name = "GETSET", .run = getset, .flags = WRITES | CMD_FAST, GROUP, .since = "1.0.0",
		.complexity = "O(1)", .syntax = "key:key:RW+access+update value",
		.summary = "Sets a key and answers what it held.",
		.deprecated = "6.2.0=`SET` with the `!GET` argument"},
	{.name = "GETDEL", .run = getdel, .flags = CMD_WRITE | CMD_FAST, GROUP, .since = "6.2.0",
		.complexity = "O(1)", .syntax = "key:key:RW+access+delete",
		.summary = "Answers the value of a key and deletes the key."},
	{.name = "GETEX", .run = getex, .flags = CMD_WRITE | CMD_FAST, GROUP, .since = "6.2.0",
		.complexity = "O(1)",
		.syntax = "key:key:RW+access+update expiration=[EX seconds:integer|"
			"PX milliseconds:integer|EXAT unix-time-seconds:unix-time|"
			"PXAT unix-time-milliseconds:unix-time|PERSIST]",
		.key_notes = "RW and UPDATE because it changes the TTL",
		.summary = "Answers the value of a key and sets or takes its expiry."},
	{.name = "MGET", .run = mget, .flags = CMD_READONLY | CMD_FAST, GROUP, .since = "1.0.0",
		.complexity = "O(N) where N is the number of keys to retrieve.",
		.syntax = "key:key:RO+access...", .tips = "request_policy:multi_shard",
		.summary = "Answers the values of several keys."},
	{.name = "MSET", .run = mset, .flags = WRITES, GROUP, .since = "1.0.1",
		.complexity = "O(N) where N is the number of keys to set.",
		.syntax = "data={key:key:OW+update value}...",
		.tips = "request_policy:multi_shard|response_policy:all_succeeded",
		.summary = "Sets several keys at once."},
	{.name = "MSETNX", .run = msetnx, .flags = WRITES, GROUP, .since = "1.0.1",
		.complexity = "O(N) where N is the number of keys to set.",
		.syntax = "data={key:key:OW+insert value}...",
		.summary = "Sets several keys at once, if none of them exists."},
	{.name = "MSETEX", .run = msetex, .flags = WRITES, GROUP, .since = "8.4.0",
		.complexity = "O(N) where N is the number of keys to set.",
		.syntax = "numkeys:integer data={key:key:OW+update value}... condition=[NX|XX] "
			  "expiration=[EX seconds:integer|PX milliseconds:integer|"
			  "EXAT unix-time-seconds:unix-time|PXAT unix-time-milliseconds:unix-time|"
			  "KEEPTTL]",
		.summary = "Sets several keys with one expiry, all of them or none."},
	{0},
};
