/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Popping from the first of several keys.
 */
#include "cmd/mpop.h"

#include "cmd/timeout.h"
#include "exec/wait.h"

bool mpop_is_other_type(struct call *call, enum value_type type, int index)
{
	struct entry *e;
	if (!call->is_blocked_retry)
		return false;
	e = db_find(call->db, key_of(call->argv[index]));
	return e != NULL && e->type != type;
}

enum found mpop_open_first(struct call *call, enum value_type type, struct mpop_keys keys,
	struct edit *edit, int *index)
{
	for (*index = keys.first; *index < keys.first + keys.count; (*index)++) {
		if (mpop_is_other_type(call, type, *index))
			continue;
		enum found found =
			container_open_key(call, key_of(call->argv[*index]), type, NULL, edit);
		if (found != MISSING)
			return found;
	}
	return MISSING;
}

struct mpop {
	const struct mpop_kind *kind;
	struct mpop_keys keys;
	int end;
	int64_t count;
};

static bool mpop_parse(struct call *call, int at, struct mpop *m)
{
	int64_t keys;
	if (!container_arg_numkeys(call, at, &keys))
		return false;
	if (keys >= call->argc - at - 1)
		goto syntax;
	int where = at + 1 + (int)keys;
	m->keys = (struct mpop_keys){at + 1, (int)keys};
	m->end = call_arg_is(call, where, m->kind->ends[1]);
	if (m->end == 0 && !call_arg_is(call, where, m->kind->ends[0]))
		goto syntax;
	for (int i = where + 1; i < call->argc; i += 2) {
		if (m->count != 0 || i + 1 == call->argc || !call_arg_is(call, i, "COUNT"))
			goto syntax;
		if (!call_arg_i64_in(call, i + 1, (struct i64_range){1, INT64_MAX}, &m->count,
			    E_COUNT_POSITIVE))
			return false;
	}
	if (m->count == 0)
		m->count = 1;
	return true;
syntax:
	call_fail(call, E_SYNTAX);
	return false;
}

static enum found mpop_try(struct call *call, const struct mpop *m)
{
	struct edit edit;
	int index;
	enum found found = mpop_open_first(call, m->kind->type, m->keys, &edit, &index);
	if (found != FOUND)
		return found;
	reply_array(call->reply, 2);
	reply_bulk(call->reply, call->argv[index]);
	m->kind->pop(call, &edit, call->argv[index], m->end, m->count);
	return FOUND;
}

enum outcome mpop_now(struct call *call, const struct mpop_kind *kind)
{
	struct mpop m = {.kind = kind};
	if (!mpop_parse(call, 1, &m))
		return FAILED;
	enum found found = mpop_try(call, &m);
	if (found == MISSING)
		reply_null_array(call->reply);
	return found == REFUSED ? FAILED : DONE;
}

enum outcome mpop_or_wait(struct call *call, const struct mpop_kind *kind)
{
	struct mpop m = {.kind = kind};
	struct wait_spec spec = {.on_timeout = reply_null_array};
	if (!mpop_parse(call, 2, &m) || !timeout_parse_seconds(call, 1, &spec.timeout_ms))
		return FAILED;
	spec.keys = call->argv + m.keys.first;
	spec.key_count = m.keys.count;
	enum found found = mpop_try(call, &m);
	if (found == MISSING)
		return wait_on_keys(call, &spec);
	return found == REFUSED ? FAILED : DONE;
}
