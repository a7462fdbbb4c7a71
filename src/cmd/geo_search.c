/* SPDX-License-Identifier: BSD-3-Clause
 *
 * GEOSEARCH and its like: the places within a circle or a box, answered or stored. Members are
 * looked at where they lie; nothing of the source is copied but into the destination.
 */
#include "cmd/geo.h"

#include <stdlib.h>

#include "base/mem.h"
#include "cmd/commands.h"

#define PLACES_FIRST 64

enum search_form {
	SEARCH_AROUND,        /* GEORADIUS */
	SEARCH_AROUND_MEMBER, /* GEORADIUSBYMEMBER */
	SEARCH_WORDS,         /* GEOSEARCH */
	SEARCH_WORDS_STORED,  /* GEOSEARCHSTORE */
};

enum order { ORDER_NONE, ORDER_NEAREST, ORDER_FARTHEST };

struct search {
	struct call *call;
	enum search_form form;
	bool may_store;          /* STORE and STOREDIST are options */
	int source, destination; /* in argv; destination 0: the places are answered */
	struct value zset;
	bool is_missing;
	/* What is looked for. */
	struct geo_shape shape;
	bool has_member, has_place, has_radius, has_box;
	double metres; /* of the unit */
	/* How it is answered. */
	bool with_distance, with_hash, with_place, stores_distance, is_any;
	enum order order;
	int64_t limit; /* 0 = none */
	/* What was found. */
	struct geo_found *places;
	size_t count, cap;
};

static bool refuse(struct search *s, enum error error)
{
	call_fail(s->call, error);
	return false;
}

/* --- arguments --- */

/* A length and its unit. */
static bool parse_radius(struct search *s, int at)
{
	double radius;
	if (!num_parse_double(s->call->argv[at], &radius))
		return refuse(s, E_GEO_RADIUS);
	if (radius < 0)
		return refuse(s, E_GEO_RADIUS_NEGATIVE);
	if (!geo_arg_unit(s->call, at + 1, &s->metres))
		return false;
	s->shape.radius = radius * s->metres;
	return true;
}

static bool parse_box(struct search *s, int at)
{
	double width, height;
	if (!num_parse_double(s->call->argv[at], &width))
		return refuse(s, E_GEO_WIDTH);
	if (!num_parse_double(s->call->argv[at + 1], &height))
		return refuse(s, E_GEO_HEIGHT);
	if (width < 0 || height < 0)
		return refuse(s, E_GEO_BOX_NEGATIVE);
	if (!geo_arg_unit(s->call, at + 2, &s->metres))
		return false;
	s->shape.width = width * s->metres;
	s->shape.height = height * s->metres;
	return true;
}

/* Where nothing can be found anyhow, any member will do. */
static bool parse_member(struct search *s, int at)
{
	double score;
	if (s->is_missing)
		return true;
	if (!zset_score(&s->zset, s->call->argv[at], &score))
		return refuse(s, E_GEO_MEMBER);
	s->shape.centre = geo_decode(score);
	return true;
}

/* What a word did: how many arguments it took, or one of these. */
enum { WORD_UNKNOWN = 0, WORD_REFUSED = -1 };

static int parse_answer_word(struct search *s, int at)
{
	struct call *call = s->call;
	if (call_arg_is(call, at, "WITHDIST"))
		return s->with_distance = true;
	if (call_arg_is(call, at, "WITHHASH"))
		return s->with_hash = true;
	if (call_arg_is(call, at, "WITHCOORD"))
		return s->with_place = true;
	if (call_arg_is(call, at, "ANY"))
		return s->is_any = true;
	if (call_arg_is(call, at, "ASC")) {
		s->order = ORDER_NEAREST;
		return 1;
	}
	if (call_arg_is(call, at, "DESC")) {
		s->order = ORDER_FARTHEST;
		return 1;
	}
	if (at + 1 == call->argc || !call_arg_is(call, at, "COUNT"))
		return WORD_UNKNOWN;
	if (!call_arg_i64(call, at + 1, &s->limit))
		return WORD_REFUSED;
	if (s->limit <= 0) {
		refuse(s, E_COUNT_TOO_SMALL);
		return WORD_REFUSED;
	}
	return 2;
}

/* STORE key, STOREDIST key: the last one counts. */
static int parse_store_word(struct search *s, int at)
{
	struct call *call = s->call;
	bool is_distance = call_arg_is(call, at, "STOREDIST");
	if (s->form == SEARCH_WORDS_STORED && is_distance)
		return s->stores_distance = true;
	if (!s->may_store || at + 1 == call->argc)
		return WORD_UNKNOWN;
	if (!is_distance && !call_arg_is(call, at, "STORE"))
		return WORD_UNKNOWN;
	s->destination = at + 1;
	s->stores_distance = is_distance;
	return 2;
}

static int parse_area_word(struct search *s, int at)
{
	struct call *call = s->call;
	int left = call->argc - at - 1;
	if (left >= 1 && !s->has_place && call_arg_is(call, at, "FROMMEMBER")) {
		s->has_member = true;
		return parse_member(s, at + 1) ? 2 : WORD_REFUSED;
	}
	if (left >= 2 && !s->has_member && call_arg_is(call, at, "FROMLONLAT")) {
		s->has_place = true;
		return geo_arg_place(call, at + 1, &s->shape.centre) ? 3 : WORD_REFUSED;
	}
	if (left >= 2 && !s->has_box && call_arg_is(call, at, "BYRADIUS")) {
		s->has_radius = true;
		return parse_radius(s, at + 1) ? 3 : WORD_REFUSED;
	}
	if (left >= 3 && !s->has_radius && call_arg_is(call, at, "BYBOX")) {
		s->has_box = s->shape.is_box = true;
		return parse_box(s, at + 1) ? 4 : WORD_REFUSED;
	}
	return WORD_UNKNOWN;
}

static bool parse_words(struct search *s, int at)
{
	bool has_area_words = s->form == SEARCH_WORDS || s->form == SEARCH_WORDS_STORED;
	while (at < s->call->argc) {
		int taken = parse_answer_word(s, at);
		if (taken == WORD_UNKNOWN)
			taken = parse_store_word(s, at);
		if (taken == WORD_UNKNOWN && has_area_words)
			taken = parse_area_word(s, at);
		if (taken == WORD_UNKNOWN)
			return refuse(s, E_SYNTAX);
		if (taken == WORD_REFUSED)
			return false;
		at += taken;
	}
	return true;
}

/* What must hold of all words together. */
static bool check_words(struct search *s)
{
	struct call *call = s->call;
	bool has_area_words = s->form == SEARCH_WORDS || s->form == SEARCH_WORDS_STORED;
	struct bytes name = call->argv[0];
	if (s->destination > 0 && (s->with_distance || s->with_hash || s->with_place)) {
		call_failf(call, E_GEO_STORE_WITH,
			has_area_words ? "GEOSEARCHSTORE" : "STORE option in GEORADIUS");
		return false;
	}
	if (has_area_words && !s->has_member && !s->has_place) {
		call_failf(call, E_GEO_FROM, (int)name.len, name.ptr);
		return false;
	}
	if (has_area_words && !s->has_radius && !s->has_box) {
		call_failf(call, E_GEO_BY, (int)name.len, name.ptr);
		return false;
	}
	if (s->is_any && s->limit == 0)
		return refuse(s, E_GEO_ANY);
	return true;
}

/* The places before the words; their end in *at. */
static bool parse_places(struct search *s, int *at)
{
	s->metres = 1;
	*at = s->source + 1;
	if (s->form == SEARCH_AROUND) {
		*at += 4;
		return geo_arg_place(s->call, 2, &s->shape.centre) && parse_radius(s, 4);
	}
	if (s->form == SEARCH_AROUND_MEMBER) {
		*at += 3;
		return s->is_missing || (parse_member(s, 2) && parse_radius(s, 3));
	}
	return true;
}

/* --- searching --- */

static bool keep_place(const struct geo_found *found, void *context)
{
	struct search *s = context;
	if (s->count == s->cap) {
		s->cap = s->cap == 0 ? PLACES_FIRST : s->cap * 2;
		s->places = mem_realloc(s->places, s->cap * sizeof(s->places[0]));
	}
	s->places[s->count] = *found;
	s->places[s->count].distance /= s->metres;
	s->count++;
	return !s->is_any || s->count < (size_t)s->limit;
}

/* Equal distances keep a fixed order: members lie by score. */
static int compare_places(const void *left, const void *right)
{
	const struct geo_found *a = left, *b = right;
	if (a->distance != b->distance)
		return a->distance < b->distance ? -1 : 1;
	return (a->score > b->score) - (a->score < b->score);
}

static int compare_places_backwards(const void *left, const void *right)
{
	return compare_places(right, left);
}

static void find_places(struct search *s)
{
	/* The nearest ones, unless any would do. */
	if (s->limit > 0 && !s->is_any && s->order == ORDER_NONE)
		s->order = ORDER_NEAREST;
	geo_search(&s->zset, &s->shape, keep_place, s);
	if (s->order != ORDER_NONE && s->count > 0)
		qsort(s->places, s->count, sizeof(s->places[0]),
			s->order == ORDER_NEAREST ? compare_places : compare_places_backwards);
	if (s->limit > 0 && s->count > (size_t)s->limit)
		s->count = (size_t)s->limit;
}

/* --- the result --- */

static void answer(const struct search *s)
{
	struct reply *r = s->call->reply;
	int more = s->with_distance + s->with_hash + s->with_place;
	reply_array(r, (int64_t)s->count);
	for (size_t i = 0; i < s->count && !reply_is_full(r); i++) {
		const struct geo_found *place = &s->places[i];
		if (more > 0)
			reply_array(r, more + 1);
		reply_item(r, &place->member);
		if (s->with_distance)
			geo_reply_distance(r, place->distance);
		if (s->with_hash)
			reply_i64(r, (int64_t)place->score);
		if (s->with_place)
			geo_reply_place(r, place->at);
	}
}

static void store(const struct search *s)
{
	struct call *call = s->call;
	char digits[NUM_I64_MAX_CHARS];
	struct value result = zset_empty;
	size_t longest = 0;
	for (size_t i = 0; i < s->count; i++) {
		struct bytes member = listpack_item_text(&s->places[i].member, digits);
		if (member.len > longest)
			longest = member.len;
	}
	if (s->count > 0)
		zset_reserve(&result, s->count, longest);
	for (size_t i = 0; i < s->count; i++) {
		const struct geo_found *place = &s->places[i];
		zset_set(&result, listpack_item_text(&place->member, digits),
			s->stores_distance ? place->distance : place->score);
	}
	container_store(call, call_key(call, s->destination), &result, EVENT_ZSET,
		s->form == SEARCH_WORDS_STORED ? "geosearchstore" : "georadiusstore");
}

static enum outcome run_search(struct search *s)
{
	int at;
	switch (container_read(s->call, s->source, TYPE_ZSET, &s->zset)) {
	case REFUSED:
		return FAILED;
	case MISSING:
		s->is_missing = true;
		break;
	case FOUND:
		break;
	}
	if (!parse_places(s, &at) || !parse_words(s, at) || !check_words(s))
		return FAILED;
	if (!s->is_missing)
		find_places(s);
	if (s->destination > 0)
		store(s);
	else
		answer(s);
	mem_free(s->places);
	return DONE;
}

static enum outcome georadius(struct call *call)
{
	struct search s = {.call = call, .form = SEARCH_AROUND, .source = 1, .may_store = true};
	s.zset = zset_empty;
	return run_search(&s);
}

static enum outcome georadius_ro(struct call *call)
{
	struct search s = {.call = call, .form = SEARCH_AROUND, .source = 1};
	s.zset = zset_empty;
	return run_search(&s);
}

static enum outcome georadiusbymember(struct call *call)
{
	struct search s = {
		.call = call, .form = SEARCH_AROUND_MEMBER, .source = 1, .may_store = true};
	s.zset = zset_empty;
	return run_search(&s);
}

static enum outcome georadiusbymember_ro(struct call *call)
{
	struct search s = {.call = call, .form = SEARCH_AROUND_MEMBER, .source = 1};
	s.zset = zset_empty;
	return run_search(&s);
}

static enum outcome geosearch(struct call *call)
{
	struct search s = {.call = call, .form = SEARCH_WORDS, .source = 1};
	s.zset = zset_empty;
	return run_search(&s);
}

static enum outcome geosearchstore(struct call *call)
{
	struct search s = {
		.call = call, .form = SEARCH_WORDS_STORED, .source = 2, .destination = 1};
	s.zset = zset_empty;
	return run_search(&s);
}

#define RADIUS_COMPLEXITY                                                                          \
	"O(N+log(M)) where N is the number of elements inside the bounding box of the circular "   \
	"area delimited by center and radius and M is the number of items inside the index."
#define SEARCH_COMPLEXITY                                                                          \
	"O(N+log(M)) where N is the number of elements in the grid-aligned bounding box area "     \
	"around the shape provided as the filter and M is the number of items inside the shape"

#define ANSWER_SYNTAX " [WITHCOORD] [WITHDIST] [WITHHASH]"
#define AROUND_SYNTAX                                                                              \
	"key:key:RO+access longitude:double latitude:double radius:double "                        \
	"unit={M|KM|FT|MI}" ANSWER_SYNTAX                                                          \
	" count-block=[COUNT count:integer [ANY]@6.2.0] order=[ASC|DESC]"
#define AROUND_MEMBER_SYNTAX                                                                       \
	"key:key:RO+access member radius:double unit={M|KM|FT|MI}" ANSWER_SYNTAX                   \
	" count-block=[COUNT count:integer [ANY]] order=[ASC|DESC]"
#define STORE_SYNTAX                                                                               \
	" store=[STORE storekey:key:OW+update~key|STOREDIST storedistkey:key:OW+update~key]"
#define AREA_SYNTAX                                                                                \
	" from={FROMMEMBER member|FROMLONLAT fromlonlat={longitude:double latitude:double}}"       \
	" by={circle={BYRADIUS radius:double unit={M|KM|FT|MI}}"                                   \
	"|box={BYBOX width:double height:double unit={M|KM|FT|MI}}}"                               \
	" order=[ASC|DESC] count-block=[COUNT count:integer [ANY]]"
#define RADIUS_HISTORY                                                                             \
	"6.2.0=Added the `ANY` option for `COUNT`."                                                \
	"|7.0.0=Added support for uppercase unit names."

const struct command_row geo_search_commands[] = {
	{.name = "GEORADIUS",
		.run = georadius,
		.flags = CMD_WRITE | CMD_DENY_OOM,
		.group = "geo",
		.since = "3.2.0",
		.complexity = RADIUS_COMPLEXITY,
		.history = RADIUS_HISTORY,
		.deprecated = "6.2.0=`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument",
		.syntax = AROUND_SYNTAX STORE_SYNTAX,
		.summary = "Answers or stores the places within a distance of a point."},
	{.name = "GEORADIUS_RO",
		.run = georadius_ro,
		.flags = CMD_READONLY,
		.group = "geo",
		.since = "3.2.10",
		.complexity = RADIUS_COMPLEXITY,
		.history = RADIUS_HISTORY,
		.deprecated = "6.2.0=`GEOSEARCH` with the `BYRADIUS` argument",
		.syntax = AROUND_SYNTAX,
		.summary = "Answers the places within a distance of a point."},
	{.name = "GEORADIUSBYMEMBER",
		.run = georadiusbymember,
		.flags = CMD_WRITE | CMD_DENY_OOM,
		.group = "geo",
		.since = "3.2.0",
		.complexity = RADIUS_COMPLEXITY,
		.history = RADIUS_HISTORY,
		.deprecated = "6.2.0=`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and "
			      "`FROMMEMBER` arguments",
		.syntax = AROUND_MEMBER_SYNTAX STORE_SYNTAX,
		.summary = "Answers or stores the places within a distance of a member."},
	{.name = "GEORADIUSBYMEMBER_RO",
		.run = georadiusbymember_ro,
		.flags = CMD_READONLY,
		.group = "geo",
		.since = "3.2.10",
		.complexity = RADIUS_COMPLEXITY,
		.deprecated = "6.2.0=`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments",
		.syntax = AROUND_MEMBER_SYNTAX,
		.summary = "Answers the places within a distance of a member."},
	{.name = "GEOSEARCH",
		.run = geosearch,
		.flags = CMD_READONLY,
		.group = "geo",
		.since = "6.2.0",
		.complexity = SEARCH_COMPLEXITY,
		.history = "7.0.0=Added support for uppercase unit names.",
		.syntax = "key:key:RO+access" AREA_SYNTAX ANSWER_SYNTAX,
		.summary = "Answers the places within a circle or a box."},
	{.name = "GEOSEARCHSTORE",
		.run = geosearchstore,
		.flags = CMD_WRITE | CMD_DENY_OOM,
		.group = "geo",
		.since = "6.2.0",
		.complexity = SEARCH_COMPLEXITY,
		.history = "7.0.0=Added support for uppercase unit names.",
		.syntax =
			"destination:key:OW+update source:key:RO+access" AREA_SYNTAX " [STOREDIST]",
		.summary = "Stores the places within a circle or a box."},
	{0},
};
