/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Ids as arguments, entries as replies, and what changes of groups are propagated as.
 */
#include <ctype.h>

#include "base/buf.h"
#include "base/num.h"
#include "cmd/stream.h"
#include "exec/effect.h"
#include "exec/exec.h"
#include "store/graveyard.h"

#define NAME_SHOWN_MAX (64 << 10) /* of a name in an error */

/* --- arguments --- */

/* A number as C reads one: blanks, a plus and leading zeros in front are taken, too. */
static bool parse_number(struct bytes text, uint64_t *out)
{
	if (num_parse_u64(text, out))
		return true;
	size_t i = 0;
	while (i < text.len && isspace((unsigned char)text.ptr[i]))
		i++;
	if (i < text.len && text.ptr[i] == '+')
		i++;
	if (i == text.len)
		return false;
	for (*out = 0; i < text.len; i++) {
		unsigned digit = (unsigned)(text.ptr[i] - '0');
		if (digit > 9 || __builtin_mul_overflow(*out, 10, out) ||
			__builtin_add_overflow(*out, digit, out))
			return false;
	}
	return true;
}

bool stream_parse_id(struct bytes text, uint64_t seq, struct id *id)
{
	const char *dash = text.len == 0 ? NULL : memchr(text.ptr, '-', text.len);
	id->seq = seq;
	if (dash == NULL)
		return parse_number(text, &id->ms);
	size_t ms_len = (size_t)(dash - text.ptr);
	return parse_number(bytes_of(text.ptr, ms_len), &id->ms) &&
	       parse_number(bytes_of(dash + 1, text.len - ms_len - 1), &id->seq);
}

bool stream_arg_id(struct call *call, int index, uint64_t seq, struct id *id)
{
	if (stream_parse_id(call->argv[index], seq, id))
		return true;
	call_fail(call, E_STREAM_ID);
	return false;
}

/* An end of an interval; *is_excluded: it was given with `(`. */
static bool arg_bound(struct call *call, int index, uint64_t seq, struct id *id, bool *is_excluded)
{
	struct bytes text = call->argv[index];
	*is_excluded = text.len > 1 && text.ptr[0] == '(';
	if (*is_excluded)
		text = bytes_of(text.ptr + 1, text.len - 1);
	else if (bytes_equal(text, BYTES("-")))
		return *id = ID_LEAST, true;
	else if (bytes_equal(text, BYTES("+")))
		return *id = ID_GREATEST, true;
	if (stream_parse_id(text, seq, id))
		return true;
	call_fail(call, E_STREAM_ID);
	return false;
}

bool stream_arg_start(struct call *call, int index, struct id *from)
{
	bool is_excluded;
	if (!arg_bound(call, index, 0, from, &is_excluded))
		return false;
	if (!is_excluded || stream_id_next(from))
		return true;
	call_fail(call, E_STREAM_START);
	return false;
}

bool stream_arg_interval(
	struct call *call, int from_index, int to_index, struct id *from, struct id *to)
{
	bool is_excluded;
	if (!stream_arg_start(call, from_index, from) ||
		!arg_bound(call, to_index, UINT64_MAX, to, &is_excluded))
		return false;
	if (!is_excluded || stream_id_prev(to))
		return true;
	call_fail(call, E_STREAM_END);
	return false;
}

bool stream_arg_refs(const struct call *call, int index, enum stream_refs *refs)
{
	static const char *const words[] = {"KEEPREF", "DELREF", "ACKED"};
	for (int i = 0; i < 3; i++) {
		if (!call_arg_is(call, index, words[i]))
			continue;
		*refs = (enum stream_refs)i;
		return true;
	}
	return false;
}

/* --- finding and closing --- */

enum outcome stream_fail(struct call *call, enum error error, struct bytes a, struct bytes b)
{
	struct buf names[2] = {{0}};
	struct buf text = {0};
	buf_add(&names[0], a.ptr, a.len < NAME_SHOWN_MAX ? a.len : NAME_SHOWN_MAX);
	buf_add(&names[1], b.ptr, b.len < NAME_SHOWN_MAX ? b.len : NAME_SHOWN_MAX);
	buf_printf(&text, error_text(error), buf_text(&names[0]), buf_text(&names[1]));
	enum outcome outcome = call_fail_text(call, buf_bytes(&text));
	buf_release(&text);
	buf_release(&names[0]);
	buf_release(&names[1]);
	return outcome;
}

struct stream_body *stream_read(struct call *call, int index, enum found *found)
{
	struct value v = stream_empty;
	*found = container_read(call, index, TYPE_STREAM, &v);
	return *found == FOUND ? v.ptr : NULL;
}

void stream_close_quietly(struct edit *edit, uint64_t changed)
{
	edit_store(edit);
	edit->db->keyspace->dirty += changed;
}

void stream_close_noting(struct edit *edit, const char *event, uint64_t changed)
{
	stream_close_quietly(edit, changed);
	if (changed > 0)
		db_notice(edit->db, edit->key, EVENT_STREAM, event);
}

void stream_bury(struct call *call, struct value *cut)
{
	if (cut->ptr != NULL)
		grave_bury_value(call->db->keyspace, cut, false);
}

/* --- replies --- */

void stream_reply_id(struct reply *r, struct id id)
{
	char text[STREAM_ID_MAX_CHARS];
	reply_bulk(r, bytes_of(text, stream_id_print(text, id)));
}

void stream_reply_entry(struct reply *r, struct stream_entry *e)
{
	reply_array(r, 2);
	stream_reply_id(r, e->id);
	reply_array(r, (int64_t)e->fields * 2);
	while (e->fields > 0) {
		struct listpack_item name, value;
		stream_entry_field(e, &name, &value);
		reply_item(r, &name);
		reply_item(r, &value);
	}
}

uint64_t stream_reply_range(struct reply *r, struct stream_iter *it, uint64_t count)
{
	struct reply_hole hole = reply_open(r);
	uint64_t sent = 0;
	while ((count == 0 || sent < count) && !reply_is_full(r) && stream_next(it)) {
		stream_reply_entry(r, &it->entry);
		sent++;
	}
	reply_close_array(r, hole, (int64_t)sent);
	return sent;
}

/* --- effects --- */

struct stream_text stream_text_id(struct id id)
{
	struct stream_text t;
	t.len = stream_id_print(t.text, id);
	return t;
}

struct stream_text stream_text_i64(int64_t value)
{
	struct stream_text t;
	t.len = num_print_i64(t.text, value);
	return t;
}

void stream_effect_claim(
	const struct stream_effect *e, struct id id, const struct stream_pending *p)
{
	if (!effect_wanted(e->call))
		return;
	struct stream_text at = stream_text_id(id);
	struct stream_text time = stream_text_i64(p->time_ms);
	struct stream_text count = stream_text_i64((int64_t)p->count);
	struct stream_text last = stream_text_id(e->group->last);
	EFFECT(e->call, BYTES("XCLAIM"), e->key, e->group->name, p->consumer->name, BYTES("0"),
		stream_text_bytes(&at), BYTES("TIME"), stream_text_bytes(&time),
		BYTES("RETRYCOUNT"), stream_text_bytes(&count), BYTES("FORCE"), BYTES("JUSTID"),
		BYTES("LASTID"), stream_text_bytes(&last));
}

void stream_effect_group(const struct stream_effect *e)
{
	if (!effect_wanted(e->call))
		return;
	struct stream_text last = stream_text_id(e->group->last);
	struct stream_text read = stream_text_i64(e->group->entries_read);
	EFFECT(e->call, BYTES("XGROUP"), BYTES("SETID"), e->key, e->group->name,
		stream_text_bytes(&last), BYTES("ENTRIESREAD"), stream_text_bytes(&read));
}

void stream_effect_consumer(const struct stream_effect *e, struct bytes consumer)
{
	EFFECT(e->call, BYTES("XGROUP"), BYTES("CREATECONSUMER"), e->key, e->group->name, consumer);
}

struct stream_consumer *stream_consumer_touch(
	const struct stream_effect *e, struct edit *edit, struct bytes name)
{
	bool created;
	int64_t now = e->call->exec->now_ms;
	struct stream_group *g = (struct stream_group *)(uintptr_t)e->group;
	struct stream_consumer *c = stream_consumer_get(g, name, now, &created);
	c->seen_ms = now;
	if (!created)
		return c;
	edit->db->keyspace->dirty++;
	db_notice(edit->db, edit->key, EVENT_STREAM, "xgroup-createconsumer");
	stream_effect_consumer(e, name);
	return c;
}
