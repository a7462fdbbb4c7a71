/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Places on the earth as scores of sorted sets: longitude and latitude, each cut into 2^26 steps,
 * with their bits in turn (a geohash: G. M. Morton 1966, G. Niemeyer 2008). Whoever is near in
 * both is mostly near in the score, too: an area becomes a few ranges of scores.
 *
 * Distances are those on a sphere by the haversine formula. Scores may be anything that ZADD takes:
 * each has some place. Must not know sessions or replies.
 */
#ifndef RINGLET_TYPES_GEO_H
#define RINGLET_TYPES_GEO_H

#include "types/zset.h"

#define GEO_LON_MAX 180.0
#define GEO_LAT_MAX 85.05112878 /* of the square map: Web Mercator, EPSG:3857 */
#define GEO_HASH_CHARS 11

/* In degrees. */
struct geo_point {
	double lon, lat;
};

/* What is looked for, in metres; `radius` of a circle; of a box its sides, which follow the
 * parallels and meridians. They may be infinite. */
struct geo_shape {
	struct geo_point centre;
	bool is_box;
	double radius;
	double width, height;
};

bool geo_is_valid(struct geo_point p);
/* The score of a valid place. */
double geo_encode(struct geo_point p);
/* The middle of the step in which the score lies. */
struct geo_point geo_decode(double score);
/* The geohash that others (geohash.org) use: of the whole globe. */
void geo_hash_text(struct geo_point p, char text[GEO_HASH_CHARS]);
/* Metres. */
double geo_distance(struct geo_point a, struct geo_point b);
/* False: outside; else the distance from its centre. */
bool geo_shape_holds(const struct geo_shape *shape, struct geo_point p, double *distance);

/* Scores first <= score < behind. */
struct geo_range {
	double first, behind;
};
/* Ranges, ascending and apart, in which everything inside the shape lies. */
#define GEO_RANGES_MAX 32
int geo_cover(const struct geo_shape *shape, struct geo_range ranges[GEO_RANGES_MAX]);

/* A member within the shape; false: enough. */
struct geo_found {
	struct listpack_item member;
	double score, distance;
	struct geo_point at;
};
typedef bool geo_visit(const struct geo_found *found, void *context);
/* Visits them by ascending score, beginning with the range in which the centre lies. */
void geo_search(
	const struct value *zset, const struct geo_shape *shape, geo_visit *visit, void *context);

#endif
