/* SPDX-License-Identifier: BSD-3-Clause
 *
 * base/mem_stats: the allocator's figures follow what is allocated, its knobs can be read and put
 * back, and what it does not know is an error.
 */
#include "../../../src/base/mem_stats.c"

#include "../unit.h"

#define LARGE ((size_t)64 << 20)

static void test_figures_follow(void **state)
{
	struct mem_stats before, during, after;
	(void)state;
	mem_stats_read(&before);
	char *large = mem_alloc(LARGE);
	for (size_t i = 0; i < LARGE; i += 4096)
		large[i] = 1;
	mem_stats_read(&during);
	mem_free(large);
	mem_stats_read(&after);
	assert_true(during.allocated >= before.allocated + LARGE);
	assert_true(during.active >= during.allocated);
	assert_true(during.resident >= before.resident + LARGE / 2 || before.resident >= LARGE);
	assert_true(after.allocated < during.allocated - LARGE / 2);
}

static void test_purge_and_report(void **state)
{
	struct buf text = {0};
	(void)state;
#ifdef NO_JEMALLOC
	assert_false(mem_purge());
	assert_false(mem_stats_report(&text));
	assert_int_equal(text.len, 0);
#else
	assert_true(mem_purge());
	assert_true(mem_stats_report(&text));
	assert_non_null(strstr(buf_text(&text), "jemalloc"));
#endif
	buf_release(&text);
}

static void test_knobs(void **state)
{
	int64_t value = -7, narrow = 1;
	const char *name = NULL;
	(void)state;
	assert_int_not_equal(mem_knob_i64("no.such.knob", &value, NULL), 0);
	assert_int_equal(value, -7);
	assert_int_not_equal(mem_knob_text("no.such.knob", &name, NULL), 0);
	assert_null(name);
#ifndef NO_JEMALLOC
	int64_t old;
	assert_int_equal(mem_knob_i64("arenas.dirty_decay_ms", &value, NULL), 0);
	assert_int_equal(mem_knob_i64("arenas.dirty_decay_ms", &old, &(int64_t){1234}), 0);
	assert_int_equal(old, value);
	assert_int_equal(mem_knob_i64("arenas.dirty_decay_ms", &narrow, &old), 0);
	assert_int_equal(narrow, 1234);
	assert_int_equal(mem_knob_text("version", &name, NULL), 0);
	assert_memory_equal(name, "5.", 2);
	assert_int_not_equal(mem_knob_i64("version", &narrow, &(int64_t){1}), 0);
#else
	(void)narrow;
#endif
}

static void test_background_thread(void **state)
{
	int64_t value = -7;
	(void)state;
	assert_true(mem_background_thread(false));
#ifndef NO_JEMALLOC
	assert_true(mem_background_thread(true));
	assert_int_equal(mem_knob_i64("background_thread", &value, NULL), 0);
	assert_int_equal(value, 1);
	assert_true(mem_background_thread(true));
	assert_true(mem_background_thread(false));
	assert_int_equal(mem_knob_i64("background_thread", &value, NULL), 0);
	assert_int_equal(value, 0);
#else
	assert_false(mem_background_thread(true));
	assert_int_equal(value, -7);
#endif
}

UNIT_MAIN(test_figures_follow, test_purge_and_report, test_knobs, test_background_thread)
