/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Sets as the store sees them: freeing in slices, copies, memory, RDB bodies, digests.
 *
 * A decoded set is what adding its members would have made: thresholds are looked at again, a
 * duplicate or an empty set is refused.
 */
#include "base/assert.h"
#include "ds/intset.h"
#include "types/config.h"
#include "types/images.h"
#include "types/member.h"
#include "types/packed.h"
#include "types/set_internal.h"

enum {
	TAG_SET = 2,
	TAG_SET_INTSET = 11,
	TAG_SET_LISTPACK = 20,
};

static const uint8_t set_tags[] = {TAG_SET, TAG_SET_INTSET, TAG_SET_LISTPACK, 0xff};

/* --- life --- */

static bool set_free_slice(struct value *v, size_t effort)
{
	if (v->ptr == NULL || v->encoding != ENC_HASHTABLE) {
		set_free(v);
		return true;
	}
	size_t buckets = effort / DICT_SLOTS + 1;
	if (!set_table_free_slice(v->ptr, buckets < UINT32_MAX ? (unsigned)buckets : UINT32_MAX))
		return false;
	v->ptr = NULL;
	return true;
}

static size_t set_free_effort(const struct value *v)
{
	return v->ptr != NULL && v->encoding == ENC_HASHTABLE ? dict_count(v->ptr) : 1;
}

static void set_copy(const struct value *v, struct value *out)
{
	struct set_iter it;
	struct listpack_item item;
	*out = *v;
	if (v->ptr == NULL)
		return;
	if (v->encoding == ENC_INTSET) {
		out->ptr = intset_copy(v->ptr);
		return;
	}
	if (v->encoding == ENC_LISTPACK) {
		out->ptr = listpack_copy(v->ptr);
		return;
	}
	struct dict *d = set_table_new(dict_count(v->ptr));
	set_iter_init(&it, v);
	while (set_next(&it, &item)) {
		uint64_t hash = hash_bytes(item.text.ptr, item.text.len);
		dict_insert(d, hash, member_new(item.text));
	}
	out->ptr = d;
}

static size_t set_memory(const struct value *v, size_t samples)
{
	struct set_iter it;
	struct listpack_item item;
	size_t seen = 0;
	size_t bytes = 0;
	if (v->ptr == NULL)
		return 0;
	if (v->encoding == ENC_INTSET)
		return mem_size_class(intset_bytes(v->ptr));
	if (v->encoding == ENC_LISTPACK)
		return mem_size_class(listpack_bytes(v->ptr));
	set_iter_init(&it, v);
	while ((samples == 0 || seen < samples) && set_next(&it, &item)) {
		bytes += mem_size_class(member_size(item.text.len));
		seen++;
	}
	size_t count = dict_count(v->ptr);
	if (seen != 0 && seen < count)
		bytes = (size_t)((double)bytes / (double)seen * (double)count);
	return bytes + dict_memory_bytes(v->ptr) + mem_size_class(sizeof(struct dict));
}

static const char *set_encoding(const struct value *v)
{
	if (v->encoding == ENC_INTSET)
		return "intset";
	return v->encoding == ENC_LISTPACK ? "listpack" : "hashtable";
}

/* --- RDB bodies --- */

static uint8_t set_tag(const struct value *v)
{
	if (v->encoding == ENC_INTSET)
		return TAG_SET_INTSET;
	return v->encoding == ENC_LISTPACK ? TAG_SET_LISTPACK : TAG_SET;
}

static void set_encode(const struct value *v, struct codec_writer *w)
{
	struct set_iter it;
	struct listpack_item item;
	ASSERT(v->ptr != NULL);
	if (v->encoding == ENC_INTSET) {
		codec_write_string(w, bytes_of(v->ptr, intset_bytes(v->ptr)));
		return;
	}
	if (v->encoding == ENC_LISTPACK) {
		codec_write_string(w, bytes_of(v->ptr, listpack_bytes(v->ptr)));
		return;
	}
	codec_write_length(w, dict_count(v->ptr));
	set_iter_init(&it, v);
	while (set_next(&it, &item))
		codec_write_string(w, item.text);
}

static bool decode_intset(struct codec_reader *r, struct value *out)
{
	struct buf scratch = {0};
	struct bytes bytes;
	bool is_whole = codec_read_string_view(r, &scratch, &bytes);
	if (is_whole && !intset_is_valid(bytes))
		is_whole = codec_fail(r, "an intset is damaged");
	if (is_whole && bytes.len == INTSET_HEADER_BYTES)
		is_whole = codec_fail(r, codec_error_empty);
	if (is_whole) {
		out->encoding = ENC_INTSET;
		out->ptr = intset_from(bytes);
		if (intset_count(out->ptr) > (size_t)types_config.set_max_intset_entries)
			set_to_table(out, 0);
	}
	buf_release(&scratch);
	return is_whole;
}

static bool decode_listpack(struct codec_reader *r, struct value *out)
{
	unsigned char *lp = packed_read_listpack(r, 1);
	if (lp == NULL)
		return false;
	if (packed_has_duplicates(lp, 1)) {
		listpack_free(lp);
		return codec_fail(r, "a set with a duplicate member");
	}
	out->encoding = ENC_LISTPACK;
	out->ptr = lp;
	if (listpack_count(lp) > (size_t)types_config.set_max_listpack_entries ||
		packed_longest(lp) > types_config.set_max_listpack_value)
		set_to_table(out, 0);
	return true;
}

static bool decode_members(struct codec_reader *r, struct value *out)
{
	struct buf scratch = {0};
	struct bytes text;
	uint64_t count;
	bool is_whole = codec_read_length(r, &count);
	if (is_whole && count == 0)
		is_whole = codec_fail(r, codec_error_empty);
	for (uint64_t i = 0; is_whole && i < count; i++) {
		is_whole = codec_read_string_view(r, &scratch, &text);
		/* What is promised is believed as far as there are bytes for it. */
		if (is_whole && i == 0)
			set_reserve(out, text, count < codec_left(r) ? count : codec_left(r) + 1);
		if (is_whole && !set_add(out, text))
			is_whole = codec_fail(r, "a set with a duplicate member");
	}
	buf_release(&scratch);
	return is_whole;
}

static bool set_decode(uint8_t tag, struct codec_reader *r, struct value *out)
{
	bool is_whole;
	*out = set_empty;
	if (tag == TAG_SET_INTSET)
		is_whole = decode_intset(r, out);
	else if (tag == TAG_SET_LISTPACK)
		is_whole = decode_listpack(r, out);
	else
		is_whole = decode_members(r, out);
	if (!is_whole)
		set_free(out);
	return is_whole;
}

/* --- digest, rewrite, check --- */

static void set_digest(const struct value *v, struct digest *d)
{
	struct set_iter it;
	struct listpack_item item;
	char scratch[NUM_I64_MAX_CHARS];
	set_iter_init(&it, v);
	while (set_next(&it, &item))
		digest_xor(d, listpack_item_text(&item, scratch));
}

static void set_rewrite(struct bytes key, const struct value *v,
	void (*emit)(const struct bytes *argv, int argc, void *context), void *context)
{
	struct packed_emitter e;
	struct set_iter it;
	struct listpack_item item;
	packed_emit_begin(&e, BYTES("SADD"), key, emit, context);
	set_iter_init(&it, v);
	while (set_next(&it, &item))
		packed_emit_item(&e, &item, 1);
	packed_emit_end(&e);
}

static void set_check(const struct value *v)
{
	struct set_iter it;
	struct listpack_item item;
	size_t seen = 0;
	ASSERT(v->type == TYPE_SET);
	if (v->ptr == NULL)
		return;
	if (v->encoding == ENC_INTSET)
		ASSERT(intset_is_valid(bytes_of(v->ptr, intset_bytes(v->ptr))));
	else if (v->encoding == ENC_LISTPACK)
		ASSERT(listpack_is_valid(bytes_of(v->ptr, listpack_bytes(v->ptr))));
	else
		dict_check(v->ptr);
	set_iter_init(&it, v);
	for (; set_next(&it, &item); seen++)
		ASSERT(set_has_item(v, &item));
	ASSERT(seen == set_length(v));
}

const struct type_ops set_ops = {
	.name = "set",
	.tags = set_tags,
	.free = set_free,
	.free_slice = set_free_slice,
	.free_effort = set_free_effort,
	.copy = set_copy,
	.length = set_length,
	.memory = set_memory,
	.encoding = set_encoding,
	.tag = set_tag,
	.encode = set_encode,
	.decode = set_decode,
	.digest = set_digest,
	.rewrite = set_rewrite,
	.check = set_check,
	.image = &set_image,
};
