/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Units become bytes here, once. A command lies in one block, never across two, so that writing it
 * is one pass over memory; what does not fit begins the next block.
 *
 * References: a block is held by the stream while it is the last, by the block before it, and by
 * each reader that stands in it. So the chain behind the slowest reader is what is kept.
 */
#include "exec/stream.h"

#include "base/mem.h"
#include "base/num.h"
#include "exec/exec.h"

#define STREAM_ROOM_BYTES (STREAM_BLOCK_BYTES - sizeof(struct stream_block))
#define STREAM_HEAD_MAX_BYTES (NUM_I64_MAX_CHARS + 3) /* "$123\r\n" */
#define STREAM_SELECT_MAX_BYTES 64

/* --- blocks ----------------------------------------------------------------------------------- */

static struct stream_block *block_new(struct stream *s, size_t room)
{
	struct stream_block *b;

	if (LIKELY(room <= STREAM_ROOM_BYTES)) {
		room = STREAM_ROOM_BYTES;
		if (s->spare != NULL) {
			b = s->spare;
			s->spare = b->next;
			s->spare_count--;
		} else {
			b = mem_alloc(STREAM_BLOCK_BYTES);
		}
	} else {
		b = mem_alloc(sizeof(*b) + room);
	}
	s->exec->memory_not_counted += sizeof(*b) + room;
	*b = (struct stream_block){.references = 1, .begin = s->appended, .cap = room};
	return b;
}

static void block_drop(struct stream *s, struct stream_block *b)
{
	while (b != NULL && --b->references == 0) {
		struct stream_block *next = b->next;
		s->exec->memory_not_counted -= sizeof(*b) + b->cap;
		if (b->cap == STREAM_ROOM_BYTES && s->spare_count < STREAM_SPARE_BLOCKS) {
			b->next = s->spare;
			s->spare = b;
			s->spare_count++;
		} else {
			mem_free(b);
		}
		b = next;
	}
}

/* Room for one command in one piece. */
static char *stream_room(struct stream *s, size_t need)
{
	struct stream_block *b = s->last;

	if (LIKELY(b != NULL && b->cap - b->len >= need))
		return b->data + b->len;
	struct stream_block *next = block_new(s, need);
	s->last = next;
	if (b != NULL) {
		b->next = next;
		next->references++;
		block_drop(s, b);
	}
	return next->data;
}

static void stream_took(struct stream *s, const char *end)
{
	size_t len = (size_t)(end - (s->last->data + s->last->len));
	s->last->len += len;
	s->appended += len;
}

/* --- commands become bytes -------------------------------------------------------------------- */

static inline char *put_head(char *at, char kind, uint64_t number)
{
	*at++ = kind;
	if (LIKELY(number < 10))
		*at++ = (char)('0' + number);
	else
		at += num_print_u64(at, number);
	*at++ = '\r';
	*at++ = '\n';
	return at;
}

static inline char *put_bulk(char *at, struct bytes b)
{
	at = put_head(at, '$', b.len);
	if (b.len > 0)
		memcpy(at, b.ptr, b.len);
	at += b.len;
	*at++ = '\r';
	*at++ = '\n';
	return at;
}

static void stream_add(struct stream *s, const struct bytes *argv, int argc)
{
	size_t need = STREAM_HEAD_MAX_BYTES;

	for (int i = 0; i < argc; i++) {
		/* Each argument is memory of ours: the sum of lengths can't pass SIZE_MAX. */
		need += argv[i].len + STREAM_HEAD_MAX_BYTES + 2;
	}
	char *at = put_head(stream_room(s, need), '*', (uint64_t)argc);
	for (int i = 0; i < argc; i++)
		at = put_bulk(at, argv[i]);
	stream_took(s, at);
}

static void stream_add_select(struct stream *s, int db)
{
	char digits[NUM_I64_MAX_CHARS];
	struct bytes words[2] = {
		BYTES("SELECT"), bytes_of(digits, num_print_u64(digits, (uint64_t)db))};

	s->db = db;
	stream_add(s, words, 2);
}

static void stream_on_unit(const struct propagation *first, bool is_transaction, void *context)
{
	static const struct bytes multi = {"MULTI", 5}, end = {"EXEC", 4};
	struct stream *s = context;
	bool is_wrapped = first->next != NULL;

	/* EXEC of one command needs no bracket: one command is whole by itself. */
	(void)is_transaction;
	s->units++;
	if (is_wrapped)
		stream_add(s, &multi, 1);
	for (const struct propagation *p = first; p != NULL; p = p->next) {
		if (UNLIKELY(p->db != s->db))
			stream_add_select(s, p->db);
		stream_add(s, p->argv, p->argc);
	}
	if (is_wrapped)
		stream_add(s, &end, 1);
}

/* --- life ------------------------------------------------------------------------------------- */

struct stream *stream_new(struct exec *exec)
{
	struct stream *s = mem_calloc(1, sizeof(*s));

	s->exec = exec;
	s->db = -1;
	s->sink = effect_add_sink(exec, (struct effect_sink){stream_on_unit, s});
	effect_arm_sink(exec, s->sink, false);
	return s;
}

void stream_free(struct stream *s)
{
	ASSERT(s->readers == 0);
	effect_arm_sink(s->exec, s->sink, false);
	block_drop(s, s->last);
	while (s->spare != NULL) {
		struct stream_block *next = s->spare->next;
		mem_free(s->spare);
		s->spare = next;
	}
	mem_free(s);
}

void stream_set_offset(struct stream *s, uint64_t offset)
{
	ASSERT(s->readers == 0);
	block_drop(s, s->last);
	s->last = NULL;
	s->appended = offset;
}

void stream_restart_db(struct stream *s)
{
	s->db = -1;
}

/* --- readers ---------------------------------------------------------------------------------- */

void stream_reader_open(struct stream_reader *r, struct stream *s)
{
	if (s->last == NULL)
		s->last = block_new(s, 0);
	*r = (struct stream_reader){.stream = s, .block = s->last, .offset = s->appended};
	s->last->references++;
	if (s->readers++ == 0)
		effect_arm_sink(s->exec, s->sink, true);
	stream_restart_db(s);
}

void stream_reader_close(struct stream_reader *r)
{
	struct stream *s = r->stream;

	block_drop(s, r->block);
	if (--s->readers == 0) {
		effect_arm_sink(s->exec, s->sink, false);
		/* Nobody will ever read what is there. */
		block_drop(s, s->last);
		s->last = NULL;
	}
	*r = (struct stream_reader){0};
}

int stream_pieces(
	const struct stream_reader *r, uint64_t end, struct iovec *pieces, int max, size_t *len)
{
	const struct stream_block *b = r->block;
	uint64_t at = r->offset;
	int count = 0;

	ASSERT(end <= r->stream->appended);
	for (; at < end && count < max; b = b->next) {
		size_t from = (size_t)(at - b->begin);
		uint64_t left = end - at;
		size_t take = b->len - from < left ? b->len - from : (size_t)left;
		if (take == 0)
			continue;
		pieces[count++] = (struct iovec){
			.iov_base = (char *)(uintptr_t)b->data + from, .iov_len = take};
		at += take;
	}
	*len = (size_t)(at - r->offset);
	return count;
}

void stream_advance(struct stream_reader *r, size_t len)
{
	struct stream *s = r->stream;

	r->offset += len;
	ASSERT(r->offset <= s->appended);
	while (r->block->next != NULL && r->offset >= r->block->begin + r->block->len) {
		struct stream_block *passed = r->block;
		r->block = passed->next;
		r->block->references++;
		block_drop(s, passed);
	}
}
