/* SPDX-License-Identifier: BSD-3-Clause
 *
 * store/entry: every layout into every other, with what both have kept.
 */
#include "../../../src/store/entry.c"

#include "fixture.h"

static void fill(struct entry *e, size_t inline_len)
{
	if (e->flags & ENTRY_EXPIRY)
		entry_set_expiry(e, 0x0102030405060708);
	if (e->flags & ENTRY_WORD)
		memset(entry_word_ptr(e), 'w', 8);
	memset(entry_inline(e), 'i', inline_len);
}

static void check(const struct entry *e, struct bytes key, unsigned kept, size_t kept_inline)
{
	assert_true(bytes_equal(entry_key(e), key));
	if (kept & ENTRY_EXPIRY)
		assert_int_equal(entry_expiry_ms(e), 0x0102030405060708);
	if (kept & ENTRY_WORD)
		assert_memory_equal(entry_word_ptr(e), "wwwwwwww", 8);
	for (size_t i = 0; i < kept_inline; i++)
		assert_int_equal(entry_inline(e)[i], 'i');
	assert_true(mem_usable_size(e) >= entry_size(e));
}

static void test_reshape(void **state)
{
	static const size_t keys[] = {0, 1, 16, 255, 256, 3000};
	static const size_t lens[] = {0, 1, 5, 16, 23, 24, 25, 40, 100, 4096};
	static char text[3000];
	size_t before = mem_used_bytes();
	(void)state;
	memset(text, 'k', sizeof(text));
	for (unsigned k = 0; k < 6; k++)
		for (unsigned from = 0; from < 4; from++)
			for (unsigned to = 0; to < 4; to++)
				for (unsigned i = 0; i < 100; i++) {
					struct bytes key = bytes_of(text, keys[k]);
					size_t a = from & ENTRY_WORD ? 0 : lens[i / 10];
					size_t b = to & ENTRY_WORD ? 0 : lens[i % 10];
					struct entry *e = entry_new(key, from, a);
					unsigned long_key = e->flags & ENTRY_LONG_KEY;
					assert_int_equal(long_key != 0, keys[k] > 255);
					fill(e, a);
					check(e, key, from, a);
					e = entry_reshape(e, to | long_key, b);
					assert_int_equal(e->inline_len, b);
					check(e, key, from & to, a < b ? a : b);
					entry_free(e);
				}
	assert_int_equal(mem_used_bytes(), before);
}

/* The header's promise: 40 bytes, and with an expiry 48. */
static void test_sizes(void **state)
{
	(void)state;
	assert_int_equal(sizeof(struct entry), 8);
	for (unsigned flags = 0; flags < 8; flags++)
		assert_int_equal(
			entry_head_bytes(flags), 8 + 8 * (size_t)__builtin_popcount(flags));
	struct entry *e = entry_new(BYTES("0123456789abcdef"), 0, 16);
	assert_int_equal(entry_size(e), 40);
	assert_true(mem_usable_size(e) <= 48);
	e = entry_reshape(e, ENTRY_EXPIRY, 16);
	assert_int_equal(entry_size(e), 48);
	assert_true(mem_usable_size(e) <= 56);
	entry_free(e);
}

static void test_memory(void **state)
{
	struct fixture f;
	(void)state;
	fixture_open(&f);
	struct value v = pile_new(10);
	struct entry *e = db_set_value(f.db, key_text("pile"), &v, EXPIRY_NONE);
	assert_int_equal(entry_memory_bytes(e, 0), mem_usable_size(e) + 320);
	e = set_text(f.db, "text", "some text", EXPIRY_NONE);
	assert_int_equal(entry_memory_bytes(e, 0), mem_usable_size(e));
	fixture_close(&f);
}

UNIT_MAIN(test_reshape, test_sizes, test_memory)
