/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the commands of containers share.
 */
#include "cmd/container.h"

#include "base/match.h"
#include "cmd/scan.h"
#include "exec/exec.h"

#define CONTAINER_SCAN_COUNT_DEFAULT 10

enum found container_read(struct call *call, int index, enum value_type type, struct value *out)
{
	struct entry *e = call_find_read(call, call_key(call, index));
	if (e == NULL)
		return MISSING;
	if (UNLIKELY(e->type != type)) {
		call_fail(call, E_WRONGTYPE);
		return REFUSED;
	}
	*out = entry_value(e);
	return FOUND;
}

enum found container_open_key(struct call *call, struct key key, enum value_type type,
	const struct value *create, struct edit *edit)
{
	switch (edit_open(call->db, key, type, create, edit)) {
	case EDIT_OK:
		return FOUND;
	case EDIT_MISSING:
		return MISSING;
	default:
		call_fail(call, E_WRONGTYPE);
		return REFUSED;
	}
}

enum found container_open(struct call *call, int index, enum value_type type,
	const struct value *create, struct edit *edit)
{
	return container_open_key(call, call_key(call, index), type, create, edit);
}

void container_store(
	struct call *call, struct key key, struct value *v, uint32_t event_class, const char *event)
{
	const struct type_ops *ops = type_ops_of(v);
	size_t length = ops->length(v);
	if (length > 0) {
		db_set_value(call->db, key, v, EXPIRY_NONE);
		db_publish(call->db, key, event_class, event);
	} else {
		struct entry *old = call_find_write(call, key);
		ops->free(v);
		if (old != NULL) {
			db_delete_entry(
				call->db, key, old, call->db->keyspace->config.lazy_server_del);
			db_publish(call->db, key, EVENT_GENERIC, "del");
		}
	}
	reply_i64(call->reply, (int64_t)length);
}

bool container_arg_numkeys(struct call *call, int at, int64_t *count)
{
	return call_arg_i64_in(call, at, (struct i64_range){1, INT64_MAX}, count, E_NUMKEYS);
}

bool container_arg_sample(struct call *call, const char *pairs, int64_t *count)
{
	bool is_pairs = pairs != NULL && call->argc == 4 && call_arg_is(call, 3, pairs);
	bool is_wrong = call->argc > 3 && !is_pairs;

	if (pairs == NULL && is_wrong)
		goto syntax;
	if (!call_arg_i64(call, 2, count))
		return false;
	if (*count == INT64_MIN) {
		call_failf(call, E_RANGE_BETWEEN, (long long)-INT64_MAX, (long long)INT64_MAX);
		return false;
	}
	if (is_wrong)
		goto syntax;
	/* Twice as many replies must be countable, wanted or not. */
	int64_t limit = is_pairs ? CONTAINER_SAMPLE_MAX / 2 : CONTAINER_SAMPLE_MAX;
	if (*count < -limit || (is_pairs && *count > INT64_MAX / 2)) {
		call_fail(call, E_RANGE);
		return false;
	}
	return true;
syntax:
	call_fail(call, E_SYNTAX);
	return false;
}

static bool scan_options(struct call *call, bool knows_no_values, struct container_scan *scan)
{
	for (int i = 3; i < call->argc; i++) {
		bool has_operand = i + 1 < call->argc;
		if (has_operand && call_arg_is(call, i, "COUNT")) {
			if (!call_arg_i64(call, ++i, &scan->count))
				return false;
			if (scan->count < 1)
				goto syntax;
		} else if (has_operand && call_arg_is(call, i, "MATCH")) {
			scan->pattern = call->argv[++i];
			scan->matches_all = bytes_equal(scan->pattern, BYTES("*"));
		} else if (knows_no_values && call_arg_is(call, i, "NOVALUES")) {
			scan->no_values = true;
		} else {
			goto syntax;
		}
	}
	return true;
syntax:
	call_fail(call, E_SYNTAX);
	return false;
}

enum found container_scan_begin(struct call *call, enum value_type type, bool knows_no_values,
	struct container_scan *scan, struct value *out)
{
	*scan = (struct container_scan){
		.count = CONTAINER_SCAN_COUNT_DEFAULT, .matches_all = true, .reply = call->reply};
	if (!scan_parse_cursor(call->argv[2], &scan->cursor)) {
		call_fail(call, E_CURSOR);
		return REFUSED;
	}
	enum found found = container_read(call, 1, type, out);
	if (found == MISSING) {
		reply_array(call->reply, 2);
		reply_bulk(call->reply, BYTES("0"));
		reply_array(call->reply, 0);
	}
	if (found == FOUND && !scan_options(call, knows_no_values, scan))
		return REFUSED;
	return found;
}

bool container_scan_wants(const struct container_scan *scan, struct bytes text)
{
	return scan->matches_all || match_glob(scan->pattern, text, false);
}
