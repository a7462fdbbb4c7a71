/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Every type of the server is tested as a row of type_ops, in each of its encodings: a type that is
 * registered without a maker of values here fails.
 */
#include "../../../src/server/wiring.c"

#include "../types/row.h"
#include "../unit.h"

#include "types/config.h"
#include "types/stream_group.h"

#define DAMAGE_ROUNDS 60

static struct bytes word_of(char *text, size_t size, int i)
{
	int len = snprintf(text, size, "%s%d", i % 3 == 0 ? "" : "word ", i * 7);
	return bytes_of(text, (size_t)len);
}

static struct value make_string(int count)
{
	struct value v = {.type = TYPE_STRING, .encoding = ENC_INT, .integer = -count};
	if (count < 1000)
		return v;
	struct buf text = {0};
	for (int i = 0; i < count; i++)
		buf_add_char(&text, (char)i);
	v = (struct value){
		.type = TYPE_STRING, .encoding = ENC_BLOB, .ptr = blob_of(buf_bytes(&text))};
	buf_release(&text);
	return v;
}

static struct value make_list(int count)
{
	struct value v = list_empty;
	char text[32];
	for (int i = 0; i < count; i++) {
		struct bytes word = word_of(text, sizeof(text), i);
		list_reserve(&v, &word, 1);
		list_push(&v, word, LIST_RIGHT);
	}
	return v;
}

static struct value make_set(int count)
{
	struct value v = set_empty;
	char text[32];
	for (int i = 0; i < count; i++)
		set_add(&v, word_of(text, sizeof(text), i));
	return v;
}

static struct value make_zset(int count)
{
	struct value v = zset_empty;
	char text[32];
	for (int i = 0; i < count; i++)
		zset_set(&v, word_of(text, sizeof(text), i), i % 5 - 2.5);
	return v;
}

/* Every fifth field expires, in a time to come. */
static struct value make_hash(int count)
{
	struct value v = hash_empty;
	char text[32];
	for (int i = 0; i < count; i++) {
		struct bytes word = word_of(text, sizeof(text), i);
		hash_set(&v, 1, word, word);
		if (i % 5 == 4)
			hash_set_expiry_ms(&v, word, 4102444800000 + i);
	}
	return v;
}

/* With a group, as its entries alone are not all of it. */
static struct value make_stream(int count)
{
	struct value v = stream_empty;
	struct stream_body *s = stream_of(&v);
	char text[32];
	for (int i = 0; i < count; i++) {
		struct bytes word = word_of(text, sizeof(text), i);
		struct bytes pair[] = {BYTES("field"), word};
		stream_add(s, (struct id){1 + (uint64_t)i / 3, (uint64_t)i}, pair, 1);
	}
	stream_group_create(s, BYTES("group"), (struct id){0, 0}, STREAM_READ_UNKNOWN);
	return v;
}

static struct value (*const makers[TYPE_COUNT])(int count) = {
	[TYPE_STRING] = make_string,
	[TYPE_LIST] = make_list,
	[TYPE_SET] = make_set,
	[TYPE_ZSET] = make_zset,
	[TYPE_HASH] = make_hash,
	[TYPE_STREAM] = make_stream,
};

static void test_every_row(void **state)
{
	static const int sizes[] = {1, 40, 3000};
	(void)state;
	rand_seed(9);
	param_set_defaults(types_params, &types_config);
	wiring_types();
	for (int type = 0; type < TYPE_COUNT; type++) {
		const struct type_ops *ops = type_table[type];
		assert_non_null(ops);
		assert_non_null(makers[type]);
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			struct value v = makers[type](sizes[i]);
			assert_int_equal(v.type, type);
			ops->check(&v);
			row_test(ops, &v, DAMAGE_ROUNDS);
			ops->free(&v);
		}
	}
}

UNIT_MAIN(test_every_row)
