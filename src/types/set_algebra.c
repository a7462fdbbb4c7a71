/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The algebra of sets. An intersection walks the smallest set and asks the others, smallest first;
 * a union of a few sets gives a member when no earlier set has it. A difference walks the first set
 * and asks the others, or, when these are many and small, removes their members from a copy.
 */
#include "types/set_algebra.h"

#include <stdlib.h>

#define SET_UNITE_ASK_MAX 4

static int by_length(const void *a, const void *b)
{
	size_t left = set_length(a);
	size_t right = set_length(b);
	return left < right ? -1 : left > right;
}

static int by_length_falling(const void *a, const void *b)
{
	return by_length(b, a);
}

static bool any_has(const struct value *sets, size_t count, const struct listpack_item *item)
{
	for (size_t i = 0; i < count; i++)
		if (set_has_item(&sets[i], item))
			return true;
	return false;
}

static bool all_have(const struct value *sets, size_t count, const struct listpack_item *item)
{
	for (size_t i = 0; i < count; i++)
		if (!set_has_item(&sets[i], item))
			return false;
	return true;
}

void set_intersect(struct value *sets, size_t count, set_visit *visit, void *context)
{
	struct set_iter it;
	struct listpack_item item;
	qsort(sets, count, sizeof(sets[0]), by_length);
	set_iter_init(&it, &sets[0]);
	while (set_next(&it, &item))
		if (all_have(sets + 1, count - 1, &item) && !visit(&item, context))
			return;
}

void set_unite_into(const struct value *sets, size_t count, struct value *out)
{
	struct set_iter it;
	struct listpack_item item;
	for (size_t i = 0; i < count; i++) {
		set_iter_init(&it, &sets[i]);
		while (set_next(&it, &item))
			set_add_item(out, &item);
	}
}

/* With many sets a member is not looked for in all earlier ones but in what was given so far. */
static void unite_many(const struct value *sets, size_t count, set_visit *visit, void *context)
{
	struct set_iter it;
	struct listpack_item item;
	bool go_on = true;
	struct value given = set_empty;
	for (size_t i = 0; i < count && go_on; i++) {
		set_iter_init(&it, &sets[i]);
		while (go_on && set_next(&it, &item))
			if (set_add_item(&given, &item))
				go_on = visit(&item, context);
	}
	set_free(&given);
}

void set_unite(const struct value *sets, size_t count, set_visit *visit, void *context)
{
	struct set_iter it;
	struct listpack_item item;
	if (count > SET_UNITE_ASK_MAX) {
		unite_many(sets, count, visit, context);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		set_iter_init(&it, &sets[i]);
		while (set_next(&it, &item))
			if (!any_has(sets, i, &item) && !visit(&item, context))
				return;
	}
}

/* Walks a copy of the first set from which the others' members were removed. */
static void subtract_from_copy(
	const struct value *sets, size_t count, set_visit *visit, void *context)
{
	struct value left;
	struct set_iter it;
	struct listpack_item item;
	set_ops.copy(&sets[0], &left);
	for (size_t i = 1; i < count && set_length(&left) > 0; i++) {
		set_iter_init(&it, &sets[i]);
		while (set_next(&it, &item))
			set_remove_item(&left, &item);
	}
	set_iter_init(&it, &left);
	while (set_next(&it, &item) && visit(&item, context))
		;
	set_free(&left);
}

void set_subtract(struct value *sets, size_t count, set_visit *visit, void *context)
{
	struct set_iter it;
	struct listpack_item item;
	size_t first = set_length(&sets[0]);
	size_t all = 0;
	for (size_t i = 0; i < count; i++)
		all += set_length(&sets[i]);
	/* Asking costs about half of an insertion or removal. */
	if (first != 0 && (count - 1) / 2 > all / first) {
		subtract_from_copy(sets, count, visit, context);
		return;
	}
	if (count > 1)
		qsort(sets + 1, count - 1, sizeof(sets[0]), by_length_falling);
	set_iter_init(&it, &sets[0]);
	while (set_next(&it, &item))
		if (!any_has(sets + 1, count - 1, &item) && !visit(&item, context))
			return;
}
