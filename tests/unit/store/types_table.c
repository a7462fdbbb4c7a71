/* SPDX-License-Identifier: BSD-3-Clause
 *
 * store/types_table: a type is found by each of its tags and by no other.
 */
#include "../../../src/store/types_table.c"

#include "fixture.h"

static void register_nothing(void *arg)
{
	(void)arg;
	type_register(TYPE_SET, NULL);
}

static void test_tags(void **state)
{
	enum value_type type = TYPE_COUNT;
	(void)state;
	assert_null(type_by_tag(1, &type));
	type_register(TYPE_LIST, &pile_ops);
	assert_ptr_equal(type_by_tag(1, &type), &pile_ops);
	assert_int_equal(type, TYPE_LIST);
	assert_ptr_equal(type_by_tag(7, &type), &pile_ops);
	assert_null(type_by_tag(2, &type));
	assert_null(type_by_tag(0xff, &type));
	struct value v = {.type = TYPE_LIST};
	assert_ptr_equal(type_ops_of(&v), &pile_ops);
	assert_true(unit_aborts(register_nothing, NULL));
}

UNIT_MAIN(test_tags)
