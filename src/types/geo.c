/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Places as scores. An area is covered thus: the smallest rectangle of degrees around it (J. P.
 * Matuschek, "Finding points within a distance of a latitude/longitude using bounding
 * coordinates"), then the finest grid of which it touches at most GEO_RANGES_MAX fields. A field
 * is a range of scores, for they all begin with the same bits.
 */
#include "types/geo.h"

#include <math.h>

#define STEP_BITS 26
#define SCORE_BITS (2 * STEP_BITS)
#define EARTH_METRES 6372797.560856
#define RADIANS (M_PI / 180.0)
/* Degrees (a centimetre) by which an area is widened so that no rounding loses its rim. */
#define SLACK 1e-7

bool geo_is_valid(struct geo_point p)
{
	return p.lon >= -GEO_LON_MAX && p.lon <= GEO_LON_MAX && p.lat >= -GEO_LAT_MAX &&
	       p.lat <= GEO_LAT_MAX;
}

/* --- bits in turn (S. Anderson, "Bit Twiddling Hacks") --- */

static const uint64_t masks[] = {
	0x5555555555555555u,
	0x3333333333333333u,
	0x0f0f0f0f0f0f0f0fu,
	0x00ff00ff00ff00ffu,
	0x0000ffff0000ffffu,
	0x00000000ffffffffu,
};

/* Bit i goes to bit 2 * i. */
static uint64_t spread(uint32_t x)
{
	uint64_t bits = x;
	for (int i = 4; i >= 0; i--)
		bits = (bits | bits << (1u << i)) & masks[i];
	return bits;
}

static uint32_t gather(uint64_t bits)
{
	bits &= masks[0];
	for (int i = 0; i < 5; i++)
		bits = (bits | bits >> (1u << i)) & masks[i + 1];
	return (uint32_t)bits;
}

/* Longitudes take the higher bit of each pair. */
static uint64_t interleave(uint32_t lon, uint32_t lat)
{
	return spread(lat) | spread(lon) << 1;
}

/* --- scores --- */

static uint32_t step_of(double at, double max, double steps)
{
	return (uint32_t)((at + max) / (2 * max) * steps);
}

static uint64_t encode_within(struct geo_point p, double lat_max)
{
	const double steps = 1u << STEP_BITS;
	return interleave(step_of(p.lon, GEO_LON_MAX, steps), step_of(p.lat, lat_max, steps));
}

double geo_encode(struct geo_point p)
{
	return (double)encode_within(p, GEO_LAT_MAX);
}

/* Any score as bits; what is no such number becomes what the hardware made of it in Redis. */
static uint64_t score_bits(double score)
{
	if (score > -0x1p63 && score < 0x1p63)
		return (uint64_t)(int64_t)score;
	if (score > 0)
		return score < 0x1p64 ? (uint64_t)score : 0;
	return (uint64_t)1 << 63;
}

static double middle_of(uint32_t step, double max)
{
	const double steps = 1u << STEP_BITS;
	double low = -max + (step / steps) * (2 * max);
	double high = -max + ((step + 1.0) / steps) * (2 * max);
	double middle = (low + high) / 2;
	return middle > max ? max : middle < -max ? -max : middle;
}

struct geo_point geo_decode(double score)
{
	uint64_t bits = score_bits(score);
	return (struct geo_point){
		middle_of(gather(bits >> 1), GEO_LON_MAX), middle_of(gather(bits), GEO_LAT_MAX)};
}

void geo_hash_text(struct geo_point p, char text[GEO_HASH_CHARS])
{
	static const char digits[] = "0123456789bcdefghjkmnpqrstuvwxyz";
	uint64_t bits = encode_within(p, 90);
	/* Ten digits of five bits; there is nothing left for the eleventh. */
	for (int i = 0; i < GEO_HASH_CHARS - 1; i++)
		text[i] = digits[bits >> (SCORE_BITS - 5 * (i + 1)) & 31];
	text[GEO_HASH_CHARS - 1] = '0';
}

/* --- distances --- */

static double lat_distance(double a, double b)
{
	return EARTH_METRES * fabs(b * RADIANS - a * RADIANS);
}

double geo_distance(struct geo_point a, struct geo_point b)
{
	double across = sin((b.lon * RADIANS - a.lon * RADIANS) / 2);
	if (across == 0)
		return lat_distance(a.lat, b.lat);
	double lat_a = a.lat * RADIANS, lat_b = b.lat * RADIANS;
	double up = sin((lat_b - lat_a) / 2);
	return 2 * EARTH_METRES * asin(sqrt(up * up + cos(lat_a) * cos(lat_b) * across * across));
}

bool geo_shape_holds(const struct geo_shape *shape, struct geo_point p, double *distance)
{
	if (shape->is_box) {
		/* The sides are measured where the place is. */
		struct geo_point beside = {shape->centre.lon, p.lat};
		if (lat_distance(p.lat, shape->centre.lat) > shape->height / 2 ||
			geo_distance(p, beside) > shape->width / 2)
			return false;
	}
	*distance = geo_distance(shape->centre, p);
	return shape->is_box || *distance <= shape->radius;
}

/* --- areas --- */

/* Degrees; the longitudes may be beyond the date line. */
struct bounds {
	double south, north, west, east;
};

/* How many degrees of longitude the shape reaches to each side; `reach`: of latitude. */
static double lon_reach(const struct geo_shape *shape, const struct bounds *b, double reach)
{
	double sine;
	if (shape->is_box) {
		/* Widest where the parallels are shortest. */
		double farthest = fmin(fmax(fabs(b->south), fabs(b->north)), GEO_LAT_MAX);
		double half = shape->width / 4 / EARTH_METRES;
		sine = half < M_PI / 2 ? sin(half) / cos(farthest * RADIANS) : 1;
		return sine < 1 ? 2 * asin(sine) / RADIANS : GEO_LON_MAX;
	}
	/* A circle with a pole in it goes all around. */
	if (b->north >= 90 || b->south <= -90)
		return GEO_LON_MAX;
	sine = sin(reach * RADIANS) / cos(shape->centre.lat * RADIANS);
	return sine < 1 ? asin(sine) / RADIANS : GEO_LON_MAX;
}

static struct bounds bounds_of(const struct geo_shape *shape)
{
	double metres = shape->is_box ? shape->height / 2 : shape->radius;
	double reach = fmin(metres / EARTH_METRES / RADIANS, 180) + SLACK;
	struct bounds b = {.south = shape->centre.lat - reach, .north = shape->centre.lat + reach};
	double sideways = lon_reach(shape, &b, reach) + SLACK;
	b.south = fmax(b.south, -GEO_LAT_MAX);
	b.north = fmin(b.north, GEO_LAT_MAX);
	b.west = shape->centre.lon - sideways;
	b.east = shape->centre.lon + sideways;
	if (sideways >= GEO_LON_MAX) {
		b.west = -GEO_LON_MAX;
		b.east = GEO_LON_MAX;
	}
	return b;
}

/* Fields that an area touches in a grid of 2^bits by 2^bits; columns may be outside of it. */
struct fields {
	int bits;
	int64_t west, south, columns, rows;
};

static struct fields fields_of(const struct bounds *b, int bits)
{
	double steps = (double)((uint64_t)1 << bits);
	double last = steps - 1;
	struct fields f = {.bits = bits};
	f.west = (int64_t)floor((b->west + GEO_LON_MAX) / (2 * GEO_LON_MAX) * steps);
	f.south = (int64_t)fmin((b->south + GEO_LAT_MAX) / (2 * GEO_LAT_MAX) * steps, last);
	int64_t east = (int64_t)floor((b->east + GEO_LON_MAX) / (2 * GEO_LON_MAX) * steps);
	int64_t north = (int64_t)fmin((b->north + GEO_LAT_MAX) / (2 * GEO_LAT_MAX) * steps, last);
	f.columns = east - f.west + 1;
	f.rows = north - f.south + 1;
	/* All around: no column twice. */
	if (f.columns > (int64_t)steps)
		f.columns = (int64_t)steps;
	return f;
}

static int sort_codes(uint64_t *codes, int count)
{
	for (int i = 1; i < count; i++) {
		uint64_t code = codes[i];
		int at = i;
		for (; at > 0 && codes[at - 1] > code; at--)
			codes[at] = codes[at - 1];
		codes[at] = code;
	}
	return count;
}

int geo_cover(const struct geo_shape *shape, struct geo_range ranges[GEO_RANGES_MAX])
{
	struct bounds b = bounds_of(shape);
	struct fields f = fields_of(&b, STEP_BITS);
	uint64_t codes[GEO_RANGES_MAX];
	int count = 0, merged = 0;
	while (f.columns > GEO_RANGES_MAX || f.columns * f.rows > GEO_RANGES_MAX)
		f = fields_of(&b, f.bits - 1);
	for (int64_t row = 0; row < f.rows; row++) {
		for (int64_t column = 0; column < f.columns; column++) {
			uint64_t wrapped =
				(uint64_t)(f.west + column) & (((uint64_t)1 << f.bits) - 1);
			codes[count++] = interleave((uint32_t)wrapped, (uint32_t)(f.south + row));
		}
	}
	count = sort_codes(codes, count);
	double width = (double)((uint64_t)1 << (SCORE_BITS - 2 * f.bits));
	for (int i = 0; i < count; i++) {
		double first = (double)codes[i] * width;
		if (merged > 0 && ranges[merged - 1].behind == first)
			ranges[merged - 1].behind += width;
		else
			ranges[merged++] = (struct geo_range){first, first + width};
	}
	return merged;
}

/* False: the visitor has enough. */
static bool search_range(const struct value *zset, const struct geo_shape *shape,
	struct zset_range range, geo_visit *visit, void *context)
{
	struct geo_found found;
	struct zset_iter it;
	zset_iter_init(&it, zset, range.first, false);
	for (size_t rank = range.first; rank < range.behind; rank++) {
		zset_next(&it, &found.member, &found.score);
		found.at = geo_decode(found.score);
		if (!geo_shape_holds(shape, found.at, &found.distance))
			continue;
		if (!visit(&found, context))
			return false;
	}
	return true;
}

void geo_search(
	const struct value *zset, const struct geo_shape *shape, geo_visit *visit, void *context)
{
	struct geo_range ranges[GEO_RANGES_MAX];
	int count = geo_cover(shape, ranges), nearest = 0;
	double centre = geo_encode(shape->centre);
	for (int i = 0; i < count; i++) {
		if (ranges[i].first <= centre)
			nearest = i;
	}
	for (int i = 0; i < count; i++) {
		const struct geo_range *at = &ranges[(nearest + i) % count];
		struct zset_score_bounds bounds = {
			.min = at->first, .max = at->behind, .excludes_max = true};
		struct zset_range range = zset_range_by_score(zset, &bounds);
		if (range.first < range.behind && !search_range(zset, shape, range, visit, context))
			return;
	}
}
