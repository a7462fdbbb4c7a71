/* SPDX-License-Identifier: BSD-3-Clause
 *
 * LCS: the longest common subsequence of two strings, its length, or where it lies in both.
 *
 * The classic table of (n + 1) x (m + 1) lengths, walked back from its end. Where several
 * subsequences are longest the walk goes back in the first string only if that is strictly better,
 * as clients that compare with Redis expect. The table's size is checked before it is allocated.
 */
#include "cmd/string.h"

#include "base/mem.h"
#include "base/num.h"
#include "cmd/commands.h"

struct lcs_options {
	bool wants_len;
	bool wants_ranges;
	bool with_length;
	int64_t min_match;
};

struct lcs {
	struct bytes a, b;
	uint32_t *lengths; /* row i, column j: of the first i bytes of a and j of b */
	char *found;       /* the subsequence; NULL when nobody wants it */
	size_t left;       /* bytes of it still to be found, from its end */
};

/* Equal bytes in a row, last seen first: a[a_at …] == b[b_at …]. */
struct lcs_run {
	size_t a_at, b_at, len;
};

static inline uint32_t *lcs_cell(const struct lcs *l, size_t i, size_t j)
{
	return &l->lengths[i * (l->b.len + 1) + j];
}

static void lcs_fill(struct lcs *l)
{
	for (size_t j = 0; j <= l->b.len; j++)
		*lcs_cell(l, 0, j) = 0;
	for (size_t i = 1; i <= l->a.len; i++) {
		const uint32_t *above = lcs_cell(l, i - 1, 0);
		uint32_t *row = lcs_cell(l, i, 0);
		char c = l->a.ptr[i - 1];
		row[0] = 0;
		for (size_t j = 1; j <= l->b.len; j++) {
			uint32_t longer = above[j] > row[j - 1] ? above[j] : row[j - 1];
			row[j] = c == l->b.ptr[j - 1] ? above[j - 1] + 1 : longer;
		}
	}
}

static void run_reply(struct call *call, const struct lcs_run *run, const struct lcs_options *o)
{
	reply_array(call->reply, o->with_length ? 3 : 2);
	reply_array(call->reply, 2);
	reply_i64(call->reply, (int64_t)run->a_at);
	reply_i64(call->reply, (int64_t)(run->a_at + run->len - 1));
	reply_array(call->reply, 2);
	reply_i64(call->reply, (int64_t)run->b_at);
	reply_i64(call->reply, (int64_t)(run->b_at + run->len - 1));
	if (o->with_length)
		reply_i64(call->reply, (int64_t)run->len);
}

/* Walks back from the end of both strings; replies the runs when they are wanted and returns
 * their count. */
static int64_t lcs_walk(struct lcs *l, struct call *call, const struct lcs_options *o)
{
	size_t i = l->a.len, j = l->b.len;
	struct lcs_run run = {0};
	int64_t count = 0;
	while (i > 0 && j > 0) {
		bool is_match = l->a.ptr[i - 1] == l->b.ptr[j - 1];
		if (is_match) {
			i--;
			j--;
			if (l->found != NULL)
				l->found[--l->left] = l->a.ptr[i];
			run = (struct lcs_run){i, j, run.len + 1};
		} else if (*lcs_cell(l, i - 1, j) > *lcs_cell(l, i, j - 1)) {
			i--;
		} else {
			j--;
		}
		bool ends = run.len > 0 && (!is_match || i == 0 || j == 0);
		if (!ends)
			continue;
		if (o->wants_ranges && (int64_t)run.len >= o->min_match) {
			run_reply(call, &run, o);
			count++;
		}
		run.len = 0;
	}
	return count;
}

static void lcs_reply(struct call *call, struct lcs *l, const struct lcs_options *o)
{
	uint32_t len = *lcs_cell(l, l->a.len, l->b.len);
	if (o->wants_ranges) {
		reply_map(call->reply, 2);
		reply_bulk(call->reply, BYTES("matches"));
		struct reply_hole hole = reply_open(call->reply);
		int64_t count = lcs_walk(l, call, o);
		reply_close_array(call->reply, hole, count);
		reply_bulk(call->reply, BYTES("len"));
		reply_i64(call->reply, len);
		return;
	}
	if (o->wants_len) {
		reply_i64(call->reply, len);
		return;
	}
	l->found = mem_alloc((size_t)len + 1);
	l->left = len;
	lcs_walk(l, call, o);
	reply_bulk(call->reply, bytes_of(l->found, len));
	mem_free(l->found);
}

static bool options_parse(struct call *call, struct lcs_options *o)
{
	for (int i = 3; i < call->argc; i++) {
		bool has_more = i + 1 < call->argc;
		if (call_arg_is(call, i, "IDX")) {
			o->wants_ranges = true;
		} else if (call_arg_is(call, i, "LEN")) {
			o->wants_len = true;
		} else if (call_arg_is(call, i, "WITHMATCHLEN")) {
			o->with_length = true;
		} else if (call_arg_is(call, i, "MINMATCHLEN") && has_more) {
			if (!call_arg_i64(call, ++i, &o->min_match))
				return false;
		} else {
			call_fail(call, E_SYNTAX);
			return false;
		}
	}
	if (!o->wants_ranges || !o->wants_len)
		return true;
	call_fail(call, E_LCS_LEN_AND_IDX);
	return false;
}

/* The table for both strings; false: the error is written. */
static bool lcs_allot(struct call *call, struct lcs *l)
{
	size_t bytes;
	if (l->a.len >= UINT32_MAX - 1 || l->b.len >= UINT32_MAX - 1) {
		call_fail(call, E_LCS_TOO_LONG);
		return false;
	}
	if (__builtin_mul_overflow(l->a.len + 1, (l->b.len + 1) * sizeof(uint32_t), &bytes) ||
	    bytes > (uint64_t)string_max_bytes(call)) {
		call_fail(call, E_LCS_LIMIT);
		return false;
	}
	l->lengths = mem_try_alloc(bytes);
	if (l->lengths != NULL)
		return true;
	call_fail(call, E_LCS_MEMORY);
	return false;
}

/* The bytes of a key's string, none for a missing key; false for another type. */
static bool lcs_string(struct call *call, int index, char *scratch, struct value *v,
	struct bytes *out)
{
	struct entry *e = call_find_read(call, call_key(call, index));
	*out = bytes_of("", 0);
	if (e == NULL)
		return true;
	*v = entry_value(e);
	if (e->type != TYPE_STRING)
		return false;
	*out = value_string(v, scratch);
	return true;
}

static enum outcome lcs(struct call *call)
{
	char scratch_a[NUM_I64_MAX_CHARS], scratch_b[NUM_I64_MAX_CHARS];
	struct value value_a, value_b;
	struct lcs_options o = {0};
	struct lcs l = {0};

	if (!lcs_string(call, 1, scratch_a, &value_a, &l.a) ||
	    !lcs_string(call, 2, scratch_b, &value_b, &l.b))
		return call_fail(call, E_LCS_STRINGS);
	if (!options_parse(call, &o))
		return FAILED;
	if (!lcs_allot(call, &l))
		return FAILED;
	lcs_fill(&l);
	lcs_reply(call, &l, &o);
	mem_free(l.lengths);
	return DONE;
}

const struct command_row string_lcs_commands[] = {
	{.name = "LCS", .run = lcs, .flags = CMD_READONLY, .group = "string", .since = "7.0.0",
		.complexity = "O(N*M) where N and M are the lengths of s1 and s2, respectively",
		.syntax = "key1:key:RO+access key2:key:#0 [LEN] [IDX] "
			"[MINMATCHLEN min-match-len:integer] [WITHMATCHLEN]",
		.summary = "Finds the longest common subsequence of two values."},
	{0},
};
