/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Expiring fields against a naive array of (field, value, expiry), in both forms and across the
 * change; the row with expiries; the sweep finds all, in small steps.
 */
#include "../../../src/types/hash_expiry.c"

#include "row.h"
#include "types/config.h"

#define FIELDS 400

struct model {
	bool is_there[FIELDS];
	int64_t value[FIELDS];
	int64_t expiry[FIELDS];
};

/* Every seventh is an integer to the listpack. */
static struct bytes field_of(int i, char *scratch)
{
	size_t len = num_print_i64(scratch, i);
	if (i % 7 != 0)
		memcpy(scratch + len++, "f", 1);
	return bytes_of(scratch, len);
}

static int number_of(struct bytes field)
{
	int64_t number;
	if (field.ptr[field.len - 1] == 'f')
		field.len--;
	assert_true(num_parse_i64(field, &number));
	return (int)number;
}

static bool is_live(const struct model *m, int i, int64_t now)
{
	return m->is_there[i] && (m->expiry[i] == HASH_NO_EXPIRY || m->expiry[i] > now);
}

static void assert_same(const struct value *v, const struct model *m, int64_t now)
{
	struct hash_iter it;
	struct listpack_item field, value;
	char scratch[NUM_I64_MAX_CHARS + 1];
	char digits[NUM_I64_MAX_CHARS];
	int live = 0;
	int there = 0;
	int64_t soonest = HASH_NEVER;
	hash_ops.check(v);
	for (int i = 0; i < FIELDS; i++) {
		struct bytes text = field_of(i, scratch);
		enum hash_state state = hash_get(v, now, text, &value);
		assert_int_equal(state,
			!m->is_there[i]              ? HASH_MISSING
				: is_live(m, i, now) ? HASH_LIVE
						     : HASH_EXPIRED);
		assert_int_equal(
			hash_expiry_ms(v, text), m->is_there[i] ? m->expiry[i] : HASH_NO_FIELD);
		if (state == HASH_LIVE) {
			int64_t number;
			assert_true(num_parse_i64(listpack_item_text(&value, digits), &number));
			assert_int_equal(number, m->value[i]);
		}
		live += state == HASH_LIVE;
		there += m->is_there[i];
		if (m->is_there[i] && m->expiry[i] != HASH_NO_EXPIRY && m->expiry[i] < soonest)
			soonest = m->expiry[i];
	}
	assert_int_equal(hash_length(v), there);
	assert_true(hash_soonest_ms(v) <= soonest);
	assert_int_equal(hash_soonest_ms(v) == HASH_NEVER, soonest == HASH_NEVER);
	hash_iter_init(&it, v, now);
	for (; hash_next(&it, &field, &value); live--)
		assert_true(is_live(m, number_of(listpack_item_text(&field, scratch)), now));
	assert_int_equal(live, 0);
}

struct gone {
	struct model *m;
	int64_t now;
	size_t count;
};

static void forget(struct bytes field, void *context)
{
	struct gone *g = context;
	int i = number_of(field);
	assert_true(g->m->is_there[i] && !is_live(g->m, i, g->now));
	g->m->is_there[i] = false;
	g->count++;
}

static void change(struct value *v, struct model *m, int64_t now)
{
	char scratch[NUM_I64_MAX_CHARS + 1];
	char digits[NUM_I64_MAX_CHARS];
	int i = (int)rand_below(FIELDS);
	struct bytes field = field_of(i, scratch);
	int64_t number = (int64_t)(rand_u64() >> rand_below(60)) / 2;
	struct bytes value = bytes_of(digits, num_print_i64(digits, number));
	uint64_t kind = rand_below(10);
	if (kind < 4) {
		assert_int_equal(hash_set(v, now, field, value), !is_live(m, i, now));
		m->is_there[i] = true;
		m->value[i] = number;
		m->expiry[i] = HASH_NO_EXPIRY;
	} else if (kind == 4) {
		assert_int_equal(hash_delete(v, field), m->is_there[i]);
		m->is_there[i] = false;
	} else if (kind == 5 && m->is_there[i]) {
		hash_update(v, field, value);
		m->value[i] = number;
	} else if (m->is_there[i]) {
		int64_t at = kind == 6 ? HASH_NO_EXPIRY : now - 5 + (int64_t)rand_below(200);
		at = at == 0 ? 1 : at;
		hash_set_expiry_ms(v, field, at);
		m->expiry[i] = at;
	}
}

static void run_model(int steps)
{
	static struct model m;
	memset(&m, 0, sizeof(m));
	struct value v = hash_empty;
	int64_t now = 1000;
	for (int i = 0; i < steps; i++) {
		change(&v, &m, now);
		now += rand_below(20) == 0;
		if (i % 50 == 0)
			assert_same(&v, &m, now);
		if (rand_below(40) == 0) {
			struct gone g = {&m, now, 0};
			size_t max = rand_below(10);
			size_t deleted = hash_expire(&v, now, max, forget, &g);
			assert_int_equal(deleted, g.count);
			assert_true(g.count <= max || v.encoding == ENC_HASHTABLE);
		}
	}
	if (hash_length(&v) > 0)
		row_test(&hash_ops, &v, 100);
	struct gone g = {&m, now, 0};
	while (hash_soonest_ms(&v) <= now)
		hash_expire(&v, now, 5, forget, &g);
	assert_same(&v, &m, now);
	for (int i = 0; i < FIELDS; i++)
		assert_int_equal(m.is_there[i], is_live(&m, i, now));
	hash_free(&v);
}

static void test_random_against_model(void **state)
{
	(void)state;
	rand_seed(8);
	run_model(4000);
	types_config.hash_max_listpack_entries = 0;
	run_model(6000);
	types_config.hash_max_listpack_entries = 100;
	run_model(4000);
	types_config.hash_max_listpack_entries = 512;
}

static void test_names_of_forms(void **state)
{
	(void)state;
	struct value v = hash_empty;
	hash_set(&v, 1, BYTES("a"), BYTES("1"));
	hash_set(&v, 1, BYTES("b"), BYTES("2"));
	hash_set_expiry_ms(&v, BYTES("b"), HASH_NO_EXPIRY);
	assert_string_equal(hash_ops.encoding(&v), "listpack");
	assert_int_equal(hash_soonest_ms(&v), HASH_NEVER);
	hash_set_expiry_ms(&v, BYTES("b"), 77);
	assert_string_equal(hash_ops.encoding(&v), "listpackex");
	assert_int_equal(hash_ops.tag(&v), 25);
	assert_int_equal(hash_soonest_ms(&v), 77);
	types_config.hash_max_listpack_entries = 2;
	hash_set(&v, 1, BYTES("c"), BYTES("3"));
	types_config.hash_max_listpack_entries = 512;
	assert_string_equal(hash_ops.encoding(&v), "hashtable");
	assert_int_equal(hash_ops.tag(&v), 24);
	assert_int_equal(hash_expiry_ms(&v, BYTES("b")), 77);
	hash_set_expiry_ms(&v, BYTES("b"), HASH_NO_EXPIRY);
	assert_int_equal(hash_ops.tag(&v), 4);
	hash_free(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_of_forms),
		cmocka_unit_test(test_random_against_model),
	};
	return cmocka_run_group_tests_name("hash_expiry", tests, NULL, NULL);
}
