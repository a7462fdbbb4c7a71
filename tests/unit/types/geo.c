/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Places: known scores and hashes, covers against each place of a crowd, shapes at the rim of the
 * map.
 */
#include "../../../src/types/geo.c"

#include "../unit.h"
#include "base/rand.h"

static double random_within(double low, double high)
{
	return low + (double)rand_below(1u << 30) / (1u << 30) * (high - low);
}

static void test_bits(void **state)
{
	(void)state;
	assert_true(spread(0xffffffffu) == 0x5555555555555555u);
	assert_true(interleave(1, 0) == 2);
	assert_true(interleave(0, 1) == 1);
	assert_true(interleave(0x80000000u, 0x80000000u) == 0xc000000000000000u);
	for (int i = 0; i < 10000; i++) {
		uint32_t lon = (uint32_t)rand_below(UINT32_MAX);
		uint32_t lat = (uint32_t)rand_below(UINT32_MAX);
		uint64_t bits = interleave(lon, lat);
		assert_int_equal(gather(bits), lat);
		assert_int_equal(gather(bits >> 1), lon);
	}
}

static void test_known(void **state)
{
	char text[GEO_HASH_CHARS];
	struct geo_point palermo = {13.361389, 38.115556}, catania = {15.087269, 37.502669};
	(void)state;
	assert_true(geo_encode(palermo) == 3479099956230698);
	assert_true(geo_encode(catania) == 3479447370796909);
	geo_hash_text(geo_decode(3479099956230698), text);
	assert_memory_equal(text, "sqc8b49rny0", sizeof(text));
	double distance = geo_distance(geo_decode(3479099956230698), geo_decode(3479447370796909));
	assert_true(fabs(distance - 166274.1516) < 0.0001);
	assert_true(geo_distance(palermo, palermo) == 0);
	assert_true(geo_is_valid((struct geo_point){-180, -GEO_LAT_MAX}));
	assert_false(geo_is_valid((struct geo_point){180.1, 0}));
	assert_false(geo_is_valid((struct geo_point){0, 85.06}));
	assert_false(geo_is_valid((struct geo_point){NAN, 0}));
}

/* What is decoded is encoded to the same score, and lies within half a step. */
static void test_round(void **state)
{
	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct geo_point p = {random_within(-180, 180), random_within(-85, 85)};
		double score = geo_encode(p);
		struct geo_point q = geo_decode(score);
		assert_true(geo_encode(q) == score);
		assert_true(fabs(p.lon - q.lon) <= 360.0 / (1 << STEP_BITS));
		assert_true(fabs(p.lat - q.lat) <= 171.0 / (1 << STEP_BITS));
	}
}

/* No score is so strange that it has no place. */
static void test_scores(void **state)
{
	const double odd[] = {0, -0.0, 1.5, -1, 0x1p52, 0x1p63, -0x1p63, 0x1p64, 1e300, -1e300,
		INFINITY, -INFINITY, 5e-324};
	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		assert_true(geo_is_valid(geo_decode(odd[i])));
}

static bool is_covered(const struct geo_range *ranges, int count, double score)
{
	for (int i = 0; i < count; i++) {
		if (score >= ranges[i].first && score < ranges[i].behind)
			return true;
	}
	return false;
}

static struct geo_shape random_shape(int round)
{
	struct geo_shape shape = {
		.centre = {random_within(-180, 180), random_within(-GEO_LAT_MAX, GEO_LAT_MAX)},
		.is_box = round % 2 != 0,
		.radius = pow(10, random_within(-1, 7.5)),
		.width = pow(10, random_within(-1, 7.7)),
		.height = pow(10, random_within(-1, 7.7)),
	};
	if (round % 7 == 0)
		shape.centre.lon = round % 3 ? 180 : -180;
	if (round % 11 == 0)
		shape.centre.lat = round % 3 ? GEO_LAT_MAX : -GEO_LAT_MAX;
	if (round % 101 == 0)
		shape.radius = shape.width = shape.height = INFINITY;
	if (round % 103 == 0)
		shape.radius = shape.width = shape.height = 0;
	return shape;
}

/* Around the centre, at about the shape's size. */
static struct geo_point place_near(const struct geo_shape *shape)
{
	double size = shape->is_box ? fmax(shape->width, shape->height) : shape->radius;
	double degrees = fmin(size / 111000 * 1.5, 180);
	struct geo_point p = {shape->centre.lon + random_within(-degrees, degrees),
		shape->centre.lat + random_within(-degrees, degrees)};
	if (p.lon > 180)
		p.lon -= 360;
	if (p.lon < -180)
		p.lon += 360;
	if (p.lon >= 180)
		p.lon = -180;
	p.lat = fmax(fmin(p.lat, 85.05112), -GEO_LAT_MAX);
	return p;
}

/* Ranges are few, ascending, apart, and none that is inside is outside of them. */
static void test_cover(void **state)
{
	struct geo_range ranges[GEO_RANGES_MAX];
	int inside = 0;
	(void)state;
	for (int round = 0; round < 3000; round++) {
		struct geo_shape shape = random_shape(round);
		int count = geo_cover(&shape, ranges);
		assert_in_range(count, 1, GEO_RANGES_MAX);
		for (int i = 0; i < count; i++) {
			assert_true(ranges[i].first < ranges[i].behind);
			assert_true(i == 0 || ranges[i - 1].behind < ranges[i].first);
		}
		for (int i = 0; i < 60; i++) {
			double distance, score = geo_encode(place_near(&shape));
			if (!geo_shape_holds(&shape, geo_decode(score), &distance))
				continue;
			inside++;
			assert_true(is_covered(ranges, count, score));
		}
	}
	assert_true(inside > 10000);
}

/* A small area is a small part of the map. */
static void test_cover_is_small(void **state)
{
	struct geo_range ranges[GEO_RANGES_MAX];
	struct geo_shape shape = {.centre = {0.0001, 0.0001}, .radius = 1000};
	double sum = 0;
	(void)state;
	int count = geo_cover(&shape, ranges);
	for (int i = 0; i < count; i++)
		sum += ranges[i].behind - ranges[i].first;
	/* 2 km of 40000 km by 20000 km, and a rim. */
	assert_true(sum / 0x1p52 < 4 * (2.0 / 40000) * (2.0 / 19000));
}

struct crowd {
	size_t visited, limit;
};

static bool count_visit(const struct geo_found *found, void *context)
{
	struct crowd *c = context;
	assert_true(found->distance >= 0);
	c->visited++;
	return c->visited < c->limit;
}

static void test_search(void **state)
{
	struct value v = zset_empty;
	struct geo_point places[500];
	char name[16];
	(void)state;
	for (int i = 0; i < 500; i++) {
		places[i] = (struct geo_point){random_within(5, 15), random_within(40, 50)};
		size_t len = (size_t)snprintf(name, sizeof(name), "m%d", i);
		zset_reserve(&v, 1, len);
		zset_set(&v, bytes_of(name, len), geo_encode(places[i]));
		places[i] = geo_decode(geo_encode(places[i]));
		if (i % 100 != 99)
			continue;
		struct geo_shape shape = {.centre = {10, 45}, .radius = 200000};
		struct crowd crowd = {.limit = SIZE_MAX};
		size_t wanted = 0;
		double distance;
		for (int k = 0; k <= i; k++)
			wanted += geo_shape_holds(&shape, places[k], &distance);
		geo_search(&v, &shape, count_visit, &crowd);
		assert_int_equal(crowd.visited, wanted);
		crowd = (struct crowd){.limit = 3};
		geo_search(&v, &shape, count_visit, &crowd);
		assert_int_equal(crowd.visited, 3);
	}
	zset_free(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bits),
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_round),
		cmocka_unit_test(test_scores),
		cmocka_unit_test(test_cover),
		cmocka_unit_test(test_cover_is_small),
		cmocka_unit_test(test_search),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
