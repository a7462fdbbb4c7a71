/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The commands of single places: sorted sets whose scores are places (types/geo.h). Searches are in
 * geo_search.c.
 */
#include "cmd/geo.h"

#include <math.h>

#include "cmd/commands.h"

/* "9007199254740992.0000" and then some. */
#define DISTANCE_CHARS 32
#define DISTANCE_DIGITS 4
#define DISTANCE_FACTOR 10000

bool geo_arg_place(struct call *call, int index, struct geo_point *p)
{
	if (!call_arg_double(call, index, &p->lon) || !call_arg_double(call, index + 1, &p->lat))
		return false;
	if (geo_is_valid(*p))
		return true;
	call_failf(call, E_GEO_PLACE, p->lon, p->lat);
	return false;
}

bool geo_arg_unit(struct call *call, int index, double *metres)
{
	static const struct {
		const char *name;
		double metres;
	} units[] = {{"M", 1}, {"KM", 1000}, {"FT", 0.3048}, {"MI", 1609.34}};
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (!call_arg_is(call, index, units[i].name))
			continue;
		*metres = units[i].metres;
		return true;
	}
	call_fail(call, E_GEO_UNIT);
	return false;
}

/* No two places are so far apart that this could overflow, whatever the unit. */
void geo_reply_distance(struct reply *r, double distance)
{
	char text[DISTANCE_CHARS];
	uint64_t scaled = (uint64_t)llrint(distance * DISTANCE_FACTOR);
	size_t len = num_print_u64(text, scaled / DISTANCE_FACTOR);
	uint64_t fraction = scaled % DISTANCE_FACTOR;
	text[len] = '.';
	for (size_t i = DISTANCE_DIGITS; i > 0; i--) {
		text[len + i] = (char)('0' + fraction % 10);
		fraction /= 10;
	}
	reply_bulk(r, bytes_of(text, len + 1 + DISTANCE_DIGITS));
}

void geo_reply_place(struct reply *r, struct geo_point p)
{
	reply_array(r, 2);
	reply_long_double(r, (long double)p.lon);
	reply_long_double(r, (long double)p.lat);
}

/* --- GEOADD --- */

struct geoadd {
	bool only_new, only_old, counts_moved;
	int first; /* longitudes, latitudes and members in turn */
};

static bool geoadd_parse(struct call *call, struct geoadd *g, size_t *longest)
{
	struct geo_point p;
	for (g->first = 2; g->first < call->argc; g->first++) {
		if (call_arg_is(call, g->first, "NX"))
			g->only_new = true;
		else if (call_arg_is(call, g->first, "XX"))
			g->only_old = true;
		else if (call_arg_is(call, g->first, "CH"))
			g->counts_moved = true;
		else
			break;
	}
	int left = call->argc - g->first;
	if (left % 3 != 0 || (g->only_new && g->only_old)) {
		call_fail(call, E_SYNTAX);
		return false;
	}
	if (left == 0) {
		/* Nothing but options: what ZADD without a member says. */
		call_fail(call, E_SYNTAX);
		return false;
	}
	for (int i = g->first; i < call->argc; i += 3) {
		if (!geo_arg_place(call, i, &p))
			return false;
		if (call->argv[i + 2].len > *longest)
			*longest = call->argv[i + 2].len;
	}
	return true;
}

static enum zset_change geoadd_one(
	struct value *v, const struct geoadd *g, struct bytes member, double score)
{
	double before;
	bool is_conditional = g->only_new || g->only_old;
	if (is_conditional && zset_score(v, member, &before) == g->only_new)
		return ZSET_SAME;
	return zset_set(v, member, score);
}

static enum outcome geoadd(struct call *call)
{
	struct geoadd g = {0};
	struct edit edit;
	size_t longest = 0;
	int64_t added = 0, moved = 0;
	if (!geoadd_parse(call, &g, &longest))
		return FAILED;
	const struct value *create = g.only_old ? NULL : &zset_empty;
	enum found found = container_open(call, 1, TYPE_ZSET, create, &edit);
	if (found == REFUSED)
		return FAILED;
	if (found == FOUND) {
		zset_reserve(&edit.value, (size_t)(call->argc - g.first) / 3, longest);
		for (int i = g.first; i < call->argc; i += 3) {
			struct geo_point p;
			num_parse_double(call->argv[i], &p.lon);
			num_parse_double(call->argv[i + 1], &p.lat);
			enum zset_change change =
				geoadd_one(&edit.value, &g, call->argv[i + 2], geo_encode(p));
			added += change == ZSET_ADDED;
			moved += change == ZSET_MOVED;
		}
		edit_close(&edit, EVENT_ZSET, "zadd", (uint64_t)(added + moved));
	}
	reply_i64(call->reply, g.counts_moved ? added + moved : added);
	return DONE;
}

/* --- reading --- */

static enum outcome geopos(struct call *call)
{
	struct value v = zset_empty;
	double score;
	if (container_read(call, 1, TYPE_ZSET, &v) == REFUSED)
		return FAILED;
	reply_array(call->reply, call->argc - 2);
	for (int i = 2; i < call->argc; i++) {
		if (zset_score(&v, call->argv[i], &score))
			geo_reply_place(call->reply, geo_decode(score));
		else
			reply_null_array(call->reply);
	}
	return DONE;
}

static enum outcome geohash(struct call *call)
{
	struct value v = zset_empty;
	double score;
	char text[GEO_HASH_CHARS];
	if (container_read(call, 1, TYPE_ZSET, &v) == REFUSED)
		return FAILED;
	reply_array(call->reply, call->argc - 2);
	for (int i = 2; i < call->argc; i++) {
		if (!zset_score(&v, call->argv[i], &score)) {
			reply_null(call->reply);
			continue;
		}
		geo_hash_text(geo_decode(score), text);
		reply_bulk(call->reply, bytes_of(text, sizeof(text)));
	}
	return DONE;
}

static enum outcome geodist(struct call *call)
{
	struct value v = zset_empty;
	double metres = 1, a, b;
	if (call->argc > 5)
		return call_fail(call, E_SYNTAX);
	if (call->argc == 5 && !geo_arg_unit(call, 4, &metres))
		return FAILED;
	if (container_read(call, 1, TYPE_ZSET, &v) == REFUSED)
		return FAILED;
	if (zset_score(&v, call->argv[2], &a) && zset_score(&v, call->argv[3], &b))
		geo_reply_distance(
			call->reply, geo_distance(geo_decode(a), geo_decode(b)) / metres);
	else
		reply_null(call->reply);
	return DONE;
}

#define MEMBER_COMPLEXITY "O(1) for each member requested."

const struct command_row geo_commands[] = {
	{.name = "GEOADD",
		.run = geoadd,
		.flags = CMD_WRITE | CMD_DENY_OOM,
		.group = "geo",
		.since = "3.2.0",
		.complexity = "O(log(N)) for each item added, where N is the number of elements "
			      "in the sorted set.",
		.history = "6.2.0=Added the `CH`, `NX` and `XX` options.",
		.syntax = "key:key:RW+update condition=[NX|XX]@6.2.0 [change=CH]@6.2.0 "
			  "data={longitude:double latitude:double member}...",
		.summary = "Adds places to a geospatial index or moves them."},
	{.name = "GEOPOS",
		.run = geopos,
		.flags = CMD_READONLY,
		.group = "geo",
		.since = "3.2.0",
		.complexity = MEMBER_COMPLEXITY,
		.syntax = "key:key:RO+access [member...]",
		.summary = "Answers the longitudes and latitudes of places."},
	{.name = "GEOHASH",
		.run = geohash,
		.flags = CMD_READONLY,
		.group = "geo",
		.since = "3.2.0",
		.complexity = MEMBER_COMPLEXITY,
		.syntax = "key:key:RO+access [member...]",
		.summary = "Answers the geohashes of places as texts."},
	{.name = "GEODIST",
		.run = geodist,
		.flags = CMD_READONLY,
		.group = "geo",
		.since = "3.2.0",
		.complexity = "O(1)",
		.syntax = "key:key:RO+access member1 member2 unit=[M|KM|FT|MI]",
		.summary = "Answers the distance between two places."},
	{0},
};
