/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Images of tables and of long strings. A table's parts are what its encode writes, in the order in
 * which the walk or a change reaches them. A long string is held by reference: whoever changes it
 * meanwhile gets a copy (blob_make_writable), so it needs no word before changes.
 */
#include "types/images.h"

#include "base/assert.h"
#include "base/mem.h"
#include "ds/quicklist.h"
#include "types/hash_internal.h"
#include "types/member.h"
#include "types/pair.h"
#include "types/set_internal.h"
#include "types/zset_internal.h"

/* RDB's types; written by encode as well. */
enum {
	TAG_STRING = 0,
	TAG_SET = 2,
	TAG_HASH = 4,
	TAG_ZSET_2 = 5,
	TAG_LIST_QUICKLIST_2 = 18,
	TAG_HASH_TTL = 24
};
enum { NODE_PLAIN = 1, NODE_PACKED = 2 };

/* What a string gives at once for a part's effort. */
#define BLOB_BYTES_PER_PART 256

static bool table_is_large(const struct dict *d)
{
	return dict_count(d) >= IMAGE_TABLE_MIN;
}

static void count_head(struct image *im, struct codec_writer *w)
{
	codec_write_length(w, im->parts);
}

/* --- hashes --- */

static bool hash_is_large(const struct value *v)
{
	return v->ptr != NULL && !hash_is_packed(v) && table_is_large(v->ptr);
}

static void hash_begin(struct image *im)
{
	struct hash_table *t = im->value.ptr;
	im->tag = t->expiring == 0 ? TAG_HASH : TAG_HASH_TTL;
	/* Nothing expires before, which is all that a base has to promise. */
	im->base_ms = t->soonest_ms;
	image_table_begin(im, &t->dict);
}

static void hash_head(struct image *im, struct codec_writer *w)
{
	if (im->tag == TAG_HASH_TTL)
		codec_write_u64_le(w, (uint64_t)im->base_ms);
	count_head(im, w);
}

static void hash_put(struct image *im, const void *pair, struct codec_writer *w)
{
	if (im->tag == TAG_HASH_TTL)
		codec_write_length(w, pair_expires(pair)
					      ? (uint64_t)(pair_expiry_ms(pair) - im->base_ms + 1)
					      : 0);
	codec_write_string(w, pair_field(pair));
	codec_write_string(w, pair_value(pair));
}

static struct image *hash_image_of(const struct value *v)
{
	if (v->ptr == NULL || hash_is_packed(v))
		return NULL;
	return image_of_table(v->ptr);
}

const struct image_ops hash_image = {
	.is_large = hash_is_large,
	.begin = hash_begin,
	.head = hash_head,
	.step = image_table_step,
	.put = hash_put,
	.end = image_table_end,
	.of = hash_image_of,
};

/* --- sets --- */

static bool set_is_large(const struct value *v)
{
	return v->ptr != NULL && v->encoding == ENC_HASHTABLE && table_is_large(v->ptr);
}

static void set_begin(struct image *im)
{
	im->tag = TAG_SET;
	image_table_begin(im, im->value.ptr);
}

static void set_put(struct image *im, const void *member, struct codec_writer *w)
{
	(void)im;
	codec_write_string(w, member_bytes(member));
}

static struct image *set_image_of(const struct value *v)
{
	if (v->ptr == NULL || v->encoding != ENC_HASHTABLE)
		return NULL;
	return image_of_table(v->ptr);
}

const struct image_ops set_image = {
	.is_large = set_is_large,
	.begin = set_begin,
	.head = count_head,
	.step = image_table_step,
	.put = set_put,
	.end = image_table_end,
	.of = set_image_of,
};

/* --- sorted sets --- */

static struct dict *zset_dict(const struct value *v)
{
	if (v->ptr == NULL || v->encoding == ENC_LISTPACK)
		return NULL;
	return &((struct zset_table *)v->ptr)->by_member;
}

static bool zset_is_large(const struct value *v)
{
	const struct dict *d = zset_dict(v);
	return d != NULL && table_is_large(d);
}

static void zset_begin(struct image *im)
{
	const struct zset_table *t = im->value.ptr;
	im->tag = TAG_ZSET_2;
	im->state_number = zset_table_cuts(t);
	image_table_begin(im, zset_dict(&im->value));
	/* Not the ghosts. */
	im->parts = order_tree_count(&t->by_score);
}

/* A change may delete many at once and leave their items to be met as they were. */
static bool zset_was_there(const struct image *im, const void *item)
{
	const struct zset_table *t = im->value.ptr;
	return LIKELY(im->state_number == 0) || !zset_table_was_ghost(t, item, im->state_number);
}

static void zset_put(struct image *im, const void *item, struct codec_writer *w)
{
	(void)im;
	codec_write_string(w, order_item_member(item));
	codec_write_double(w, order_item_score(item));
}

static struct image *zset_image_of(const struct value *v)
{
	const struct dict *d = zset_dict(v);
	return d == NULL ? NULL : image_of_table(d);
}

const struct image_ops zset_image = {
	.is_large = zset_is_large,
	.begin = zset_begin,
	.head = count_head,
	.step = image_table_step,
	.put = zset_put,
	.was_there = zset_was_there,
	.end = image_table_end,
	.of = zset_image_of,
};

/* --- lists: all nodes are lent at the beginning, and come back one by one --- */

/* A node costs as much as so many parts of a table: it is compressed. */
#define NODE_EFFORT 64

struct list_state {
	struct quicklist_loan *loan;
	size_t written; /* of a long plain node */
	unsigned char *scratch;
};

static bool list_is_large(const struct value *v)
{
	size_t bytes = 0;
	if (v->ptr == NULL || v->encoding != ENC_QUICKLIST)
		return false;
	const struct quicklist *ql = v->ptr;
	const struct quicklist_node *n = ql->head;
	for (int i = 0; i < IMAGE_LIST_MIN_NODES && n != NULL; i++, n = n->next)
		bytes += n->bytes;
	return n != NULL || bytes > IMAGE_BLOB_MIN_BYTES;
}

static void list_begin(struct image *im)
{
	struct list_state *state = mem_calloc(1, sizeof(*state));
	state->loan = quicklist_lend(im->value.ptr);
	im->state = state;
	im->tag = TAG_LIST_QUICKLIST_2;
	im->parts = state->loan->count;
	im->kept = &state->loan->kept_bytes;
	im->saved_bytes = state->loan->count * sizeof(state->loan->lent[0]);
}

/* A long element in pieces, as blob_step does; false while some of it is left. */
static bool list_put_long(struct list_state *state, const struct quicklist_lent *l,
	struct codec_writer *w, size_t effort)
{
	size_t left = l->bytes - state->written;
	size_t most = effort < left ? effort * BLOB_BYTES_PER_PART : left;
	size_t piece = left < most ? left : most;
	unsigned char *data = l->data;
	/* It is unpacked once, and kept until it is through. */
	if (l->packed_bytes != 0 && state->scratch == NULL)
		quicklist_lent_data(l, &state->scratch);
	if (state->scratch != NULL)
		data = state->scratch;
	if (state->written == 0)
		codec_write_length(w, l->bytes);
	codec_write_raw(w, data + state->written, piece);
	state->written += piece;
	if (piece < left)
		return false;
	state->written = 0;
	mem_free(state->scratch);
	state->scratch = NULL;
	return true;
}

static bool list_step(struct image *im, struct codec_writer *w, size_t effort)
{
	struct list_state *state = im->state;
	size_t nodes = effort / NODE_EFFORT + 1;
	for (; nodes > 0 && im->parts_put < im->parts; nodes--) {
		struct quicklist_lent *l = &state->loan->lent[im->parts_put];
		if (state->written == 0)
			codec_write_length(w, l->is_plain ? NODE_PLAIN : NODE_PACKED);
		if (l->bytes > IMAGE_BLOB_MIN_BYTES) {
			if (!list_put_long(state, l, w, effort))
				return true;
		} else {
			unsigned char *scratch = NULL;
			codec_write_string(w, bytes_of(quicklist_lent_data(l, &scratch), l->bytes));
			mem_free(scratch);
		}
		quicklist_give_back(l);
		im->parts_put++;
	}
	return im->parts_put < im->parts;
}

static void list_end(struct image *im)
{
	struct list_state *state = im->state;
	for (; im->parts_put < im->parts; im->parts_put++)
		quicklist_give_back(&state->loan->lent[im->parts_put]);
	quicklist_loan_free(state->loan);
	mem_free(state->scratch);
	mem_free(state);
}

const struct image_ops list_image = {
	.is_large = list_is_large,
	.begin = list_begin,
	.head = count_head,
	.step = list_step,
	.end = list_end,
};

/* --- long strings: never compressed, which could not be cut into pieces --- */

static bool blob_is_large(const struct value *v)
{
	return v->encoding == ENC_BLOB && ((const struct blob *)v->ptr)->len > IMAGE_BLOB_MIN_BYTES;
}

static void blob_begin(struct image *im)
{
	im->tag = TAG_STRING;
	im->parts = blob_hold(im->value.ptr)->len;
}

static bool blob_step(struct image *im, struct codec_writer *w, size_t effort)
{
	const struct blob *b = im->value.ptr;
	size_t left = (size_t)(im->parts - im->parts_put);
	size_t most = effort < SIZE_MAX / BLOB_BYTES_PER_PART ? effort * BLOB_BYTES_PER_PART : left;
	size_t piece = left < most ? left : most;
	codec_write_raw(w, b->data + im->parts_put, piece);
	im->parts_put += piece;
	return piece < left;
}

static void blob_end(struct image *im)
{
	blob_drop(im->value.ptr);
}

const struct image_ops string_image = {
	.is_large = blob_is_large,
	.begin = blob_begin,
	.head = count_head,
	.step = blob_step,
	.end = blob_end,
};
