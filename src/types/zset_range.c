/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Ranges, walks, samples and scans of sorted sets. Every range is a pair of ranks, so that
 * counting, answering, storing and deleting are the same for all ways to say it.
 */
#include <math.h>

#include "base/assert.h"
#include "base/rand.h"
#include "types/sample.h"
#include "types/zset_internal.h"

static const struct order_tree *tree_of(const struct value *v)
{
	return &((const struct zset_table *)v->ptr)->by_score;
}

/* --- by score and by member --- */

/* Whether an element stands before the range, or behind it. */
struct bounds {
	const struct zset_score_bounds *scores; /* NULL: by members */
	const struct zset_member_bounds *members;
};

static bool is_below(const struct bounds *b, struct bytes member, double score)
{
	if (b->scores != NULL)
		return b->scores->excludes_min ? score <= b->scores->min : score < b->scores->min;
	const struct zset_member_bound *min = &b->members->min;
	if (min->infinity != 0)
		return min->infinity > 0;
	int order = bytes_compare(member, min->text);
	return min->is_excluded ? order <= 0 : order < 0;
}

static bool is_above(const struct bounds *b, struct bytes member, double score)
{
	if (b->scores != NULL)
		return b->scores->excludes_max ? score >= b->scores->max : score > b->scores->max;
	const struct zset_member_bound *max = &b->members->max;
	if (max->infinity != 0)
		return max->infinity < 0;
	int order = bytes_compare(member, max->text);
	return max->is_excluded ? order >= 0 : order > 0;
}

static struct zset_range packed_range(const struct value *v, const struct bounds *b)
{
	struct zset_iter it;
	struct zset_range range = {0, 0};
	struct listpack_item member;
	char digits[NUM_I64_MAX_CHARS];
	double score;
	zset_iter_init(&it, v, 0, false);
	while (zset_next(&it, &member, &score)) {
		struct bytes text = listpack_item_text(&member, digits);
		if (range.first == range.behind && is_below(b, text, score)) {
			range.first = ++range.behind;
			continue;
		}
		if (is_above(b, text, score))
			break;
		range.behind++;
	}
	return range;
}

/* The same from the other end. */
static struct zset_range packed_range_backwards(const struct value *v, const struct bounds *b)
{
	struct zset_iter it;
	struct zset_range range = {0, 0};
	struct listpack_item member;
	char digits[NUM_I64_MAX_CHARS];
	double score;
	size_t rank = zset_length(v);
	zset_iter_init(&it, v, rank - 1, true);
	for (; zset_next(&it, &member, &score); rank--) {
		struct bytes text = listpack_item_text(&member, digits);
		if (range.behind == 0 && is_above(b, text, score))
			continue;
		if (is_below(b, text, score))
			break;
		if (range.behind == 0)
			range.behind = rank;
		range.first = rank - 1;
	}
	return range;
}

/* Whether the first member is not behind the bounds, and the last not before them. */
static bool packed_overlaps(const struct value *v, const struct bounds *b)
{
	struct zset_iter it;
	struct listpack_item member;
	char digits[NUM_I64_MAX_CHARS];
	double score;
	zset_iter_init(&it, v, 0, false);
	if (!zset_next(&it, &member, &score) ||
		is_above(b, listpack_item_text(&member, digits), score))
		return false;
	zset_iter_init(&it, v, zset_length(v) - 1, false);
	return zset_next(&it, &member, &score) &&
		!is_below(b, listpack_item_text(&member, digits), score);
}

static size_t rank_of_bound(const struct value *v, const struct zset_member_bound *b, bool behind)
{
	struct order_bound bound = {ORDER_BY_MEMBER, behind, 0, b->text};
	if (b->infinity != 0)
		return b->infinity < 0 ? 0 : zset_length(v);
	return order_tree_bound(tree_of(v), &bound).rank;
}

/* How many elements stand before a score, or (`behind`) before what is greater. The ends of the
 * line need no search: nothing is less than -inf or greater than +inf. */
static size_t rank_of_score(const struct value *v, double score, bool behind)
{
	if (score == -INFINITY && !behind)
		return 0;
	if (score == INFINITY && behind)
		return zset_length(v);
	struct order_bound bound = {ORDER_BY_SCORE, behind, score, {NULL, 0}};
	return order_tree_bound(tree_of(v), &bound).rank;
}

struct zset_range zset_range_by_score(const struct value *v, const struct zset_score_bounds *b)
{
	struct zset_range range = {0, 0};
	bool is_empty =
		b->min > b->max || (b->min == b->max && (b->excludes_min || b->excludes_max));
	if (v->ptr == NULL || is_empty)
		return range;
	if (v->encoding == ENC_LISTPACK) {
		struct bounds bounds = {b, NULL};
		return packed_range(v, &bounds);
	}
	range.first = rank_of_score(v, b->min, b->excludes_min);
	range.behind = rank_of_score(v, b->max, !b->excludes_max);
	return range;
}

struct zset_range zset_range_by_member(const struct value *v, const struct zset_member_bounds *b)
{
	struct zset_range range = {0, 0};
	if (v->ptr == NULL)
		return range;
	if (v->encoding == ENC_LISTPACK) {
		struct bounds bounds = {NULL, b};
		if (!packed_overlaps(v, &bounds))
			return range;
		return b->backwards ? packed_range_backwards(v, &bounds)
				    : packed_range(v, &bounds);
	}
	range.first = rank_of_bound(v, &b->min, b->min.is_excluded);
	range.behind = rank_of_bound(v, &b->max, !b->max.is_excluded);
	if (range.behind < range.first)
		range.behind = range.first;
	return range;
}

/* --- walks --- */

void zset_iter_init(struct zset_iter *it, const struct value *v, size_t rank, bool backwards)
{
	*it = (struct zset_iter){.zset = v, .backwards = backwards};
	if (rank >= zset_length(v))
		return;
	if (v->encoding == ENC_LISTPACK)
		it->at = listpack_seek(v->ptr, (int64_t)rank * 2);
	else {
		it->place = order_tree_at(tree_of(v), rank);
		order_place_prefetch(&it->place, backwards);
	}
}

static bool packed_next(struct zset_iter *it, struct listpack_item *member, double *score)
{
	if (it->at == NULL)
		return false;
	const unsigned char *score_at = listpack_next(it->at);
	bool is_score = zset_read_score(score_at, score);
	ASSERT(is_score);
	*member = listpack_get(it->at);
	if (!it->backwards) {
		it->at = listpack_next(score_at);
		return true;
	}
	it->at = listpack_prev(it->zset->ptr, it->at);
	if (it->at != NULL)
		it->at = listpack_prev(it->zset->ptr, it->at);
	return true;
}

static struct listpack_item item_member(const void *item)
{
	return (struct listpack_item){order_item_member(item), 0, false};
}

bool zset_next(struct zset_iter *it, struct listpack_item *member, double *score)
{
	if (it->zset->encoding == ENC_LISTPACK)
		return packed_next(it, member, score);
	const void *item = it->backwards ? order_place_prev(&it->place)
					 : order_place_next(&it->place);
	if (item == NULL)
		return false;
	*member = item_member(item);
	*score = order_item_score(item);
	return true;
}

/* --- samples and scans --- */

bool zset_random(const struct value *v, struct listpack_item *member, double *score)
{
	struct zset_iter it;
	size_t length = zset_length(v);
	if (length == 0)
		return false;
	zset_iter_init(&it, v, rand_below(length), false);
	return zset_next(&it, member, score);
}

struct item_visit {
	const struct zset_table *table;
	zset_visit *visit;
	void *context;
};

static void visit_item(void *item, void *context)
{
	const struct item_visit *i = context;
	if (zset_table_is_ghost(i->table, item))
		return;
	struct listpack_item member = item_member(item);
	i->visit(&member, order_item_score(item), i->context);
}

/* By rank where the dictionary holds ghosts, which may be most of it. */
static void *draw_item(const void *context)
{
	const struct zset_table *t = context;
	if (LIKELY(t->remnants == NULL))
		return dict_random(&t->by_member);
	struct order_place place =
		order_tree_at(&t->by_score, rand_below(order_tree_count(&t->by_score)));
	return order_place_next(&place);
}

void zset_sample(const struct value *v, size_t count, zset_visit *visit, void *context)
{
	struct zset_iter it;
	struct listpack_item member;
	double score;
	size_t left = zset_length(v);
	if (v->encoding != ENC_LISTPACK && sample_is_sparse(count, left)) {
		const struct zset_table *t = v->ptr;
		struct item_visit i = {t, visit, context};
		struct sample_source source = {draw_item, t};
		sample_distinct(&source, count, visit_item, &i);
		return;
	}
	/* A walk that takes each of what is left with the right chance. */
	zset_iter_init(&it, v, 0, false);
	for (; count > 0 && zset_next(&it, &member, &score); left--) {
		if (rand_below(left) >= count)
			continue;
		visit(&member, score, context);
		count--;
	}
}

uint64_t zset_scan(
	struct value *v, uint64_t cursor, size_t count, zset_visit *visit, void *context)
{
	struct zset_iter it;
	struct listpack_item member;
	double score;
	if (v->encoding != ENC_LISTPACK) {
		struct zset_table *t = v->ptr;
		struct item_visit i = {t, visit, context};
		return sample_scan(&t->by_member, cursor, count, visit_item, &i);
	}
	zset_iter_init(&it, v, 0, false);
	while (zset_next(&it, &member, &score))
		visit(&member, score, context);
	return 0;
}
