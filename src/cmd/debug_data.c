/* SPDX-License-Identifier: BSD-3-Clause
 *
 * DEBUG's looks at data: how a value is held, digests, test keys, test replies.
 */
#include "base/match.h"
#include "base/mem.h"
#include "cmd/debug.h"
#include "exec/exec.h"
#include "exec/syntax.h"
#include "store/digest.h"
#include "store/dump.h"
#include "store/evict.h"
#include "store/type_ops.h"

#include <stdio.h>

#define DUMP_FRAME_BYTES 11 /* type byte, version, checksum */
#define POPULATE_KEY_MAX_BYTES 256
#define POPULATE_VALUE_MAX_BYTES (512 << 20)

enum outcome debug_object(struct call *call)
{
	/* Looks and touches nothing: what is expired but still there is shown. */
	struct entry *e = db_peek(call->db, key_of(call->argv[2]));
	struct buf dump = {0}, line = {0};

	exec_look(call->exec, NULL, NULL);
	if (e == NULL)
		return call_fail(call, E_NO_KEY);
	struct value v = entry_value(e);
	dump_write(&v, true, &dump);
	buf_printf(&line,
		"Value at:%p refcount:1 encoding:%s serializedlength:%zu lru:%u "
		"lru_seconds_idle:%llu",
		(void *)e, type_ops_of(&v)->encoding(&v), dump.len - DUMP_FRAME_BYTES,
		(unsigned)e->access, (unsigned long long)lru_idle_seconds(call->exec->keyspace, e));
	reply_simple(call->reply, buf_text(&line));
	buf_release(&dump);
	buf_release(&line);
	return DONE;
}

static void reply_digest(struct reply *r, const unsigned char digest[20])
{
	char hex[41];
	for (int i = 0; i < 20; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	reply_simple(r, hex);
}

enum outcome debug_digest(struct call *call)
{
	unsigned char digest[20];
	exec_look(call->exec, NULL, NULL);
	keyspace_digest(call->exec->keyspace, digest);
	reply_digest(call->reply, digest);
	return DONE;
}

enum outcome debug_digest_value(struct call *call)
{
	exec_look(call->exec, NULL, NULL);
	reply_array(call->reply, call->argc - 2);
	for (int i = 2; i < call->argc; i++) {
		unsigned char digest[20] = {0};
		const struct entry *e = db_peek(call->db, key_of(call->argv[i]));
		if (e != NULL)
			entry_digest(e, digest);
		reply_digest(call->reply, digest);
	}
	return DONE;
}

/* "<prefix>:<i>" = "value:<i>", cut or filled with zero bytes to `size` where it is not 0. */
static void populate_one(
	struct call *call, struct bytes prefix, int64_t i, struct buf *value, size_t size)
{
	char name[POPULATE_KEY_MAX_BYTES + 32];
	int len = snprintf(
		name, sizeof(name), "%.*s:%lld", (int)prefix.len, prefix.ptr, (long long)i);
	struct key key = key_of(bytes_of(name, (size_t)len));

	if (db_find(call->db, key) != NULL)
		return;
	buf_clear(value);
	buf_printf(value, "value:%lld", (long long)i);
	if (size > value->len) {
		size_t more = size - value->len;
		memset(buf_reserve(value, more), 0, more);
	}
	value->len = size > 0 ? size : value->len;
	db_set_string(call->db, key, buf_bytes(value), EXPIRY_NONE);
	db_publish(call->db, key, EVENT_SILENT, "populate");
}

enum outcome debug_populate(struct call *call)
{
	struct bytes prefix = call->argc > 3 ? call->argv[3] : BYTES("key");
	struct buf value = {0};
	int64_t count, size = 0;

	if (!call_arg_i64_in(call, 2, (struct i64_range){0, INT64_MAX}, &count, E_MUST_BE_POSITIVE))
		return FAILED;
	if (call->argc > 4 &&
		!call_arg_i64_in(call, 4, (struct i64_range){0, POPULATE_VALUE_MAX_BYTES}, &size,
			E_MUST_BE_POSITIVE))
		return FAILED;
	if (prefix.len > POPULATE_KEY_MAX_BYTES)
		return call_fail(call, E_STRING_TOO_LONG);
	for (int64_t i = 0; i < count; i++)
		populate_one(call, prefix, i, &value, (size_t)size);
	buf_release(&value);
	reply_ok(call->reply);
	return DONE;
}

static void describe_table(struct buf *out, const char *title, const struct dict *d)
{
	buf_printf(out, "[%s]\nHash table 0 stats (main hash table):\n", title);
	if (dict_count(d) == 0) {
		buf_add_text(out, "No stats available for empty dictionaries\n");
		return;
	}
	buf_printf(out, " table size: %zu\n number of elements: %zu\n bytes: %zu\n",
		dict_slot_count(d), dict_count(d), dict_memory_bytes(d));
	if (dict_is_resizing(d))
		buf_printf(out, "Hash table 1 stats (rehashing target):\n buckets: %u\n",
			d->tables[1].count);
}

static enum outcome reply_text(struct call *call, struct buf *text)
{
	reply_verbatim(call->reply, buf_bytes(text), "txt");
	buf_release(text);
	return DONE;
}

enum outcome debug_htstats(struct call *call)
{
	const struct keyspace *k = call->exec->keyspace;
	struct buf text = {0};
	int64_t id;

	if (!call_arg_i64(call, 2, &id))
		return FAILED;
	if (id < 0 || id >= k->db_count)
		return call_fail(call, E_DEBUG_DB);
	exec_look(call->exec, NULL, NULL);
	describe_table(&text, "Dictionary HT", &k->dbs[id].entries);
	describe_table(&text, "Expires HT", &k->dbs[id].expiring);
	return reply_text(call, &text);
}

/* Containers that are tables say how many members they hold; their inside is their own. */
enum outcome debug_htstats_key(struct call *call)
{
	struct entry *e = db_find(call->db, key_of(call->argv[2]));
	struct buf text = {0};

	exec_look(call->exec, NULL, NULL);
	if (e == NULL)
		return call_fail(call, E_NO_KEY);
	struct value v = entry_value(e);
	if (v.encoding != ENC_HASHTABLE && v.encoding != ENC_SKIPLIST &&
		v.encoding != ENC_HASHTABLE_TTL)
		return call_fail(call, E_DEBUG_NOT_TABLE);
	buf_printf(&text, "Hash table 0 stats (main hash table):\n number of elements: %zu\n",
		type_ops_of(&v)->length(&v));
	return reply_text(call, &text);
}

enum outcome debug_listpack(struct call *call)
{
	struct entry *e = db_find(call->db, key_of(call->argv[2]));
	char line[128];

	exec_look(call->exec, NULL, NULL);
	if (e == NULL)
		return call_fail(call, E_NO_KEY);
	struct value v = entry_value(e);
	if (v.encoding != ENC_LISTPACK && v.encoding != ENC_LISTPACK_TTL)
		return call_fail(call, E_DEBUG_NOT_LISTPACK);
	snprintf(line, sizeof(line), "Listpack of %zu elements, %zu bytes",
		type_ops_of(&v)->length(&v), type_ops_of(&v)->memory(&v, 0));
	reply_simple(call->reply, line);
	return DONE;
}

enum outcome debug_stringmatch_len(struct call *call)
{
	reply_i64(call->reply, match_glob(call->argv[2], call->argv[3], false));
	return DONE;
}

enum outcome debug_structsize(struct call *call)
{
	char line[256];
	snprintf(line, sizeof(line),
		"bits:%zu entry:%zu bucket:%zu session:%zu command:%zu syntax_arg:%zu",
		sizeof(void *) * 8, sizeof(struct entry), sizeof(struct dict_bucket),
		sizeof(struct session), sizeof(struct command), sizeof(struct syntax_arg));
	reply_simple(call->reply, line);
	return DONE;
}

/* --- PROTOCOL: one reply of each kind, the values are those that test suites expect ----------- */

static void protocol_attribute(struct reply *r)
{
	if (r->resp > 2) {
		reply_attribute(r, 1);
		reply_bulk_text(r, "key-popularity");
		reply_array(r, 2);
		reply_bulk_text(r, "key:123");
		reply_i64(r, 90);
	}
	reply_bulk_text(r, "Some real reply following the attribute");
}

static void protocol_map(struct reply *r)
{
	reply_map(r, 3);
	for (int i = 0; i < 3; i++) {
		reply_i64(r, i);
		reply_bool(r, i == 1);
	}
}

static void protocol_push(struct reply *r)
{
	reply_push(r, 2);
	reply_bulk_text(r, "server-cpu-usage");
	reply_i64(r, 42);
	reply_bulk_text(r, "Some real reply following the push reply");
}

static void protocol_array(struct reply *r)
{
	reply_array(r, 3);
	for (int i = 0; i < 3; i++)
		reply_i64(r, i);
}

static void protocol_set(struct reply *r)
{
	reply_set(r, 3);
	for (int i = 0; i < 3; i++)
		reply_i64(r, i);
}

static void protocol_string(struct reply *r)
{
	reply_bulk_text(r, "Hello World");
}

static void protocol_integer(struct reply *r)
{
	reply_i64(r, 12345);
}

static void protocol_double(struct reply *r)
{
	reply_double(r, 3.141);
}

static void protocol_big_number(struct reply *r)
{
	reply_big_number(r, BYTES("1234567999999999999999999999999999999"));
}

static void protocol_verbatim(struct reply *r)
{
	reply_verbatim(r, BYTES("This is a verbatim\nstring"), "txt");
}

static void protocol_true(struct reply *r)
{
	reply_bool(r, true);
}

static void protocol_false(struct reply *r)
{
	reply_bool(r, false);
}

enum outcome debug_protocol(struct call *call)
{
	static const struct {
		const char *name;
		void (*write)(struct reply *r);
	} kinds[] = {
		{"string", protocol_string},     {"integer", protocol_integer},
		{"double", protocol_double},     {"bignum", protocol_big_number},
		{"null", reply_null},            {"array", protocol_array},
		{"set", protocol_set},           {"map", protocol_map},
		{"attrib", protocol_attribute},  {"push", protocol_push},
		{"verbatim", protocol_verbatim}, {"true", protocol_true},
		{"false", protocol_false},
	};
	if (call_arg_is(call, 2, "push") && call->reply->resp == 2)
		return call_fail(call, E_DEBUG_RESP2);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (call_arg_is(call, 2, kinds[i].name)) {
			kinds[i].write(call->reply);
			return DONE;
		}
	return call_fail(call, E_DEBUG_PROTOCOL);
}
