/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Blobs and what a value owns. A blob's capacity is what the allocator's class leaves, so that an
 * append uses bytes that are paid for anyway.
 */
#include "store/value.h"

#include "base/assert.h"
#include "base/mem.h"
#include "base/num.h"
#include "store/type_ops.h"

static size_t blob_size(size_t cap)
{
	size_t size;
	bool overflow = __builtin_add_overflow(sizeof(struct blob), cap, &size);
	ASSERT(!overflow);
	return size;
}

struct blob *blob_new(size_t len, size_t cap)
{
	ASSERT(len <= cap);
	size_t size = mem_size_class(blob_size(cap));
	struct blob *b = mem_alloc(size);
	b->refs = 1;
	b->is_big = false;
	b->len = len;
	b->cap = size - sizeof(*b);
	return b;
}

struct blob *blob_of(struct bytes bytes)
{
	struct blob *b = blob_new(bytes.len, bytes.len);
	if (bytes.len > 0)
		memcpy(b->data, bytes.ptr, bytes.len);
	return b;
}

void blob_drop(void *blob)
{
	struct blob *b = blob;
	ASSERT(b->refs > 0);
	if (--b->refs == 0)
		mem_free_sized(b, blob_size(b->cap));
}

struct blob *blob_make_writable(struct blob *b, size_t cap)
{
	if (cap < b->len)
		cap = b->len;
	if (b->refs == 1 && b->cap >= cap)
		return b;
	if (b->refs == 1) {
		size_t size = mem_size_class(blob_size(cap));
		b = mem_realloc(b, size);
		b->cap = size - sizeof(*b);
		return b;
	}
	struct blob *own = blob_new(b->len, cap);
	memcpy(own->data, b->data, b->len);
	blob_drop(b);
	return own;
}

struct bytes value_string(const struct value *v, char *scratch)
{
	ASSERT(v->type == TYPE_STRING);
	switch (v->encoding) {
	case ENC_INT:
		return (struct bytes){scratch, num_print_i64(scratch, v->integer)};
	case ENC_BLOB:
		return blob_bytes(v->ptr);
	default:
		ASSERT(v->encoding == ENC_INLINE || v->encoding == ENC_INLINE_RAW);
		return v->string;
	}
}

void value_release(struct value *v)
{
	if (v->type != TYPE_STRING)
		type_ops_of(v)->free(v);
	else if (v->encoding == ENC_BLOB)
		blob_drop(v->ptr);
	*v = (struct value){.type = TYPE_STRING, .encoding = ENC_INT};
}
