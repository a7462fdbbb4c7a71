/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The row of streams: memory to the byte, freeing in slices, digests that do not see how entries
 * are kept. (The generic test of rows: stream.c, stream_group.c.)
 */
#include "../../../src/types/stream_ops.c"

#include "../unit.h"
#include "types/config.h"
#include "stream_fixture.h"

static void test_destroy(void **state)
{
	struct value v, gone;
	struct stream_body *s = some_stream(&v, 1);
	struct stream_group *g = stream_group_create(s, BYTES("g"), ID_LEAST, 0);
	(void)state;
	for (int i = 0; i < 5; i++)
		for (uint64_t j = 0; j < 1000; j++)
			stream_pending_add(g, stream_consumer_get(g, consumer_name(i), 0, NULL),
				(struct id){j, (uint64_t)i}, 0);
	size_t before = mem_used_bytes();
	assert_false(stream_group_destroy(s, BYTES("h"), &gone));
	assert_true(stream_group_destroy(s, BYTES("g"), &gone));
	assert_null(stream_group_find(s, BYTES("g")));
	stream_ops.check(&v);
	assert_true(stream_ops.free_effort(&gone) >= 5000);
	int slices = 1;
	while (!stream_ops.free_slice(&gone, 100))
		slices++;
	assert_true(slices > 40);
	assert_true(mem_used_bytes() + (size_t)5000 * 80 < before);
	stream_ops.free(&v);
}

static void test_memory(void **state)
{
	struct value v;
	(void)state;
	for (uint64_t entries = 0; entries <= 5000; entries = entries * 5 + 1) {
		size_t before = mem_used_bytes();
		struct stream_body *s = some_stream(&v, entries);
		for (int i = 0; i < 3; i++) {
			struct stream_group *g =
				stream_group_create(s, consumer_name(i), ID_LEAST, 0);
			for (uint64_t j = 0; j < entries; j++)
				stream_pending_add(g,
					stream_consumer_get(
						g, consumer_name((int)(j % CONSUMERS)), 0, NULL),
					(struct id){j, 0}, 0);
		}
		size_t used = mem_used_bytes() - before;
		assert_int_equal(stream_ops.memory(&v, 0), used);
		size_t guess = stream_ops.memory(&v, 5);
		assert_true(guess > used * 8 / 10 && guess < used * 12 / 10);
		stream_ops.free(&v);
		assert_int_equal(mem_used_bytes(), before);
	}
	assert_int_equal(stream_ops.memory(&stream_empty, 0), 0);
}

static void test_digest(void **state)
{
	struct value a, b;
	struct digest da = {{0}};
	struct digest db = {{0}};
	(void)state;
	struct stream_body *s = some_stream(&a, 500);
	types_config.stream_node_max_entries = 7;
	some_stream(&b, 500);
	types_config.stream_node_max_entries = 100;
	stream_ops.digest(&a, &da);
	stream_ops.digest(&b, &db);
	assert_memory_equal(&da, &db, sizeof(da));
	stream_delete(s, (struct id){77, 0});
	memset(&da, 0, sizeof(da));
	stream_ops.digest(&a, &da);
	assert_memory_not_equal(&da, &db, sizeof(da));
	stream_ops.free(&a);
	stream_ops.free(&b);
}

UNIT_MAIN(test_destroy, test_memory, test_digest)
