/* SPDX-License-Identifier: BSD-3-Clause
 *
 * XREAD and XREADGROUP. A call that waits is run again when one of its keys changes; for that `$`
 * is replaced by the id that it stood for.
 *
 * What a group's reading changes is propagated entry by entry (XCLAIM), and where the group then
 * stands (XGROUP SETID).
 */
#include "base/mem.h"
#include "cmd/commands.h"
#include "cmd/stream.h"
#include "cmd/timeout.h"
#include "exec/effect.h"
#include "exec/exec.h"
#include "exec/wait.h"

struct xread {
	struct call *call;
	bool is_group; /* XREADGROUP */
	bool no_ack;
	bool blocks;
	int64_t timeout_ms;
	uint64_t count; /* 0 = all */
	int group_at;   /* in argv: the group, its consumer behind it; 0 = none */
	int first;      /* the first key */
	int streams;
	struct id *after; /* per stream: what is greater is wanted */
	uint64_t served;
	struct reply_hole hole; /* around the streams, once one is served */
};

/* --- arguments --- */

static bool unbalanced(const struct xread *x)
{
	call_failf(x->call, E_XREAD_UNBALANCED, x->call->command->name, x->is_group ? ">" : "$");
	return false;
}

static bool parse_option(struct xread *x, int *i)
{
	struct call *call = x->call;
	int left = call->argc - *i - 1;
	int64_t count;
	if (left >= 1 && call_arg_is(call, *i, "BLOCK")) {
		x->blocks = true;
		if (call->session->origin == ORIGIN_SCRIPT) {
			call_failf(call, E_XREAD_SCRIPT, bytes_clip_text(call->argv[0], 128).text);
			return false;
		}
		return timeout_parse_ms(call, ++*i, &x->timeout_ms);
	}
	if (left >= 1 && call_arg_is(call, *i, "COUNT")) {
		if (!call_arg_i64(call, ++*i, &count))
			return false;
		x->count = count < 0 ? 0 : (uint64_t)count;
		return true;
	}
	if (left >= 1 && call_arg_is(call, *i, "STREAMS")) {
		x->first = *i + 1;
		x->streams = left / 2;
		*i = call->argc;
		return left % 2 == 0 || unbalanced(x);
	}
	bool is_group = left >= 2 && call_arg_is(call, *i, "GROUP");
	if (is_group || call_arg_is(call, *i, "NOACK")) {
		if (!x->is_group) {
			call_failf(call, E_XREAD_ONLY_GROUP, is_group ? "GROUP" : "NOACK");
			return false;
		}
		if (is_group)
			x->group_at = *i + 1;
		else
			x->no_ack = true;
		*i += is_group ? 2 : 0;
		return true;
	}
	call_fail(call, E_SYNTAX);
	return false;
}

static bool xread_parse(struct xread *x)
{
	for (int i = 1; i < x->call->argc; i++)
		if (!parse_option(x, &i))
			return false;
	enum error error = E_NONE;
	if (x->streams == 0)
		error = E_SYNTAX;
	else if (x->is_group && x->group_at == 0)
		error = E_XREAD_NO_GROUP;
	if (error != E_NONE)
		call_fail(x->call, error);
	return error == E_NONE;
}

static bool is_new_mark(const struct xread *x, int stream)
{
	return bytes_equal(x->call->argv[x->first + x->streams + stream], BYTES(">"));
}

static bool no_group(const struct xread *x, int stream)
{
	struct call *call = x->call;
	stream_fail(call, E_XREAD_NOGROUP, call->argv[x->first + stream], call->argv[x->group_at]);
	return false;
}

/* What the id of a stream means: fills after[stream]; false = an error is written. */
static bool resolve_id(struct xread *x, int stream, const struct stream_body *s)
{
	struct call *call = x->call;
	int at = x->first + x->streams + stream;
	struct bytes text = call->argv[at];
	enum error error = E_NONE;
	if (bytes_equal(text, BYTES("$"))) {
		if (x->is_group)
			error = E_XREAD_LAST;
		x->after[stream] = s == NULL ? ID_LEAST : s->last;
	} else if (bytes_equal(text, BYTES("+")) && !x->is_group) {
		/* The last entry, or what comes where there is none. */
		x->after[stream] = s == NULL ? ID_LEAST : s->last;
		if (s != NULL && s->length > 0) {
			x->after[stream] = stream_last_live(s);
			stream_id_prev(&x->after[stream]);
		}
	} else if (is_new_mark(x, stream)) {
		if (!x->is_group)
			error = E_XREAD_NEW;
	} else {
		return stream_arg_id(call, at, 0, &x->after[stream]);
	}
	if (error != E_NONE)
		call_fail(call, error);
	return error == E_NONE;
}

/* Looks at all streams before anything is done. */
static bool xread_resolve(struct xread *x)
{
	for (int i = 0; i < x->streams; i++) {
		enum found found;
		struct entry *e = call_find_read(x->call, call_key(x->call, x->first + i));
		struct stream_body *s = NULL;
		found = e == NULL ? MISSING : e->type == TYPE_STREAM ? FOUND : REFUSED;
		/* To a reader that waits, another type is nothing, as no key is. */
		if (found == REFUSED && (x->is_group || !x->call->is_blocked_retry)) {
			call_fail(x->call, E_WRONGTYPE);
			return false;
		}
		if (found == FOUND)
			s = entry_value(e).ptr;
		if (x->is_group &&
			(s == NULL || stream_group_find(s, x->call->argv[x->group_at]) == NULL))
			return no_group(x, i);
		if (!resolve_id(x, i, s))
			return false;
	}
	return true;
}

/* --- serving --- */

/* The reply begins with the first stream that has something. */
static void begin_stream(struct xread *x, int stream)
{
	struct reply *r = x->call->reply;
	if (x->served++ == 0)
		x->hole = reply_open(r);
	if (r->resp == 2)
		reply_array(r, 2);
	reply_bulk(r, x->call->argv[x->first + stream]);
}

static void serve_plain(struct xread *x, int stream)
{
	struct stream_iter it;
	struct id from = x->after[stream];
	struct entry *e = db_find(x->call->db, call_key(x->call, x->first + stream));
	if (e == NULL || e->type != TYPE_STREAM)
		return;
	const struct stream_body *s = entry_value(e).ptr;
	if (id_compare(s->last, from) <= 0 || !stream_id_next(&from))
		return;
	stream_iter_init(&it, s, from, ID_GREATEST, false);
	struct stream_iter probe = it;
	if (!stream_next(&probe))
		return;
	begin_stream(x, stream);
	stream_reply_range(x->call->reply, &it, x->count);
}

/* What the consumer already has, from an id on. */
static void serve_history(struct xread *x, int stream, const struct stream_body *s,
	struct stream_group *g, struct stream_consumer *c)
{
	struct reply *r = x->call->reply;
	struct id from = x->after[stream];
	struct id_place at = {NULL, 0};
	uint64_t sent = 0;
	begin_stream(x, stream);
	struct reply_hole hole = reply_open(r);
	if (stream_id_next(&from))
		at = id_tree_at_least(&c->pending, from);
	for (; at.leaf != NULL && (x->count == 0 || sent < x->count); sent++) {
		const struct id_item *item = id_place_item(at);
		struct stream_pending *p = item->ptr;
		struct stream_entry e;
		if (stream_find(s, item->id, &e)) {
			stream_reply_entry(r, &e);
			stream_pending_touch(g, item->id, p);
			p->time_ms = x->call->exec->now_ms;
			p->count++;
		} else {
			reply_array(r, 2);
			stream_reply_id(r, item->id);
			reply_null_array(r);
		}
		at = id_place_next(at);
	}
	reply_close_array(r, hole, (int64_t)sent);
}

/* What no consumer of the group has had; true when there was anything. */
static bool serve_new(struct xread *x, int stream, const struct stream_body *s,
	struct stream_group *g, struct stream_consumer *c)
{
	struct stream_effect effect = {x->call, x->call->argv[x->first + stream], g};
	struct reply *r = x->call->reply;
	int64_t now = x->call->exec->now_ms;
	struct stream_iter it;
	struct id from = g->last;
	uint64_t sent = 0;
	if (id_compare(s->last, from) <= 0 || !stream_id_next(&from))
		return false;
	stream_iter_init(&it, s, from, ID_GREATEST, false);
	if (!stream_next(&it))
		return false;
	begin_stream(x, stream);
	struct reply_hole hole = reply_open(r);
	do {
		stream_group_read(s, g, it.entry.id);
		if (!x->no_ack)
			stream_effect_claim(
				&effect, it.entry.id, stream_pending_add(g, c, it.entry.id, now));
		stream_reply_entry(r, &it.entry);
		sent++;
	} while ((x->count == 0 || sent < x->count) && stream_next(&it));
	reply_close_array(r, hole, (int64_t)sent);
	c->active_ms = now;
	stream_effect_group(&effect);
	return true;
}

static void serve_group(struct xread *x, int stream)
{
	struct call *call = x->call;
	struct edit edit;
	uint64_t changed = 0;
	if (edit_open(call->db, call_key(call, x->first + stream), TYPE_STREAM, NULL, &edit) !=
		EDIT_OK)
		return;
	struct stream_body *s = edit.value.ptr;
	struct stream_group *g = stream_group_find(s, call->argv[x->group_at]);
	struct stream_effect effect = {call, call->argv[x->first + stream], g};
	struct stream_consumer *c =
		stream_consumer_touch(&effect, &edit, call->argv[x->group_at + 1]);
	if (is_new_mark(x, stream))
		changed = serve_new(x, stream, s, g, c);
	else
		serve_history(x, stream, s, g, c);
	stream_close_quietly(&edit, changed);
}

static void end_streams(struct xread *x)
{
	struct reply *r = x->call->reply;
	if (x->served == 0)
		reply_null_array(r);
	else if (r->resp == 2)
		reply_close_array(r, x->hole, (int64_t)x->served);
	else
		reply_close_map(r, x->hole, (int64_t)x->served);
}

/* Waits under the ids that `$` and `+` have become: the copy that is run again has them. */
static enum outcome xread_wait(struct xread *x)
{
	struct call *call = x->call;
	struct wait_spec spec = {.timeout_ms = x->timeout_ms,
		.on_timeout = reply_null_array,
		.keys = call->argv + x->first,
		.key_count = x->streams,
		.wants_deletion = x->is_group};
	if (x->is_group || call->is_blocked_retry)
		return wait_on_keys(call, &spec);
	size_t count = (size_t)x->streams;
	struct bytes *ids = call->argv + x->first + x->streams;
	struct bytes *before = mem_dup(ids, count * sizeof(*ids));
	struct stream_text *texts = mem_alloc(count * sizeof(*texts));
	for (size_t i = 0; i < count; i++) {
		texts[i] = stream_text_id(x->after[i]);
		ids[i] = stream_text_bytes(&texts[i]);
	}
	enum outcome outcome = wait_on_keys(call, &spec);
	memcpy(ids, before, count * sizeof(*ids));
	mem_free(texts);
	mem_free(before);
	return outcome;
}

#define FEW_STREAMS 16

static enum outcome read_streams(struct call *call, bool is_group)
{
	struct xread x = {.call = call, .is_group = is_group};
	struct id few[FEW_STREAMS];
	if (!xread_parse(&x))
		return FAILED;
	bool is_few = x.streams <= FEW_STREAMS;
	x.after = is_few ? few : mem_alloc((size_t)x.streams * sizeof(*x.after));
	enum outcome outcome = FAILED;
	if (xread_resolve(&x)) {
		outcome = DONE;
		if (is_group)
			effect_none(call);
		for (int i = 0; i < x.streams; i++) {
			if (is_group)
				serve_group(&x, i);
			else
				serve_plain(&x, i);
		}
		if (x.served == 0 && x.blocks)
			outcome = xread_wait(&x);
		else
			end_streams(&x);
	}
	if (!is_few)
		mem_free(x.after);
	return outcome;
}

static enum outcome xread(struct call *call)
{
	return read_streams(call, false);
}

static enum outcome xreadgroup(struct call *call)
{
	return read_streams(call, true);
}

#define STREAMS_TAIL "STREAMS streams={key:key:RO+access... id...}"

const struct command_row stream_read_commands[] = {
	{.name = "XREAD",
		.run = xread,
		.flags = CMD_READONLY | CMD_BLOCKING,
		STREAM_ROW,
		.since = "5.0.0",
		.syntax = "[COUNT count:integer] [BLOCK milliseconds:integer] " STREAMS_TAIL,
		.summary = "Reads from several streams what is behind an id; waits for it."},
	{.name = "XREADGROUP",
		.run = xreadgroup,
		.flags = CMD_WRITE | CMD_BLOCKING,
		STREAM_ROW,
		.since = "5.0.0",
		.complexity = "For each stream mentioned: O(M) with M being the number of elements "
			      "returned. If M is constant (e.g. always asking for the first 10 "
			      "elements with COUNT), you can consider it O(1). On the other side "
			      "when XREADGROUP blocks, XADD will pay the O(N) time in order to "
			      "serve the N clients blocked on the stream getting new data.",
		.syntax = "GROUP group-block={group consumer} [COUNT count:integer] "
			  "[BLOCK milliseconds:integer] [NOACK] " STREAMS_TAIL,
		.summary = "Reads for a consumer what its group has not had, or what it has not "
			   "acknowledged."},
	{0},
};
