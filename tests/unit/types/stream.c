/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Streams against naive arrays of entries: adding, deleting, trimming in all ways, walks from and
 * to anywhere, both ways; ids; and the row of the type over all of it.
 */
#include "../../../src/types/stream.c"

#include "../unit.h"
#include "base/rand.h"
#include "row.h"
#include "types/stream_group.h"

#define MODEL_MAX 3000

struct model_entry {
	struct id id;
	unsigned fields;
	unsigned seed; /* names and values follow from it */
};

static struct model_entry model[MODEL_MAX];
static size_t model_count;
static struct id model_max_deleted;

/* The name or value `i` of an entry: numbers, short and long texts, few different names. */
static struct bytes word_of(unsigned seed, unsigned i, char *scratch)
{
	unsigned pick = i % 2 == 0 ? i / 2 + seed % 3 : seed * 31 + i;
	size_t len = 0;
	if (pick % 5 == 0)
		return bytes_of(scratch, num_print_i64(scratch, (int64_t)pick * pick - 300));
	len = pick % 17 == 1 ? 200 : pick % 11;
	for (size_t j = 0; j < len; j++)
		scratch[j] = (char)('a' + (pick + j) % 26);
	return bytes_of(scratch, len);
}

static void add(struct stream_body *s, struct id id, unsigned fields, unsigned seed)
{
	static char texts[64][256];
	struct bytes pairs[64];
	for (unsigned i = 0; i < 2 * fields; i++)
		pairs[i] = word_of(seed, i, texts[i]);
	bool is_small = id_compare(id, s->last) <= 0;
	assert_int_equal(
		stream_add(s, id, pairs, fields), is_small ? STREAM_ID_SMALL : STREAM_ADDED);
	if (!is_small)
		model[model_count++] = (struct model_entry){id, fields, seed};
}

static void assert_entry(struct stream_entry *e, const struct model_entry *m)
{
	char wanted[256], got[NUM_I64_MAX_CHARS];
	assert_int_equal(id_compare(e->id, m->id), 0);
	assert_int_equal(e->fields, m->fields);
	for (unsigned i = 0; i < m->fields; i++) {
		struct listpack_item name, value;
		stream_entry_field(e, &name, &value);
		assert_true(bytes_equal(
			listpack_item_text(&name, got), word_of(m->seed, 2 * i, wanted)));
		assert_true(bytes_equal(
			listpack_item_text(&value, got), word_of(m->seed, 2 * i + 1, wanted)));
	}
}

static void assert_range(const struct stream_body *s, struct id from, struct id to)
{
	struct stream_iter it;
	size_t first = 0;
	while (first < model_count && id_compare(model[first].id, from) < 0)
		first++;
	size_t behind = first;
	while (behind < model_count && id_compare(model[behind].id, to) <= 0)
		behind++;
	stream_iter_init(&it, s, from, to, false);
	for (size_t i = first; i < behind; i++) {
		assert_true(stream_next(&it));
		/* A walk does not depend on how far an entry was read. */
		if (i % 3 != 0)
			assert_entry(&it.entry, &model[i]);
		else
			assert_int_equal(id_compare(it.entry.id, model[i].id), 0);
	}
	assert_false(stream_next(&it));
	stream_iter_init(&it, s, from, to, true);
	for (size_t i = behind; i > first; i--) {
		assert_true(stream_next(&it));
		assert_entry(&it.entry, &model[i - 1]);
	}
	assert_false(stream_next(&it));
}

static void assert_same(const struct value *v)
{
	const struct stream_body *s = v->ptr;
	struct id least = ID_LEAST;
	stream_ops.check(v);
	assert_int_equal(s->length, model_count);
	assert_range(s, ID_LEAST, ID_GREATEST);
	assert_int_equal(id_compare(s->max_deleted, model_max_deleted), 0);
	assert_int_equal(id_compare(s->first, model_count > 0 ? model[0].id : least), 0);
	assert_int_equal(id_compare(stream_last_live(s),
				 model_count > 0 ? model[model_count - 1].id : least),
		0);
}

static void forget(size_t from, size_t count)
{
	model_count -= count;
	memmove(&model[from], &model[from + count], (model_count - from) * sizeof(model[0]));
}

static void delete_id(struct stream_body *s, struct id id)
{
	struct stream_entry e;
	size_t at = 0;
	while (at < model_count && id_compare(model[at].id, id) != 0)
		at++;
	bool is_there = at < model_count;
	assert_int_equal(stream_find(s, id, &e), is_there);
	if (is_there)
		assert_entry(&e, &model[at]);
	assert_int_equal(stream_delete(s, id), is_there);
	if (!is_there)
		return;
	if (id_compare(id, model_max_deleted) > 0)
		model_max_deleted = id;
	forget(at, 1);
}

/* What an exact trim leaves is known; of an approximate one, what it may have done. */
static void trim(struct stream_body *s)
{
	struct stream_trim t = {.by_id = rand_below(2), .is_approx = rand_below(2)};
	struct value cut;
	size_t most = 0;
	if (t.by_id) {
		t.min_id = (struct id){s->first.ms + rand_below(60), rand_below(3)};
		while (most < model_count && id_compare(model[most].id, t.min_id) < 0)
			most++;
	} else {
		t.max_length = model_count < 50 ? rand_below(60) : model_count - rand_below(50);
		most = model_count > t.max_length ? model_count - t.max_length : 0;
	}
	if (t.is_approx && rand_below(2))
		t.limit = rand_below(40) + 1;
	size_t length = s->length;
	size_t trimmed = (size_t)stream_trim(s, &t, &cut);
	assert_int_equal(s->length, length - trimmed);
	if (t.is_approx)
		assert_true(trimmed <= most && (t.limit == 0 || trimmed <= t.limit));
	else
		assert_int_equal(trimmed, most);
	/* Nothing more was to go: the first piece holds more than what is left to trim. */
	if (t.is_approx && t.limit == 0 && !t.by_id && s->length > 0)
		assert_true(stream_piece_live(id_place_item(id_tree_first(&s->pieces))->ptr) >
			    most - trimmed);
	if (cut.ptr != NULL)
		stream_ops.free(&cut);
	forget(0, trimmed);
}

static struct id next_id(const struct stream_body *s)
{
	uint64_t ms = s->last.ms + (rand_below(3) == 0 ? rand_below(5) : 0);
	uint64_t seq = ms == s->last.ms ? s->last.seq + rand_below(3) : rand_below(9);
	return (struct id){ms, seq};
}

static void step(struct stream_body *s)
{
	uint64_t pick = rand_below(100);
	if (pick < 70 && model_count < MODEL_MAX) {
		add(s, next_id(s), (unsigned)rand_below(5) + 1, (unsigned)rand_below(1000));
	} else if (pick < 96) {
		struct id id = model_count == 0 || rand_below(5) == 0
				       ? (struct id){rand_below(s->last.ms + 1), rand_below(9)}
				       : model[rand_below(model_count)].id;
		delete_id(s, id);
	} else {
		trim(s);
	}
}

static void test_model(void **state)
{
	(void)state;
	for (int round = 0; round < 8; round++) {
		struct value v = stream_empty;
		struct stream_body *s = stream_of(&v);
		types_config.stream_node_max_entries = (int[]){100, 3, 1, 10}[round % 4];
		types_config.stream_node_max_bytes = round % 3 == 0 ? 300 : 4096;
		model_count = 0;
		model_max_deleted = ID_LEAST;
		for (int i = 0; i < 1500; i++) {
			step(s);
			if (i % 50 != 0)
				continue;
			assert_same(&v);
			struct id from = {rand_below(s->last.ms + 2), rand_below(9)};
			assert_range(s, from, (struct id){from.ms + rand_below(50), rand_below(9)});
		}
		row_test(&stream_ops, &v, 30);
		stream_ops.free(&v);
	}
	types_config.stream_node_max_entries = 100;
	types_config.stream_node_max_bytes = 4096;
}

static void test_ids(void **state)
{
	char text[STREAM_ID_MAX_CHARS];
	struct id id = {5, UINT64_MAX};
	(void)state;
	assert_true(stream_id_next(&id));
	assert_true(id.ms == 6 && id.seq == 0);
	assert_true(stream_id_prev(&id));
	assert_true(id.ms == 5 && id.seq == UINT64_MAX);
	id = ID_GREATEST;
	assert_false(stream_id_next(&id));
	assert_int_equal(stream_id_print(text, id), STREAM_ID_MAX_CHARS);
	assert_memory_equal(text, "18446744073709551615-18446744073709551615", 41);
	id = ID_LEAST;
	assert_false(stream_id_prev(&id));
	assert_int_equal(stream_id_print(text, id), 3);
}

/* Entries that no piece holds together with others, and one that is refused. */
static void test_large(void **state)
{
	struct value v = stream_empty;
	struct stream_body *s = stream_of(&v);
	size_t len = 3000;
	char *text = mem_alloc(len);
	struct bytes pair[2] = {BYTES("f"), bytes_of(text, len)};
	(void)state;
	memset(text, 'x', len);
	for (uint64_t i = 1; i <= 5; i++)
		assert_int_equal(stream_add(s, (struct id){i, 0}, pair, 1), STREAM_ADDED);
	assert_int_equal(id_tree_count(&s->pieces), 5);
	/* Its bytes are not looked at. */
	pair[1].len = STREAM_PIECE_MAX_BYTES;
	assert_int_equal(stream_add(s, (struct id){9, 0}, pair, 1), STREAM_TOO_LARGE);
	assert_int_equal(s->added, 5);
	stream_ops.check(&v);
	stream_ops.free(&v);
	mem_free(text);
}

static void test_names(void **state)
{
	static struct bytes names[] = {
		BYTES("m"), BYTES(""), BYTES("a"), BYTES("zz"), BYTES("z"), BYTES("b")};
	static const char *const order[] = {"", "a", "b", "m", "z", "zz"};
	struct stream_names list = {0};
	size_t at;
	(void)state;
	for (size_t i = 0; i < 6; i++) {
		assert_null(stream_names_find(&list, names[i], &at));
		stream_names_insert(&list, at, &names[i]);
	}
	for (size_t i = 0; i < 6; i++) {
		assert_true(bytes_is(*(struct bytes *)list.items[i], order[i]));
		assert_ptr_equal(stream_names_find(&list, names[i], &at), &names[i]);
		assert_ptr_equal(list.items[at], &names[i]);
	}
	while (list.count > 0)
		stream_names_remove(&list, list.count / 2);
	assert_null(list.items);
}

UNIT_MAIN(test_model, test_ids, test_large, test_names)
