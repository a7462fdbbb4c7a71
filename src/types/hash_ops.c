/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Hashes as the store sees them: freeing in slices, copies, memory, RDB bodies, digests.
 *
 * A decoded hash is what setting its fields would have made: thresholds are looked at again, a
 * field that comes twice or an empty hash is refused.
 */
#include "base/assert.h"
#include "base/num.h"
#include "types/config.h"
#include "types/hash_internal.h"
#include "types/images.h"
#include "types/packed.h"
#include "types/pair.h"

enum {
	TAG_HASH = 4,
	TAG_HASH_ZIPMAP = 9,
	TAG_HASH_ZIPLIST = 13,
	TAG_HASH_LISTPACK = 16,
	TAG_HASH_TTL = 24,
	TAG_HASH_LISTPACK_TTL = 25,
};

static const uint8_t hash_tags[] = {TAG_HASH, TAG_HASH_ZIPMAP, TAG_HASH_ZIPLIST, TAG_HASH_LISTPACK,
	TAG_HASH_TTL, TAG_HASH_LISTPACK_TTL, 0xff};

/* --- life --- */

static bool hash_free_slice(struct value *v, size_t effort)
{
	if (v->ptr == NULL || hash_is_packed(v)) {
		hash_free(v);
		return true;
	}
	size_t buckets = effort / DICT_SLOTS + 1;
	if (!hash_table_free_slice(v->ptr, buckets < UINT32_MAX ? (unsigned)buckets : UINT32_MAX))
		return false;
	v->ptr = NULL;
	return true;
}

static size_t hash_free_effort(const struct value *v)
{
	return v->ptr != NULL && !hash_is_packed(v) ? dict_count(v->ptr) : 1;
}

static void hash_copy(const struct value *v, struct value *out)
{
	struct dict_iter it;
	const void *pair;
	*out = *v;
	if (v->ptr == NULL)
		return;
	if (hash_is_packed(v)) {
		out->ptr = listpack_copy(v->ptr);
		return;
	}
	struct hash_table *t = hash_table_new(dict_count(v->ptr));
	dict_iter_init(&it, v->ptr);
	while ((pair = dict_iter_next(&it)) != NULL)
		hash_table_insert(t, pair_copy(pair));
	out->ptr = t;
}

static size_t hash_memory(const struct value *v, size_t samples)
{
	struct dict_iter it;
	const void *pair;
	size_t seen = 0;
	size_t bytes = 0;
	if (v->ptr == NULL)
		return 0;
	if (hash_is_packed(v))
		return mem_size_class(listpack_bytes(v->ptr));
	dict_iter_init(&it, v->ptr);
	while ((samples == 0 || seen < samples) && (pair = dict_iter_next(&it)) != NULL) {
		bytes += mem_size_class(pair_size_of(pair));
		seen++;
	}
	size_t count = dict_count(v->ptr);
	if (seen != 0 && seen < count)
		bytes = (size_t)((double)bytes / (double)seen * (double)count);
	return bytes + dict_memory_bytes(v->ptr) + mem_size_class(sizeof(struct hash_table));
}

static const char *hash_encoding(const struct value *v)
{
	if (v->encoding == ENC_LISTPACK_TTL)
		return "listpackex";
	return v->encoding == ENC_LISTPACK ? "listpack" : "hashtable";
}

/* --- RDB bodies --- */

static bool has_expiring(const struct value *v)
{
	return ((const struct hash_table *)v->ptr)->expiring != 0;
}

static uint8_t hash_tag(const struct value *v)
{
	if (v->encoding == ENC_LISTPACK_TTL)
		return TAG_HASH_LISTPACK_TTL;
	if (v->encoding == ENC_LISTPACK)
		return TAG_HASH_LISTPACK;
	return has_expiring(v) ? TAG_HASH_TTL : TAG_HASH;
}

static int64_t soonest_of_all(const struct value *v)
{
	struct dict_iter it;
	const void *pair;
	int64_t soonest = HASH_NEVER;
	dict_iter_init(&it, v->ptr);
	while ((pair = dict_iter_next(&it)) != NULL)
		if (pair_expires(pair) && pair_expiry_ms(pair) < soonest)
			soonest = pair_expiry_ms(pair);
	return soonest;
}

/* Expiries are written relative to the soonest: 0 = none, 1 = the soonest itself. */
static void encode_table(const struct value *v, struct codec_writer *w)
{
	struct dict_iter it;
	const void *pair;
	bool with_expiries = has_expiring(v);
	int64_t soonest = with_expiries ? soonest_of_all(v) : 0;
	if (with_expiries)
		codec_write_u64_le(w, (uint64_t)soonest);
	codec_write_length(w, dict_count(v->ptr));
	dict_iter_init(&it, v->ptr);
	while ((pair = dict_iter_next(&it)) != NULL) {
		if (with_expiries)
			codec_write_length(w,
				pair_expires(pair) ? (uint64_t)(pair_expiry_ms(pair) - soonest + 1)
						   : 0);
		codec_write_string(w, pair_field(pair));
		codec_write_string(w, pair_value(pair));
	}
}

static void hash_encode(const struct value *v, struct codec_writer *w)
{
	ASSERT(v->ptr != NULL);
	if (!hash_is_packed(v)) {
		encode_table(v, w);
		return;
	}
	if (v->encoding == ENC_LISTPACK_TTL) {
		int64_t soonest = hash_soonest_ms(v);
		codec_write_u64_le(w, soonest == HASH_NEVER ? 0 : (uint64_t)soonest);
	}
	codec_write_string(w, bytes_of(v->ptr, listpack_bytes(v->ptr)));
}

/* Whether each third element is an expiry, and they are in order. */
static bool expiries_are_sorted(const unsigned char *lp)
{
	int64_t before = 0;
	for (const unsigned char *at = listpack_first(lp); at != NULL;) {
		int64_t expiry;
		struct bytes text;
		at = listpack_next(listpack_next(at));
		if (listpack_is_string(at, &text))
			return false;
		expiry = listpack_integer(at);
		if (expiry < 0 || expiry > HASH_EXPIRY_MAX_MS)
			return false;
		expiry = expiry == 0 ? HASH_NEVER : expiry;
		if (expiry < before)
			return false;
		before = expiry;
		at = listpack_next(at);
	}
	return true;
}

static bool decode_packed_ttl(struct codec_reader *r, struct value *out)
{
	uint64_t soonest; /* can be seen in the listpack as well */
	if (!codec_read_u64_le(r, &soonest))
		return false;
	unsigned char *lp = packed_read_listpack(r, 3);
	if (lp == NULL)
		return false;
	if (!expiries_are_sorted(lp) || packed_has_duplicates(lp, 3)) {
		listpack_free(lp);
		return codec_fail(r, "a hash with a duplicate field or expiries out of order");
	}
	out->encoding = ENC_LISTPACK_TTL;
	out->ptr = lp;
	if (!hash_fits_packed(listpack_count(lp) / 3, packed_longest(lp)))
		hash_to_table(out, 0);
	return true;
}

static bool decode_packed(struct codec_reader *r, unsigned char *lp, struct value *out)
{
	if (lp == NULL)
		return false;
	if (packed_has_duplicates(lp, 2)) {
		listpack_free(lp);
		return codec_fail(r, "a hash with a duplicate field");
	}
	out->ptr = lp;
	if (!hash_fits_packed(listpack_count(lp) / 2, packed_longest(lp)))
		hash_to_table(out, 0);
	return true;
}

/* What one field's decoding needs; views don't outlive the next read. */
struct field_reader {
	struct codec_reader *r;
	bool with_expiries;
	uint64_t soonest;
	struct buf field;
	struct buf scratch;
};

static bool decode_expiry(struct field_reader *f, int64_t *at_ms)
{
	uint64_t later;
	*at_ms = HASH_NO_EXPIRY;
	if (!f->with_expiries)
		return true;
	if (!codec_read_length(f->r, &later))
		return false;
	if (later == 0)
		return true;
	if (f->soonest > (uint64_t)HASH_EXPIRY_MAX_MS || later > (uint64_t)HASH_EXPIRY_MAX_MS)
		return codec_fail(f->r, "an expiry out of range");
	*at_ms = (int64_t)(f->soonest + later - 1);
	return (*at_ms > 0 && *at_ms <= HASH_EXPIRY_MAX_MS) ||
		codec_fail(f->r, "an expiry out of range");
}

static bool decode_field(struct field_reader *f, struct value *out)
{
	struct bytes view;
	int64_t at_ms;
	if (!decode_expiry(f, &at_ms) || !codec_read_string_view(f->r, &f->scratch, &view))
		return false;
	buf_clear(&f->field);
	buf_add_bytes(&f->field, view);
	if (!codec_read_string_view(f->r, &f->scratch, &view))
		return false;
	if (!hash_set(out, HASH_EVERYTHING, buf_bytes(&f->field), view))
		return codec_fail(f->r, "a hash with a duplicate field");
	if (at_ms != HASH_NO_EXPIRY)
		hash_set_expiry_ms(out, buf_bytes(&f->field), at_ms);
	return true;
}

static bool decode_fields(struct codec_reader *r, bool with_expiries, struct value *out)
{
	struct field_reader f = {.r = r, .with_expiries = with_expiries};
	uint64_t count;
	bool is_whole = !with_expiries || codec_read_u64_le(r, &f.soonest);
	is_whole = is_whole && codec_read_length(r, &count);
	if (is_whole && count == 0)
		is_whole = codec_fail(r, codec_error_empty);
	/* What is promised is believed as far as there are bytes for it. */
	if (is_whole && !hash_fits_packed(count, 0))
		hash_to_table(out, count < codec_left(r) / 2 ? count : codec_left(r) / 2);
	for (uint64_t i = 0; is_whole && i < count; i++)
		is_whole = decode_field(&f, out);
	buf_release(&f.field);
	buf_release(&f.scratch);
	return is_whole;
}

static bool hash_decode(uint8_t tag, struct codec_reader *r, struct value *out)
{
	bool is_whole;
	*out = hash_empty;
	if (tag == TAG_HASH_LISTPACK)
		is_whole = decode_packed(r, packed_read_listpack(r, 2), out);
	else if (tag == TAG_HASH_ZIPLIST)
		is_whole = decode_packed(r, packed_read_ziplist(r, 2), out);
	else if (tag == TAG_HASH_ZIPMAP)
		is_whole = decode_packed(r, packed_read_zipmap(r), out);
	else if (tag == TAG_HASH_LISTPACK_TTL)
		is_whole = decode_packed_ttl(r, out);
	else
		is_whole = decode_fields(r, tag == TAG_HASH_TTL, out);
	if (!is_whole)
		hash_free(out);
	return is_whole;
}

/* --- digest, rewrite, check --- */

static void hash_digest(const struct value *v, struct digest *d)
{
	struct hash_iter it;
	struct listpack_item field, value;
	char scratch[NUM_I64_MAX_CHARS];
	hash_iter_init(&it, v, HASH_EVERYTHING);
	while (hash_next(&it, &field, &value)) {
		struct digest pair = {{0}};
		digest_mix(&pair, listpack_item_text(&field, scratch));
		digest_mix(&pair, listpack_item_text(&value, scratch));
		if (it.expiry_ms != HASH_NO_EXPIRY)
			digest_mix(&pair, bytes_of(scratch, num_print_i64(scratch, it.expiry_ms)));
		digest_xor_digest(d, &pair);
	}
}

static void rewrite_expiries(struct bytes key, const struct value *v,
	void (*emit)(const struct bytes *argv, int argc, void *context), void *context)
{
	struct hash_iter it;
	struct listpack_item field, value;
	char scratch[NUM_I64_MAX_CHARS];
	char time[NUM_I64_MAX_CHARS];
	hash_iter_init(&it, v, HASH_EVERYTHING);
	while (hash_soonest_ms(v) != HASH_NEVER && hash_next(&it, &field, &value)) {
		if (it.expiry_ms == HASH_NO_EXPIRY)
			continue;
		const struct bytes words[] = {BYTES("HPEXPIREAT"), key,
			bytes_of(time, num_print_i64(time, it.expiry_ms)), BYTES("FIELDS"),
			BYTES("1"), listpack_item_text(&field, scratch)};
		emit(words, 6, context);
	}
}

static void hash_rewrite(struct bytes key, const struct value *v,
	void (*emit)(const struct bytes *argv, int argc, void *context), void *context)
{
	struct packed_emitter e;
	struct hash_iter it;
	struct listpack_item field, value;
	packed_emit_begin(&e, BYTES("HMSET"), key, emit, context);
	hash_iter_init(&it, v, HASH_EVERYTHING);
	while (hash_next(&it, &field, &value)) {
		packed_emit_item(&e, &field, 2);
		packed_emit_item(&e, &value, 2);
	}
	packed_emit_end(&e);
	rewrite_expiries(key, v, emit, context);
}

static void hash_check(const struct value *v)
{
	struct hash_iter it;
	struct listpack_item field, value, found;
	char scratch[NUM_I64_MAX_CHARS];
	size_t seen = 0;
	size_t expiring = 0;
	ASSERT(v->type == TYPE_HASH);
	if (v->ptr == NULL)
		return;
	if (hash_is_packed(v))
		ASSERT(listpack_is_valid(bytes_of(v->ptr, listpack_bytes(v->ptr))) &&
			listpack_count(v->ptr) % hash_step(v) == 0);
	else
		dict_check(v->ptr);
	ASSERT(v->encoding != ENC_LISTPACK_TTL || expiries_are_sorted(v->ptr));
	hash_iter_init(&it, v, HASH_EVERYTHING);
	for (; hash_next(&it, &field, &value); seen++) {
		struct bytes text = listpack_item_text(&field, scratch);
		ASSERT(hash_get(v, HASH_EVERYTHING, text, &found) == HASH_LIVE &&
			found.text.ptr == value.text.ptr);
		ASSERT(it.expiry_ms == HASH_NO_EXPIRY || it.expiry_ms >= hash_soonest_ms(v));
		expiring += it.expiry_ms != HASH_NO_EXPIRY;
	}
	ASSERT(seen == hash_length(v));
	ASSERT(hash_is_packed(v) || ((struct hash_table *)v->ptr)->expiring == expiring);
}

const struct type_ops hash_ops = {
	.name = "hash",
	.tags = hash_tags,
	.free = hash_free,
	.free_slice = hash_free_slice,
	.free_effort = hash_free_effort,
	.copy = hash_copy,
	.length = hash_length,
	.memory = hash_memory,
	.encoding = hash_encoding,
	.tag = hash_tag,
	.encode = hash_encode,
	.decode = hash_decode,
	.digest = hash_digest,
	.rewrite = hash_rewrite,
	.check = hash_check,
	.soonest_ms = hash_soonest_ms,
	.expire_parts = hash_expire,
	.image = &hash_image,
};
