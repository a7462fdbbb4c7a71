/* SPDX-License-Identifier: BSD-3-Clause
 *
 * SORT and SORT_RO: the elements of a list, set or sorted set in the order of their numbers, texts
 * or of what other keys say about them, answered or stored.
 *
 * All elements and weights are copied into one buffer first, so that lookups of other keys, which
 * may delete what has expired, never pull a view away. Two elements of the same weight keep the
 * order in which they were found.
 */
#include "cmd/container.h"

#include "acl/acl.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/num.h"
#include "cmd/commands.h"
#include "cmd/services.h"
#include "exec/effect.h"
#include "types/hash.h"
#include "types/list.h"
#include "types/set.h"
#include "types/string.h"
#include "types/zset.h"

#include <errno.h>
#include <locale.h>
#include <stdlib.h>

#define SORT_GETS_INLINE 8

/* A text in the buffer, a NUL behind it. */
struct sort_text {
	size_t at, len;
};

struct sort_item {
	struct sort_text text;
	struct sort_text weight; /* ALPHA: what is compared */
	double score;            /* without ALPHA */
	size_t index;
	bool is_weighed;         /* false: BY found nothing */
};

struct sort {
	struct call *call;
	struct bytes by;      /* with is_by */
	bool is_by, is_sorted, is_alpha, is_descending, is_stored;
	bool by_locale;       /* texts are compared as the locale says */
	int destination;      /* in argv */
	int64_t offset, limit; /* limit < 0: none */
	int *gets;            /* places in argv of the GET patterns */
	int get_count;
	struct buf texts;
	struct sort_item *items;
	size_t count, cap;
	size_t first, behind; /* of the items that are asked for */
	int inline_gets[SORT_GETS_INLINE];
};

static inline struct bytes sort_bytes(const struct sort *s, struct sort_text text)
{
	return bytes_of(s->texts.ptr + text.at, text.len);
}

static struct sort_text keep_text(struct sort *s, struct bytes text)
{
	struct sort_text kept = {s->texts.len, text.len};
	char *to = buf_reserve(&s->texts, text.len + 1);
	if (text.len > 0)
		memcpy(to, text.ptr, text.len);
	to[text.len] = '\0';
	s->texts.len += text.len + 1;
	return kept;
}

/* --- the request --- */

static bool pattern_has_star(struct bytes pattern)
{
	return pattern.len > 0 && memchr(pattern.ptr, '*', pattern.len) != NULL;
}

/* Patterns lead to any key: only who may read all of them may use patterns. */
static bool may_read_all(const struct call *call)
{
	return !(call->session->gates & GATE_BIT(GATE_ACL)) ||
		acl_reads_all(call->exec->services->acl, call);
}

/* The option at argv[*i], which steps on to its last word; false: the error is written. */
static bool parse_option(struct sort *s, int *i)
{
	struct call *call = s->call;
	int words = call->argc - *i - 1;
	if (call_arg_is(call, *i, "ASC") || call_arg_is(call, *i, "DESC")) {
		s->is_descending = call_arg_is(call, *i, "DESC");
	} else if (call_arg_is(call, *i, "ALPHA")) {
		s->is_alpha = true;
	} else if (words >= 2 && call_arg_is(call, *i, "LIMIT")) {
		if (!call_arg_i64(call, *i + 1, &s->offset) ||
			!call_arg_i64(call, *i + 2, &s->limit))
			return false;
		*i += 2;
	} else if (words >= 1 && call_arg_is(call, *i, "STORE") &&
		(call->flags & CMD_WRITE) != 0) {
		s->is_stored = true;
		s->destination = ++*i;
	} else if (words >= 1 && call_arg_is(call, *i, "BY")) {
		s->by = call->argv[++*i];
		s->is_by = true;
		if (pattern_has_star(s->by) && !may_read_all(call))
			return call_fail(call, E_SORT_BY_DENIED) == DONE;
	} else if (words >= 1 && call_arg_is(call, *i, "GET")) {
		if (!may_read_all(call))
			return call_fail(call, E_SORT_GET_DENIED) == DONE;
		s->gets[s->get_count++] = ++*i;
	} else {
		return call_fail(call, E_SYNTAX) == DONE;
	}
	return true;
}

static bool parse_options(struct sort *s)
{
	const char *locale = setlocale(LC_COLLATE, NULL);
	for (int i = 2; i < s->call->argc; i++)
		if (!parse_option(s, &i))
			return false;
	/* A pattern without a star is the same for all: there is nothing to sort by. */
	bool is_constant = s->is_by && !pattern_has_star(s->by);
	s->is_sorted = !is_constant;
	s->is_by = s->is_by && !is_constant;
	s->by_locale = !s->is_stored && locale != NULL && strcmp(locale, "C") != 0 &&
		strcmp(locale, "POSIX") != 0;
	return true;
}

/* --- the elements --- */

static void add_item(struct sort *s, const struct listpack_item *element)
{
	char digits[NUM_I64_MAX_CHARS];
	struct bytes text = element->text;
	if (element->is_integer)
		text = bytes_of(digits, num_print_i64(digits, element->integer));
	if (s->count == s->cap) {
		s->cap = s->cap == 0 ? 16 : s->cap * 2;
		s->items = mem_realloc(s->items, s->cap * sizeof(s->items[0]));
	}
	s->items[s->count] = (struct sort_item){.text = keep_text(s, text), .index = s->count};
	s->count++;
}

/* What LIMIT leaves of so many. */
static void cut_range(struct sort *s, size_t length)
{
	size_t first = s->offset < 0 ? 0 : (size_t)s->offset;
	s->first = first < length ? first : length;
	size_t left = length - s->first;
	s->behind = s->limit < 0 || (uint64_t)s->limit > left ? length
							       : s->first + (size_t)s->limit;
}

static void load_list(struct sort *s, const struct value *v, size_t first, size_t count)
{
	bool backwards = s->is_descending && !s->is_sorted;
	size_t index = backwards ? list_length(v) - 1 - first : first;
	struct list_iter it;
	struct listpack_item element;
	if (count == 0)
		return;
	list_iter_init(&it, v, index, backwards);
	while (count-- > 0 && list_next(&it, &element))
		add_item(s, &element);
	list_iter_release(&it);
}

static void load_set(struct sort *s, const struct value *v, size_t first, size_t count)
{
	struct set_iter it;
	struct listpack_item element;
	set_iter_init(&it, v);
	for (size_t i = 0; i - first < count || i < first; i++) {
		if (!set_next(&it, &element))
			return;
		if (i >= first)
			add_item(s, &element);
	}
}

static void load_zset(struct sort *s, const struct value *v, size_t first, size_t count)
{
	bool backwards = s->is_descending && !s->is_sorted;
	size_t rank = backwards ? zset_length(v) - 1 - first : first;
	struct listpack_item member;
	struct zset_iter it;
	double score;
	if (count == 0)
		return;
	zset_iter_init(&it, v, rank, backwards);
	while (count-- > 0 && zset_next(&it, &member, &score))
		add_item(s, &member);
}

/* All elements if they are to be sorted, else those that are asked for. */
static void load_items(struct sort *s, const struct value *v)
{
	cut_range(s, type_ops_of(v)->length(v));
	size_t first = s->is_sorted ? 0 : s->first;
	size_t count = s->is_sorted ? type_ops_of(v)->length(v) : s->behind - s->first;
	if (v->type == TYPE_LIST)
		load_list(s, v, first, count);
	else if (v->type == TYPE_SET)
		load_set(s, v, first, count);
	else
		load_zset(s, v, first, count);
	if (s->is_sorted)
		return;
	s->first = 0;
	s->behind = s->count;
}

/* --- other keys --- */

/* The value of the key that `pattern` means for this element, into `texts`; false: there is none.
 * "#" is the element itself, "a*b->f" the field f of a hash. */
static bool look_up(
	struct sort *s, struct bytes pattern, struct sort_text element, struct sort_text *out)
{
	char scratch[NUM_I64_MAX_CHARS];
	struct listpack_item item;
	*out = element;
	if (bytes_equal(pattern, BYTES("#")))
		return true;
	const char *star = pattern.len == 0 ? NULL : memchr(pattern.ptr, '*', pattern.len);
	if (star == NULL)
		return false;
	size_t before = (size_t)(star - pattern.ptr), behind = pattern.len - before - 1;
	const char *arrow = memmem(star + 1, behind, "->", 2);
	struct bytes field = {NULL, 0};
	if (arrow != NULL && arrow + 2 < pattern.ptr + pattern.len) {
		field = bytes_of(arrow + 2, (size_t)(pattern.ptr + pattern.len - arrow) - 2);
		behind = (size_t)(arrow - star) - 1;
	}
	struct buf name = {0};
	buf_add(&name, pattern.ptr, before);
	buf_add_bytes(&name, sort_bytes(s, element));
	buf_add(&name, star + 1, behind);
	struct key key = key_of(buf_bytes(&name));
	exec_look(s->call->exec, s->call->db, &key);
	struct entry *e = call_find_read(s->call, key);
	buf_release(&name);
	if (e == NULL || e->type != (field.len > 0 ? TYPE_HASH : TYPE_STRING))
		return false;
	struct value v = entry_value(e);
	if (field.len == 0) {
		*out = keep_text(s, value_string(&v, scratch));
		return true;
	}
	if (hash_get(&v, s->call->db->keyspace->now_ms, field, &item) != HASH_LIVE)
		return false;
	if (item.is_integer)
		item.text = bytes_of(scratch, num_print_i64(scratch, item.integer));
	*out = keep_text(s, item.text);
	return true;
}

/* --- sorting --- */

/* As strtod reads it, blanks in front and an empty text included. */
static bool parse_score(const char *text, double *score)
{
	char *end;
	errno = 0;
	*score = strtod(text, &end);
	return *end == '\0' && errno != ERANGE && *score == *score;
}

/* What each item is sorted by; false: one is no number, the error is written. */
static bool weigh_items(struct sort *s)
{
	for (size_t i = 0; i < s->count; i++) {
		struct sort_item *item = &s->items[i];
		item->weight = item->text;
		item->is_weighed = true;
		if (s->is_by)
			item->is_weighed = look_up(s, s->by, item->text, &item->weight);
		if (s->is_alpha || !item->is_weighed)
			continue;
		if (!parse_score(s->texts.ptr + item->weight.at, &item->score))
			return call_fail(s->call, E_SORT_SCORE) == DONE;
	}
	return true;
}

static int compare_texts(const struct sort *s, struct sort_text a, struct sort_text b)
{
	if (s->by_locale)
		return strcoll(s->texts.ptr + a.at, s->texts.ptr + b.at);
	return bytes_compare(sort_bytes(s, a), sort_bytes(s, b));
}

static int compare_items(const void *left, const void *right, void *context)
{
	const struct sort *s = context;
	const struct sort_item *a = left, *b = right;
	int order;
	if (!s->is_alpha) {
		order = (a->score > b->score) - (a->score < b->score);
		if (order == 0)
			order = bytes_compare(sort_bytes(s, a->text), sort_bytes(s, b->text));
	} else if (a->is_weighed && b->is_weighed) {
		order = compare_texts(s, a->weight, b->weight);
	} else {
		order = a->is_weighed - b->is_weighed;
	}
	if (order != 0)
		return s->is_descending ? -order : order;
	return (a->index > b->index) - (a->index < b->index);
}

/* --- the result --- */

static void answer(struct sort *s)
{
	struct reply *r = s->call->reply;
	size_t per_item = s->get_count > 0 ? (size_t)s->get_count : 1;
	reply_array(r, (int64_t)((s->behind - s->first) * per_item));
	for (size_t i = s->first; i < s->behind && !reply_is_full(r); i++) {
		struct sort_text text = s->items[i].text;
		if (s->get_count == 0)
			reply_bulk(r, sort_bytes(s, text));
		for (int k = 0; k < s->get_count; k++) {
			size_t mark = s->texts.len;
			struct sort_text got;
			if (look_up(s, s->call->argv[s->gets[k]], text, &got))
				reply_bulk(r, sort_bytes(s, got));
			else
				reply_null(r);
			s->texts.len = mark;
		}
	}
}

static void push_text(struct value *list, struct bytes text)
{
	list_reserve(list, &text, 1);
	list_push(list, text, LIST_RIGHT);
}

static void store(struct sort *s)
{
	struct call *call = s->call;
	struct key key = call_key(call, s->destination);
	struct value list = list_empty;
	for (size_t i = s->first; i < s->behind; i++) {
		struct sort_text text = s->items[i].text;
		if (s->get_count == 0)
			push_text(&list, sort_bytes(s, text));
		for (int k = 0; k < s->get_count; k++) {
			size_t mark = s->texts.len;
			struct sort_text got;
			bool found = look_up(s, call->argv[s->gets[k]], text, &got);
			push_text(&list, found ? sort_bytes(s, got) : BYTES(""));
			s->texts.len = mark;
		}
	}
	container_store(call, key, &list, EVENT_LIST, "sortstore");
}

static enum outcome run_sort(struct sort *s)
{
	struct call *call = s->call;
	if (!parse_options(s))
		return FAILED;
	struct entry *e = call_find_read(call, call_key(call, 1));
	if (e != NULL) {
		struct value v = entry_value(e);
		if (v.type != TYPE_LIST && v.type != TYPE_SET && v.type != TYPE_ZSET)
			return call_fail(call, E_WRONGTYPE);
		/* What is stored, or a script goes on with, must be the same on every machine: sets
		 * have no order. */
		if (!s->is_sorted && v.type == TYPE_SET &&
			(s->is_stored || call->session->origin == ORIGIN_SCRIPT))
			s->is_sorted = s->is_alpha = true;
		load_items(s, &v);
	}
	if (s->is_sorted && s->count > 0) {
		if (!weigh_items(s))
			return FAILED;
		qsort_r(s->items, s->count, sizeof(s->items[0]), compare_items, s);
	}
	if (s->is_stored)
		store(s);
	else
		answer(s);
	return DONE;
}

static enum outcome sort(struct call *call)
{
	struct sort s = {.call = call, .limit = -1};
	s.gets = s.inline_gets;
	if (call->argc / 2 > SORT_GETS_INLINE)
		s.gets = mem_alloc((size_t)call->argc / 2 * sizeof(s.gets[0]));
	enum outcome outcome = run_sort(&s);
	if (s.gets != s.inline_gets)
		mem_free(s.gets);
	mem_free(s.items);
	buf_release(&s.texts);
	return outcome;
}

/* STORE may stand anywhere, the last one counts; words that are operands are skipped. */
static bool sort_keys(const struct bytes *argv, int argc, struct key_refs *refs)
{
	int destination = 0;
	for (int i = 2; i + 1 < argc; i++) {
		if (bytes_is(argv[i], "LIMIT"))
			i += 2;
		else if (bytes_is(argv[i], "BY") || bytes_is(argv[i], "GET"))
			i++;
		else if (bytes_is(argv[i], "STORE"))
			destination = ++i;
	}
	if (destination > 0)
		key_refs_add(refs, destination, KEY_OW | KEY_UPDATE);
	return true;
}

/* Patterns name keys that only the elements know: there is nothing to add. */
static bool sort_ro_keys(const struct bytes *argv, int argc, struct key_refs *refs)
{
	(void)argv;
	(void)argc;
	(void)refs;
	return true;
}

#define GROUP                                                                                      \
	.group = "generic", .categories = "=set sortedset list dangerous",                         \
	.complexity = "O(N+M*log(M)) where N is the number of elements in the list or set to "     \
		      "sort, and M the number of returned elements. When the elements are not "    \
		      "sorted, complexity is O(N)."
#define SORT_SYNTAX                                                                                \
	"key:key:RO+access [BY by-pattern:pattern:RO+access~pattern] "                             \
	"[LIMIT limit={offset:integer count:integer}] "                                            \
	"[GET get-pattern:pattern:#1~pattern]... order=[ASC|DESC] [sorting=ALPHA]"

#define SORT_KEY_NOTES                                                                             \
	"|For the optional BY/GET keyword. It is marked 'unknown' because the key names derive "   \
	"from the content of the key we sort"

const struct command_row sort_commands[] = {
	{.name = "SORT", .run = sort, .flags = CMD_WRITE | CMD_DENY_OOM, GROUP, .since = "1.0.0",
		.syntax = SORT_SYNTAX " [STORE destination:key:OW+update+unknown]",
		.summary = "Sorts the elements of a list, a set or a sorted set.",
		.find_keys = sort_keys,
		.key_notes = SORT_KEY_NOTES
		"|For the optional STORE keyword. It is marked 'unknown' because the keyword can "
		"appear anywhere in the argument array"},
	{.name = "SORT_RO", .run = sort, .flags = CMD_READONLY, GROUP, .since = "7.0.0",
		.syntax = SORT_SYNTAX,
		.summary = "Sorts the elements of a list, a set or a sorted set; stores nothing.",
		.find_keys = sort_ro_keys, .key_notes = SORT_KEY_NOTES},
	{0},
};
