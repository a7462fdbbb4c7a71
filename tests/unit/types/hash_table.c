/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The books of a table: how many pairs expire, and the bound before which none does.
 */
#include "../../../src/types/hash_table.c"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void take_out(struct hash_table *t, struct bytes field)
{
	uint64_t hash = hash_bytes(field.ptr, field.len);
	struct dict_place place = dict_find_place(&t->dict, hash, pair_is, &field);
	assert_non_null(place.bucket);
	hash_table_remove(t, hash, place);
}

static void test_books(void **state)
{
	(void)state;
	struct hash_table *t = hash_table_new(10);
	assert_int_equal(t->soonest_ms, HASH_NEVER);
	hash_table_insert(t, pair_new(BYTES("a"), BYTES("1"), HASH_NO_EXPIRY));
	assert_int_equal(t->expiring, 0);
	hash_table_insert(t, pair_new(BYTES("b"), BYTES("2"), 500));
	hash_table_insert(t, pair_new(BYTES("c"), BYTES("3"), 300));
	assert_int_equal(t->expiring, 2);
	assert_int_equal(t->soonest_ms, 300);
	take_out(t, BYTES("c"));
	assert_int_equal(t->expiring, 1);
	assert_true(t->soonest_ms <= 500);
	take_out(t, BYTES("b"));
	assert_int_equal(t->soonest_ms, HASH_NEVER);
	take_out(t, BYTES("a"));
	assert_int_equal(dict_count(&t->dict), 0);
	while (!hash_table_free_slice(t, 1))
		;
}

/* A pair's parts with and without an expiry, short and long. */
static void test_pairs(void **state)
{
	(void)state;
	static char text[300];
	static const size_t lens[] = {0, 1, 254, 255, 300};
	for (size_t f = 0; f < 5; f++) {
		for (size_t w = 0; w < 5; w++) {
			struct bytes field = bytes_of(text, lens[f]);
			struct bytes value = bytes_of(text, lens[w]);
			void *plain = pair_new(field, value, PAIR_NO_EXPIRY);
			void *expiring = pair_new(field, value, 12345);
			assert_int_equal(pair_expiry_ms(plain), PAIR_NO_EXPIRY);
			assert_int_equal(pair_expiry_ms(expiring), 12345);
			assert_int_equal(pair_size_of(expiring), pair_size_of(plain) + 8);
			void *copy = pair_copy(expiring);
			assert_int_equal(pair_expiry_ms(copy), 12345);
			assert_true(bytes_equal(pair_field(copy), field));
			assert_true(bytes_equal(pair_value(copy), value));
			assert_int_equal(pair_value(plain).len, lens[w]);
			assert_true(pair_is(plain, &field));
			pair_free(plain);
			pair_free(expiring);
			pair_free(copy);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_books),
		cmocka_unit_test(test_pairs),
	};
	return cmocka_run_group_tests_name("hash_table", tests, NULL, NULL);
}
