/* SPDX-License-Identifier: BSD-3-Clause
 *
 * DUMP and RESTORE: a value as bytes that any Redis reads. A payload is checked in full before the
 * key is touched; what RESTORE made relative to now is propagated as absolute.
 */
#include "store/dump.h"

#include "base/log.h"
#include "base/num.h"
#include "cmd/commands.h"
#include "cmd/services.h"
#include "exec/effect.h"
#include "exec/exec.h"
#include "persist/rdb_reader.h"
#include "store/evict.h"

static enum outcome dump(struct call *call)
{
	struct entry *e = call_find_read(call, call_key(call, 1));
	if (e == NULL) {
		reply_null(call->reply);
		return DONE;
	}
	struct buf payload = {0};
	struct value v = entry_value(e);
	dump_write(&v, true, &payload);
	reply_bulk(call->reply, buf_bytes(&payload));
	buf_release(&payload);
	return DONE;
}

struct restore_options {
	bool replaces;
	bool is_absolute;
	int64_t idle_s;   /* -1 = not said */
	int64_t frequency;
};

static bool options_parse(struct call *call, struct restore_options *o)
{
	*o = (struct restore_options){.idle_s = -1, .frequency = -1};
	for (int i = 4; i < call->argc; i++) {
		bool has_more = i + 1 < call->argc;
		if (call_arg_is(call, i, "REPLACE")) {
			o->replaces = true;
		} else if (call_arg_is(call, i, "ABSTTL")) {
			o->is_absolute = true;
		} else if (call_arg_is(call, i, "IDLETIME") && has_more && o->frequency < 0) {
			if (!call_arg_i64(call, ++i, &o->idle_s))
				return false;
			if (o->idle_s < 0) {
				call_fail(call, E_RESTORE_IDLETIME);
				return false;
			}
		} else if (call_arg_is(call, i, "FREQ") && has_more && o->idle_s < 0) {
			if (!call_arg_i64(call, ++i, &o->frequency))
				return false;
			if (o->frequency < 0 || o->frequency > LFU_COUNTER_MAX) {
				call_fail(call, E_RESTORE_FREQ);
				return false;
			}
		} else {
			call_fail(call, E_SYNTAX);
			return false;
		}
	}
	return true;
}

/* argv[2] as an absolute expiry, EXPIRY_NONE for 0; false: the error is written. */
static bool restore_expiry(struct call *call, const struct restore_options *o, int64_t *expiry_ms)
{
	int64_t ttl;
	if (!call_arg_i64(call, 2, &ttl))
		return false;
	int64_t base = o->is_absolute || ttl == 0 ? 0 : call->db->keyspace->now_ms;
	if (ttl < 0 || __builtin_add_overflow(ttl, base, &ttl)) {
		call_fail(call, E_RESTORE_TTL);
		return false;
	}
	*expiry_ms = ttl == 0 ? EXPIRY_NONE : ttl;
	return true;
}

/* Not louder: whoever may RESTORE could fill the disk with lines. */
static void restore_log(const struct call *call, const char *why)
{
	struct bytes payload = call->argv[3];
	uint8_t tag = payload.len > 0 ? (uint8_t)payload.ptr[0] : UINT8_MAX;
	log_line(LOG_VERBOSE, "RESTORE of key '%s': %s integrity check failed: %s",
		bytes_clip_text(call->argv[1], 100).text, rdb_tag_title(tag), why);
}

static bool restore_read(struct call *call, struct value *v)
{
	struct services *services = call->exec->services;
	struct bytes payload = call->argv[3];
	bool checks_crc = services == NULL || !services->skips_dump_checksum;
	const char *why;
	enum dump_status status = dump_read_why(payload, checks_crc, v, &why);
	/* A string has nothing inside that could be wrong. */
	if (services != NULL && status != DUMP_BAD_CHECKSUM && payload.ptr[0] != 0)
		services->payloads_checked++;
	switch (status) {
	case DUMP_BAD_CHECKSUM:
		call_fail(call, E_DUMP_CHECKSUM);
		return false;
	case DUMP_BAD_FORMAT:
		restore_log(call, why);
		call_fail(call, E_DUMP_FORMAT);
		return false;
	case DUMP_OK:
		break;
	}
	return true;
}

/* What is restored has expired already: the key it was to replace is gone, and nothing else
 * happens. */
static void restore_expired(struct call *call, struct key key, struct entry *old)
{
	if (old == NULL)
		return;
	bool is_lazy = call->db->keyspace->config.lazy_server_del;
	db_delete_entry(call->db, key, old, is_lazy);
	db_publish(call->db, key, EVENT_GENERIC, "del");
	EFFECT(call, is_lazy ? BYTES("UNLINK") : BYTES("DEL"), key.name);
}

/* The same with the absolute expiry in place of the relative one. */
static void restore_propagate(struct call *call, const struct restore_options *o, int64_t expiry_ms)
{
	char digits[NUM_I64_MAX_CHARS], access[NUM_I64_MAX_CHARS];
	struct bytes words[8] = {BYTES("RESTORE"), call->argv[1]};
	int count = 4;
	words[2] = bytes_of(digits, num_print_i64(digits, expiry_ms));
	words[3] = call->argv[3];
	if (o->replaces)
		words[count++] = BYTES("REPLACE");
	words[count++] = BYTES("ABSTTL");
	if (o->idle_s >= 0 || o->frequency >= 0) {
		bool is_idle = o->idle_s >= 0;
		words[count++] = is_idle ? BYTES("IDLETIME") : BYTES("FREQ");
		words[count++] = bytes_of(access,
			num_print_i64(access, is_idle ? o->idle_s : o->frequency));
	}
	effect_rewrite(call, words, count);
}

static bool restore_is_over(const struct call *call, int64_t expiry_ms)
{
	const struct keyspace *k = call->db->keyspace;
	uint8_t origin = call->session->origin;
	return expiry_ms >= 0 && expiry_ms <= k->now_ms && k->allow_expiry &&
	       origin != ORIGIN_RECOVERY && origin != ORIGIN_PRIMARY;
}

static enum outcome restore(struct call *call)
{
	struct key key = call_key(call, 1);
	struct keyspace *k = call->db->keyspace;
	struct restore_options o;
	int64_t expiry_ms;
	struct value v;

	if (!options_parse(call, &o))
		return FAILED;
	struct entry *old = call_find_write(call, key);
	if (old != NULL && !o.replaces)
		return call_fail(call, E_BUSYKEY);
	if (!restore_expiry(call, &o, &expiry_ms) || !restore_read(call, &v))
		return FAILED;
	reply_ok(call->reply);
	if (restore_is_over(call, expiry_ms)) {
		value_release(&v);
		restore_expired(call, key, old);
		return DONE;
	}
	if (old != NULL) /* which is deleted: the key counts as new */
		db_notice(call->db, key, EVENT_NEW, "new");
	struct entry *e = db_set_value(call->db, key, &v, expiry_ms);
	if (o.idle_s >= 0 && !policy_is_lfu(k->config.policy))
		entry_set_idle(k, e, (uint64_t)o.idle_s);
	else if (o.frequency >= 0 && policy_is_lfu(k->config.policy))
		entry_set_frequency(k, e, (unsigned)o.frequency);
	db_publish(call->db, key, EVENT_GENERIC, "restore");
	if (expiry_ms >= 0 && !o.is_absolute)
		restore_propagate(call, &o, expiry_ms);
	return DONE;
}

#define GROUP .group = "generic", .since = "2.6.0"
#define RESTORE                                                                                    \
	.run = restore, .complexity = "O(N) where N is the size of the value.",                    \
	.syntax = "key:key:OW+update ttl:integer serialized-value [REPLACE]@3.0.0 "                \
		  "[ABSTTL]@5.0.0 [IDLETIME seconds:integer]@5.0.0 "                               \
		  "[FREQ frequency:integer]@5.0.0",                                                \
	.history = "3.0.0=Added the `REPLACE` modifier.|5.0.0=Added the `ABSTTL` modifier.|"       \
		   "5.0.0=Added the `IDLETIME` and `FREQ` options."

const struct command_row dump_commands[] = {
	{.name = "DUMP", .run = dump, .flags = CMD_READONLY, GROUP,
		.complexity = "O(N) where N is the size of the value.",
		.syntax = "key:key:RO+access", .tips = "nondeterministic_output",
		.summary = "Answers a value as bytes that RESTORE reads."},
	{.name = "RESTORE", RESTORE, GROUP, .flags = CMD_WRITE | CMD_DENY_OOM | CMD_DANGEROUS,
		.summary = "Makes a key from what DUMP answered."},
	{.name = "RESTORE-ASKING", RESTORE, .group = "server", .since = "3.0.0",
		.flags = CMD_WRITE | CMD_DENY_OOM | CMD_ASKING | CMD_SYSCMD,
		.categories = "keyspace dangerous",
		.summary = "RESTORE, as nodes of a cluster say it to each other."},
	{0},
};
