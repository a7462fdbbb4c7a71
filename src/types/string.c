/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The string type. Invariant of growth: bytes that were there stay, bytes added read as zero until
 * they are written, and a blob that a reply still borrows is copied before it is changed.
 */
#include "types/string.h"

#include "base/mem.h"
#include "base/num.h"
#include "store/preimage.h"
#include "types/images.h"

/* More references than this are not taken: the count must not wrap. */
#define STRING_SHARE_MAX (1u << 30)

/* --- growth --- */

static size_t string_room(size_t len)
{
	size_t extra = len < STRING_GROWTH_MAX ? len : STRING_GROWTH_MAX;
	size_t cap;
	return __builtin_add_overflow(len, extra, &cap) ? len : cap;
}

size_t string_length(const struct entry *e)
{
	char scratch[NUM_I64_MAX_CHARS];
	return string_bytes(e, scratch).len;
}

static struct entry *string_create(struct db *db, struct key key, size_t len, char **data)
{
	static const char zeros[ENTRY_INLINE_MAX_BYTES];
	struct value v = {.type = TYPE_STRING, .encoding = ENC_INLINE_RAW};
	if (len <= ENTRY_INLINE_MAX_BYTES) {
		v.string = (struct bytes){zeros, len};
	} else {
		struct blob *b = blob_new(len, len);
		memset(b->data, 0, len);
		v.encoding = ENC_BLOB;
		v.ptr = b;
	}
	struct entry *e = db_set_value(db, key, &v, EXPIRY_NONE);
	*data = e->encoding == ENC_BLOB ? entry_value_blob(e)->data : entry_inline(e);
	return e;
}

/* Bytes in the entry, or a number: both stay inside it while they fit. */
static struct entry *string_grow_inline(
	struct db *db, struct key key, struct entry *e, size_t len, char **data)
{
	char scratch[NUM_I64_MAX_CHARS];
	struct bytes old = string_bytes(e, scratch);
	bool was_number = e->encoding == ENC_INT;
	if (len > ENTRY_INLINE_MAX_BYTES) {
		struct blob *b = blob_new(len, string_room(len));
		memcpy(b->data, old.ptr, old.len);
		struct value v = {.type = TYPE_STRING, .encoding = ENC_BLOB, .ptr = b};
		*data = b->data;
		return db_update_value(db, key, e, &v);
	}
	unsigned flags = e->flags & ~(unsigned)ENTRY_WORD;
	if (flags != e->flags || len != e->inline_len)
		e = db_reshape(db, key, e, flags, len);
	e->encoding = ENC_INLINE_RAW;
	*data = entry_inline(e);
	if (was_number)
		memcpy(*data, old.ptr, old.len);
	return e;
}

static struct entry *string_grow_blob(
	struct db *db, struct key key, struct entry *e, size_t len, char **data)
{
	struct value v = entry_value(e);
	struct blob *b = v.ptr;
	v.ptr = blob_make_writable(b, len <= b->cap ? len : string_room(len));
	if (v.ptr != b)
		e = db_update_value(db, key, e, &v);
	b = v.ptr;
	b->len = len;
	*data = b->data;
	return e;
}

/* Writable and exactly `len` long, which is no less than it was; new bytes are undefined. */
static struct entry *string_grow(
	struct db *db, struct key key, struct entry *e, size_t len, char **data)
{
	ASSERT(e->type == TYPE_STRING);
	db_before_change(db, e);
	if (e->encoding == ENC_BLOB)
		return string_grow_blob(db, key, e, len, data);
	return string_grow_inline(db, key, e, len, data);
}

struct entry *string_make_writable(
	struct db *db, struct key key, struct entry *e, size_t len, char **data)
{
	if (e == NULL)
		return string_create(db, key, len, data);
	size_t old_len = string_length(e);
	if (len < old_len)
		len = old_len;
	e = string_grow(db, key, e, len, data);
	memset(*data + old_len, 0, len - old_len);
	return e;
}

struct entry *string_append(
	struct db *db, struct key key, struct entry *e, struct bytes more, size_t *len)
{
	char *data;
	size_t old_len = string_length(e);
	bool overflow = __builtin_add_overflow(old_len, more.len, len);
	ASSERT(!overflow);
	e = string_grow(db, key, e, *len, &data);
	if (more.len > 0)
		memcpy(data + old_len, more.ptr, more.len);
	return e;
}

struct entry *string_set_range(struct db *db, struct key key, struct entry *e, size_t offset,
	struct bytes bytes)
{
	char *data;
	size_t end;
	bool overflow = __builtin_add_overflow(offset, bytes.len, &end);
	ASSERT(!overflow);
	e = string_make_writable(db, key, e, end, &data);
	if (bytes.len > 0)
		memcpy(data + offset, bytes.ptr, bytes.len);
	return e;
}

/* --- the type's row --- */

static size_t string_value_length(const struct value *v)
{
	char scratch[NUM_I64_MAX_CHARS];
	return value_string(v, scratch).len;
}

static size_t string_free_effort(const struct value *v)
{
	(void)v;
	return 1;
}

/* What comes out owns its bytes; long ones are shared. */
static void string_copy(const struct value *v, struct value *out)
{
	*out = *v;
	if (v->encoding == ENC_INT)
		return;
	struct blob *b = v->encoding == ENC_BLOB ? v->ptr : NULL;
	char scratch[NUM_I64_MAX_CHARS];
	out->encoding = ENC_BLOB;
	out->ptr = b != NULL && b->refs < STRING_SHARE_MAX ? blob_hold(b)
							   : blob_of(value_string(v, scratch));
}

static size_t string_memory(const struct value *v, size_t samples)
{
	(void)samples;
	return v->encoding == ENC_BLOB ? mem_usable_size(v->ptr) : 0;
}

static const char *string_encoding(const struct value *v)
{
	if (v->encoding == ENC_INT)
		return "int";
	if (v->encoding == ENC_INLINE && v->string.len <= STRING_EMBSTR_MAX)
		return "embstr";
	return "raw";
}

static uint8_t string_tag(const struct value *v)
{
	(void)v;
	return 0;
}

static void string_encode(const struct value *v, struct codec_writer *w)
{
	char scratch[NUM_I64_MAX_CHARS];
	if (v->encoding == ENC_INT)
		codec_write_string_i64(w, v->integer);
	else
		codec_write_string(w, value_string(v, scratch));
}

static bool string_decode(uint8_t tag, struct codec_reader *r, struct value *out)
{
	struct buf scratch = {0};
	struct bytes text;
	int64_t number;
	(void)tag;
	if (!codec_read_string_view(r, &scratch, &text)) {
		buf_release(&scratch);
		return false;
	}
	if (text.len <= NUM_I64_MAX_CHARS && num_parse_i64(text, &number))
		*out = (struct value){.type = TYPE_STRING, .encoding = ENC_INT, .integer = number};
	else
		*out = (struct value){
			.type = TYPE_STRING, .encoding = ENC_BLOB, .ptr = blob_of(text)};
	buf_release(&scratch);
	return true;
}

static void string_digest(const struct value *v, struct digest *d)
{
	char scratch[NUM_I64_MAX_CHARS];
	digest_mix(d, value_string(v, scratch));
}

static void string_rewrite(struct bytes key, const struct value *v,
	void (*emit)(const struct bytes *argv, int argc, void *context), void *context)
{
	char scratch[NUM_I64_MAX_CHARS];
	struct bytes argv[] = {BYTES("SET"), key, value_string(v, scratch)};
	emit(argv, 3, context);
}

static void string_check(const struct value *v)
{
	ASSERT(v->type == TYPE_STRING && v->encoding <= ENC_BLOB);
	if (v->encoding != ENC_BLOB)
		return;
	const struct blob *b = v->ptr;
	ASSERT(b->refs > 0 && b->len <= b->cap);
}

static const uint8_t string_tags[] = {0, 0xff};

const struct type_ops string_ops = {
	.name = "string",
	.tags = string_tags,
	.free = value_release,
	.free_effort = string_free_effort,
	.copy = string_copy,
	.length = string_value_length,
	.memory = string_memory,
	.encoding = string_encoding,
	.tag = string_tag,
	.encode = string_encode,
	.decode = string_decode,
	.digest = string_digest,
	.rewrite = string_rewrite,
	.check = string_check,
	.image = &string_image,
};
