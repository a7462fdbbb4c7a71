/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Lists as the store sees them: freeing in slices, copies, memory, RDB bodies, digests.
 *
 * A body is a sequence of nodes, each a listpack (or, in older files, a ziplist) or one large
 * element. Foreign nodes larger than ours ever are, are taken apart and added element by element.
 */
#include "base/assert.h"
#include "base/mem.h"
#include "base/num.h"
#include "types/config.h"
#include "types/images.h"
#include "types/list_internal.h"
#include "types/packed.h"

enum {
	TAG_LIST = 1,
	TAG_LIST_ZIPLIST = 10,
	TAG_LIST_QUICKLIST = 14,
	TAG_LIST_QUICKLIST_2 = 18,
};

enum { NODE_PLAIN = 1, NODE_PACKED = 2 };

static const uint8_t list_tags[] = {
	TAG_LIST, TAG_LIST_ZIPLIST, TAG_LIST_QUICKLIST, TAG_LIST_QUICKLIST_2, 0xff};

/* --- life --- */

static bool list_free_slice(struct value *v, size_t effort)
{
	if (v->ptr == NULL || v->encoding == ENC_LISTPACK) {
		list_free(v);
		return true;
	}
	if (!quicklist_free_slice(v->ptr, effort == 0 ? 1 : effort))
		return false;
	v->ptr = NULL;
	return true;
}

static size_t list_free_effort(const struct value *v)
{
	if (v->ptr == NULL || v->encoding == ENC_LISTPACK)
		return 1;
	return ((const struct quicklist *)v->ptr)->nodes + 1;
}

static void list_copy(const struct value *v, struct value *out)
{
	*out = *v;
	if (v->ptr == NULL)
		return;
	if (v->encoding == ENC_LISTPACK)
		out->ptr = listpack_copy(v->ptr);
	else
		out->ptr = quicklist_copy(v->ptr);
}

static size_t list_count(const struct value *v)
{
	return list_length(v);
}

static size_t list_memory(const struct value *v, size_t samples)
{
	if (v->ptr == NULL)
		return 0;
	if (v->encoding == ENC_LISTPACK)
		return mem_size_class(listpack_bytes(v->ptr));
	return quicklist_memory_bytes(v->ptr, samples);
}

static const char *list_encoding(const struct value *v)
{
	return v->encoding == ENC_LISTPACK ? "listpack" : "quicklist";
}

/* --- RDB bodies --- */

static uint8_t list_tag(const struct value *v)
{
	(void)v;
	return TAG_LIST_QUICKLIST_2;
}

static void list_encode(const struct value *v, struct codec_writer *w)
{
	unsigned char *scratch = NULL;
	ASSERT(v->ptr != NULL);
	if (v->encoding == ENC_LISTPACK) {
		codec_write_length(w, 1);
		codec_write_length(w, NODE_PACKED);
		codec_write_string(w, bytes_of(v->ptr, listpack_bytes(v->ptr)));
		return;
	}
	const struct quicklist *ql = v->ptr;
	codec_write_length(w, ql->nodes);
	for (const struct quicklist_node *n = ql->head; n != NULL; n = n->next) {
		codec_write_length(w, n->is_plain ? NODE_PLAIN : NODE_PACKED);
		codec_write_string(w, bytes_of(quicklist_node_data(n, &scratch), n->bytes));
	}
	mem_free(scratch);
}

/* Adds a node's listpack, which is consumed. */
static void add_node(struct quicklist *ql, unsigned char *lp)
{
	char scratch[NUM_I64_MAX_CHARS];
	size_t count = listpack_count(lp);
	if (count > 0 && listpack_bytes(lp) <= QUICKLIST_NODE_BYTES_MAX) {
		quicklist_add_listpack(ql, lp);
		return;
	}
	for (unsigned char *at = listpack_first(lp); at != NULL; at = listpack_next(at))
		quicklist_push(ql, listpack_text(at, scratch), QUICKLIST_TAIL);
	listpack_free(lp);
}

static bool decode_element(struct codec_reader *r, struct quicklist *ql)
{
	struct buf scratch = {0};
	struct bytes text;
	bool is_whole = codec_read_string_view(r, &scratch, &text);
	if (is_whole)
		quicklist_push(ql, text, QUICKLIST_TAIL);
	buf_release(&scratch);
	return is_whole;
}

/* Only long elements have a node of their own: an empty one is damage. */
static bool decode_plain(struct codec_reader *r, struct quicklist *ql)
{
	struct buf scratch = {0};
	struct bytes text;
	bool is_whole = codec_read_string_view(r, &scratch, &text);
	if (is_whole && text.len == 0)
		is_whole = codec_fail(r, "a list's node without bytes");
	if (is_whole)
		quicklist_push(ql, text, QUICKLIST_TAIL);
	buf_release(&scratch);
	return is_whole;
}

static bool decode_node(uint8_t tag, struct codec_reader *r, struct quicklist *ql)
{
	uint64_t kind = NODE_PACKED;
	if (tag == TAG_LIST)
		return decode_element(r, ql);
	if (tag == TAG_LIST_QUICKLIST_2 && !codec_read_length(r, &kind))
		return false;
	if (kind == NODE_PLAIN)
		return decode_plain(r, ql);
	if (kind != NODE_PACKED)
		return codec_fail(r, "unknown kind of a list's node");
	unsigned char *lp = tag == TAG_LIST_QUICKLIST_2 ? packed_read_listpack(r, 0)
							: packed_read_ziplist(r, 0);
	if (lp == NULL)
		return false;
	add_node(ql, lp);
	return true;
}

static bool list_decode(uint8_t tag, struct codec_reader *r, struct value *out)
{
	uint64_t nodes = 1;
	struct quicklist *ql = quicklist_new(types_list_limits());
	*out = list_empty;
	out->encoding = ENC_QUICKLIST;
	out->ptr = ql;
	bool is_whole = tag == TAG_LIST_ZIPLIST || codec_read_length(r, &nodes);
	for (; is_whole && nodes > 0; nodes--)
		is_whole = decode_node(tag, r, ql);
	if (is_whole && ql->count == 0)
		is_whole = codec_fail(r, codec_error_empty);
	if (is_whole)
		list_shrink_if_within(out, false);
	else
		list_free(out);
	return is_whole;
}

/* --- digest, rewrite, check --- */

static void list_digest(const struct value *v, struct digest *d)
{
	struct list_iter it;
	struct listpack_item item;
	char scratch[NUM_I64_MAX_CHARS];
	list_iter_init(&it, v, 0, false);
	while (list_next(&it, &item))
		digest_mix(d, listpack_item_text(&item, scratch));
	list_iter_release(&it);
}

static void list_rewrite(struct bytes key, const struct value *v,
	void (*emit)(const struct bytes *argv, int argc, void *context), void *context)
{
	struct packed_emitter e;
	unsigned char *scratch = NULL;
	packed_emit_begin(&e, BYTES("RPUSH"), key, emit, context);
	if (v->ptr == NULL)
		return;
	if (v->encoding == ENC_LISTPACK) {
		packed_emit_listpack(&e, v->ptr);
		packed_emit_end(&e);
		return;
	}
	const struct quicklist *ql = v->ptr;
	for (const struct quicklist_node *n = ql->head; n != NULL; n = n->next) {
		unsigned char *data = quicklist_node_data(n, &scratch);
		struct listpack_item item = {bytes_of(data, n->bytes), 0, false};
		if (n->is_plain)
			packed_emit_item(&e, &item, 1);
		else
			packed_emit_listpack(&e, data);
		packed_emit_end(&e);
	}
	mem_free(scratch);
}

static void list_check(const struct value *v)
{
	ASSERT(v->type == TYPE_LIST);
	if (v->ptr == NULL)
		return;
	if (v->encoding == ENC_LISTPACK)
		ASSERT(listpack_is_valid(bytes_of(v->ptr, listpack_bytes(v->ptr))));
	else
		quicklist_check(v->ptr);
}

const struct type_ops list_ops = {
	.name = "list",
	.tags = list_tags,
	.free = list_free,
	.free_slice = list_free_slice,
	.free_effort = list_free_effort,
	.copy = list_copy,
	.length = list_count,
	.memory = list_memory,
	.encoding = list_encoding,
	.tag = list_tag,
	.encode = list_encode,
	.decode = list_decode,
	.digest = list_digest,
	.rewrite = list_rewrite,
	.check = list_check,
	.image = &list_image,
};
