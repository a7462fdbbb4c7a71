/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Comparing with what is stored: SET's and DELEX's IFEQ, IFNE, IFDEQ, IFDNE, DELIFEQ, DIGEST.
 *
 * The digest is XXH3-64 of the value's bytes as 16 hex digits. It comes from libxxhash's header, so
 * nothing more is linked.
 */
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "cmd/string.h"

#include "base/num.h"
#include "cmd/commands.h"
#include "exec/effect.h"

#include <stdio.h>

#define DIGEST_CHARS 16

static uint64_t digest_of(const struct value *v)
{
	char scratch[NUM_I64_MAX_CHARS];
	struct bytes bytes = value_string(v, scratch);
	return XXH3_64bits(bytes.ptr, bytes.len);
}

static bool digest_parse(struct bytes text, uint64_t *out)
{
	*out = 0;
	for (size_t i = 0; i < text.len; i++) {
		char c = ascii_lower(text.ptr[i]);
		bool is_letter = c >= 'a' && c <= 'f';
		if (!is_letter && (c < '0' || c > '9'))
			return false;
		*out = *out << 4 | (unsigned)(is_letter ? c - 'a' + 10 : c - '0');
	}
	return text.len == DIGEST_CHARS;
}

enum string_condition_kind string_condition_word(struct bytes word)
{
	if (bytes_is(word, "IFEQ"))
		return CONDITION_EQ;
	if (bytes_is(word, "IFNE"))
		return CONDITION_NE;
	if (bytes_is(word, "IFDEQ"))
		return CONDITION_DIGEST_EQ;
	if (bytes_is(word, "IFDNE"))
		return CONDITION_DIGEST_NE;
	return CONDITION_NONE;
}

bool string_condition_set(struct call *call, enum string_condition_kind kind, struct bytes operand,
	struct string_condition *out)
{
	out->kind = kind;
	out->value = operand;
	if (kind == CONDITION_EQ || kind == CONDITION_NE || digest_parse(operand, &out->digest))
		return true;
	call_fail(call, E_DIGEST);
	return false;
}

bool string_condition_holds(const struct string_condition *c, const struct entry *e)
{
	bool wants_equal = c->kind == CONDITION_EQ || c->kind == CONDITION_DIGEST_EQ;
	bool is_equal;
	if (c->kind == CONDITION_NONE)
		return true;
	if (e == NULL)
		return !wants_equal;
	struct value v = entry_value(e);
	if (c->kind == CONDITION_EQ || c->kind == CONDITION_NE) {
		char scratch[NUM_I64_MAX_CHARS];
		is_equal = bytes_equal(value_string(&v, scratch), c->value);
	} else {
		is_equal = digest_of(&v) == c->digest;
	}
	return is_equal == wants_equal;
}

/* Deletes the key where the condition holds. */
static enum outcome delete_if(struct call *call, const struct string_condition *c)
{
	struct key key = call_key(call, 1);
	struct entry *e = call_find_write(call, key);
	if (e != NULL && c->kind != CONDITION_NONE && e->type != TYPE_STRING)
		return call_fail(call, E_WRONGTYPE);
	if (e == NULL || !string_condition_holds(c, e)) {
		reply_i64(call->reply, 0);
		return DONE;
	}
	db_delete_entry(call->db, key, e, call->db->keyspace->config.lazy_user_del);
	db_publish(call->db, key, EVENT_GENERIC, "del");
	EFFECT(call, BYTES("DEL"), key.name);
	reply_i64(call->reply, 1);
	return DONE;
}

static enum outcome delex(struct call *call)
{
	struct string_condition c = {.kind = CONDITION_NONE};
	if (call->argc == 2)
		return delete_if(call, &c);
	enum string_condition_kind kind = string_condition_word(call->argv[2]);
	if (call->argc != 4 || kind == CONDITION_NONE)
		return call_fail(call, E_SYNTAX);
	if (!string_condition_set(call, kind, call->argv[3], &c))
		return FAILED;
	return delete_if(call, &c);
}

static enum outcome delifeq(struct call *call)
{
	struct string_condition c = {.kind = CONDITION_EQ, .value = call->argv[2]};
	return delete_if(call, &c);
}

static enum outcome digest(struct call *call)
{
	struct entry *e = call_find_read(call, call_key(call, 1));
	if (e == NULL) {
		reply_null(call->reply);
		return DONE;
	}
	if (e->type != TYPE_STRING)
		return call_fail(call, E_WRONGTYPE);
	char text[DIGEST_CHARS + 1];
	struct value v = entry_value(e);
	snprintf(text, sizeof(text), "%016llx", (unsigned long long)digest_of(&v));
	reply_bulk(call->reply, bytes_of(text, DIGEST_CHARS));
	return DONE;
}

#define GROUP .group = "string"

const struct command_row string_compare_commands[] = {
	{.name = "DELEX", .run = delex, .flags = CMD_WRITE | CMD_FAST, GROUP, .since = "8.4.0",
		.complexity = "O(1) for IFEQ/IFNE, O(N) for IFDEQ/IFDNE where N is the length "
			"of the value.",
		.syntax = "key:key:RW+access+delete condition=[IFEQ ifeq-value|IFNE ifne-value|"
			"IFDEQ ifdeq-digest|IFDNE ifdne-digest]",
		.summary = "Deletes a key if its value or digest is, or is not, what is given."},
	{.name = "DELIFEQ", .run = delifeq, .flags = CMD_WRITE | CMD_FAST, GROUP, .since = "9.0.0",
		.complexity = "O(1)", .syntax = "key:key:RW+access+delete value",
		.summary = "Deletes a key if its value is what is given."},
	{.name = "DIGEST", .run = digest, .flags = CMD_READONLY | CMD_FAST, GROUP, .since = "8.4.0",
		.complexity = "O(N) where N is the length of the value.",
		.syntax = "key:key:RO+access",
		.summary = "Answers the XXH3 digest of a value, for IFDEQ and IFDNE."},
	{0},
};
