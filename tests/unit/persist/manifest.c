/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The manifest: what is printed is read back as it was, every kind of damage is named with its
 * line, and generations follow each other as Redis names them.
 */
#include "../../../src/persist/manifest.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void assert_printed(const struct manifest *m, const char *wanted)
{
	struct buf out = {0};
	manifest_print(m, &out);
	assert_string_equal(buf_text(&out), wanted);
	buf_release(&out);
}

static void assert_refused(const char *text, int line, const char *reason)
{
	struct manifest m;
	struct manifest_error error;
	assert_false(manifest_parse(&m, bytes_text(text), &error));
	assert_string_equal(error.reason, reason);
	assert_int_equal(error.line, line);
	assert_null(m.base.name);
	assert_int_equal(m.incr.count, 0);
}

static void test_reads_what_redis_writes(void **state)
{
	static const char text[] = "file a.2.base.rdb seq 2 type b\n"
				   "file a.1.base.rdb seq 1 type h\n"
				   "file a.3.incr.aof seq 3 type i\n"
				   "file a.5.incr.aof seq 5 type i\n";
	struct manifest m, copy;
	struct manifest_error error;
	(void)state;
	assert_true(manifest_parse(&m, bytes_text(text), &error));
	assert_int_equal(m.base_seq, 2);
	assert_int_equal(m.incr_seq, 5);
	assert_printed(&m, text);
	manifest_copy(&m, &copy);
	manifest_release(&m);
	assert_printed(&copy, text);
	assert_int_equal(copy.incr_seq, 5);
	manifest_release(&copy);
}

static void test_takes_comments_blanks_and_unknown_keys(void **state)
{
	struct manifest m;
	struct manifest_error error;
	(void)state;
	assert_true(manifest_parse(&m, BYTES("# nothing\n"), &error));
	assert_true(manifest_is_empty(&m));
	assert_true(manifest_parse(
		&m, BYTES("#x\n  type b size 12 seq 1 file \"x y\\n\"\r\n"), &error));
	assert_string_equal(m.base.name, "x y\n");
	assert_printed(&m, "file \"x y\\n\" seq 1 type b\n");
	manifest_release(&m);
}

static void test_names_each_damage(void **state)
{
	char longer[MANIFEST_LINE_MAX_BYTES + 8];
	(void)state;
	assert_refused("", 0, "Found an empty AOF manifest");
	assert_refused("file a seq 1 type b\n\n", 2, bad_format);
	assert_refused("filx a seq 1 type b\n", 1, bad_format);
	assert_refused("file a seq 1\n", 1, bad_format);
	assert_refused("file a seq 1 type i new\n", 1, bad_format);
	assert_refused("file \"a seq 1 type i\n", 1, bad_format);
	assert_refused("file a seq 0 type i\n", 1, bad_format);
	assert_refused("file a seq -1 type i\n", 1, bad_format);
	assert_refused("file a seq 9223372036854775807 type i\n", 1, bad_format);
	assert_refused("file a seq 99999999999999999999 type i\n", 1, bad_format);
	assert_refused("file \"a\\x00b\" seq 1 type i\n", 1, bad_format);
	assert_refused("file \"\" seq 1 type i\n", 1, bad_format);
	assert_refused("file a seq 1 type x\n", 1, "Unknown AOF file type");
	assert_refused("file a/b seq 1 type i\n", 1, "File can't be a path, just a filename");
	assert_refused("file a seq 1 type b\nfile b seq 2 type b\n", 2,
		"Found duplicate base file information");
	assert_refused("file a seq 2 type i\nfile b seq 2 type i\n", 2,
		"Found a non-monotonic sequence number");
	assert_refused("file a seq 1 type i", 0, "The AOF manifest file contains too long line");
	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 2] = '\n';
	longer[sizeof(longer) - 1] = '\0';
	assert_refused(longer, 0, "The AOF manifest file contains too long line");
}

static void test_generations(void **state)
{
	struct manifest m = {0};
	(void)state;
	assert_string_equal(manifest_add_base(&m, "a", true), "a.1.base.rdb");
	assert_string_equal(manifest_add_incr(&m, "a"), "a.1.incr.aof");
	for (int i = 0; i < 2; i++) {
		manifest_add_incr(&m, "a");
		manifest_add_base(&m, "a", i == 0);
		manifest_retire_incr(&m, 1);
	}
	assert_printed(&m, "file a.3.base.aof seq 3 type b\n"
			   "file a.2.incr.aof seq 2 type h\n"
			   "file a.2.base.rdb seq 2 type h\n"
			   "file a.1.incr.aof seq 1 type h\n"
			   "file a.1.base.rdb seq 1 type h\n"
			   "file a.3.incr.aof seq 3 type i\n");
	manifest_clear_history(&m);
	manifest_retire_incr(&m, 5);
	assert_printed(&m, "file a.3.base.aof seq 3 type b\nfile a.3.incr.aof seq 3 type i\n");
	manifest_release(&m);
	assert_true(manifest_is_empty(&m));
}

/* Any bytes: refused or read, and what was read is printed and read the same. */
static void test_random_bytes(void **state)
{
	static const char *const parts[] = {"file ", "a", " seq ", "1", "7", " type ", "b", "i",
		"h", "\n", "\n", "#", "\"", "\\x", " ", "\xff", "/"};
	(void)state;
	srand(7);
	for (int round = 0; round < 20000; round++) {
		struct buf text = {0}, once = {0}, twice = {0};
		struct manifest m, again;
		struct manifest_error error;
		for (int i = rand() % 40; i >= 0; i--)
			buf_add_text(&text, rand() % 3 == 0
						    ? "file q seq 3 type h\n"
						    : parts[(size_t)rand() %
							      (sizeof(parts) / sizeof(parts[0]))]);
		if (manifest_parse(&m, buf_bytes(&text), &error)) {
			manifest_print(&m, &once);
			if (once.len > 0) {
				assert_true(manifest_parse(&again, buf_bytes(&once), &error));
				manifest_print(&again, &twice);
				assert_string_equal(buf_text(&once), buf_text(&twice));
				manifest_release(&again);
			}
			manifest_release(&m);
		} else {
			assert_non_null(error.reason);
		}
		buf_release(&text);
		buf_release(&once);
		buf_release(&twice);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_what_redis_writes),
		cmocka_unit_test(test_takes_comments_blanks_and_unknown_keys),
		cmocka_unit_test(test_names_each_damage),
		cmocka_unit_test(test_generations),
		cmocka_unit_test(test_random_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
