/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Sorted sets: members in and out, the ways between the encodings. Ranges and walks are in
 * zset_range.c, the row for the store in zset_ops.c, unions and the like in zset_algebra.c.
 *
 * A packed one is searched from its beginning: by member it looks at every other element, by score
 * it reads the ones between.
 */
#include "base/assert.h"
#include "base/num.h"
#include "types/config.h"
#include "types/zset_internal.h"

/* Scores that are integers below this are stored as such. */
#define ZSET_INTEGER_MAX 4503599627370496.0 /* 2^52 */

const struct value zset_empty = {.type = TYPE_ZSET, .encoding = ENC_LISTPACK, .ptr = NULL};

/* --- the table --- */

static uint64_t item_hash(const void *item)
{
	struct bytes member = order_item_member(item);
	return hash_bytes(member.ptr, member.len);
}

static const struct dict_ops item_ops = {.hash = item_hash};

struct zset_table *zset_table_new(size_t expected)
{
	struct zset_table *t = mem_calloc(1, sizeof(*t));
	dict_init(&t->by_member, &item_ops);
	order_tree_init(&t->by_score);
	if (expected > 0)
		dict_expand(&t->by_member, expected);
	return t;
}

static void item_drop(void *item, void *context)
{
	(void)context;
	order_item_free(item);
}

bool zset_table_free_slice(struct zset_table *t, size_t effort)
{
	if (UNLIKELY(!zset_remnants_free_slice(t, &effort)))
		return false;
	size_t buckets = effort / DICT_SLOTS + 1;
	/* Leaves are gone with a tenth of the items' effort. */
	if (order_tree_drain(&t->by_score, effort))
		return false;
	if (dict_drain(&t->by_member, buckets < UINT32_MAX ? (unsigned)buckets : UINT32_MAX,
		    item_drop, NULL))
		return false;
	dict_release(&t->by_member);
	mem_free_sized(t, sizeof(*t));
	return true;
}

void *zset_table_add(struct zset_table *t, struct zset_member member, double score)
{
	void *item = order_item_new(member.text, score);
	dict_insert(&t->by_member, member.hash, item);
	return item;
}

static enum zset_change table_set(struct zset_table *t, struct bytes text, double score)
{
	struct zset_member member = zset_member_of(text);
	void *item = zset_table_find(t, member);
	if (item == NULL) {
		if (UNLIKELY(t->remnants != NULL))
			zset_table_forget(t, member);
		order_tree_insert(&t->by_score, zset_table_add(t, member, score));
		return ZSET_ADDED;
	}
	if (order_item_score(item) == score)
		return ZSET_SAME;
	dict_before_change(&t->by_member, member.hash);
	order_tree_move(&t->by_score, item, score);
	return ZSET_MOVED;
}

static bool table_remove(struct zset_table *t, struct bytes member)
{
	uint64_t hash = hash_bytes(member.ptr, member.len);
	struct dict_place place = dict_find_place(&t->by_member, hash, order_item_is, &member);
	if (place.bucket == NULL)
		return false;
	void *item = dict_ptr_get(place.bucket, place.slot);
	if (zset_table_is_ghost(t, item))
		return false;
	order_tree_remove(&t->by_score, item);
	dict_remove_place(&t->by_member, hash, place);
	order_item_free(item);
	return true;
}

/* --- encodings --- */

void zset_free(struct value *v)
{
	if (v->ptr == NULL)
		return;
	if (v->encoding == ENC_LISTPACK)
		listpack_free(v->ptr);
	else
		while (!zset_table_free_slice(v->ptr, SIZE_MAX))
			;
	v->ptr = NULL;
}

bool zset_fits_packed(size_t members, size_t longest)
{
	return members <= (size_t)types_config.zset_max_listpack_entries &&
		members <= (size_t)TYPES_ENTRIES_MAX &&
		longest <= types_config.zset_max_listpack_value;
}

struct listpack_item zset_score_item(double score, char *scratch)
{
	if (score > -ZSET_INTEGER_MAX && score < ZSET_INTEGER_MAX &&
		score == (double)(int64_t)score)
		return listpack_item_i64((int64_t)score);
	return (struct listpack_item){bytes_of(scratch, num_print_double(scratch, score)), 0,
		false};
}

bool zset_read_score(const unsigned char *at, double *score)
{
	struct listpack_item item = listpack_get(at);
	if (!item.is_integer)
		return num_parse_double(item.text, score);
	*score = (double)item.integer;
	return true;
}

void zset_to_table(struct value *v, size_t expected)
{
	struct zset_iter it;
	struct listpack_item member;
	char digits[NUM_I64_MAX_CHARS];
	double score;
	size_t count = zset_length(v);
	struct zset_table *t = zset_table_new(expected > count ? expected : count);
	zset_iter_init(&it, v, 0, false);
	while (zset_next(&it, &member, &score)) {
		struct bytes text = listpack_item_text(&member, digits);
		order_tree_insert(
			&t->by_score, zset_table_add(t, zset_member_of(text), score));
	}
	zset_free(v);
	v->encoding = ENC_SKIPLIST;
	v->ptr = t;
}

void zset_to_packed(struct value *v)
{
	struct zset_iter it;
	struct listpack_item pair[2];
	char scratch[NUM_DOUBLE_MAX_CHARS];
	double score;
	if (v->ptr == NULL || v->encoding == ENC_LISTPACK || !zset_fits_packed(zset_length(v), 0))
		return;
	unsigned char *lp = listpack_new();
	zset_iter_init(&it, v, 0, false);
	while (zset_next(&it, &pair[0], &score)) {
		unsigned char *at = NULL;
		if (!zset_fits_packed(0, pair[0].text.len) ||
			!listpack_has_room(lp,
				pair[0].text.len + NUM_DOUBLE_MAX_CHARS +
					2 * LISTPACK_ITEM_OVERHEAD)) {
			listpack_free(lp);
			return;
		}
		pair[0] = listpack_item_of(pair[0].text);
		pair[1] = zset_score_item(score, scratch);
		lp = listpack_insert_batch(lp, &at, pair, 2);
	}
	zset_free(v);
	v->encoding = ENC_LISTPACK;
	v->ptr = lp;
}

void zset_reserve(struct value *v, size_t more, size_t longest)
{
	if (v->encoding == ENC_LISTPACK && !zset_fits_packed(more, v->ptr == NULL ? longest : 0))
		zset_to_table(v, more);
}

/* --- members --- */

size_t zset_length(const struct value *v)
{
	if (v->ptr == NULL)
		return 0;
	if (v->encoding == ENC_LISTPACK)
		return listpack_count(v->ptr) / 2;
	return order_tree_count(&((const struct zset_table *)v->ptr)->by_score);
}

static unsigned char *packed_find(const struct value *v, struct bytes member)
{
	struct listpack_item item = listpack_item_of(member);
	return v->ptr == NULL ? NULL : listpack_find(listpack_first(v->ptr), &item, 1);
}

static double packed_score(const unsigned char *member)
{
	double score = 0;
	bool is_score = zset_read_score(listpack_next(member), &score);
	ASSERT(is_score);
	return score;
}

/* The first member that is behind; NULL = none. */
static unsigned char *packed_place(const unsigned char *lp, struct bytes member, double score)
{
	char digits[NUM_I64_MAX_CHARS];
	unsigned char *at = listpack_first(lp);
	while (at != NULL) {
		unsigned char *score_at = listpack_next(at);
		double here = 0;
		bool is_score = zset_read_score(score_at, &here);
		ASSERT(is_score);
		if (here > score ||
			(here == score &&
				bytes_compare(listpack_text(at, digits), member) > 0))
			return at;
		at = listpack_next(score_at);
	}
	return NULL;
}

static void packed_insert(struct value *v, struct bytes member, double score)
{
	char scratch[NUM_DOUBLE_MAX_CHARS];
	struct listpack_item pair[2] = {
		listpack_item_of(member), zset_score_item(score, scratch)};
	unsigned char *at = packed_place(v->ptr, member, score);
	v->ptr = listpack_insert_batch(v->ptr, &at, pair, 2);
}

enum zset_change zset_set(struct value *v, struct bytes member, double score)
{
	if (v->encoding != ENC_LISTPACK)
		return table_set(v->ptr, member, score);
	unsigned char *at = packed_find(v, member);
	if (at == NULL &&
		(!zset_fits_packed(zset_length(v) + 1, member.len) ||
			!listpack_has_room(v->ptr,
				member.len + NUM_DOUBLE_MAX_CHARS + 2 * LISTPACK_ITEM_OVERHEAD))) {
		zset_to_table(v, 0);
		return table_set(v->ptr, member, score);
	}
	if (v->ptr == NULL)
		v->ptr = listpack_new();
	if (at != NULL) {
		if (packed_score(at) == score)
			return ZSET_SAME;
		v->ptr = listpack_delete(v->ptr, &at, 2);
		packed_insert(v, member, score);
		return ZSET_MOVED;
	}
	packed_insert(v, member, score);
	return ZSET_ADDED;
}

bool zset_remove(struct value *v, struct bytes member)
{
	if (v->ptr == NULL)
		return false;
	if (v->encoding != ENC_LISTPACK)
		return table_remove(v->ptr, member);
	unsigned char *at = packed_find(v, member);
	if (at == NULL)
		return false;
	v->ptr = listpack_delete(v->ptr, &at, 2);
	return true;
}

bool zset_score(const struct value *v, struct bytes member, double *score)
{
	if (v->ptr == NULL)
		return false;
	if (v->encoding != ENC_LISTPACK) {
		const void *item = zset_table_find(v->ptr, zset_member_of(member));
		if (item != NULL)
			*score = order_item_score(item);
		return item != NULL;
	}
	const unsigned char *at = packed_find(v, member);
	if (at != NULL)
		*score = packed_score(at);
	return at != NULL;
}

bool zset_rank(const struct value *v, struct bytes member, size_t *rank, double *score)
{
	if (v->ptr == NULL)
		return false;
	if (v->encoding != ENC_LISTPACK) {
		const struct zset_table *t = v->ptr;
		const void *item = zset_table_find(t, zset_member_of(member));
		if (item == NULL)
			return false;
		*score = order_item_score(item);
		*rank = order_tree_rank(&t->by_score, item);
		return true;
	}
	struct listpack_item wanted = listpack_item_of(member);
	*rank = 0;
	for (const unsigned char *at = listpack_first(v->ptr); at != NULL;
		at = listpack_next(listpack_next(at)), (*rank)++) {
		if (!listpack_equals(at, &wanted))
			continue;
		*score = packed_score(at);
		return true;
	}
	return false;
}
