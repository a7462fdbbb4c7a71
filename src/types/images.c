/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Images of tables and of long strings. A table's parts are what its encode writes, in the order in
 * which the walk or a change reaches them. A long string is held by reference: whoever changes it
 * meanwhile gets a copy (blob_make_writable), so it needs no word before changes.
 */
#include "types/images.h"

#include "base/assert.h"
#include "base/mem.h"
#include "base/num.h"
#include "ds/quicklist.h"
#include "store/words.h"
#include "types/hash_internal.h"
#include "types/member.h"
#include "types/packed.h"
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

static void hash_say_expiries(
	struct image *im, const void *const *pairs, unsigned count, struct codec_writer *w)
{
	char digits[NUM_I64_MAX_CHARS];
	for (unsigned i = 0; i < count; i++) {
		if (!pair_expires(pairs[i]))
			continue;
		const struct bytes words[] = {BYTES("HPEXPIREAT"), im->key,
			bytes_of(digits, num_print_i64(digits, pair_expiry_ms(pairs[i]))),
			BYTES("FIELDS"), BYTES("1"), pair_field(pairs[i])};
		words_write(words, 6, w);
	}
}

static void hash_say(
	struct image *im, const void *const *pairs, unsigned count, struct codec_writer *w)
{
	struct bytes words[2 + 2 * IMAGE_SAID_PARTS] = {BYTES("HMSET"), im->key};
	for (unsigned i = 0; i < count; i++) {
		words[2 + 2 * i] = pair_field(pairs[i]);
		words[3 + 2 * i] = pair_value(pairs[i]);
	}
	words_write(words, 2 + 2 * (int)count, w);
	hash_say_expiries(im, pairs, count, w);
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
	.say = hash_say,
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

static void set_say(
	struct image *im, const void *const *members, unsigned count, struct codec_writer *w)
{
	struct bytes words[2 + IMAGE_SAID_PARTS] = {BYTES("SADD"), im->key};
	for (unsigned i = 0; i < count; i++)
		words[2 + i] = member_bytes(members[i]);
	words_write(words, 2 + (int)count, w);
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
	.say = set_say,
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

static void zset_say(
	struct image *im, const void *const *items, unsigned count, struct codec_writer *w)
{
	struct bytes words[2 + 2 * IMAGE_SAID_PARTS] = {BYTES("ZADD"), im->key};
	char scores[IMAGE_SAID_PARTS][NUM_DOUBLE_MAX_CHARS];
	for (unsigned i = 0; i < count; i++) {
		size_t len = num_print_double(scores[i], order_item_score(items[i]));
		words[2 + 2 * i] = bytes_of(scores[i], len);
		words[3 + 2 * i] = order_item_member(items[i]);
	}
	words_write(words, 2 + 2 * (int)count, w);
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
	.say = zset_say,
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

static void list_open_long(
	const struct image *im, const struct quicklist_lent *l, struct codec_writer *w)
{
	const struct bytes words[] = {BYTES("RPUSH"), im->key};
	if (im->is_words) {
		words_open_last(w, words, 2, l->bytes);
		return;
	}
	codec_write_length(w, l->is_plain ? NODE_PLAIN : NODE_PACKED);
	codec_write_length(w, l->bytes);
}

/* A long element in pieces, as blob_step does; false while some of it is left. */
static bool list_put_long(
	struct image *im, const struct quicklist_lent *l, struct codec_writer *w, size_t effort)
{
	struct list_state *state = im->state;
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
		list_open_long(im, l, w);
	codec_write_raw(w, data + state->written, piece);
	state->written += piece;
	if (piece < left)
		return false;
	if (im->is_words)
		words_close(w);
	state->written = 0;
	mem_free(state->scratch);
	state->scratch = NULL;
	return true;
}

static void list_say(const struct image *im, const struct quicklist_lent *l,
	const unsigned char *data, struct codec_writer *w)
{
	struct packed_emitter e;
	packed_emit_begin(&e, BYTES("RPUSH"), im->key, words_write, w);
	if (l->is_plain) {
		struct listpack_item item = {bytes_of(data, l->bytes), 0, false};
		packed_emit_item(&e, &item, 1);
	} else {
		packed_emit_listpack(&e, data);
	}
	packed_emit_end(&e);
}

static void list_put(struct image *im, const struct quicklist_lent *l, struct codec_writer *w)
{
	unsigned char *scratch = NULL;
	const unsigned char *data = quicklist_lent_data(l, &scratch);
	if (im->is_words) {
		list_say(im, l, data, w);
	} else {
		codec_write_length(w, l->is_plain ? NODE_PLAIN : NODE_PACKED);
		codec_write_string(w, bytes_of(data, l->bytes));
	}
	mem_free(scratch);
}

static bool list_step(struct image *im, struct codec_writer *w, size_t effort)
{
	struct list_state *state = im->state;
	size_t nodes = effort / NODE_EFFORT + 1;
	for (; nodes > 0 && im->parts_put < im->parts; nodes--) {
		struct quicklist_lent *l = &state->loan->lent[im->parts_put];
		/* The elements of a long node with many are commands of their own. */
		bool is_long = l->bytes > IMAGE_BLOB_MIN_BYTES && (l->is_plain || !im->is_words);
		if (!is_long)
			list_put(im, l, w);
		else if (!list_put_long(im, l, w, effort))
			return true;
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
	const struct bytes words[] = {BYTES("SET"), im->key};
	if (im->is_words && im->parts_put == 0)
		words_open_last(w, words, 2, b->len);
	codec_write_raw(w, b->data + im->parts_put, piece);
	im->parts_put += piece;
	if (im->is_words && piece == left)
		words_close(w);
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
