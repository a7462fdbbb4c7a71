/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The output chain and the pool of its chunks. The pool is part of the allocator in spirit: one
 * for the process, used by the loop's thread alone.
 */
#include "proto/out.h"

#include "base/assert.h"
#include "base/mem.h"

bool (*out_is_over_limit)(struct out *out);

static struct out_piece *pool_first;
static size_t pool_count;

static struct out_piece *chunk_new(size_t allocated)
{
	struct out_piece *piece = mem_alloc(allocated);
	*piece = (struct out_piece){
		.ptr = (char *)(piece + 1),
		.cap = allocated - sizeof(*piece),
		.allocated = allocated,
	};
	return piece;
}

static struct out_piece *chunk_take(void)
{
	struct out_piece *piece = pool_first;
	if (LIKELY(piece != NULL)) {
		pool_first = piece->next;
		pool_count--;
		piece->next = NULL;
		piece->len = 0;
		piece->sent = 0;
		return piece;
	}
	return chunk_new(OUT_CHUNK_BYTES);
}

static void chunk_give(struct out_piece *piece)
{
	ASSERT(piece->cap != 0);
	if (piece->allocated != OUT_CHUNK_BYTES || pool_count >= OUT_POOL_CHUNKS) {
		mem_free_sized(piece, piece->allocated);
		return;
	}
	piece->next = pool_first;
	pool_first = piece;
	pool_count++;
}

size_t out_pool_bytes(void)
{
	return pool_count * OUT_CHUNK_BYTES;
}

void out_pool_release(void)
{
	while (pool_first != NULL) {
		struct out_piece *piece = pool_first;
		pool_first = piece->next;
		mem_free_sized(piece, piece->allocated);
	}
	pool_count = 0;
}

static void piece_drop(struct out *out, struct out_piece *piece)
{
	if (piece->cap != 0) {
		out->chunk_bytes -= piece->allocated;
		chunk_give(piece);
		return;
	}
	piece->release(piece->owner);
	mem_free_sized(piece, sizeof(*piece));
}

/* The last piece as a chunk that is being written; NULL = there is none. */
static inline struct out_piece *open_chunk(const struct out *out)
{
	return out->last != NULL && out->last->cap != 0 ? out->last : NULL;
}

static inline size_t open_len(const struct out *out, const struct out_piece *piece)
{
	return (size_t)(out->at - piece->ptr);
}

/* Writes down the length of the chunk that was the last. */
static void out_seal(struct out *out)
{
	struct out_piece *piece = open_chunk(out);
	if (piece != NULL) {
		piece->len = open_len(out, piece);
		ASSERT(piece->len <= piece->cap);
		out->sealed_bytes += piece->len - piece->sent;
	}
	out->at = NULL;
	out->limit = NULL;
}

/* Makes the last piece, a sealed chunk, the one that is written again. */
static void out_unseal(struct out *out)
{
	struct out_piece *piece = open_chunk(out);
	if (piece == NULL)
		return;
	out->at = piece->ptr + piece->len;
	out->limit = piece->ptr + piece->cap;
	out->sealed_bytes -= piece->len - piece->sent;
}

static void out_append(struct out *out, struct out_piece *piece)
{
	ASSERT(piece->next == NULL);
	out_seal(out);
	if (out->last == NULL)
		out->first = piece;
	else
		out->last->next = piece;
	out->last = piece;
}

void out_init(struct out *out)
{
	*out = (struct out){0};
}

void out_clear(struct out *out)
{
	struct out_piece *next;
	for (struct out_piece *piece = out->first; piece != NULL; piece = next) {
		next = piece->next;
		piece_drop(out, piece);
	}
	ASSERT(out->chunk_bytes == 0);
	bool is_limited = out->is_limited;
	out_init(out);
	out->is_limited = is_limited;
}

/* A limited chain wants to grow: where lost bytes go, or NULL when it may grow (or needs a chunk
 * for what is lost). */
static char *out_spill(struct out *out, size_t need)
{
	if (!out->is_full && !out_is_over_limit(out))
		return NULL;
	out->is_full = true;
	if (!out->has_spill || out->last->cap < need)
		return NULL;
	out->at = out->last->ptr;
	return out->at;
}

HOT char *out_grow(struct out *out, size_t need)
{
	struct out_piece *piece;
	/* An empty chain is within any limit. */
	if (out->is_limited && out->last != NULL) {
		char *lost = out_spill(out, need);
		if (lost != NULL)
			return lost;
	}
	size_t pooled = OUT_CHUNK_BYTES - sizeof(*piece);
	bool follows_lent = out->last != NULL && out->last->cap == 0;
	if (follows_lent && need <= OUT_SMALL_BYTES - sizeof(*piece)) {
		piece = chunk_new(OUT_SMALL_BYTES);
	} else if (LIKELY(need <= pooled)) {
		piece = chunk_take();
	} else {
		size_t size;
		ASSERT(!__builtin_add_overflow(need, sizeof(*piece), &size));
		piece = chunk_new(size);
	}
	out->chunk_bytes += piece->allocated;
	out_append(out, piece);
	out->has_spill = out->is_full;
	out->at = piece->ptr;
	out->limit = piece->ptr + piece->cap;
	return out->at;
}

void out_add(struct out *out, const void *ptr, size_t len)
{
	size_t room = (size_t)(out->limit - out->at);
	const char *from = ptr;
	if (len == 0)
		return;
	if (UNLIKELY(room < len) && room > 0) {
		memcpy(out->at, from, room);
		out_advance(out, room);
		from += room;
		len -= room;
	}
	memcpy(out_room(out, len), from, len);
	out_advance(out, len);
}

void out_lend(struct out *out, struct bytes bytes, void (*release)(void *owner), void *owner)
{
	if (out->is_limited && !out->is_full)
		out->is_full = out_is_over_limit(out);
	if (bytes.len == 0 || out->is_full) {
		release(owner);
		return;
	}
	struct out_piece *piece = mem_alloc(sizeof(*piece));
	*piece = (struct out_piece){
		.ptr = (char *)(uintptr_t)bytes.ptr,
		.len = bytes.len,
		.release = release,
		.owner = owner,
	};
	out_append(out, piece);
	out->sealed_bytes += bytes.len;
	out->lent_bytes += bytes.len;
}

size_t out_pending_bytes(const struct out *out)
{
	const struct out_piece *piece = open_chunk(out);
	size_t open = piece == NULL ? 0 : open_len(out, piece) - piece->sent;
	return out->sealed_bytes + open;
}

size_t out_memory_bytes(const struct out *out)
{
	return out->chunk_bytes + out->lent_bytes;
}

HOT int out_pieces(struct out *out, struct iovec *iov, int max)
{
	int count = 0;
	for (struct out_piece *piece = out->first; piece != NULL && count < max;
	     piece = piece->next) {
		bool is_open = piece == out->last && piece->cap != 0;
		size_t len = is_open ? open_len(out, piece) : piece->len;
		if (len == piece->sent)
			continue;
		iov[count].iov_base = piece->ptr + piece->sent;
		iov[count].iov_len = len - piece->sent;
		count++;
	}
	return count;
}

/* All of a chain of one chunk was sent, which is how nearly every reply ends. */
static inline bool out_consume_chunk(struct out *out, size_t len)
{
	struct out_piece *piece = out->first;
	if (UNLIKELY(piece == NULL || piece != out->last || piece->cap == 0 ||
		    open_len(out, piece) - piece->sent != len))
		return false;
	out->first = out->last = NULL;
	out->at = out->limit = NULL;
	out->chunk_bytes = 0;
	chunk_give(piece);
	return true;
}

HOT void out_consume(struct out *out, size_t len)
{
	struct out_piece *piece;
	if (LIKELY(out_consume_chunk(out, len)))
		return;
	ASSERT(len <= out_pending_bytes(out));
	while ((piece = out->first) != NULL) {
		bool is_open = piece == out->last && piece->cap != 0;
		size_t left = (is_open ? open_len(out, piece) : piece->len) - piece->sent;
		size_t part = len < left ? len : left;
		piece->sent += part;
		len -= part;
		if (!is_open)
			out->sealed_bytes -= part;
		if (piece->cap == 0)
			out->lent_bytes -= part;
		if (part < left)
			return;
		out->first = piece->next;
		if (piece->next == NULL) {
			out->last = NULL;
			out->at = NULL;
			out->limit = NULL;
		}
		piece_drop(out, piece);
	}
	ASSERT(len == 0);
}

void out_move(struct out *to, struct out *from)
{
	struct out_piece *piece = from->first;
	ASSERT(to != from);
	if (piece == NULL)
		return;
	size_t pending = out_pending_bytes(from);
	if (piece == from->last && piece->cap != 0 && pending <= OUT_MOVE_COPY_BYTES) {
		out_add(to, piece->ptr + piece->sent, pending);
		out_clear(from);
		return;
	}
	out_seal(to);
	if (to->last == NULL)
		to->first = piece;
	else
		to->last->next = piece;
	to->last = from->last;
	to->at = from->at;
	to->limit = from->limit;
	to->sealed_bytes += from->sealed_bytes;
	to->lent_bytes += from->lent_bytes;
	to->chunk_bytes += from->chunk_bytes;
	bool is_limited = from->is_limited;
	out_init(from);
	from->is_limited = is_limited;
}

struct out_mark out_mark(const struct out *out)
{
	struct out_piece *piece = out->last;
	if (piece == NULL)
		return (struct out_mark){NULL, 0};
	return (struct out_mark){piece, piece->cap != 0 ? open_len(out, piece) : piece->len};
}

void out_cut(struct out *out, struct out_mark mark)
{
	if (out->is_full)
		return; /* nobody will see it; the mark may stand in lost bytes */
	if (mark.last == NULL) {
		out_clear(out);
		return;
	}
	if (out->last != mark.last) {
		struct out_piece *next;
		out_seal(out);
		for (struct out_piece *piece = mark.last->next; piece != NULL; piece = next) {
			next = piece->next;
			out->sealed_bytes -= piece->len - piece->sent;
			if (piece->cap == 0)
				out->lent_bytes -= piece->len - piece->sent;
			piece_drop(out, piece);
		}
		mark.last->next = NULL;
		out->last = mark.last;
		out_unseal(out);
	}
	if (mark.last->cap != 0) {
		ASSERT(mark.offset >= mark.last->sent && mark.offset <= mark.last->cap);
		out->at = mark.last->ptr + mark.offset;
	}
}

size_t out_since(const struct out *out, struct out_mark mark)
{
	size_t sum = 0;
	if (out->is_full)
		return 0; /* the mark may stand in lost bytes */
	const struct out_piece *piece = mark.last == NULL ? out->first : mark.last;
	for (; piece != NULL; piece = piece->next) {
		bool is_open = piece == out->last && piece->cap != 0;
		sum += is_open ? open_len(out, piece) : piece->len;
	}
	return sum - mark.offset;
}
