/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Expiry: EXPIRE and its kin, TTL and its kin, PERSIST. Inside there is one form, the absolute
 * millisecond; what was said relatively is propagated in that form.
 */
#include "base/num.h"
#include "cmd/commands.h"
#include "cmd/keys.h"
#include "exec/effect.h"

enum expire_flag {
	EXPIRE_NX = 1 << 0,
	EXPIRE_XX = 1 << 1,
	EXPIRE_GT = 1 << 2,
	EXPIRE_LT = 1 << 3,
};

static bool options_parse(struct call *call, unsigned *flags)
{
	*flags = 0;
	for (int i = 3; i < call->argc; i++) {
		if (call_arg_is(call, i, "NX")) {
			*flags |= EXPIRE_NX;
		} else if (call_arg_is(call, i, "XX")) {
			*flags |= EXPIRE_XX;
		} else if (call_arg_is(call, i, "GT")) {
			*flags |= EXPIRE_GT;
		} else if (call_arg_is(call, i, "LT")) {
			*flags |= EXPIRE_LT;
		} else {
			call_failf(call, E_EXPIRE_OPTION, bytes_clip_text(call->argv[i], 128).text);
			return false;
		}
	}
	if (*flags & EXPIRE_NX && *flags & ~(unsigned)EXPIRE_NX)
		call_fail(call, E_EXPIRE_NX_OR);
	else if (*flags & EXPIRE_GT && *flags & EXPIRE_LT)
		call_fail(call, E_EXPIRE_GT_LT);
	else
		return true;
	return false;
}

/* Do the options allow this change? No expiry counts as an endless one. */
static bool expire_may(unsigned flags, int64_t old_ms, int64_t new_ms)
{
	bool has_expiry = old_ms >= 0;
	if (flags & EXPIRE_NX && has_expiry)
		return false;
	if (flags & EXPIRE_XX && !has_expiry)
		return false;
	if (flags & EXPIRE_GT && (!has_expiry || new_ms <= old_ms))
		return false;
	return !(flags & EXPIRE_LT && has_expiry && new_ms >= old_ms);
}

/* A time in the past ends the key at once, except where others decide what has expired. */
static bool expire_is_over(const struct call *call, int64_t at_ms)
{
	const struct keyspace *k = call->db->keyspace;
	uint8_t origin = call->session->origin;
	return at_ms <= k->now_ms && k->allow_expiry && origin != ORIGIN_RECOVERY &&
	       origin != ORIGIN_PRIMARY;
}

static void expire_set(struct call *call, struct key key, struct entry *e, int64_t at_ms)
{
	char digits[NUM_I64_MAX_CHARS];
	if (expire_is_over(call, at_ms)) {
		bool is_lazy = call->db->keyspace->config.lazy_expire;
		db_delete_entry(call->db, key, e, is_lazy);
		db_publish(call->db, key, EVENT_GENERIC, "del");
		EFFECT(call, is_lazy ? BYTES("UNLINK") : BYTES("DEL"), key.name);
		return;
	}
	/* Before the epoch is as good as at it, and a negative time means "none" to the store. */
	db_set_expiry(call->db, key, e, at_ms < 0 ? 0 : at_ms);
	db_publish(call->db, key, EVENT_GENERIC, "expire");
	EFFECT(call, BYTES("PEXPIREAT"), key.name, bytes_of(digits, num_print_i64(digits, at_ms)));
}

static enum outcome expire_generic(struct call *call, int64_t base_ms, int64_t unit_ms)
{
	struct key key = call_key(call, 1);
	unsigned flags;
	int64_t at_ms;

	if (!options_parse(call, &flags) || !call_arg_i64(call, 2, &at_ms))
		return FAILED;
	if (__builtin_mul_overflow(at_ms, unit_ms, &at_ms) ||
	    __builtin_add_overflow(at_ms, base_ms, &at_ms))
		return call_failf(call, E_EXPIRE_TIME, call->command->name);
	struct entry *e = call_find_write(call, key);
	if (e == NULL || !expire_may(flags, entry_expiry_ms(e), at_ms)) {
		reply_i64(call->reply, 0);
		return DONE;
	}
	expire_set(call, key, e, at_ms);
	reply_i64(call->reply, 1);
	return DONE;
}

static enum outcome expire(struct call *call)
{
	return expire_generic(call, call->db->keyspace->now_ms, 1000);
}

static enum outcome pexpire(struct call *call)
{
	return expire_generic(call, call->db->keyspace->now_ms, 1);
}

static enum outcome expireat(struct call *call)
{
	return expire_generic(call, 0, 1000);
}

static enum outcome pexpireat(struct call *call)
{
	return expire_generic(call, 0, 1);
}

/* -2 for no key, -1 for no expiry, else what is left of it or when it is, in `unit_ms`, rounded. */
static enum outcome ttl_generic(struct call *call, bool is_relative, int64_t unit_ms)
{
	struct entry *e = keys_find_untouched(call, call_key(call, 1));
	int64_t at_ms = e == NULL ? -2 : entry_expiry_ms(e);
	if (at_ms < 0) {
		reply_i64(call->reply, at_ms);
		return DONE;
	}
	int64_t now_ms = call->db->keyspace->now_ms;
	if (is_relative)
		at_ms = at_ms > now_ms ? at_ms - now_ms : 0;
	/* Halves are rounded up; the largest number must not wrap on the way. */
	reply_i64(call->reply, at_ms / unit_ms + (unit_ms > 1 && at_ms % unit_ms >= unit_ms / 2));
	return DONE;
}

static enum outcome ttl(struct call *call)
{
	return ttl_generic(call, true, 1000);
}

static enum outcome pttl(struct call *call)
{
	return ttl_generic(call, true, 1);
}

static enum outcome expiretime(struct call *call)
{
	return ttl_generic(call, false, 1000);
}

static enum outcome pexpiretime(struct call *call)
{
	return ttl_generic(call, false, 1);
}

static enum outcome persist(struct call *call)
{
	struct key key = call_key(call, 1);
	struct entry *e = call_find_write(call, key);
	if (e == NULL || entry_expiry_ms(e) < 0) {
		reply_i64(call->reply, 0);
		return DONE;
	}
	db_set_expiry(call->db, key, e, EXPIRY_NONE);
	db_publish(call->db, key, EVENT_GENERIC, "persist");
	reply_i64(call->reply, 1);
	return DONE;
}

#define GROUP .group = "generic", .complexity = "O(1)"
#define CONDITION " condition=[NX|XX|GT|LT]@7.0.0"
#define HISTORY .history = "7.0.0=Added options: `NX`, `XX`, `GT` and `LT`."
#define TTL_HISTORY .history = "2.8.0=Added the -2 reply."
#define SETS CMD_WRITE | CMD_FAST
#define READS CMD_READONLY | CMD_FAST

const struct command_row expire_commands[] = {
	{.name = "EXPIRE", .run = expire, .flags = SETS, GROUP, .since = "1.0.0", HISTORY,
		.syntax = "key:key:RW+update seconds:integer" CONDITION,
		.summary = "Gives a key a lifetime in seconds."},
	{.name = "PEXPIRE", .run = pexpire, .flags = SETS, GROUP, .since = "2.6.0", HISTORY,
		.syntax = "key:key:RW+update milliseconds:integer" CONDITION,
		.summary = "Gives a key a lifetime in milliseconds."},
	{.name = "EXPIREAT", .run = expireat, .flags = SETS, GROUP, .since = "1.2.0", HISTORY,
		.syntax = "key:key:RW+update unix-time-seconds:unix-time" CONDITION,
		.summary = "Lets a key expire at a time in seconds."},
	{.name = "PEXPIREAT", .run = pexpireat, .flags = SETS, GROUP, .since = "2.6.0", HISTORY,
		.syntax = "key:key:RW+update unix-time-milliseconds:unix-time" CONDITION,
		.summary = "Lets a key expire at a time in milliseconds."},
	{.name = "TTL", .run = ttl, .flags = READS, GROUP, .since = "1.0.0", TTL_HISTORY,
		.syntax = "key:key:RO+access", .tips = "nondeterministic_output",
		.summary = "Answers how many seconds a key has left."},
	{.name = "PTTL", .run = pttl, .flags = READS, GROUP, .since = "2.6.0", TTL_HISTORY,
		.syntax = "key:key:RO+access", .tips = "nondeterministic_output",
		.summary = "Answers how many milliseconds a key has left."},
	{.name = "EXPIRETIME", .run = expiretime, .flags = READS, GROUP, .since = "7.0.0",
		.syntax = "key:key:RO+access",
		.summary = "Answers when a key expires, in seconds."},
	{.name = "PEXPIRETIME", .run = pexpiretime, .flags = READS, GROUP, .since = "7.0.0",
		.syntax = "key:key:RO+access",
		.summary = "Answers when a key expires, in milliseconds."},
	{.name = "PERSIST", .run = persist, .flags = SETS, GROUP, .since = "2.2.0",
		.syntax = "key:key:RW+update", .summary = "Takes the expiry from a key."},
	{0},
};
