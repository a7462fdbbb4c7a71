/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The algebra of sorted sets. Results are gathered in the dictionary of a table, where scores may
 * change for nothing, and put in order once at the end.
 *
 * Sources are added up from the smallest to the largest: with floating point numbers the order is
 * part of the result. What would be no number counts as zero.
 */
#include "types/zset_algebra.h"

#include <math.h>
#include <stdlib.h>

#include "types/set.h"
#include "types/zset_internal.h"

size_t zset_source_length(const struct zset_source *s)
{
	return s->value.type == TYPE_SET ? set_length(&s->value) : zset_length(&s->value);
}

static int by_length(const void *a, const void *b)
{
	size_t left = zset_source_length(a);
	size_t right = zset_source_length(b);
	return left < right ? -1 : left > right;
}

/* --- walking and asking a source --- */

struct source_iter {
	bool is_set;
	struct set_iter set;
	struct zset_iter zset;
};

static void source_iter_init(struct source_iter *it, const struct zset_source *s)
{
	it->is_set = s->value.type == TYPE_SET;
	if (it->is_set)
		set_iter_init(&it->set, &s->value);
	else
		zset_iter_init(&it->zset, &s->value, 0, false);
}

static bool source_next(struct source_iter *it, struct listpack_item *member, double *score)
{
	*score = 1;
	return it->is_set ? set_next(&it->set, member) : zset_next(&it->zset, member, score);
}

/* False when it is not there. */
static bool source_score(const struct zset_source *s, struct bytes member, double *score)
{
	*score = 1;
	return s->value.type == TYPE_SET ? set_has(&s->value, member)
					 : zset_score(&s->value, member, score);
}

/* --- scores --- */

static double weighted(double weight, double score)
{
	double product = weight * score;
	return isnan(product) ? 0 : product;
}

static double aggregate(enum zset_aggregate how, double a, double b)
{
	if (how == ZSET_MIN)
		return b < a ? b : a;
	if (how == ZSET_MAX)
		return b > a ? b : a;
	/* inf + -inf */
	return isnan(a + b) ? 0 : a + b;
}

/* --- results --- */

/* Puts the gathered items in order. Consumes the table. */
static void finish(struct zset_table *t, struct value *out)
{
	struct dict_iter it;
	void *item;
	*out = (struct value){.type = TYPE_ZSET, .encoding = ENC_SKIPLIST, .ptr = t};
	dict_iter_init(&it, &t->by_member);
	while ((item = dict_iter_next(&it)) != NULL)
		order_tree_insert(&t->by_score, item);
	if (zset_length(out) > 0)
		return;
	zset_free(out);
	*out = zset_empty;
}

void zset_unite(struct zset_source *sources, size_t count, enum zset_aggregate how,
	struct value *out)
{
	struct source_iter it;
	struct listpack_item member;
	char digits[NUM_I64_MAX_CHARS];
	double score;
	qsort(sources, count, sizeof(sources[0]), by_length);
	struct zset_table *t = zset_table_new(zset_source_length(&sources[count - 1]));
	for (size_t i = 0; i < count; i++) {
		source_iter_init(&it, &sources[i]);
		while (source_next(&it, &member, &score)) {
			struct bytes text = listpack_item_text(&member, digits);
			struct zset_member key = zset_member_of(text);
			void *item = zset_table_find(t, key);
			score = weighted(sources[i].weight, score);
			if (item == NULL)
				zset_table_add(t, key, score);
			else
				order_item_set_score(
					item, aggregate(how, order_item_score(item), score));
		}
	}
	finish(t, out);
}

/* The score of a member that all sources have; false: one has it not. */
static bool in_all(const struct zset_source *sources, size_t count, struct bytes member,
	enum zset_aggregate how, double *score)
{
	*score = weighted(sources[0].weight, *score);
	for (size_t i = 1; i < count; i++) {
		double other;
		if (!source_score(&sources[i], member, &other))
			return false;
		*score = aggregate(how, *score, sources[i].weight * other);
	}
	return true;
}

void zset_intersect(struct zset_source *sources, size_t count, enum zset_aggregate how,
	struct value *out)
{
	struct source_iter it;
	struct listpack_item member;
	char digits[NUM_I64_MAX_CHARS];
	double score;
	struct zset_table *t = zset_table_new(0);
	qsort(sources, count, sizeof(sources[0]), by_length);
	source_iter_init(&it, &sources[0]);
	while (source_next(&it, &member, &score)) {
		struct bytes text = listpack_item_text(&member, digits);
		if (!in_all(sources, count, text, how, &score))
			continue;
		zset_table_add(t, zset_member_of(text), score);
	}
	finish(t, out);
}

size_t zset_intersect_count(struct zset_source *sources, size_t count, size_t limit)
{
	struct source_iter it;
	struct listpack_item member;
	char digits[NUM_I64_MAX_CHARS];
	double score;
	size_t seen = 0;
	qsort(sources, count, sizeof(sources[0]), by_length);
	source_iter_init(&it, &sources[0]);
	while (source_next(&it, &member, &score)) {
		struct bytes text = listpack_item_text(&member, digits);
		if (in_all(sources, count, text, ZSET_SUM, &score) && ++seen == limit)
			break;
	}
	return seen;
}

void zset_subtract(const struct zset_source *sources, size_t count, struct value *out)
{
	struct source_iter it;
	struct listpack_item member;
	char digits[NUM_I64_MAX_CHARS];
	double score, other;
	struct zset_table *t = zset_table_new(0);
	source_iter_init(&it, &sources[0]);
	while (source_next(&it, &member, &score)) {
		struct bytes text = listpack_item_text(&member, digits);
		size_t i = 1;
		while (i < count && !source_score(&sources[i], text, &other))
			i++;
		if (i < count)
			continue;
		zset_table_add(t, zset_member_of(text), score);
	}
	finish(t, out);
}
