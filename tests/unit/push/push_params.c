/* SPDX-License-Identifier: BSD-3-Clause
 *
 * notify-keyspace-events: letters to flags and back, each one, all of them and at random; and what
 * means nothing.
 */
#include "../../../src/push/push_params.c"

#include "../unit.h"
#include "base/buf.h"

static const char letters[] = "g$lshzxetdKEmn";

static const char *printed(int flags)
{
	static char text[32];
	struct buf out = {0};

	notify_print(flags, &out);
	snprintf(text, sizeof(text), "%s", out.len == 0 ? "" : buf_text(&out));
	buf_release(&out);
	return text;
}

static int parsed(const char *text)
{
	return notify_parse(bytes_text(text));
}

static void test_each(void **state)
{
	int seen = 0;
	(void)state;
	for (size_t i = 0; i < sizeof(letters) - 1; i++) {
		char one[2] = {letters[i], 0};
		int flag = parsed(one);
		assert_true(flag > 0);
		assert_int_equal(0, flag & (flag - 1)); /* one bit, of its own */
		assert_int_equal(0, flag & seen);
		seen |= flag;
		assert_string_equal(one, printed(flag));
	}
	assert_int_equal(seen, parsed("AKEmn"));
}

static void test_all(void **state)
{
	(void)state;
	assert_int_equal(0, parsed(""));
	assert_string_equal("", printed(0));
	assert_string_equal("AKE", printed(parsed("KEA")));
	assert_string_equal("A", printed(parsed("g$lshzxetd")));
	assert_string_equal("AKEmn", printed(parsed("nmEKdtexzhsl$g")));
	assert_string_equal("g$lshzxet", printed(parsed("g$lshzxet")));
	assert_int_equal(parsed("A"), parsed("AAg"));
}

static void test_wrong(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++) {
		char one = (char)c;
		bool is_known = c == 'A' || (c != 0 && strchr(letters, c) != NULL);
		assert_int_equal(is_known, notify_parse(bytes_of(&one, 1)) >= 0);
	}
	assert_int_equal(-1, parsed("KEAq"));
	assert_int_equal(-1, parsed("K E"));
}

static void test_parameter(void **state)
{
	struct push_config config = {.notify = 77};
	struct param_error error = {0};
	const struct param_row *row = push_params;
	struct bytes words[2] = {BYTES("Ex"), BYTES("K")};
	struct buf out = {0};
	(void)state;
	while (row->name == NULL || strcmp(row->name, "notify-keyspace-events") != 0)
		row++;
	words[0] = BYTES("y");
	assert_false(row->special->set(row, &config, words, 1, &error));
	assert_int_equal(77, config.notify);
	words[0] = BYTES("Ex");
	assert_false(row->special->set(row, &config, words, 2, &error));
	assert_int_equal(77, config.notify);
	assert_true(row->special->set(row, &config, words, 1, &error));
	row->special->get(row, &config, &out);
	assert_string_equal("xE", buf_text(&out));
	buf_release(&out);
}

static void test_random(void **state)
{
	uint64_t seed = 1;
	(void)state;
	for (int i = 0; i < 20000; i++) {
		char text[sizeof(letters)] = "";
		size_t len = 0;
		uint64_t bits = unit_random(&seed);
		for (size_t k = 0; k < sizeof(letters) - 1; k++)
			if (bits >> k & 1)
				text[len++] = letters[k];
		int flags = notify_parse(bytes_of(text, len));
		assert_int_equal(flags, parsed(printed(flags)));
		assert_int_equal(flags == 0, len == 0);
	}
}

UNIT_MAIN(test_each, test_all, test_wrong, test_parameter, test_random)
