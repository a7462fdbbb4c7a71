/* SPDX-License-Identifier: BSD-3-Clause
 *
 * XTRIM, and the deletions that mind what groups still need: XDELEX, XACKDEL.
 */
#include "cmd/stream_trim.h"

#include "cmd/commands.h"
#include "exec/effect.h"
#include "exec/exec.h"
#include "types/config.h"

#define LIMIT_DEFAULT 10000
#define LIMIT_DEFAULT_MAX 1000000
#define LIMIT_PIECES 100

/* --- arguments of trimming --- */

static enum trim_word parse_strategy(struct call *call, int *i, struct trim_args *t, bool by_id)
{
	int left = call->argc - 1 - *i;
	int at = *i + 1;
	int64_t length;
	if (t->is_given)
		return call_fail(call, E_TRIM_BOTH), TRIM_WRONG;
	t->how.is_approx = false;
	t->operator_at = 0;
	bool is_approx = bytes_equal(call->argv[at], BYTES("~"));
	if (left >= 2 && (is_approx || bytes_equal(call->argv[at], BYTES("=")))) {
		t->how.is_approx = is_approx;
		t->operator_at = at++;
	}
	if (by_id) {
		if (!stream_arg_id(call, at, 0, &t->how.min_id))
			return TRIM_WRONG;
	} else {
		if (!call_arg_i64(call, at, &length))
			return TRIM_WRONG;
		if (length < 0)
			return call_fail(call, E_TRIM_MAXLEN), TRIM_WRONG;
		t->how.max_length = (uint64_t)length;
	}
	t->how.by_id = by_id;
	t->is_given = true;
	t->threshold_at = at;
	*i = at;
	return TRIM_TAKEN;
}

enum trim_word trim_parse_word(struct call *call, int *i, struct trim_args *t)
{
	int64_t limit;
	if (stream_arg_refs(call, *i, &t->how.refs))
		return TRIM_TAKEN;
	if (*i + 1 == call->argc)
		return TRIM_OTHER;
	if (call_arg_is(call, *i, "MAXLEN"))
		return parse_strategy(call, i, t, false);
	if (call_arg_is(call, *i, "MINID"))
		return parse_strategy(call, i, t, true);
	if (!call_arg_is(call, *i, "LIMIT"))
		return TRIM_OTHER;
	if (!call_arg_i64(call, ++*i, &limit))
		return TRIM_WRONG;
	if (limit < 0)
		return call_fail(call, E_TRIM_LIMIT), TRIM_WRONG;
	t->how.limit = (uint64_t)limit;
	t->has_limit = true;
	return TRIM_TAKEN;
}

bool trim_check(struct call *call, struct trim_args *t, bool is_needed)
{
	uint8_t origin = call->session->origin;
	enum error error = E_NONE;
	if (t->has_limit && !t->is_given)
		error = E_TRIM_LIMIT_ALONE;
	else if (is_needed && !t->is_given)
		error = E_TRIM_NONE;
	else if (origin == ORIGIN_PRIMARY || origin == ORIGIN_RECOVERY)
		t->how.limit = 0; /* the threshold already says what was done */
	else if (t->has_limit && !t->how.is_approx)
		error = E_TRIM_LIMIT_EXACT;
	else if (!t->has_limit && t->how.is_approx) {
		int64_t entries = types_config.stream_node_max_entries;
		t->how.limit = entries <= 0 ? LIMIT_DEFAULT
			       : entries > LIMIT_DEFAULT_MAX / LIMIT_PIECES
				       ? LIMIT_DEFAULT_MAX
				       : (uint64_t)entries * LIMIT_PIECES;
	}
	if (error != E_NONE)
		call_fail(call, error);
	return error == E_NONE;
}

void trim_effect_begin(struct call *call, const struct trim_args *t, const struct stream_body *s,
	struct trim_effect *e)
{
	if (!t->how.is_approx)
		return;
	e->operator_word = call->argv[t->operator_at];
	e->threshold_word = call->argv[t->threshold_at];
	e->threshold =
		t->how.by_id ? stream_text_id(s->first) : stream_text_i64((int64_t)s->length);
	call->argv[t->operator_at] = BYTES("=");
	call->argv[t->threshold_at] = stream_text_bytes(&e->threshold);
}

void trim_effect_end(struct call *call, const struct trim_args *t, const struct trim_effect *e)
{
	if (!t->how.is_approx)
		return;
	call->argv[t->operator_at] = e->operator_word;
	call->argv[t->threshold_at] = e->threshold_word;
}

/* --- XTRIM --- */

static enum outcome xtrim(struct call *call)
{
	struct trim_args t = {0};
	struct trim_effect effect;
	struct edit edit;
	struct value cut;
	for (int i = 2; i < call->argc; i++) {
		enum trim_word word = trim_parse_word(call, &i, &t);
		if (word == TRIM_WRONG)
			return FAILED;
		if (word == TRIM_OTHER)
			return call_fail(call, E_SYNTAX);
	}
	if (!trim_check(call, &t, true))
		return FAILED;
	enum found found = container_open(call, 1, TYPE_STREAM, NULL, &edit);
	if (found == REFUSED)
		return FAILED;
	if (found == MISSING) {
		reply_i64(call->reply, 0);
		return DONE;
	}
	uint64_t trimmed = stream_trim(edit.value.ptr, &t.how, &cut);
	if (trimmed > 0 && t.how.is_approx && effect_wanted(call)) {
		trim_effect_begin(call, &t, edit.value.ptr, &effect);
		effect_rewrite(call, call->argv, call->argc);
		trim_effect_end(call, &t, &effect);
	}
	edit_close(&edit, EVENT_STREAM, "xtrim", trimmed);
	stream_bury(call, &cut);
	reply_i64(call->reply, (int64_t)trimmed);
	return DONE;
}

/* --- XDELEX, XACKDEL --- */

enum { ID_ABSENT = -1, ID_DELETED = 1, ID_REFERENCED = 2 };

/* [KEEPREF|DELREF|ACKED] IDS numids id … from argv[at] on, in any order. */
struct ids_args {
	enum stream_refs refs;
	int first, count;
};

static bool ids_parse(struct call *call, int at, struct ids_args *ids)
{
	struct id id;
	bool has_refs = false;
	for (int i = at; i < call->argc; i++) {
		int64_t count;
		if (!has_refs && stream_arg_refs(call, i, &ids->refs)) {
			has_refs = true;
			continue;
		}
		if (ids->count != 0 || i + 1 == call->argc || !call_arg_is(call, i, "IDS"))
			return call_fail(call, E_SYNTAX), false;
		if (!call_arg_i64_in(
			    call, i + 1, (struct i64_range){1, INT64_MAX}, &count, E_IDS_NUMBER))
			return false;
		if (count > call->argc - i - 2)
			return call_fail(call, E_IDS_COUNT), false;
		ids->first = i + 2;
		ids->count = (int)count;
		i += 1 + ids->count;
	}
	if (ids->count == 0)
		return call_fail(call, E_SYNTAX), false;
	for (int i = 0; i < ids->count; i++)
		if (!stream_arg_id(call, ids->first + i, 0, &id))
			return false;
	return true;
}

/* What delete_ids has done. */
struct ids_done {
	uint64_t acked, deleted, unreferenced;
};

static int delete_one(
	struct stream_body *s, struct id id, enum stream_refs refs, struct ids_done *done)
{
	struct stream_entry e;
	if (refs == STREAM_DELETE_REFS)
		done->unreferenced += stream_delete_refs(s, id);
	if (!stream_find(s, id, &e))
		return ID_ABSENT;
	if (refs == STREAM_ACKED_ONLY && stream_is_needed(s, id))
		return ID_REFERENCED;
	done->deleted += stream_delete(s, id);
	return ID_DELETED;
}

/* XDELEX, or with a group XACKDEL: then only what is pending there is deleted. */
static int delete_or_ack(struct stream_body *s, struct stream_group *g, struct id id,
	enum stream_refs refs, struct ids_done *done)
{
	if (g == NULL)
		return delete_one(s, id, refs, done);
	if (!stream_pending_delete(g, id))
		return ID_ABSENT;
	done->acked++;
	int status = delete_one(s, id, refs, done);
	/* What was acknowledged and is gone already counts as deleted. */
	return status == ID_ABSENT ? ID_DELETED : status;
}

static enum outcome delete_ids(struct call *call, int at, bool has_group)
{
	struct ids_args ids = {0};
	struct ids_done done = {0};
	struct edit edit;
	struct stream_group *g = NULL;
	if (!ids_parse(call, at, &ids))
		return FAILED;
	enum found found = container_open(call, 1, TYPE_STREAM, NULL, &edit);
	if (found == REFUSED)
		return FAILED;
	if (found == FOUND && has_group)
		g = stream_group_find(edit.value.ptr, call->argv[2]);
	bool is_idle = found == MISSING || (has_group && g == NULL);
	reply_array(call->reply, ids.count);
	for (int i = 0; i < ids.count; i++) {
		struct id id;
		stream_parse_id(call->argv[ids.first + i], 0, &id);
		reply_i64(call->reply,
			is_idle ? ID_ABSENT
				: delete_or_ack(edit.value.ptr, g, id, ids.refs, &done));
	}
	if (found == MISSING)
		return DONE;
	edit_close(&edit, EVENT_STREAM, "xdel", done.deleted);
	call->db->keyspace->dirty += done.acked + done.unreferenced;
	return DONE;
}

static enum outcome xdelex(struct call *call)
{
	return delete_ids(call, 2, false);
}

static enum outcome xackdel(struct call *call)
{
	return delete_ids(call, 3, true);
}

#define IDS_TAIL "condition=[KEEPREF|DELREF|ACKED] IDS ids={numids:integer id...}"

const struct command_row stream_trim_commands[] = {
	{.name = "XTRIM",
		.run = xtrim,
		.flags = CMD_WRITE,
		STREAM_ROW,
		.since = "5.0.0",
		.complexity = "O(N), with N being the number of evicted entries. Constant times "
			      "are very small however, since entries are organized in macro nodes "
			      "containing multiple entries that can be released with a single "
			      "deallocation.",
		.history = "6.2.0=Added the `MINID` trimming strategy and the `LIMIT` option."
			   "|8.2.0=Added the `KEEPREF`, `DELREF` and `ACKED` options.",
		.syntax = "key:key:RW+delete trim={strategy={MAXLEN|MINID@6.2.0} "
			  "operator=[equal='='|approximately='~'] threshold "
			  "[LIMIT count:integer]@6.2.0} <[KEEPREF|DELREF|ACKED]>",
		.tips = "nondeterministic_output",
		.summary = "Deletes the oldest entries of a stream."},
	{.name = "XDELEX",
		.run = xdelex,
		.flags = CMD_WRITE | CMD_FAST,
		STREAM_ROW,
		.since = "8.2.0",
		.complexity = "O(1) for each single item to delete in the stream, regardless of "
			      "the stream size.",
		.syntax = "key:key:RW+delete " IDS_TAIL,
		.summary = "Deletes entries of a stream with a say in what groups still refer to."},
	{.name = "XACKDEL",
		.run = xackdel,
		.flags = CMD_WRITE | CMD_FAST,
		STREAM_ROW,
		.since = "8.2.0",
		.complexity = "O(1) for each message ID processed.",
		.syntax = "key:key:RW+delete group " IDS_TAIL,
		.summary = "Acknowledges entries of a group and deletes them."},
	{0},
};
