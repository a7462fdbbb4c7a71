/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Sets against a naive array of texts, in every encoding and across the thresholds; their row;
 * their algebra against the naive one.
 */
#include "../../../src/types/set.c"

#include "row.h"
#include "set_model.h"

static void run_model(bool integers, uint64_t world, int steps)
{
	static struct model m;
	char scratch[512];
	struct value v = set_empty;
	m.count = 0;
	for (int i = 0; i < steps; i++) {
		struct bytes text = random_member(scratch, integers, world);
		assert_int_equal(set_has(&v, text), model_find(&m, text) != MODEL_MAX);
		if (rand_below(5) < 3)
			assert_int_equal(set_add(&v, text), model_add(&m, text));
		else
			assert_int_equal(set_remove(&v, text), model_remove(&m, text));
		if (i % 97 == 0)
			assert_same(&v, &m);
	}
	assert_same(&v, &m);
	if (m.count > 0)
		row_test(&set_ops, &v, 60);
	set_free(&v);
	model_clear(&m);
}

static void test_random_against_model(void **state)
{
	(void)state;
	rand_seed(21);
	run_model(true, 300, 1500);
	run_model(true, 3000, 3000);
	run_model(false, 100, 1000);
	run_model(false, 900, 3000);
	types_config.set_max_intset_entries = 8;
	types_config.set_max_listpack_entries = 20;
	types_config.set_max_listpack_value = 10;
	run_model(true, 40, 1000);
	run_model(false, 40, 1000);
	types_config.set_max_intset_entries = 0;
	types_config.set_max_listpack_entries = 0;
	run_model(true, 40, 300);
	types_config.set_max_intset_entries = 512;
	types_config.set_max_listpack_entries = 128;
	types_config.set_max_listpack_value = 64;
}

static void test_thresholds(void **state)
{
	(void)state;
	struct value v = set_empty;
	add_numbers(&v, 0, 512);
	assert_string_equal(set_ops.encoding(&v), "intset");
	add_numbers(&v, 512, 513);
	assert_string_equal(set_ops.encoding(&v), "hashtable");
	set_free(&v);
	v = set_empty;
	add_numbers(&v, 0, 127);
	assert_true(set_add(&v, BYTES("x")));
	assert_string_equal(set_ops.encoding(&v), "listpack");
	assert_true(set_add(&v, BYTES("y")));
	assert_string_equal(set_ops.encoding(&v), "hashtable");
	set_free(&v);
	v = set_empty;
	add_numbers(&v, 0, 128);
	set_add(&v, BYTES("x"));
	assert_string_equal(set_ops.encoding(&v), "hashtable");
	set_free(&v);
	v = set_empty;
	char text[65];
	memset(text, 'x', sizeof(text));
	set_add(&v, bytes_of(text, 64));
	assert_string_equal(set_ops.encoding(&v), "listpack");
	set_add(&v, bytes_of(text, 65));
	assert_string_equal(set_ops.encoding(&v), "hashtable");
	set_free(&v);
	v = set_empty;
	set_reserve(&v, BYTES("x"), 129);
	assert_string_equal(set_ops.encoding(&v), "hashtable");
	set_free(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_against_model),
		cmocka_unit_test(test_thresholds),
	};
	return cmocka_run_group_tests_name("set", tests, NULL, NULL);
}
