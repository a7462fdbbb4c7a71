/* SPDX-License-Identifier: BSD-3-Clause
 *
 * base/bytes.h and base/list.h: the inline ground that everything includes.
 */
#include "base/bytes.h"
#include "base/list.h"

#include "../unit.h"

static void test_equal_and_compare(void **state)
{
	struct bytes none = {NULL, 0};
	(void)state;
	assert_true(bytes_equal(none, BYTES("")));
	assert_true(bytes_equal(BYTES("a\0b"), bytes_of("a\0b", 3)));
	assert_false(bytes_equal(BYTES("a"), BYTES("ab")));
	assert_false(bytes_equal(BYTES("a"), BYTES("b")));
	assert_int_equal(bytes_compare(none, none), 0);
	assert_true(bytes_compare(BYTES("a"), BYTES("ab")) < 0);
	assert_true(bytes_compare(BYTES("b"), BYTES("ab")) > 0);
	assert_true(bytes_compare(BYTES("\xff"), BYTES("a")) > 0);
	assert_true(bytes_compare(BYTES(""), none) == 0);
}

static void test_words(void **state)
{
	(void)state;
	assert_true(bytes_is(BYTES("GeT"), "get"));
	assert_true(bytes_is(BYTES(""), ""));
	assert_false(bytes_is(BYTES("ge"), "get"));
	assert_false(bytes_is(BYTES("gets"), "get"));
	assert_false(bytes_is(bytes_of("get\0", 4), "get"));
	assert_false(bytes_is(BYTES("[et"), "{et"));
	for (int c = -128; c < 128; c++)
		assert_int_equal(ascii_lower((char)c), c >= 'A' && c <= 'Z' ? c + 32 : c);
}

struct item {
	int value;
	struct link link;
};

static void test_copy_short(void **state)
{
	char from[64], to[66];
	(void)state;
	for (size_t i = 0; i < sizeof(from); i++)
		from[i] = (char)('0' + i);
	for (size_t len = 0; len < 64; len++) {
		memset(to, '.', sizeof(to));
		bytes_copy_short(to + 1, from, len);
		assert_memory_equal(to + 1, from, len);
		assert_int_equal(to[0], '.');
		assert_int_equal(to[len + 1], '.');
	}
}

static void test_list(void **state)
{
	struct link head;
	struct item items[10];
	int sum = 0, seen = 0;
	(void)state;
	link_init(&head);
	assert_true(link_is_empty(&head));
	for (int i = 0; i < 10; i++) {
		items[i].value = i;
		link_init(&items[i].link);
		assert_false(link_is_linked(&items[i].link));
		if (i % 2)
			link_add_tail(&head, &items[i].link);
		else
			link_add_head(&head, &items[i].link);
	}
	/* 8 6 4 2 0 1 3 5 7 9; taking elements out while walking is allowed. */
	LINK_EACH(it, after, &head) {
		struct item *item = LINK_OWNER(it, struct item, link);
		sum = sum * 3 + item->value;
		seen++;
		if (item->value % 3 == 0)
			link_remove(it);
	}
	assert_int_equal(seen, 10);
	int expected = 0;
	for (int i = 8; i >= 0; i -= 2)
		expected = expected * 3 + i;
	for (int i = 1; i < 10; i += 2)
		expected = expected * 3 + i;
	assert_int_equal(sum, expected);
	seen = 0;
	LINK_EACH(it, after, &head)
		seen += LINK_OWNER(it, struct item, link)->value % 3 != 0;
	assert_int_equal(seen, 6);
	assert_false(link_is_linked(&items[9].link));
	link_remove(&items[9].link);
	LINK_EACH(it, after, &head)
		link_remove(it);
	assert_true(link_is_empty(&head));
}

UNIT_MAIN(test_equal_and_compare, test_words, test_copy_short, test_list)
