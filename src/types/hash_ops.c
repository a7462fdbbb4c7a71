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
#include "types/packed.h"
#include "types/pair.h"

enum {
	TAG_HASH = 4,
	TAG_HASH_ZIPMAP = 9,
	TAG_HASH_ZIPLIST = 13,
	TAG_HASH_LISTPACK = 16,
};

static const uint8_t hash_tags[] = {
	TAG_HASH, TAG_HASH_ZIPMAP, TAG_HASH_ZIPLIST, TAG_HASH_LISTPACK, 0xff};

/* --- life --- */

static bool hash_free_slice(struct value *v, size_t effort)
{
	if (v->ptr == NULL || v->encoding == ENC_LISTPACK) {
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
	return v->ptr != NULL && v->encoding != ENC_LISTPACK ? dict_count(v->ptr) : 1;
}

static void hash_copy(const struct value *v, struct value *out)
{
	struct dict_iter it;
	const void *pair;
	*out = *v;
	if (v->ptr == NULL)
		return;
	if (v->encoding == ENC_LISTPACK) {
		out->ptr = listpack_copy(v->ptr);
		return;
	}
	struct dict *d = hash_table_new(dict_count(v->ptr));
	dict_iter_init(&it, v->ptr);
	while ((pair = dict_iter_next(&it)) != NULL) {
		struct bytes field = pair_field(pair);
		uint64_t hash = hash_bytes(field.ptr, field.len);
		dict_insert(d, hash, mem_dup(pair, pair_size_of(pair)));
	}
	out->ptr = d;
}

static size_t hash_memory(const struct value *v, size_t samples)
{
	struct dict_iter it;
	const void *pair;
	size_t seen = 0;
	size_t bytes = 0;
	if (v->ptr == NULL)
		return 0;
	if (v->encoding == ENC_LISTPACK)
		return mem_size_class(listpack_bytes(v->ptr));
	dict_iter_init(&it, v->ptr);
	while ((samples == 0 || seen < samples) && (pair = dict_iter_next(&it)) != NULL) {
		bytes += mem_size_class(pair_size_of(pair));
		seen++;
	}
	size_t count = dict_count(v->ptr);
	if (seen != 0 && seen < count)
		bytes = (size_t)((double)bytes / (double)seen * (double)count);
	return bytes + dict_memory_bytes(v->ptr) + mem_size_class(sizeof(struct dict));
}

static const char *hash_encoding(const struct value *v)
{
	return v->encoding == ENC_LISTPACK ? "listpack" : "hashtable";
}

/* --- RDB bodies --- */

static uint8_t hash_tag(const struct value *v)
{
	return v->encoding == ENC_LISTPACK ? TAG_HASH_LISTPACK : TAG_HASH;
}

static void hash_encode(const struct value *v, struct codec_writer *w)
{
	struct dict_iter it;
	const void *pair;
	ASSERT(v->ptr != NULL);
	if (v->encoding == ENC_LISTPACK) {
		codec_write_string(w, bytes_of(v->ptr, listpack_bytes(v->ptr)));
		return;
	}
	codec_write_length(w, dict_count(v->ptr));
	dict_iter_init(&it, v->ptr);
	while ((pair = dict_iter_next(&it)) != NULL) {
		codec_write_string(w, pair_field(pair));
		codec_write_string(w, pair_value(pair));
	}
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

static bool decode_fields(struct codec_reader *r, struct value *out)
{
	struct buf field_scratch = {0};
	struct buf value_scratch = {0};
	struct buf field = {0};
	struct bytes value;
	uint64_t count;
	bool is_whole = codec_read_length(r, &count);
	if (is_whole && count == 0)
		is_whole = codec_fail(r, "an empty container");
	/* What is promised is believed as far as there are bytes for it. */
	if (is_whole && !hash_fits_packed(count, 0))
		hash_to_table(out, count < codec_left(r) / 2 ? count : codec_left(r) / 2);
	for (uint64_t i = 0; is_whole && i < count; i++) {
		struct bytes view;
		is_whole = codec_read_string_view(r, &field_scratch, &view);
		if (!is_whole)
			break;
		/* The next read may move what the view points into. */
		buf_clear(&field);
		buf_add_bytes(&field, view);
		is_whole = codec_read_string_view(r, &value_scratch, &value);
		if (is_whole && !hash_set(out, buf_bytes(&field), value))
			is_whole = codec_fail(r, "a hash with a duplicate field");
	}
	buf_release(&field_scratch);
	buf_release(&value_scratch);
	buf_release(&field);
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
	else
		is_whole = decode_fields(r, out);
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
	hash_iter_init(&it, v);
	while (hash_next(&it, &field, &value)) {
		struct digest pair = {{0}};
		digest_mix(&pair, listpack_item_text(&field, scratch));
		digest_mix(&pair, listpack_item_text(&value, scratch));
		digest_xor_digest(d, &pair);
	}
}

static void hash_rewrite(struct bytes key, const struct value *v,
	void (*emit)(const struct bytes *argv, int argc, void *context), void *context)
{
	struct packed_emitter e;
	struct hash_iter it;
	struct listpack_item field, value;
	packed_emit_begin(&e, BYTES("HMSET"), key, emit, context);
	hash_iter_init(&it, v);
	while (hash_next(&it, &field, &value)) {
		packed_emit_item(&e, &field, 2);
		packed_emit_item(&e, &value, 2);
	}
	packed_emit_end(&e);
}

static void hash_check(const struct value *v)
{
	struct hash_iter it;
	struct listpack_item field, value, found;
	char scratch[NUM_I64_MAX_CHARS];
	size_t seen = 0;
	ASSERT(v->type == TYPE_HASH);
	if (v->ptr == NULL)
		return;
	if (v->encoding == ENC_LISTPACK)
		ASSERT(listpack_is_valid(bytes_of(v->ptr, listpack_bytes(v->ptr))) &&
			listpack_count(v->ptr) % 2 == 0);
	else
		dict_check(v->ptr);
	hash_iter_init(&it, v);
	for (; hash_next(&it, &field, &value); seen++)
		ASSERT(hash_get(v, listpack_item_text(&field, scratch), &found) &&
			found.text.ptr == value.text.ptr);
	ASSERT(seen == hash_length(v));
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
};
