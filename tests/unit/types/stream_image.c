/* SPDX-License-Identifier: BSD-3-Clause
 *
 * types/stream_image: whatever is changed meanwhile, the bytes are those that the stream would have
 * been encoded as, or rewritten as, in the moment when the image was made.
 */
#include "../../../src/types/stream_image.c"

#include "types/config.h"

#include "../unit.h"
#include "stream_chaos.h"

static void bury(struct value *v, void *context)
{
	(void)context;
	if (image_adopt(v))
		return;
	stream_ops.free(v);
}

static void register_types(void)
{
	type_register(TYPE_STREAM, &stream_ops);
	if (types_config.hash_max_listpack_value == 0)
		param_set_defaults(types_params, &types_config);
	types_config.stream_node_max_entries = 10;
}

/* The bytes that are to come. */
static void write_now(const struct value *v, bool is_words, struct buf *out)
{
	struct codec_writer w = {.out = out, .compress = !is_words};
	if (is_words)
		stream_rewrite(BYTES("key"), v, words_write, &w);
	else
		stream_encode(v, &w);
}

static struct image *make(const struct value *v, bool is_words)
{
	return is_words ? image_new_words(v, BYTES("key")) : image_new(v, true);
}

static void leave_all(struct image *im)
{
	struct value v;
	while (image_leave(im, &v))
		stream_ops.free(&v);
}

struct plan {
	unsigned entries, groups, pending, changes;
	size_t effort;
	bool is_words;
	unsigned dies_at; /* this many steps; 0 = it does not */
};

static void check_plan(struct plan p, uint64_t seed)
{
	struct stream_chaos c = {seed, bury, NULL};
	struct value v = stream_chaos_value(&c, p.entries, p.groups, p.pending);
	struct buf wanted = {0}, got = {0};
	struct codec_writer w = {.out = &got, .compress = !p.is_words};
	struct value orphan;
	unsigned steps = 0;
	bool is_dead = false;
	write_now(&v, p.is_words, &wanted);
	struct image *im = make(&v, p.is_words);
	assert_non_null(im);
	/* It may have to wait for its turn. */
	for (unsigned i = 0; i < p.changes; i++)
		stream_chaos_once(&c, &v);
	while (image_step(im, &w, p.effort)) {
		if (++steps == p.dies_at)
			bury(&v, NULL);
		is_dead = p.dies_at != 0 && steps >= p.dies_at;
		for (unsigned i = 0; i < p.changes && !is_dead; i++)
			stream_chaos_once(&c, &v);
		assert_true(image_extra_bytes(im) >= sizeof(*im));
	}
	assert_true(image_is_sound(im));
	assert_int_equal(got.len, wanted.len);
	assert_memory_equal(got.ptr, wanted.ptr, got.len);
	leave_all(im);
	assert_int_equal(image_free(im, &orphan), is_dead);
	stream_ops.check(&v);
	for (unsigned i = 0; i < 500; i++)
		stream_chaos_once(&c, &v);
	stream_ops.check(&v);
	stream_ops.free(&v);
	buf_release(&wanted);
	buf_release(&got);
}

static void test_plans(void **state)
{
	static const struct plan plans[] = {
		{.entries = 2000, .effort = 1},
		{.entries = 2000, .effort = 1, .changes = 3},
		{.entries = 900, .groups = 3, .pending = 2000, .effort = 2, .changes = 2},
		{.entries = 900, .groups = 3, .pending = 2000, .effort = 64, .changes = 40},
		{.entries = 1500, .groups = 2, .pending = 300, .effort = 9, .dies_at = 20},
		{.entries = 1500, .groups = 3, .pending = 900, .effort = 9, .dies_at = 170},
		{.entries = 5, .groups = 2, .pending = 5},
	};
	(void)state;
	register_types();
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct plan p = plans[seed % 6];
		p.is_words = seed % 4 >= 2;
		check_plan(p, seed * 977);
	}
}

/* Small ones are encoded whole, and so is what was never written. */
static void test_sizes(void **state)
{
	struct stream_chaos c = {5, bury, NULL};
	(void)state;
	register_types();
	struct value v = stream_chaos_value(&c, 20, 2, 50);
	assert_null(image_new(&v, true));
	stream_ops.free(&v);
	assert_null(image_new(&stream_empty, true));
	v = stream_chaos_value(&c, 30, 0, 0);
	struct stream_body *s = stream_of(&v);
	struct stream_group *g = stream_group_create(s, BYTES("g"), ID_LEAST, 0);
	struct stream_consumer *who = stream_consumer_get(g, BYTES("c"), 1, NULL);
	for (uint64_t i = 0; i <= LARGE_PENDING; i++)
		stream_pending_add(g, who, (struct id){i, 1}, 1);
	struct value orphan;
	struct image *im = image_new(&v, true);
	assert_non_null(im);
	assert_false(image_free(im, &orphan));
	stream_ops.free(&v);
}

/* Given up in any place, with much that was kept: nothing is lost, the stream goes on. */
static void test_given_up(void **state)
{
	(void)state;
	register_types();
	for (unsigned steps = 0; steps < 600; steps += 37) {
		struct stream_chaos c = {steps + 3, bury, NULL};
		struct value v = stream_chaos_value(&c, 900, 3, 900);
		struct buf body = {0};
		struct codec_writer w = {.out = &body};
		struct value orphan;
		struct image *im = make(&v, steps % 2 == 0);
		for (unsigned i = 0; i < steps; i++) {
			image_step(im, &w, 3);
			stream_chaos_once(&c, &v);
		}
		for (unsigned i = 0; i < 300; i++)
			stream_chaos_once(&c, &v);
		if (steps % 3 == 0)
			leave_all(im);
		assert_false(image_free(im, &orphan));
		stream_ops.check(&v);
		stream_ops.free(&v);
		buf_release(&body);
	}
}

/* What is copied while its image is written has none. */
static void test_copies(void **state)
{
	struct stream_chaos c = {5, bury, NULL};
	struct value copy, orphan;
	(void)state;
	register_types();
	struct value v = stream_chaos_value(&c, 900, 2, 900);
	struct image *im = image_new(&v, true);
	stream_ops.copy(&v, &copy);
	assert_false(image_adopt(&copy));
	for (unsigned i = 0; i < 300; i++)
		stream_chaos_once(&c, &copy);
	stream_ops.free(&copy);
	assert_true(image_adopt(&v));
	assert_true(image_free(im, &orphan));
	stream_ops.free(&orphan);
}

UNIT_MAIN(test_plans, test_sizes, test_given_up, test_copies)
