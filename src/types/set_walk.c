/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Walking, sampling and scanning sets: one face over an array, a listpack and a table. Nothing here
 * changes a set, and none of it may be used across a change.
 */
#include "types/set_internal.h"

#include "base/assert.h"
#include "base/rand.h"
#include "ds/intset.h"
#include "types/member.h"
#include "types/sample.h"

void set_iter_init(struct set_iter *it, const struct value *v)
{
	it->set = v;
	it->index = 0;
	it->at = NULL;
	if (v->ptr == NULL)
		return;
	if (v->encoding == ENC_LISTPACK)
		it->at = listpack_first(v->ptr);
	else if (v->encoding == ENC_HASHTABLE)
		dict_iter_init(&it->table, v->ptr);
}

static bool intset_next(struct set_iter *it, struct listpack_item *item)
{
	if (it->set->ptr == NULL || it->index == intset_count(it->set->ptr))
		return false;
	*item = listpack_item_i64(intset_get(it->set->ptr, it->index++));
	return true;
}

bool set_next(struct set_iter *it, struct listpack_item *item)
{
	if (it->set->encoding == ENC_HASHTABLE) {
		const void *member = it->set->ptr == NULL ? NULL : dict_iter_next(&it->table);
		if (member == NULL)
			return false;
		*item = (struct listpack_item){member_bytes(member), 0, false};
		return true;
	}
	if (it->set->encoding == ENC_INTSET)
		return intset_next(it, item);
	if (it->at == NULL)
		return false;
	*item = listpack_get(it->at);
	it->at = listpack_next(it->at);
	return true;
}

bool set_random(const struct value *v, struct listpack_item *item)
{
	size_t count = set_length(v);
	if (count == 0)
		return false;
	if (v->encoding == ENC_INTSET)
		*item = listpack_item_i64(intset_get(v->ptr, rand_below(count)));
	else if (v->encoding == ENC_LISTPACK)
		*item = listpack_get(listpack_random(v->ptr, 1));
	else
		*item = (struct listpack_item){member_bytes(dict_random(v->ptr)), 0, false};
	return true;
}

struct sample_visit {
	void (*visit)(const struct listpack_item *item, void *context);
	void *context;
};

static void visit_member(void *member, void *context)
{
	const struct sample_visit *s = context;
	struct listpack_item item = {member_bytes(member), 0, false};
	s->visit(&item, s->context);
}

void set_sample(const struct value *v, size_t count,
	void (*visit)(const struct listpack_item *item, void *context), void *context)
{
	struct set_iter it;
	struct listpack_item item;
	size_t left = set_length(v);
	if (v->encoding == ENC_HASHTABLE && sample_is_sparse(count, left)) {
		struct sample_visit s = {visit, context};
		sample_dict(v->ptr, count, visit_member, &s);
		return;
	}
	/* A walk that takes each of what is left with the right chance. */
	set_iter_init(&it, v);
	for (; count > 0 && set_next(&it, &item); left--) {
		if (rand_below(left) >= count)
			continue;
		visit(&item, context);
		count--;
	}
}

uint64_t set_scan(struct value *v, uint64_t cursor, size_t count,
	void (*visit)(const struct listpack_item *item, void *context), void *context)
{
	struct set_iter it;
	struct listpack_item item;
	if (v->encoding == ENC_HASHTABLE) {
		struct sample_visit s = {visit, context};
		return sample_scan(v->ptr, cursor, count, visit_member, &s);
	}
	set_iter_init(&it, v);
	while (set_next(&it, &item))
		visit(&item, context);
	return 0;
}
