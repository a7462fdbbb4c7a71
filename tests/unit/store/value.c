/* SPDX-License-Identifier: BSD-3-Clause
 *
 * store/value: blobs, their references and what a value gives back.
 */
#include "../../../src/store/value.c"

#include "fixture.h"

static void test_blob(void **state)
{
	size_t before = mem_used_bytes();
	(void)state;
	struct blob *b = blob_of(BYTES("hello"));
	assert_text_equal(b->data, blob_bytes(b).len, "hello");
	assert_true(b->cap >= 5);
	assert_ptr_equal(blob_hold(b), b);
	assert_int_equal(b->refs, 2);
	/* Shared: a writer gets its own, the reader's stays. */
	struct blob *own = blob_make_writable(b, 100);
	assert_ptr_not_equal(own, b);
	assert_int_equal(b->refs, 1);
	assert_true(own->cap >= 100);
	assert_int_equal(own->len, 5);
	own->data[0] = 'j';
	assert_int_equal(b->data[0], 'h');
	/* Alone and large enough: the same one. */
	assert_ptr_equal(blob_make_writable(own, 50), own);
	own = blob_make_writable(own, 100000);
	assert_true(own->cap >= 100000);
	assert_memory_equal(own->data, "jello", 5);
	blob_drop(own);
	blob_drop(b);
	b = blob_new(0, 0);
	b = blob_make_writable(b, 0);
	blob_drop(b);
	assert_int_equal(mem_used_bytes(), before);
}

static void drop_twice(void *arg)
{
	struct blob *b = arg;
	b->refs = 0;
	blob_drop(b);
}

static void test_misuse(void **state)
{
	struct blob *b = blob_of(BYTES("x"));
	(void)state;
	assert_true(unit_aborts(drop_twice, b));
	blob_drop(b);
}

static void test_value_string(void **state)
{
	char scratch[NUM_I64_MAX_CHARS];
	(void)state;
	struct value v = {.type = TYPE_STRING, .encoding = ENC_INT, .integer = INT64_MIN};
	struct bytes text = value_string(&v, scratch);
	assert_text_equal(text.ptr, text.len, "-9223372036854775808");
	v = (struct value){.type = TYPE_STRING, .encoding = ENC_INLINE, .string = BYTES("inline")};
	text = value_string(&v, scratch);
	assert_text_equal(text.ptr, text.len, "inline");
	value_release(&v);
	v = (struct value){
		.type = TYPE_STRING, .encoding = ENC_BLOB, .ptr = blob_of(BYTES("blob"))};
	text = value_string(&v, scratch);
	assert_text_equal(text.ptr, text.len, "blob");
	value_release(&v);
	assert_int_equal(v.encoding, ENC_INT);
	value_release(&v);
	type_register(TYPE_LIST, &pile_ops);
	v = pile_new(5);
	value_release(&v);
	assert_int_equal(piles_alive, 0);
}

UNIT_MAIN(test_blob, test_misuse, test_value_string)
