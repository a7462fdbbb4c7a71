/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Frames there and back; each changed byte of frame or line is noticed.
 */
#include "../../../src/persist/frame.c"

#include "../unit.h"

static const char payload[] = "*1\r\n$4\r\nPING\r\n";

static size_t make(struct frame *f, char *line)
{
	*f = (struct frame){.length = sizeof(payload) - 1,
		.offset = 1234567890123,
		.durable = 99,
		.time_ms = 1700000000123,
		.crc = crc32c_update(0, payload, sizeof(payload) - 1)};
	return frame_print(f, line);
}

/* Does the line prove `bytes`? */
static bool proves(struct bytes line, const char *bytes)
{
	struct frame f;
	size_t covered;
	if (!frame_parse(line, &f, &covered) || f.length != sizeof(payload) - 1)
		return false;
	uint32_t crc = crc32c_update(0, bytes, sizeof(payload) - 1);
	return crc32c_update(crc, line.ptr, covered) == f.crc;
}

static void test_there_and_back(void **state)
{
	char line[FRAME_LINE_MAX_BYTES];
	struct frame f, g;
	size_t covered;
	(void)state;
	size_t len = make(&f, line);
	assert_true(frame_parse(bytes_of(line, len), &g, &covered));
	assert_memory_equal(line, FRAME_PREFIX, strlen(FRAME_PREFIX));
	assert_memory_equal(line + len - 2, "\r\n", 2);
	assert_int_equal(f.length, g.length);
	assert_int_equal(f.offset, g.offset);
	assert_int_equal(f.durable, g.durable);
	assert_int_equal(f.time_ms, g.time_ms);
	assert_int_equal(f.crc, g.crc);
	assert_true(proves(bytes_of(line, len), payload));
}

static void test_longest(void **state)
{
	char line[FRAME_LINE_MAX_BYTES];
	struct frame f = {UINT64_MAX, UINT64_MAX, UINT64_MAX, INT64_MAX, 0};
	(void)state;
	assert_true(frame_print(&f, line) <= FRAME_LINE_MAX_BYTES);
}

static void test_damage_is_noticed(void **state)
{
	char line[FRAME_LINE_MAX_BYTES], copy[sizeof(payload)];
	struct frame f;
	(void)state;
	size_t len = make(&f, line);
	for (size_t i = 0; i < len; i++) {
		for (int bit = 0; bit < 8; bit++) {
			line[i] = (char)(line[i] ^ 1 << bit);
			assert_false(proves(bytes_of(line, len), payload));
			line[i] = (char)(line[i] ^ 1 << bit);
		}
		assert_false(proves(bytes_of(line, i), payload));
	}
	for (size_t i = 0; i < sizeof(payload) - 1; i++) {
		memcpy(copy, payload, sizeof(payload));
		copy[i] ^= 4;
		assert_false(proves(bytes_of(line, len), copy));
	}
}

static void test_other_lines_are_none(void **state)
{
	static const char *const lines[] = {"", "#", "#TS:1700000000\r\n", "#RINGLET:",
		"#RINGLET:1:2:3:4:", "#RINGLET:1:2:3:99999999999999999999:00000000\r\n",
		"#RINGLET:1:2:3:4:0000000g\r\n", "#RINGLET:-1:2:3:4:00000000\r\n",
		"#RINGLET:1:2:3:4:00000000\n"};
	struct frame f;
	size_t covered;
	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_false(frame_parse(bytes_text(lines[i]), &f, &covered));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_damage_is_noticed),
		cmocka_unit_test(test_other_lines_are_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
