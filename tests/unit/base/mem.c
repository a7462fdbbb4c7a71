/* SPDX-License-Identifier: BSD-3-Clause
 *
 * base/mem: the counter against the sum of what is alive, the computed size classes against the
 * allocator's own answer, and the ends: nothing, too much, another thread.
 */
#include "../../../src/base/mem.c"

#include "../unit.h"

#include <pthread.h>

static void test_size_class_is_the_allocators(void **state)
{
	(void)state;
#ifndef NO_JEMALLOC
	for (size_t size = 1; size <= 70000; size++)
		assert_int_equal(mem_size_class(size), nallocx(size, 0));
	for (int bit = 16; bit < 62; bit++) {
		for (int near = -3; near <= 3; near++) {
			for (size_t eighth = 0; eighth < 8; eighth++) {
				size_t size = ((size_t)1 << bit) + ((size_t)eighth << (bit - 3)) +
					      (size_t)near;
				assert_int_equal(mem_size_class(size), nallocx(size, 0));
			}
		}
	}
	assert_int_equal(mem_size_class(0), 8);
#else
	assert_int_equal(mem_size_class(0), 1);
	assert_int_equal(mem_size_class(100), 100);
#endif
}

#define SLOTS 300

static void test_counter_is_the_sum(void **state)
{
	void *slot[SLOTS] = {NULL};
	size_t asked[SLOTS] = {0};
	uint64_t seed = 7;
	size_t start = mem_used_bytes();
	(void)state;
	for (int i = 0; i < 20000; i++) {
		size_t at = unit_random(&seed) % SLOTS;
		size_t size = unit_random(&seed) % (unit_random(&seed) % 50 == 0 ? 300000 : 600);
		if (slot[at] == NULL) {
			slot[at] = size % 2 == 0 ? mem_alloc(size) : mem_calloc(1, size);
			asked[at] = size;
		} else if (size % 3 == 0) {
			slot[at] = mem_realloc(slot[at], size);
			asked[at] = size;
		} else {
			if (size % 2 == 0)
				mem_free(slot[at]);
			else
				mem_free_sized(slot[at], asked[at]);
			slot[at] = NULL;
		}
		if (i % 500 != 0)
			continue;
		size_t sum = 0;
		for (int k = 0; k < SLOTS; k++)
			sum += slot[k] == NULL ? 0 : mem_usable_size(slot[k]);
		assert_int_equal(mem_used_bytes() - start, sum);
	}
	for (int k = 0; k < SLOTS; k++)
		mem_free(slot[k]);
	assert_int_equal(mem_used_bytes(), start);
}

static void *free_all(void *arg)
{
	void **slot = arg;
	for (int i = 0; i < SLOTS; i++)
		mem_free(slot[i]);
	void *own = mem_alloc(1000);
	mem_free_sized(own, 1000);
	return NULL;
}

static void test_another_thread_may_free(void **state)
{
	void *slot[SLOTS];
	pthread_t thread;
	size_t start = mem_used_bytes();
	(void)state;
	for (int i = 0; i < SLOTS; i++)
		slot[i] = mem_alloc((size_t)i * 7);
	assert_true(mem_used_bytes() > start);
	assert_int_equal(pthread_create(&thread, NULL, free_all, slot), 0);
	for (int i = 0; i < 1000; i++)
		mem_free(mem_alloc(64));
	pthread_join(thread, NULL);
	assert_int_equal(mem_used_bytes(), start);
}

static void test_calloc_and_alignment(void **state)
{
	(void)state;
	size_t start = mem_used_bytes();
	for (size_t align = 1; align <= 2 * 1024 * 1024; align *= 2) {
		uint8_t *p = mem_calloc_aligned(align, 777);
		assert_int_equal((uintptr_t)p % align, 0);
		for (int i = 0; i < 777; i++)
			assert_int_equal(p[i], 0);
		memset(p, 1, 777);
		mem_free(p);
	}
	uint8_t *zeros = mem_calloc(1000, 3);
	for (int i = 0; i < 3000; i++)
		assert_int_equal(zeros[i], 0);
	mem_free(zeros);
	assert_int_equal(mem_used_bytes(), start);
}

static void test_realloc_keeps_content(void **state)
{
	(void)state;
	char *p = mem_realloc(NULL, 5);
	memcpy(p, "abcd", 5);
	p = mem_realloc(p, 100000);
	assert_string_equal(p, "abcd");
	p = mem_realloc(p, 5);
	assert_string_equal(p, "abcd");
	p = mem_realloc(p, 0);
	assert_non_null(p);
	mem_free(p);
	mem_free(NULL);
	mem_free_sized(NULL, 10);
}

static void ask_for_too_much(void *arg)
{
	size_t size = *(size_t *)arg;
	mem_free(mem_alloc(size));
}

static void multiply_too_far(void *arg)
{
	size_t size = *(size_t *)arg;
	mem_free(mem_calloc(size, size));
}

static void test_too_much(void **state)
{
	volatile size_t huge = (size_t)PTRDIFF_MAX + 1;
	size_t root = (size_t)1 << 33;
	size_t start = mem_used_bytes();
	(void)state;
	assert_null(mem_try_alloc(huge));
	assert_null(mem_try_alloc(SIZE_MAX - huge + huge));
	char *p = mem_alloc(10);
	memcpy(p, "still here", 10);
	assert_null(mem_try_realloc(p, huge));
	assert_memory_equal(p, "still here", 10);
	mem_free(p);
	assert_int_equal(mem_used_bytes(), start);
	size_t size = huge;
	assert_true(unit_aborts(ask_for_too_much, &size));
	assert_true(unit_aborts(multiply_too_far, &root));
	size = 100;
	assert_false(unit_aborts(ask_for_too_much, &size));
}

static void test_peak(void **state)
{
	(void)state;
	mem_note_peak();
	size_t before = mem_peak_bytes();
	void *p = mem_alloc(10 * 1024 * 1024);
	mem_note_peak();
	mem_free(p);
	mem_note_peak();
	assert_true(mem_peak_bytes() >= before + 10 * 1024 * 1024);
	assert_true(mem_used_bytes() < mem_peak_bytes());
}

static void test_copies(void **state)
{
	(void)state;
	char *copy = mem_dup("a\0b", 3);
	assert_memory_equal(copy, "a\0b", 3);
	mem_free(copy);
	copy = mem_dup_text("text");
	assert_string_equal(copy, "text");
	mem_free(copy);
	copy = mem_dup_bytes_text("text", 2);
	assert_string_equal(copy, "te");
	mem_free(copy);
	copy = mem_dup_bytes_text(NULL, 0);
	assert_string_equal(copy, "");
	mem_free(copy);
	mem_free(mem_dup(NULL, 0));
	size_t before = mem_used_bytes();
	mem_free_libc(strdup("counted by nobody"));
	mem_free_libc(NULL);
	assert_int_equal(mem_used_bytes(), before);
#ifndef NO_JEMALLOC
	assert_memory_equal(mem_allocator_name(), "jemalloc-5.", 11);
#else
	assert_string_equal(mem_allocator_name(), "libc");
#endif
}

UNIT_MAIN(test_size_class_is_the_allocators, test_counter_is_the_sum, test_another_thread_may_free,
	  test_calloc_and_alignment, test_realloc_keeps_content, test_too_much, test_peak,
	  test_copies)
