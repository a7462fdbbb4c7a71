/* SPDX-License-Identifier: BSD-3-Clause
 *
 * store/image: a body holds each part that was there at the beginning once, as it was, whatever
 * comes, goes and changes meanwhile, and however the table is resized.
 */
#include "../../../src/store/image.c"

#include "types/config.h"
#include "types/set.h"
#include "types/zset.h"

#include "../unit.h"

static void register_types(void)
{
	type_register(TYPE_SET, &set_ops);
	type_register(TYPE_ZSET, &zset_ops);
	if (types_config.hash_max_listpack_value == 0)
		param_set_defaults(types_params, &types_config);
}

static struct bytes word(char *room, size_t size, unsigned i)
{
	return bytes_of(room, (size_t)snprintf(room, size, "member:%u", i));
}

static struct value zset_of(unsigned count)
{
	char room[32];
	struct value v = zset_empty;
	for (unsigned i = 0; i < count; i++)
		zset_set(&v, word(room, sizeof(room), i), i);
	return v;
}

/* The body gives a sorted set with members 0 to count - 1 and these scores. */
static void expect_body(const struct image *im, struct buf *body, unsigned count)
{
	struct codec_reader r = codec_reader_of(buf_bytes(body));
	struct value v;
	char room[32];
	assert_true(image_is_sound(im));
	assert_true(zset_ops.decode(im->tag, &r, &v));
	assert_int_equal(codec_left(&r), 0);
	assert_int_equal(zset_length(&v), count);
	for (unsigned i = 0; i < count; i++) {
		double score;
		assert_true(zset_score(&v, word(room, sizeof(room), i), &score));
		assert_true(score == i);
	}
	zset_free(&v);
}

struct plan {
	unsigned count, grow_per_step, shrink_per_step, moves_per_step;
	size_t effort;
};

static void check_plan(struct plan p)
{
	struct value v = zset_of(p.count);
	struct value orphan;
	struct buf body = {0};
	struct codec_writer w = {.out = &body};
	char room[32];
	uint64_t seed = p.count + p.grow_per_step;
	unsigned next = p.count, gone = 0;
	struct image *im = image_new(&v, true);
	assert_non_null(im);
	while (image_step(im, &w, p.effort)) {
		for (unsigned i = 0; i < p.grow_per_step; i++)
			zset_set(&v, word(room, sizeof(room), next++), -1);
		for (unsigned i = 0; i < p.shrink_per_step && gone + 1 < next; i++)
			zset_remove(&v, word(room, sizeof(room), gone++));
		for (unsigned i = 0; i < p.moves_per_step; i++) {
			unsigned which = (unsigned)(unit_random(&seed) % p.count);
			if (which >= gone)
				zset_set(&v, word(room, sizeof(room), which), 1e9 + which);
		}
		assert_true(image_extra_bytes(im) >= im->ahead.len);
	}
	expect_body(im, &body, p.count);
	assert_false(image_free(im, &orphan));
	zset_ops.check(&v);
	zset_free(&v);
	buf_release(&body);
}

static void test_plans(void **state)
{
	(void)state;
	register_types();
	check_plan((struct plan){.count = 513, .effort = 1});
	check_plan((struct plan){.count = 2000, .effort = 7, .moves_per_step = 30});
	check_plan((struct plan){.count = 2000, .effort = 9, .grow_per_step = 100});
	check_plan((struct plan){.count = 4000, .effort = 20, .grow_per_step = 40});
	check_plan((struct plan){.count = 6000, .effort = 20, .shrink_per_step = 40});
	check_plan((struct plan){.count = 4000,
		.effort = 9,
		.shrink_per_step = 5,
		.grow_per_step = 6,
		.moves_per_step = 5});
}

static void test_sizes(void **state)
{
	(void)state;
	register_types();
	struct value v = zset_of(100);
	assert_null(image_new(&v, false)); /* packed */
	zset_free(&v);
	v = zset_of(IMAGE_TABLE_MIN - 1);
	assert_null(image_new(&v, false));
	zset_free(&v);
	assert_null(image_new(&zset_empty, false));
	assert_null(image_new(&set_empty, false));
}

/* What is freed while its image is written goes to the image, which gives it back. */
static void test_adoption(void **state)
{
	(void)state;
	register_types();
	struct value v = zset_of(600);
	struct value orphan;
	struct buf body = {0};
	struct codec_writer w = {.out = &body};
	assert_false(image_adopt(&v));
	struct image *im = image_new(&v, false);
	assert_true(image_step(im, &w, 10));
	assert_true(image_adopt(&v));
	while (image_step(im, &w, 10))
		continue;
	expect_body(im, &body, 600);
	assert_true(image_free(im, &orphan));
	assert_ptr_equal(orphan.ptr, v.ptr);
	assert_false(image_adopt(&orphan));
	zset_free(&orphan);
	buf_release(&body);
}

/* Given up in the middle: the value goes on as if nothing had been. */
static void test_given_up(void **state)
{
	(void)state;
	register_types();
	struct value v = zset_of(600);
	struct value orphan;
	struct buf body = {0};
	struct codec_writer w = {.out = &body};
	char room[32];
	struct image *im = image_new(&v, false);
	assert_true(image_step(im, &w, 10));
	zset_remove(&v, word(room, sizeof(room), 3));
	assert_false(image_is_sound(im));
	assert_false(image_free(im, &orphan));
	zset_remove(&v, word(room, sizeof(room), 4));
	assert_int_equal(zset_length(&v), 598);
	zset_free(&v);
	buf_release(&body);
}

UNIT_MAIN(test_plans, test_sizes, test_adoption, test_given_up)
