/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The commands of a stream's entries: adding, deleting, trimming, reading a range. Those of groups
 * are in stream_group.c and stream_claim.c, XREAD is in stream_read.c, XINFO in stream_info.c.
 */
#include "cmd/stream.h"

#include "cmd/commands.h"
#include "cmd/stream_trim.h"
#include "exec/effect.h"
#include "exec/exec.h"

/* --- XADD --- */

struct xadd {
	struct trim_args trim;
	int id_at; /* in argv; the pairs are behind it */
	struct id id;
	bool has_id;  /* not `*` */
	bool has_seq; /* not `ms-*` */
	bool no_create;
};

/* `ms-*`: the milliseconds are given. */
static bool parse_half_id(struct call *call, int index, struct xadd *x)
{
	struct bytes text = call->argv[index];
	bool is_half = text.len > 2 && memcmp(text.ptr + text.len - 2, "-*", 2) == 0;
	x->has_id = true;
	x->has_seq = !is_half;
	if (!is_half)
		return stream_arg_id(call, index, 0, &x->id);
	struct bytes ms = bytes_of(text.ptr, text.len - 2);
	if (memchr(ms.ptr, '-', ms.len) == NULL && stream_parse_id(ms, 0, &x->id))
		return true;
	call_fail(call, E_STREAM_ID);
	return false;
}

static bool xadd_parse(struct call *call, struct xadd *x)
{
	int i = 2;
	for (; i < call->argc; i++) {
		if (bytes_equal(call->argv[i], BYTES("*")))
			break;
		enum trim_word word = trim_parse_word(call, &i, &x->trim);
		if (word == TRIM_WRONG)
			return false;
		if (word == TRIM_TAKEN)
			continue;
		if (call_arg_is(call, i, "NOMKSTREAM")) {
			x->no_create = true;
			continue;
		}
		if (!parse_half_id(call, i, x))
			return false;
		break;
	}
	x->id_at = i;
	if (!trim_check(call, &x->trim, false))
		return false;
	int words = call->argc - i - 1;
	enum error error = E_NONE;
	if (words < 2 || words % 2 != 0)
		call_failf(call, E_ARITY, call->command->name);
	else if (x->has_id && x->has_seq && id_is_least(x->id))
		error = E_XADD_ZERO;
	else
		return true;
	if (error != E_NONE)
		call_fail(call, error);
	return false;
}

/* The id that the entry is to have; an error where there is none. */
static enum error choose_id(const struct call *call, struct xadd *x, struct id last)
{
	if (id_compare(last, ID_GREATEST) == 0)
		return E_XADD_EXHAUSTED;
	uint64_t now = (uint64_t)call->exec->now_ms;
	if (!x->has_id) {
		x->id = (struct id){now, 0};
		if (now <= last.ms) {
			x->id = last;
			stream_id_next(&x->id);
		}
		return E_NONE;
	}
	if (!x->has_seq && x->id.ms == last.ms) {
		if (last.seq == UINT64_MAX)
			return E_XADD_SMALL;
		x->id.seq = last.seq + 1;
	}
	return id_compare(x->id, last) > 0 ? E_NONE : E_XADD_SMALL;
}

/* Propagated with the id that was chosen, and trimmed to what was left. */
static void xadd_effect(struct call *call, const struct xadd *x, const struct stream_body *s)
{
	struct trim_effect t;
	bool is_exact = x->has_id && x->has_seq && !x->trim.how.is_approx;
	if (is_exact || !effect_wanted(call))
		return;
	struct bytes id_word = call->argv[x->id_at];
	struct stream_text id = stream_text_id(x->id);
	call->argv[x->id_at] = stream_text_bytes(&id);
	trim_effect_begin(call, &x->trim, s, &t);
	effect_rewrite(call, call->argv, call->argc);
	trim_effect_end(call, &x->trim, &t);
	call->argv[x->id_at] = id_word;
}

static enum outcome xadd(struct call *call)
{
	struct xadd x = {0};
	struct edit edit;
	struct value cut = stream_empty;
	uint64_t trimmed = 0;
	if (!xadd_parse(call, &x))
		return FAILED;
	enum found found =
		container_open(call, 1, TYPE_STREAM, x.no_create ? NULL : &stream_empty, &edit);
	if (found == REFUSED)
		return FAILED;
	if (found == MISSING) {
		reply_null(call->reply);
		return DONE;
	}
	struct stream_body *s = edit.value.ptr;
	enum error error = choose_id(call, &x, s == NULL ? ID_LEAST : s->last);
	if (error != E_NONE)
		return call_fail(call, error);
	s = stream_of(&edit.value);
	size_t fields = (size_t)(call->argc - x.id_at - 1) / 2;
	if (stream_add(s, x.id, call->argv + x.id_at + 1, fields) != STREAM_ADDED) {
		/* Too large; a stream that was made for it goes. */
		if (edit.entry == NULL)
			stream_ops.free(&edit.value);
		return call_fail(call, E_XADD_LARGE);
	}
	stream_reply_id(call->reply, x.id);
	if (x.trim.is_given)
		trimmed = stream_trim(s, &x.trim.how, &cut);
	xadd_effect(call, &x, s);
	edit_close(&edit, EVENT_STREAM, "xadd", 1);
	if (trimmed > 0)
		db_publish_also(edit.db, edit.key, EVENT_STREAM, "xtrim");
	stream_bury(call, &cut);
	return DONE;
}

/* --- XDEL, XLEN, XSETID --- */

static enum outcome xdel(struct call *call)
{
	struct edit edit;
	struct id id;
	uint64_t deleted = 0;
	enum found found = container_open(call, 1, TYPE_STREAM, NULL, &edit);
	if (found == REFUSED)
		return FAILED;
	if (found == FOUND) {
		for (int i = 2; i < call->argc; i++)
			if (!stream_arg_id(call, i, 0, &id))
				return FAILED;
		for (int i = 2; i < call->argc; i++) {
			stream_parse_id(call->argv[i], 0, &id);
			deleted += stream_delete(edit.value.ptr, id);
		}
		edit_close(&edit, EVENT_STREAM, "xdel", deleted);
	}
	reply_i64(call->reply, (int64_t)deleted);
	return DONE;
}

static enum outcome xlen(struct call *call)
{
	enum found found;
	const struct stream_body *s = stream_read(call, 1, &found);
	if (found == REFUSED)
		return FAILED;
	reply_i64(call->reply, s == NULL ? 0 : (int64_t)s->length);
	return DONE;
}

struct xsetid {
	struct id last, max_deleted;
	int64_t added; /* -1 = not given */
	bool has_deleted;
};

static bool xsetid_parse(struct call *call, struct xsetid *x)
{
	if (!stream_arg_id(call, 2, 0, &x->last))
		return false;
	for (int i = 3; i < call->argc; i += 2) {
		bool has_operand = i + 1 < call->argc;
		if (has_operand && call_arg_is(call, i, "ENTRIESADDED")) {
			if (!call_arg_i64(call, i + 1, &x->added))
				return false;
			if (x->added < 0)
				return call_fail(call, E_SETID_ADDED), false;
		} else if (has_operand && call_arg_is(call, i, "MAXDELETEDID")) {
			if (!stream_arg_id(call, i + 1, 0, &x->max_deleted))
				return false;
			x->has_deleted = true;
			if (id_compare(x->last, x->max_deleted) < 0)
				return call_fail(call, E_SETID_BELOW_GIVEN), false;
		} else {
			return call_fail(call, E_SYNTAX), false;
		}
	}
	return true;
}

static enum error xsetid_check(const struct xsetid *x, const struct stream_body *s)
{
	if (id_compare(x->last, s->max_deleted) < 0)
		return E_SETID_BELOW_DELETED;
	if (s->length == 0)
		return E_NONE;
	if (id_compare(x->last, stream_last_live(s)) < 0)
		return E_SETID_BELOW_TOP;
	if (x->added != -1 && (uint64_t)x->added < s->length)
		return E_SETID_FEW;
	return E_NONE;
}

static enum outcome xsetid(struct call *call)
{
	struct xsetid x = {.added = -1};
	struct edit edit;
	if (!xsetid_parse(call, &x))
		return FAILED;
	enum found found = container_open(call, 1, TYPE_STREAM, NULL, &edit);
	if (found == REFUSED)
		return FAILED;
	if (found == MISSING)
		return call_fail(call, E_NO_KEY);
	struct stream_body *s = edit.value.ptr;
	enum error error = xsetid_check(&x, s);
	if (error != E_NONE)
		return call_fail(call, error);
	s->last = x.last;
	if (x.added != -1)
		s->added = (uint64_t)x.added;
	if (x.has_deleted && !id_is_least(x.max_deleted))
		s->max_deleted = x.max_deleted;
	stream_close_noting(&edit, "xsetid", 1);
	reply_ok(call->reply);
	return DONE;
}

/* --- XRANGE --- */

static enum outcome range(struct call *call, bool backwards)
{
	struct id from, to;
	struct stream_iter it;
	enum found found;
	int64_t count = -1;
	if (!stream_arg_interval(call, backwards ? 3 : 2, backwards ? 2 : 3, &from, &to))
		return FAILED;
	for (int i = 4; i < call->argc; i += 2) {
		if (i + 1 == call->argc || !call_arg_is(call, i, "COUNT"))
			return call_fail(call, E_SYNTAX);
		if (!call_arg_i64(call, i + 1, &count))
			return FAILED;
		if (count < 0)
			count = 0;
	}
	const struct stream_body *s = stream_read(call, 1, &found);
	if (found == REFUSED)
		return FAILED;
	if (found == MISSING) {
		reply_array(call->reply, 0);
	} else if (count == 0) {
		reply_null_array(call->reply);
	} else {
		stream_iter_init(&it, s, from, to, backwards);
		stream_reply_range(call->reply, &it, count == -1 ? 0 : (uint64_t)count);
	}
	return DONE;
}

static enum outcome xrange(struct call *call)
{
	return range(call, false);
}

static enum outcome xrevrange(struct call *call)
{
	return range(call, true);
}

#define RANGE_COMPLEXITY                                                                           \
	"O(N) with N being the number of elements being returned. If N is constant (e.g. always "  \
	"asking for the first 10 elements with COUNT), you can consider it O(1)."
#define RANGE_HISTORY "6.2.0=Added exclusive ranges."

const struct command_row stream_commands[] = {
	{.name = "XADD",
		.run = xadd,
		.flags = CMD_WRITE | CMD_DENY_OOM | CMD_FAST,
		STREAM_ROW,
		.since = "5.0.0",
		.complexity = "O(1) when adding a new entry, O(N) when trimming where N being the "
			      "number of entries evicted.",
		.history = "6.2.0=Added the `NOMKSTREAM` option, `MINID` trimming strategy and the "
			   "`LIMIT` option."
			   "|7.0.0=Added support for the `<ms>-*` explicit ID form."
			   "|8.2.0=Added the `KEEPREF`, `DELREF` and `ACKED` options.",
		.key_notes = "UPDATE instead of INSERT because of the optional trimming feature",
		.syntax = "key:key:RW+update [NOMKSTREAM]@6.2.0 <[KEEPREF|DELREF|ACKED]> "
			  "trim=[strategy={MAXLEN|MINID@6.2.0} "
			  "operator=[equal='='|approximately='~'] threshold "
			  "[LIMIT count:integer]@6.2.0] "
			  "id-selector={auto-id='*'|id} data={field value}...",
		.tips = "nondeterministic_output",
		.summary = "Appends an entry to a stream."},
	{.name = "XDEL",
		.run = xdel,
		.flags = CMD_WRITE | CMD_FAST,
		STREAM_ROW,
		.since = "5.0.0",
		.complexity = "O(1) for each single item to delete in the stream, regardless of "
			      "the stream size.",
		.syntax = "key:key:RW+delete id...",
		.summary = "Deletes entries of a stream."},
	{.name = "XLEN",
		.run = xlen,
		.flags = CMD_READONLY | CMD_FAST,
		STREAM_ROW,
		.since = "5.0.0",
		.complexity = "O(1)",
		.syntax = "key:key:RO",
		.summary = "Answers how many entries a stream has."},
	{.name = "XSETID",
		.run = xsetid,
		.flags = CMD_WRITE | CMD_DENY_OOM | CMD_FAST,
		STREAM_ROW,
		.since = "5.0.0",
		.complexity = "O(1)",
		.history = "7.0.0=Added the `entries_added` and `max_deleted_entry_id` arguments.",
		.syntax = "key:key:RW+update last-id [ENTRIESADDED entries-added:integer]@7.0.0 "
			  "[MAXDELETEDID max-deleted-id]@7.0.0",
		.summary = "Sets the last id of a stream (for replication)."},
	{.name = "XRANGE",
		.run = xrange,
		.flags = CMD_READONLY,
		STREAM_ROW,
		.since = "5.0.0",
		.complexity = RANGE_COMPLEXITY,
		.history = RANGE_HISTORY,
		.syntax = "key:key:RO+access start end [COUNT count:integer]",
		.summary = "Reads the entries of a stream between two ids."},
	{.name = "XREVRANGE",
		.run = xrevrange,
		.flags = CMD_READONLY,
		STREAM_ROW,
		.since = "5.0.0",
		.complexity = RANGE_COMPLEXITY,
		.history = RANGE_HISTORY,
		.syntax = "key:key:RO+access end start [COUNT count:integer]",
		.summary = "Reads the entries of a stream between two ids, the last one first."},
	{0},
};
