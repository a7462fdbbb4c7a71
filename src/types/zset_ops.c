/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Sorted sets as the store sees them: freeing in slices, copies, memory, RDB bodies, digests.
 *
 * A decoded sorted set is what adding its members would have made: thresholds are looked at again;
 * a member that comes twice, a score that is none, an order that is wrong or an empty one is
 * refused.
 */
#include <math.h>
#include <stdio.h>

#include "base/assert.h"
#include "types/config.h"
#include "types/images.h"
#include "types/packed.h"
#include "types/zset_internal.h"

enum {
	TAG_ZSET = 3,   /* scores as text */
	TAG_ZSET_2 = 5, /* scores in binary */
	TAG_ZSET_ZIPLIST = 12,
	TAG_ZSET_LISTPACK = 17,
};

static const uint8_t zset_tags[] = {
	TAG_ZSET, TAG_ZSET_2, TAG_ZSET_ZIPLIST, TAG_ZSET_LISTPACK, 0xff};

/* --- life --- */

static bool zset_free_slice(struct value *v, size_t effort)
{
	if (v->ptr == NULL || v->encoding == ENC_LISTPACK) {
		zset_free(v);
		return true;
	}
	if (!zset_table_free_slice(v->ptr, effort))
		return false;
	v->ptr = NULL;
	return true;
}

static size_t zset_free_effort(const struct value *v)
{
	if (v->ptr == NULL || v->encoding == ENC_LISTPACK)
		return 1;
	const struct zset_table *t = v->ptr;
	size_t items = dict_count(&t->by_member);
	return t->owner == NULL ? items : order_tree_count(&t->by_score);
}

static void zset_copy(const struct value *v, struct value *out)
{
	*out = *v;
	if (v->ptr == NULL)
		return;
	if (v->encoding == ENC_LISTPACK) {
		out->ptr = listpack_copy(v->ptr);
		return;
	}
	const struct zset_table *from = v->ptr;
	struct zset_table *to = zset_table_new(order_tree_count(&from->by_score));
	struct order_place place = order_tree_at(&from->by_score, 0);
	const void *item;
	while ((item = order_place_next(&place)) != NULL)
		order_tree_insert(&to->by_score,
			zset_table_add(to, zset_member_of(order_item_member(item)),
				order_item_score(item)));
	out->ptr = to;
}

static size_t zset_memory(const struct value *v, size_t samples)
{
	size_t seen = 0;
	size_t bytes = 0;
	if (v->ptr == NULL)
		return 0;
	if (v->encoding == ENC_LISTPACK)
		return mem_size_class(listpack_bytes(v->ptr));
	const struct zset_table *t = v->ptr;
	struct order_place place = order_tree_at(&t->by_score, 0);
	const void *item;
	while ((samples == 0 || seen < samples) && (item = order_place_next(&place)) != NULL) {
		bytes += mem_size_class(order_item_size(order_item_member(item).len));
		seen++;
	}
	size_t count = order_tree_count(&t->by_score);
	if (seen != 0 && seen < count)
		bytes = (size_t)((double)bytes / (double)seen * (double)count);
	return bytes + dict_memory_bytes(&t->by_member) + order_tree_memory_bytes(&t->by_score) +
		mem_size_class(sizeof(*t));
}

static const char *zset_encoding(const struct value *v)
{
	return v->encoding == ENC_LISTPACK ? "listpack" : "skiplist";
}

/* --- RDB bodies --- */

static uint8_t zset_tag(const struct value *v)
{
	return v->encoding == ENC_LISTPACK ? TAG_ZSET_LISTPACK : TAG_ZSET_2;
}

static void zset_encode(const struct value *v, struct codec_writer *w)
{
	struct zset_iter it;
	struct listpack_item member;
	double score;
	size_t count = zset_length(v);
	ASSERT(v->ptr != NULL && count > 0);
	if (v->encoding == ENC_LISTPACK) {
		codec_write_string(w, bytes_of(v->ptr, listpack_bytes(v->ptr)));
		return;
	}
	/* From the greatest down, as Redis writes them. */
	codec_write_length(w, count);
	zset_iter_init(&it, v, count - 1, true);
	while (zset_next(&it, &member, &score)) {
		codec_write_string(w, member.text);
		codec_write_double(w, score);
	}
}

/* Whether the pairs are what a packed sorted set may hold: scores, in order. (Duplicates are looked
 * for apart: equal members may have different scores.) */
static bool pairs_are_sound(const unsigned char *lp)
{
	char digits[2][NUM_I64_MAX_CHARS];
	struct bytes before = {NULL, 0};
	double score_before = 0;
	bool is_first = true;
	for (const unsigned char *at = listpack_first(lp); at != NULL; is_first = false) {
		double score;
		struct bytes member = listpack_text(at, digits[!is_first]);
		at = listpack_next(at);
		if (!zset_read_score(at, &score) ||
			(!is_first &&
				(score < score_before ||
					(score == score_before &&
						bytes_compare(member, before) <= 0))))
			return false;
		/* A number's digits are kept until the next comparison. */
		if (member.ptr == digits[1])
			memcpy(digits[0], digits[1], member.len);
		before = member.ptr == digits[1] ? bytes_of(digits[0], member.len) : member;
		score_before = score;
		at = listpack_next(at);
	}
	return true;
}

static bool decode_packed(struct codec_reader *r, unsigned char *lp, struct value *out)
{
	if (lp == NULL)
		return false;
	if (packed_has_duplicates(lp, 2) || !pairs_are_sound(lp)) {
		listpack_free(lp);
		return codec_fail(r, "a packed sorted set is damaged");
	}
	out->ptr = lp;
	/* What was packed there stays it, however long its members: only too many are not. */
	if (!zset_fits_packed(listpack_count(lp) / 2, 0))
		zset_to_table(out, 0);
	return true;
}

static bool decode_members(struct codec_reader *r, bool is_binary, struct value *out)
{
	struct buf scratch = {0};
	struct buf member = {0};
	struct bytes view;
	uint64_t count;
	double score = 0;
	bool is_whole = codec_read_length(r, &count);
	if (is_whole && count == 0)
		is_whole = codec_fail(r, codec_error_empty);
	/* What is promised is believed as far as there are bytes for it. */
	if (is_whole && !zset_fits_packed(count, 0))
		zset_to_table(out, count < codec_left(r) / 2 ? count : codec_left(r) / 2);
	for (uint64_t i = 0; is_whole && i < count; i++) {
		is_whole = codec_read_string_view(r, &scratch, &view);
		if (!is_whole)
			break;
		/* The next read may move what the view points into. */
		buf_clear(&member);
		buf_add_bytes(&member, view);
		is_whole = is_binary ? codec_read_double(r, &score)
				     : codec_read_double_text(r, &score);
		if (is_whole && isnan(score))
			is_whole = codec_fail(r, "a score that is not a number");
		if (is_whole && zset_set(out, buf_bytes(&member), score) != ZSET_ADDED)
			is_whole = codec_fail(r, "a sorted set with a duplicate member");
	}
	buf_release(&scratch);
	buf_release(&member);
	return is_whole;
}

static bool zset_decode(uint8_t tag, struct codec_reader *r, struct value *out)
{
	bool is_whole;
	*out = zset_empty;
	if (tag == TAG_ZSET_LISTPACK)
		is_whole = decode_packed(r, packed_read_listpack(r, 2), out);
	else if (tag == TAG_ZSET_ZIPLIST)
		is_whole = decode_packed(r, packed_read_ziplist(r, 2), out);
	else
		is_whole = decode_members(r, tag == TAG_ZSET_2, out);
	if (!is_whole)
		zset_free(out);
	return is_whole;
}

/* --- digest, rewrite, check --- */

static void zset_digest(const struct value *v, struct digest *d)
{
	struct zset_iter it;
	struct listpack_item member;
	char scratch[NUM_DOUBLE_MAX_CHARS];
	char number[32];
	double score;
	zset_iter_init(&it, v, 0, false);
	while (zset_next(&it, &member, &score)) {
		struct digest pair = {{0}};
		digest_mix(&pair, listpack_item_text(&member, scratch));
		/* The packed form knows no negative zero. */
		int len = snprintf(number, sizeof(number), "%.17g", score + 0.0);
		digest_mix(&pair, bytes_of(number, (size_t)len));
		digest_xor_digest(d, &pair);
	}
}

static void zset_rewrite(struct bytes key, const struct value *v,
	void (*emit)(const struct bytes *argv, int argc, void *context), void *context)
{
	struct packed_emitter e;
	struct zset_iter it;
	struct listpack_item member;
	char scores[PACKED_EMIT_WORDS][NUM_DOUBLE_MAX_CHARS];
	double score;
	packed_emit_begin(&e, BYTES("ZADD"), key, emit, context);
	zset_iter_init(&it, v, 0, false);
	while (zset_next(&it, &member, &score)) {
		/* The texts stand here until they are emitted. */
		if (e.count == PACKED_EMIT_WORDS)
			packed_emit_end(&e);
		char *scratch = scores[e.count];
		struct listpack_item text = {
			bytes_of(scratch, num_print_double(scratch, score)), 0, false};
		packed_emit_item(&e, &text, 2);
		packed_emit_item(&e, &member, 2);
	}
	packed_emit_end(&e);
}

/* False: it is a remnant, which has no members. */
static bool table_check(const struct zset_table *t)
{
	struct dict_iter it;
	const void *item;
	size_t ghosts = 0;
	dict_check(&t->by_member);
	if (t->owner == NULL && t->remnants == NULL)
		order_tree_check(&t->by_score);
	else
		order_tree_check_nodes(&t->by_score);
	if (t->owner != NULL)
		return false;
	dict_iter_init(&it, &t->by_member);
	while (t->remnants != NULL && (item = dict_iter_next(&it)) != NULL)
		ghosts += zset_table_is_ghost(t, item);
	ASSERT(dict_count(&t->by_member) == order_tree_count(&t->by_score) + ghosts);
	return true;
}

static void zset_check(const struct value *v)
{
	struct zset_iter it;
	struct listpack_item member;
	char digits[NUM_I64_MAX_CHARS];
	double score, found;
	size_t seen = 0;
	ASSERT(v->type == TYPE_ZSET);
	if (v->ptr == NULL)
		return;
	if (v->encoding == ENC_LISTPACK) {
		ASSERT(listpack_is_valid(bytes_of(v->ptr, listpack_bytes(v->ptr))));
		ASSERT(listpack_count(v->ptr) % 2 == 0 && pairs_are_sound(v->ptr));
	} else {
		if (!table_check(v->ptr))
			return;
	}
	zset_iter_init(&it, v, 0, false);
	for (; zset_next(&it, &member, &score); seen++) {
		struct bytes text = listpack_item_text(&member, digits);
		ASSERT(zset_score(v, text, &found) && found == score && !isnan(score));
	}
	ASSERT(seen == zset_length(v));
}

const struct type_ops zset_ops = {
	.name = "zset",
	.tags = zset_tags,
	.free = zset_free,
	.free_slice = zset_free_slice,
	.free_effort = zset_free_effort,
	.copy = zset_copy,
	.length = zset_length,
	.memory = zset_memory,
	.encoding = zset_encoding,
	.tag = zset_tag,
	.encode = zset_encode,
	.decode = zset_decode,
	.digest = zset_digest,
	.rewrite = zset_rewrite,
	.check = zset_check,
	.image = &zset_image,
};
