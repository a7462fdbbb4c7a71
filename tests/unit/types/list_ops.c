/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Bodies of lists: old ones, foreign sizes, those that must be refused; lists as commands.
 */
#include "../../../src/types/list_ops.c"

#include "base/mem.h"
#include "base/rand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define MODEL_MAX 1200

struct model {
	uint32_t ids[MODEL_MAX];
	size_t count;
};

static struct bytes text_of(uint32_t id, char *scratch)
{
	if (id % 3 == 0)
		return bytes_of(scratch, num_print_i64(scratch, (int64_t)id * id * id));
	size_t len = id % 40 == 1 ? 100 + id % 300 : id % 30;
	memset(scratch, 'a' + (int)(id % 26), len);
	if (len > 4)
		memcpy(scratch, &id, 4);
	return bytes_of(scratch, len);
}

static void push(struct value *v, struct bytes text)
{
	list_reserve(v, &text, 1);
	list_push(v, text, LIST_RIGHT);
}

/* Old and odd bodies. */
static void test_decode(void **state)
{
	(void)state;
	struct value v;
	struct listpack_item item;
	/* One ziplist node ["a", 3], as list-quicklist and as list-ziplist. */
	const struct bytes ziplist = BYTES("\x10\x10\0\0\0\x0d\0\0\0\2\0\0\x01"
					   "a\x03\xf4\xff");
	const struct bytes old_list = BYTES("\x02\x01"
					    "a\xc0\x03");
	const struct bytes two_nodes = BYTES("\x02\x01\x01"
					     "a\x02\x09\x09\0\0\0\1\0\3\1\xff");
	const struct {
		uint8_t tag;
		const struct bytes *body;
	} good[] = {{10, &ziplist}, {1, &old_list}, {18, &two_nodes}};
	for (size_t i = 0; i < 3; i++) {
		struct codec_reader r = codec_reader_of(*good[i].body);
		assert_true(list_ops.decode(good[i].tag, &r, &v));
		assert_int_equal(list_length(&v), 2);
		assert_true(list_peek(&v, LIST_RIGHT, &item));
		char digits[NUM_I64_MAX_CHARS];
		assert_true(bytes_equal(listpack_item_text(&item, digits), BYTES("3")));
		assert_true(list_peek(&v, LIST_LEFT, &item));
		assert_true(bytes_equal(item.text, BYTES("a")));
		list_free(&v);
	}
}

/* A foreign node beyond our sizes is taken apart; empty nodes are skipped; nothing left is refused.
 */
static void test_decode_limits(void **state)
{
	(void)state;
	struct value v;
	unsigned char *lp = listpack_new();
	struct listpack_item words[100];
	for (int i = 0; i < 100; i++)
		words[i] = listpack_item_of(BYTES("word"));
	for (int i = 0; i < 400; i++) {
		unsigned char *at = NULL;
		lp = listpack_insert_batch(lp, &at, words, 100);
	}
	struct buf body = {0};
	struct codec_writer w = {.out = &body};
	codec_write_length(&w, 2);
	codec_write_length(&w, 2);
	codec_write_string(&w, BYTES("\x07\0\0\0\0\0\xff"));
	codec_write_length(&w, 2);
	codec_write_string(&w, bytes_of(lp, listpack_bytes(lp)));
	struct codec_reader r = codec_reader_of(buf_bytes(&body));
	assert_true(list_ops.decode(18, &r, &v));
	assert_int_equal(list_length(&v), 40000);
	assert_true(((struct quicklist *)v.ptr)->nodes > 20);
	list_ops.check(&v);
	list_free(&v);
	r = codec_reader_of(BYTES("\x01\x02\x07\x07\0\0\0\0\0\xff"));
	assert_false(list_ops.decode(18, &r, &v));
	r = codec_reader_of(BYTES("\x01\x03\x01"
				  "a"));
	assert_false(list_ops.decode(18, &r, &v));
	listpack_free(lp);
	buf_release(&body);
}

static int emitted;

static void check_emit(const struct bytes *argv, int argc, void *context)
{
	char scratch[512];
	const struct model *m = context;
	assert_true(bytes_equal(argv[0], BYTES("RPUSH")));
	assert_true(argc > 2 && argc <= 66);
	for (int i = 2; i < argc; i++)
		assert_true(bytes_equal(argv[i], text_of(m->ids[emitted++], scratch)));
}

static void test_rewrite(void **state)
{
	(void)state;
	static struct model m;
	char scratch[512];
	struct value v = list_empty;
	types_config.list_max_listpack_size = 20;
	types_config.list_compress_depth = 1;
	for (m.count = 0; m.count < 300; m.count++) {
		m.ids[m.count] = (uint32_t)m.count * 7;
		push(&v, text_of(m.ids[m.count], scratch));
		emitted = 0;
		if (m.count % 70 == 9)
			list_ops.rewrite(BYTES("k"), &v, check_emit, &m);
	}
	emitted = 0;
	list_ops.rewrite(BYTES("k"), &v, check_emit, &m);
	assert_int_equal(emitted, 300);
	list_free(&v);
	types_config.list_max_listpack_size = -2;
	types_config.list_compress_depth = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_decode_limits),
		cmocka_unit_test(test_rewrite),
	};
	return cmocka_run_group_tests_name("list_ops", tests, NULL, NULL);
}
