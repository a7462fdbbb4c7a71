/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The listpack against a naive array of texts, its bytes against the format, and damaged bytes
 * against the validator.
 */
#include "../../../src/ds/listpack.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* --- the naive model: an array of owned texts --- */

#define MODEL_MAX 400

struct model {
	struct bytes texts[MODEL_MAX];
	size_t count;
};

static void model_insert(struct model *m, size_t index, struct bytes text)
{
	memmove(&m->texts[index + 1], &m->texts[index], (m->count - index) * sizeof(text));
	m->texts[index] = bytes_of(mem_dup(text.ptr, text.len), text.len);
	m->count++;
}

static void model_delete(struct model *m, size_t index)
{
	mem_free((void *)(uintptr_t)m->texts[index].ptr);
	memmove(&m->texts[index], &m->texts[index + 1],
		(m->count - index - 1) * sizeof(struct bytes));
	m->count--;
}

static void model_clear(struct model *m)
{
	while (m->count > 0)
		model_delete(m, m->count - 1);
}

static void assert_same(const unsigned char *lp, const struct model *m)
{
	char scratch[NUM_I64_MAX_CHARS];
	assert_true(listpack_is_valid(bytes_of(lp, listpack_bytes(lp))));
	assert_int_equal(listpack_count(lp), m->count);
	const unsigned char *at = listpack_first(lp);
	for (size_t i = 0; i < m->count; i++, at = listpack_next(at)) {
		struct bytes text = listpack_text(at, scratch);
		assert_true(bytes_equal(text, m->texts[i]));
	}
	assert_null(at);
	at = listpack_last(lp);
	for (size_t i = m->count; i-- > 0; at = listpack_prev(lp, at))
		assert_true(bytes_equal(listpack_text(at, scratch), m->texts[i]));
	assert_null(at);
}

/* A text of a random kind: integers at the edges of their encodings, strings of every length class.
 */
static struct bytes random_text(char *scratch)
{
	static const int64_t edges[] = {0, 127, 128, -1, 4095, 4096, -4096, -4097, INT16_MAX,
		INT16_MIN, (1 << 23) - 1, 1 << 23, -(1 << 23), -(1 << 23) - 1, INT32_MAX, INT32_MIN,
		(int64_t)INT32_MAX + 1, INT64_MAX, INT64_MIN};
	uint64_t kind = rand_below(10);
	if (kind < 3)
		return bytes_of(scratch, num_print_i64(scratch, edges[rand_below(19)]));
	if (kind < 5)
		return bytes_of(
			scratch, num_print_i64(scratch, (int64_t)(rand_u64() >> rand_below(64))));
	size_t len = kind < 8 ? rand_below(70)
		: kind < 9    ? 60 + rand_below(10)
			      : 4090 + rand_below(12);
	for (size_t i = 0; i < len; i++)
		scratch[i] = (char)rand_below(256);
	if (kind == 5 && len > 1)
		memcpy(scratch, "007", len < 3 ? len : 3);
	return bytes_of(scratch, len);
}

static unsigned char *random_step(unsigned char *lp, struct model *m)
{
	char scratch[8192];
	struct bytes text = random_text(scratch);
	struct listpack_item item = listpack_item_of(text);
	size_t index = m->count == 0 ? 0 : rand_below(m->count);
	unsigned char *at = listpack_seek(lp, (int64_t)index);
	uint64_t kind = m->count > 60 ? 6 + rand_below(3) : rand_below(9);
	if (kind == 0 || m->count == 0) {
		model_insert(m, m->count, text);
		return listpack_append(lp, text);
	}
	if (kind == 1) {
		model_insert(m, 0, text);
		return listpack_prepend(lp, text);
	}
	if (kind <= 4) {
		model_insert(m, index, text);
		lp = listpack_insert(lp, &at, &item);
		assert_true(listpack_equals(at, &item));
		return lp;
	}
	if (kind == 5) {
		model_delete(m, index);
		model_insert(m, index, text);
		lp = listpack_replace(lp, &at, &item);
		assert_true(listpack_equals(at, &item));
		return lp;
	}
	size_t count = kind == 6 ? 1 : rand_below(6);
	bool at_end = index + count >= m->count;
	if (kind == 8) {
		lp = listpack_delete_range(lp, (int64_t)index - (int64_t)m->count, count);
	} else {
		lp = listpack_delete(lp, &at, count);
		assert_true((at == NULL) == at_end);
	}
	for (size_t i = 0; i < count && index < m->count; i++)
		model_delete(m, index);
	return lp;
}

static void test_random_against_model(void **state)
{
	(void)state;
	struct model m = {.count = 0};
	rand_seed(7);
	for (int round = 0; round < 20; round++) {
		unsigned char *lp = listpack_new();
		for (int i = 0; i < 400; i++) {
			lp = random_step(lp, &m);
			if (i % 8 == 0)
				assert_same(lp, &m);
		}
		assert_same(lp, &m);
		for (size_t i = 0; i < m.count; i++) {
			struct listpack_item item = listpack_item_of(m.texts[i]);
			size_t first = 0;
			while (!bytes_equal(m.texts[first], m.texts[i]))
				first++;
			assert_ptr_equal(listpack_find(listpack_first(lp), &item, 0),
				listpack_seek(lp, (int64_t)first));
		}
		listpack_free(lp);
		model_clear(&m);
	}
}

static void assert_bytes(const unsigned char *lp, const char *expected, size_t len)
{
	assert_int_equal(listpack_bytes(lp), len);
	assert_memory_equal(lp, expected, len);
}

static void test_format(void **state)
{
	(void)state;
	unsigned char *lp = listpack_new();
	assert_bytes(lp, "\x07\0\0\0\0\0\xff", 7);
	lp = listpack_append(lp, BYTES("5"));
	lp = listpack_append(lp, BYTES("-1"));
	lp = listpack_append(lp, BYTES("ab"));
	lp = listpack_append(lp, BYTES("1000000"));
	assert_bytes(lp,
		"\x15\0\0\0\4\0"
		"\x05\x01"
		"\xdf\xff\x02"
		"\x82"
		"ab\x03"
		"\xf2\x40\x42\x0f\x04"
		"\xff",
		0x15);
	listpack_free(lp);
	/* A body of 200 bytes: back length 200 = 1 * 128 + 72, the last byte has the low bits. */
	char text[198];
	memset(text, 'x', sizeof(text));
	lp = listpack_append(listpack_new(), bytes_of(text, sizeof(text)));
	assert_int_equal(lp[6], 0xe0);
	assert_int_equal(lp[7], 198);
	assert_int_equal(lp[6 + 200], 1);
	assert_int_equal(lp[6 + 201], 0x80 | 72);
	listpack_free(lp);
}

/* The widths of back lengths around each bound, forwards and backwards. */
static void test_long_strings(void **state)
{
	(void)state;
	static const size_t lens[] = {62, 63, 64, 125, 126, 127, 4095, 4096, 16376, 16377, 16378,
		16379, 2097144, 2097145, 2097146, 2097147, 3000000};
	char *text = mem_calloc(1, 3000000);
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		unsigned char *lp = listpack_append(listpack_new(), BYTES("head"));
		lp = listpack_append(lp, bytes_of(text, lens[i]));
		lp = listpack_append(lp, BYTES("tail"));
		assert_true(listpack_is_valid(bytes_of(lp, listpack_bytes(lp))));
		unsigned char *middle = listpack_prev(lp, listpack_last(lp));
		assert_ptr_equal(middle, listpack_seek(lp, 1));
		struct bytes got;
		assert_true(listpack_is_string(middle, &got));
		assert_int_equal(got.len, lens[i]);
		listpack_free(lp);
	}
	mem_free(text);
	assert_int_equal(listpack_back_bytes(16382), 2);
	assert_int_equal(listpack_back_bytes(16383), 3);
}

/* Past 65534 elements the header says "unknown"; below it says the truth again. */
static void test_many_elements(void **state)
{
	(void)state;
	unsigned char *lp = listpack_new();
	struct listpack_item ones[82];
	for (int i = 0; i < 82; i++)
		ones[i] = listpack_item_i64(1);
	for (int i = 0; i < 800; i++) {
		unsigned char *at = NULL;
		lp = listpack_insert_batch(lp, &at, ones, 82);
	}
	assert_int_equal(stored_count(lp), LISTPACK_COUNT_UNKNOWN);
	assert_int_equal(listpack_count(lp), 65600);
	assert_non_null(listpack_seek(lp, 65599));
	assert_null(listpack_seek(lp, 65600));
	lp = listpack_delete_range(lp, 0, 100);
	assert_int_equal(listpack_count(lp), 65500);
	assert_int_equal(stored_count(lp), 65500);
	assert_true(listpack_is_valid(bytes_of(lp, listpack_bytes(lp))));
	listpack_free(lp);
}

static void test_batch_join_split(void **state)
{
	(void)state;
	struct listpack_item items[] = {listpack_item_of(BYTES("a")), listpack_item_i64(-70000),
		listpack_item_of(BYTES(""))};
	unsigned char *lp = listpack_append(listpack_new(), BYTES("z"));
	unsigned char *at = listpack_first(lp);
	lp = listpack_insert_batch(lp, &at, items, 3);
	assert_ptr_equal(at, listpack_first(lp));
	at = NULL;
	lp = listpack_insert_batch(lp, &at, items, 2);
	struct model want = {.count = 0};
	const char *texts[] = {"a", "-70000", "", "z", "a", "-70000"};
	for (size_t i = 0; i < 6; i++)
		model_insert(&want, i, bytes_text(texts[i]));
	assert_same(lp, &want);
	for (int64_t cut = 0; cut < 6; cut++) {
		unsigned char *tail;
		lp = listpack_split(lp, listpack_seek(lp, cut), &tail);
		assert_int_equal(listpack_count(lp), cut);
		assert_int_equal(listpack_count(tail), 6 - cut);
		assert_true(listpack_is_valid(bytes_of(tail, listpack_bytes(tail))));
		lp = listpack_join(lp, tail);
		assert_same(lp, &want);
		listpack_free(tail);
	}
	model_clear(&want);
	listpack_free(lp);
}

static void test_find_skips(void **state)
{
	(void)state;
	unsigned char *lp = listpack_new();
	const char *pairs[] = {"f1", "f2", "f2", "7", "7", "f1"};
	for (int i = 0; i < 6; i++)
		lp = listpack_append(lp, bytes_text(pairs[i]));
	struct listpack_item f2 = listpack_item_of(BYTES("f2"));
	struct listpack_item seven = listpack_item_i64(7);
	struct listpack_item other = listpack_item_of(BYTES("07"));
	assert_ptr_equal(listpack_find(listpack_first(lp), &f2, 1), listpack_seek(lp, 2));
	assert_ptr_equal(listpack_find(listpack_first(lp), &f2, 0), listpack_seek(lp, 1));
	assert_ptr_equal(listpack_find(listpack_first(lp), &seven, 1), listpack_seek(lp, 4));
	assert_null(listpack_find(listpack_first(lp), &other, 0));
	listpack_free(lp);
}

static void test_random_is_uniform(void **state)
{
	(void)state;
	unsigned char *lp = listpack_new();
	assert_null(listpack_random(lp, 1));
	for (int i = 0; i < 20; i++)
		lp = listpack_append(
			lp, i % 2 ? BYTES("value") : bytes_of("0123456789" + i / 2, 1));
	int seen[10] = {0};
	rand_seed(3);
	for (int i = 0; i < 10000; i++)
		seen[listpack_integer(listpack_random(lp, 2))]++;
	for (int i = 0; i < 10; i++)
		assert_in_range(seen[i], 850, 1150);
	listpack_free(lp);
}

/* Reads everything that a user of the listpack could read. */
static size_t walk(const unsigned char *lp)
{
	size_t sum = 0;
	char scratch[NUM_I64_MAX_CHARS];
	for (const unsigned char *at = listpack_first(lp); at != NULL; at = listpack_next(at)) {
		struct bytes text = listpack_text(at, scratch);
		for (size_t i = 0; i < text.len; i++)
			sum += (unsigned char)text.ptr[i];
	}
	for (const unsigned char *at = listpack_last(lp); at != NULL; at = listpack_prev(lp, at))
		sum++;
	return sum;
}

/* Damaged bytes lie in an allocation of exactly their size, so that a sanitizer sees any overrun.
 */
static void test_damage(void **state)
{
	(void)state;
	char scratch[8192];
	rand_seed(11);
	int accepted = 0;
	for (int round = 0; round < 300; round++) {
		unsigned char *lp = listpack_new();
		for (uint64_t n = rand_below(12); n > 0; n--)
			lp = listpack_append(lp, random_text(scratch));
		size_t len = listpack_bytes(lp);
		for (int i = 0; i < 60; i++) {
			size_t size = rand_below(4) ? len : rand_below(len + 1);
			unsigned char *copy = mem_alloc(size + 1);
			memcpy(copy, lp, size);
			if (size >= 4 && rand_below(2))
				set_bytes(copy, size);
			for (uint64_t flips = rand_below(4); flips > 0 && size > 0; flips--)
				copy[rand_below(size)] = (unsigned char)rand_u64();
			if (size > 0 && rand_below(3) == 0)
				copy[size - 1] = LISTPACK_END;
			if (listpack_is_valid(bytes_of(copy, size))) {
				accepted++;
				walk(copy);
			}
			mem_free(copy);
		}
		listpack_free(lp);
	}
	assert_true(accepted > 0);
	assert_false(listpack_is_valid(bytes_of("", 0)));
	assert_false(listpack_is_valid(BYTES("\x07\0\0\0\0\0\xfe")));
	assert_false(listpack_is_valid(BYTES("\x07\0\0\0\1\0\xff")));
	assert_true(listpack_is_valid(BYTES("\x07\0\0\0\xff\xff\xff")));
	/* A string whose length is a lie, and an integer whose data is cut off. */
	assert_false(listpack_is_valid(BYTES("\x0a\0\0\0\1\0\x8a\x41\x02\xff")));
	assert_false(listpack_is_valid(BYTES("\x08\0\0\0\1\0\xf4\xff")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_against_model),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_long_strings),
		cmocka_unit_test(test_many_elements),
		cmocka_unit_test(test_batch_join_split),
		cmocka_unit_test(test_find_skips),
		cmocka_unit_test(test_random_is_uniform),
		cmocka_unit_test(test_damage),
	};
	return cmocka_run_group_tests_name("listpack", tests, NULL, NULL);
}
