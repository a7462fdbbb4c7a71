/* SPDX-License-Identifier: BSD-3-Clause
 *
 * obs/hotkeys: what Space-Saving promises, against exact counts; fading; names that do not fit.
 */
#include "../../../src/obs/hotkeys.c"

#include "../unit.h"

static struct key number_key(char text[24], unsigned number)
{
	int len = snprintf(text, 24, "key:%u", number);
	return key_of(bytes_of(text, (size_t)len));
}

static unsigned set_of(struct key key)
{
	return (unsigned)((slot_hash(0, key.hash) >> 32) % HOTKEYS_SETS);
}

static uint64_t weight_of(
	const struct hotkeys *h, enum hot_metric metric, const char *name, uint64_t *error)
{
	const struct hot_summary *s = &h->by[metric];
	for (int i = 0; i < HOTKEYS_SLOTS; i++) {
		if (s->weights[i] == 0 ||
			!bytes_equal(key_name_text(&s->names[i], NULL), bytes_text(name)))
			continue;
		*error = s->errors[i];
		return s->weights[i];
	}
	return 0;
}

static void test_few(void **state)
{
	struct hotkeys *h = hotkeys_new();
	uint8_t order[HOTKEYS_SLOTS];
	uint64_t error;
	(void)state;
	assert_int_equal(hotkeys_order(h, HOT_OPS, order), 0);
	hotkeys_add(h, HOT_OPS, 0, key_of(BYTES("a")), 3);
	hotkeys_add(h, HOT_OPS, 0, key_of(BYTES("b")), 5);
	hotkeys_add(h, HOT_OPS, 0, key_of(BYTES("a")), 4);
	hotkeys_add(h, HOT_OPS, 1, key_of(BYTES("a")), 1); /* another key */
	hotkeys_add(h, HOT_BYTES, 0, key_of(BYTES("b")), 9);
	assert_int_equal(hotkeys_order(h, HOT_OPS, order), 3);
	assert_int_equal(h->by[HOT_OPS].weights[order[0]], 7);
	assert_int_equal(h->by[HOT_OPS].weights[order[1]], 5);
	assert_int_equal(h->by[HOT_OPS].names[order[2]].db, 1);
	assert_int_equal(weight_of(h, HOT_BYTES, "b", &error), 9);
	assert_int_equal(error, 0);
	hotkeys_forget(h);
	assert_int_equal(hotkeys_order(h, HOT_OPS, order), 0);
	assert_int_equal(hotkeys_order(h, HOT_BYTES, order), 0);
	hotkeys_free(h);
}

/* True weight <= shown <= true weight + error, and nobody above 1/WAYS of his set is left out. */
static void test_promise(void **state)
{
	enum { KEYS = 5000 };
	static uint64_t exact[KEYS];
	struct hotkeys *h = hotkeys_new();
	uint64_t random = 5, sums[HOTKEYS_SETS] = {0};
	char text[24];
	(void)state;
	for (int i = 0; i < 200000; i++) {
		/* The smaller the number the more often: roughly harmonic. */
		unsigned number = (unsigned)(unit_random(&random) % KEYS);
		number = (unsigned)(unit_random(&random) % (number + 1));
		number = (unsigned)(unit_random(&random) % (number + 1));
		uint64_t weight = 1 + unit_random(&random) % 7;
		struct key key = number_key(text, number);
		hotkeys_add(h, HOT_OPS, 0, key, weight);
		exact[number] += weight;
		sums[set_of(key)] += weight;
	}
	for (unsigned number = 0; number < KEYS; number++) {
		uint64_t error = 0;
		uint64_t sum = sums[set_of(number_key(text, number))];
		uint64_t shown = weight_of(h, HOT_OPS, text, &error);
		if (shown == 0) {
			assert_true(exact[number] <= sum / HOTKEYS_WAYS);
			continue;
		}
		assert_true(shown >= exact[number]);
		assert_true(shown - error <= exact[number]);
		assert_true(error <= sum / HOTKEYS_WAYS);
	}
	hotkeys_free(h);
}

static void test_fades(void **state)
{
	struct hotkeys *h = hotkeys_new();
	uint64_t error;
	(void)state;
	hotkeys_tick(h, 1000);
	hotkeys_add(h, HOT_OPS, 0, key_of(BYTES("much")), 100);
	hotkeys_add(h, HOT_OPS, 0, key_of(BYTES("little")), 1);
	hotkeys_tick(h, 1000 + HOTKEYS_WINDOW_S - 1);
	assert_int_equal(weight_of(h, HOT_OPS, "much", &error), 100);
	hotkeys_tick(h, 1000 + HOTKEYS_WINDOW_S);
	assert_int_equal(weight_of(h, HOT_OPS, "much", &error), 50);
	assert_int_equal(weight_of(h, HOT_OPS, "little", &error), 0);
	hotkeys_tick(h, 500); /* the clock was set back: nothing is lost */
	assert_int_equal(weight_of(h, HOT_OPS, "much", &error), 50);
	hotkeys_tick(h, 500 + HOTKEYS_WINDOW_S);
	assert_int_equal(weight_of(h, HOT_OPS, "much", &error), 25);
	hotkeys_free(h);
}

static void test_long_names(void **state)
{
	char name[3 * KEY_NAME_BYTES];
	struct hotkeys *h = hotkeys_new();
	const struct hot_summary *s = &h->by[HOT_OPS];
	(void)state;
	memset(name, 'x', sizeof(name));
	hotkeys_add(h, HOT_OPS, 0, key_of(bytes_of(name, sizeof(name))), 1);
	name[sizeof(name) - 1] = 'y';
	hotkeys_add(h, HOT_OPS, 0, key_of(bytes_of(name, sizeof(name))), 1);
	hotkeys_add(h, HOT_OPS, 0, key_of(bytes_of(name, KEY_NAME_BYTES)), 1);
	hotkeys_add(h, HOT_OPS, 0, key_of(bytes_of(name, 0)), 1);
	size_t unknown = 0, known = 0, empty = 0;
	for (int i = 0; i < HOTKEYS_SLOTS; i++) {
		if (s->weights[i] == 0)
			continue;
		struct bytes text = key_name_text(&s->names[i], NULL);
		unknown += text.ptr == NULL; /* not in full */
		known += text.len == KEY_NAME_BYTES;
		empty += text.ptr != NULL && text.len == 0;
	}
	assert_true(unknown == 2 && known == 1 && empty == 1);
	hotkeys_free(h);
}

UNIT_MAIN(test_few, test_promise, test_fades, test_long_names)
