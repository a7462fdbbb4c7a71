/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Packed containers in RDB bodies.
 *
 * A ziplist: total bytes u32 | offset of the last entry u32 | count u16 | entry … | 0xff. Entry:
 * the length of the one before it (one byte, or 0xfe and u32), an encoding (00 and 6 bits of
 * length, 01 and 14, 10 and a u32, all big-endian; c0 d0 e0 f0 fe for integers of 2 4 8 3 1 bytes;
 * f1 … fd for 0 … 12), the data. A zipmap: count u8 | (length of field, field, length of value,
 * free u8, value, free bytes) … | 0xff; a length is one byte up to 253, or 0xfe and u32
 * (little-endian).
 */
#include "types/packed.h"

#include "base/assert.h"
#include "base/mem.h"
#include "base/num.h"
#include "types/member.h"
#include "types/set_internal.h"

#define PACKED_COMPARE_ALL_MAX 16 /* up to here each is compared with each */

/* --- ziplists --- */

#define ZIPLIST_HEADER_BYTES 10
#define ZIPLIST_BIG_PREVLEN 0xfe

/* A bounded place in foreign bytes. */
struct place {
	const unsigned char *at;
	const unsigned char *end;
};

static bool take(struct place *p, size_t len, const unsigned char **out)
{
	if ((size_t)(p->end - p->at) < len)
		return false;
	*out = p->at;
	p->at += len;
	return true;
}

static uint64_t load(const unsigned char *at, size_t len, bool big_endian)
{
	uint64_t value = 0;
	for (size_t i = 0; i < len; i++)
		value = value << 8 | at[big_endian ? i : len - 1 - i];
	return value;
}

/* The bytes of an integer encoding; 0 = it is none. */
static size_t ziplist_int_bytes(unsigned encoding)
{
	switch (encoding) {
	case 0xc0:
		return 2;
	case 0xd0:
		return 4;
	case 0xe0:
		return 8;
	case 0xf0:
		return 3;
	case 0xfe:
		return 1;
	default:
		return 0;
	}
}

static bool ziplist_integer(struct place *p, unsigned encoding, struct listpack_item *item)
{
	const unsigned char *data;
	if (encoding >= 0xf1 && encoding <= 0xfd) {
		*item = listpack_item_i64((int64_t)encoding - 0xf1);
		return true;
	}
	size_t len = ziplist_int_bytes(encoding);
	if (len == 0 || !take(p, len, &data))
		return false;
	unsigned unused = 64 - 8 * (unsigned)len;
	*item = listpack_item_i64((int64_t)(load(data, len, false) << unused) >> unused);
	return true;
}

static bool ziplist_string(struct place *p, unsigned encoding, struct listpack_item *item)
{
	const unsigned char *data;
	size_t len = encoding & 0x3f;
	size_t more = encoding >> 6 == 0 ? 0 : encoding >> 6 == 1 ? 1 : 4;
	if (!take(p, more, &data))
		return false;
	if (more == 1)
		len = len << 8 | data[0];
	else if (more == 4)
		len = (size_t)load(data, 4, true);
	if (!take(p, len, &data))
		return false;
	/* Texts that are integers may stand there as strings. */
	*item = listpack_item_of(bytes_of(data, len));
	return true;
}

/* One entry; `prev` is the length of the one before it and becomes that of this one. */
static bool ziplist_entry(struct place *p, size_t *prev, struct listpack_item *item)
{
	const unsigned char *start = p->at;
	const unsigned char *data;
	if (!take(p, 1, &data))
		return false;
	size_t claimed = *data;
	if (claimed == ZIPLIST_BIG_PREVLEN) {
		if (!take(p, 4, &data))
			return false;
		claimed = (size_t)load(data, 4, false);
	}
	if (claimed != *prev || !take(p, 1, &data))
		return false;
	bool is_integer = *data >= 0xc0;
	if (!(is_integer ? ziplist_integer(p, *data, item) : ziplist_string(p, *data, item)))
		return false;
	*prev = (size_t)(p->at - start);
	return true;
}

unsigned char *packed_of_ziplist(struct bytes bytes)
{
	const unsigned char *zl = (const unsigned char *)bytes.ptr;
	if (bytes.len < ZIPLIST_HEADER_BYTES + 1 || bytes.len > LISTPACK_MAX_BYTES / 2 ||
		load(zl, 4, false) != bytes.len || zl[bytes.len - 1] != 0xff)
		return NULL;
	size_t last = (size_t)load(zl + 4, 4, false);
	size_t claimed = (size_t)load(zl + 8, 2, false);
	struct place p = {zl + ZIPLIST_HEADER_BYTES, zl + bytes.len - 1};
	unsigned char *lp = listpack_new();
	size_t prev = 0;
	size_t count = 0;
	size_t offset = ZIPLIST_HEADER_BYTES;
	for (; p.at < p.end; count++) {
		struct listpack_item item;
		offset = (size_t)(p.at - zl);
		if (!ziplist_entry(&p, &prev, &item))
			break;
		lp = listpack_append_item(lp, &item);
	}
	if (p.at == p.end && last == offset && (claimed == UINT16_MAX || claimed == count))
		return lp;
	listpack_free(lp);
	return NULL;
}

/* --- zipmaps --- */

static bool zipmap_length(struct place *p, size_t *len)
{
	const unsigned char *data;
	if (!take(p, 1, &data) || *data == 0xff)
		return false;
	*len = *data;
	if (*data != 0xfe)
		return true;
	if (!take(p, 4, &data))
		return false;
	*len = (size_t)load(data, 4, false);
	return true;
}

static bool zipmap_pair(struct place *p, struct bytes *field, struct bytes *value)
{
	const unsigned char *data;
	const unsigned char *free_bytes;
	size_t len;
	if (!zipmap_length(p, &len) || !take(p, len, &data))
		return false;
	*field = bytes_of(data, len);
	if (!zipmap_length(p, &len) || !take(p, 1, &free_bytes) || !take(p, len, &data))
		return false;
	*value = bytes_of(data, len);
	return take(p, *free_bytes, &data);
}

unsigned char *packed_of_zipmap(struct bytes bytes)
{
	const unsigned char *zm = (const unsigned char *)bytes.ptr;
	if (bytes.len < 2 || bytes.len > LISTPACK_MAX_BYTES / 2 || zm[bytes.len - 1] != 0xff)
		return NULL;
	struct place p = {zm + 1, zm + bytes.len - 1};
	unsigned char *lp = listpack_new();
	size_t pairs = 0;
	for (; p.at < p.end; pairs++) {
		struct bytes field, value;
		if (!zipmap_pair(&p, &field, &value))
			break;
		lp = listpack_append(listpack_append(lp, field), value);
	}
	if (p.at == p.end && (zm[0] >= 0xfe || zm[0] == pairs))
		return lp;
	listpack_free(lp);
	return NULL;
}

/* --- reading bodies --- */

/* Frees what is empty or not made of whole groups. */
static unsigned char *accept(struct codec_reader *r, unsigned char *lp, unsigned step)
{
	if (lp == NULL) {
		codec_fail(r, "a packed container is damaged");
		return NULL;
	}
	size_t count = listpack_count(lp);
	if (step == 0 || (count != 0 && count % step == 0))
		return lp;
	listpack_free(lp);
	codec_fail(r, count == 0 ? codec_error_empty : "a packed container has an odd count");
	return NULL;
}

static unsigned char *of_listpack(struct bytes bytes)
{
	return listpack_is_valid(bytes) ? listpack_from(bytes) : NULL;
}

static unsigned char *read_with(
	struct codec_reader *r, unsigned step, unsigned char *(*convert)(struct bytes bytes))
{
	struct buf scratch = {0};
	struct bytes bytes;
	unsigned char *lp = NULL;
	if (codec_read_string_view(r, &scratch, &bytes))
		lp = accept(r, convert(bytes), step);
	buf_release(&scratch);
	return lp;
}

unsigned char *packed_read_listpack(struct codec_reader *r, unsigned step)
{
	return read_with(r, step, of_listpack);
}

unsigned char *packed_read_ziplist(struct codec_reader *r, unsigned step)
{
	return read_with(r, step, packed_of_ziplist);
}

unsigned char *packed_read_zipmap(struct codec_reader *r)
{
	return read_with(r, 2, packed_of_zipmap);
}

/* --- looking them over --- */

static const unsigned char *step_on(const unsigned char *at, unsigned step)
{
	for (; step > 0 && at != NULL; step--)
		at = listpack_next(at);
	return at;
}

static bool few_have_duplicates(const unsigned char *lp, unsigned step)
{
	char one[NUM_I64_MAX_CHARS];
	char other[NUM_I64_MAX_CHARS];
	for (const unsigned char *a = listpack_first(lp); a != NULL; a = step_on(a, step)) {
		struct bytes text = listpack_text(a, one);
		for (const unsigned char *b = step_on(a, step); b != NULL; b = step_on(b, step))
			if (bytes_equal(text, listpack_text(b, other)))
				return true;
	}
	return false;
}

bool packed_has_duplicates(const unsigned char *lp, unsigned step)
{
	char scratch[NUM_I64_MAX_CHARS];
	size_t count = listpack_count(lp) / step;
	if (count <= PACKED_COMPARE_ALL_MAX)
		return few_have_duplicates(lp, step);
	struct dict *seen = set_table_new(count);
	const unsigned char *at = listpack_first(lp);
	while (at != NULL && set_table_add(seen, listpack_text(at, scratch)))
		at = step_on(at, step);
	set_table_free(seen);
	return at != NULL;
}

size_t packed_longest(const unsigned char *lp)
{
	char scratch[NUM_I64_MAX_CHARS];
	size_t longest = 0;
	for (const unsigned char *at = listpack_first(lp); at != NULL; at = listpack_next(at)) {
		size_t len = listpack_text(at, scratch).len;
		if (len > longest)
			longest = len;
	}
	return longest;
}

/* --- writing commands --- */

void packed_emit_begin(struct packed_emitter *e, struct bytes command, struct bytes key,
	void (*emit)(const struct bytes *argv, int argc, void *context), void *context)
{
	e->words[0] = command;
	e->words[1] = key;
	e->count = 0;
	e->emit = emit;
	e->context = context;
}

void packed_emit_item(struct packed_emitter *e, const struct listpack_item *item, unsigned step)
{
	if (e->count + (int)step > PACKED_EMIT_WORDS && (unsigned)e->count % step == 0)
		packed_emit_end(e);
	e->words[2 + e->count] = listpack_item_text(item, e->digits[e->count]);
	e->count++;
}

void packed_emit_end(struct packed_emitter *e)
{
	if (e->count > 0)
		e->emit(e->words, 2 + e->count, e->context);
	e->count = 0;
}

void packed_emit_listpack(struct packed_emitter *e, const unsigned char *lp)
{
	for (const unsigned char *at = listpack_first(lp); at != NULL; at = listpack_next(at)) {
		struct listpack_item item = listpack_get(at);
		packed_emit_item(e, &item, 1);
	}
}
