/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The listpack. All changes go through `splice`, which replaces a span of bytes by room for another
 * and keeps header, end byte and allocation right; so there is one place where lengths are
 * computed. A splice allocates only where the size class changes.
 *
 * It must not know what is stored: neither that pairs are fields and values, nor that some are
 * sorted.
 */
#include "ds/listpack.h"

#include "base/assert.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/rand.h"

enum {
	STR6 = 0x80,
	INT13 = 0xc0,
	STR12 = 0xe0,
	STR32 = 0xf0,
	INT16 = 0xf1,
	INT24 = 0xf2,
	INT32 = 0xf3,
	INT64 = 0xf4,
};

/* --- encoding one element --- */

struct listpack_item listpack_item_of(struct bytes text)
{
	struct listpack_item item = {text, 0, false};
	/* Most texts are told from integers by their length or first byte. */
	if (text.len == 0 || text.len > NUM_I64_MAX_CHARS)
		return item;
	char c = text.ptr[0];
	if ((c >= '0' && c <= '9') || c == '-')
		item.is_integer = num_parse_i64(text, &item.integer);
	return item;
}

static size_t integer_body_bytes(int64_t v)
{
	if (v >= 0 && v <= 127)
		return 1;
	if (v >= -4096 && v <= 4095)
		return 2;
	if (v >= INT16_MIN && v <= INT16_MAX)
		return 3;
	if (v >= -(1 << 23) && v < 1 << 23)
		return 4;
	return v >= INT32_MIN && v <= INT32_MAX ? 5 : 9;
}

static size_t item_body_bytes(const struct listpack_item *item)
{
	if (item->is_integer)
		return integer_body_bytes(item->integer);
	size_t len = item->text.len;
	ASSERT(len < LISTPACK_MAX_BYTES);
	return len + (len < 64 ? 1 : len < 4096 ? 2 : 5);
}

size_t listpack_item_bytes(const struct listpack_item *item)
{
	size_t body = item_body_bytes(item);
	return body + listpack_back_bytes(body);
}

static void write_integer(unsigned char *at, int64_t v, size_t body)
{
	uint64_t bits = (uint64_t)v;
	if (body == 1) {
		at[0] = (unsigned char)v;
		return;
	}
	if (body == 2) {
		at[0] = (unsigned char)(INT13 | ((bits >> 8) & 0x1f));
		at[1] = (unsigned char)bits;
		return;
	}
	at[0] = (unsigned char)(body == 9 ? INT64 : INT16 + (body - 3));
	for (size_t i = 1; i < body; i++, bits >>= 8)
		at[i] = (unsigned char)bits;
}

static unsigned char *write_string(unsigned char *at, struct bytes text)
{
	if (text.len < 64) {
		*at++ = (unsigned char)(STR6 | text.len);
	} else if (text.len < 4096) {
		*at++ = (unsigned char)(STR12 | text.len >> 8);
		*at++ = (unsigned char)text.len;
	} else {
		uint32_t len = (uint32_t)text.len;
		*at++ = STR32;
		memcpy(at, &len, 4);
		at += 4;
	}
	if (text.len != 0)
		memcpy(at, text.ptr, text.len);
	return at + text.len;
}

/* The back length of `body`: its last byte has the lowest bits, all but the first carry bit 7. */
static unsigned char *write_back(unsigned char *at, size_t body)
{
	size_t bytes = listpack_back_bytes(body);
	for (size_t i = bytes; i-- > 0; body >>= 7)
		at[i] = (unsigned char)((body & 0x7f) | (i == 0 ? 0 : 0x80));
	return at + bytes;
}

static unsigned char *write_item(unsigned char *at, const struct listpack_item *item)
{
	size_t body = item_body_bytes(item);
	if (item->is_integer)
		write_integer(at, item->integer, body);
	else
		write_string(at, item->text);
	return write_back(at + body, body);
}

/* --- header and allocation --- */

static void set_bytes(unsigned char *lp, size_t bytes)
{
	uint32_t value = (uint32_t)bytes;
	memcpy(lp, &value, 4);
}

static void set_count(unsigned char *lp, size_t count)
{
	if (count > LISTPACK_COUNT_UNKNOWN)
		count = LISTPACK_COUNT_UNKNOWN;
	lp[4] = (unsigned char)count;
	lp[5] = (unsigned char)(count >> 8);
}

static size_t stored_count(const unsigned char *lp)
{
	return (size_t)lp[4] | (size_t)lp[5] << 8;
}

unsigned char *listpack_new(void)
{
	unsigned char *lp = mem_alloc(LISTPACK_EMPTY_BYTES);
	set_bytes(lp, LISTPACK_EMPTY_BYTES);
	set_count(lp, 0);
	lp[LISTPACK_HEADER_BYTES] = LISTPACK_END;
	return lp;
}

void listpack_free(unsigned char *lp)
{
	if (lp != NULL)
		mem_free_sized(lp, listpack_bytes(lp));
}

unsigned char *listpack_copy(const unsigned char *lp)
{
	return mem_dup(lp, listpack_bytes(lp));
}

unsigned char *listpack_from(struct bytes bytes)
{
	return mem_dup(bytes.ptr, bytes.len);
}

static unsigned char *resize(unsigned char *lp, size_t from, size_t to)
{
	ASSERT(to >= LISTPACK_EMPTY_BYTES && to <= UINT32_MAX);
	if (mem_size_class(from) == mem_size_class(to))
		return lp;
	return mem_realloc(lp, to);
}

/* The bytes [offset, offset + gone) give way to room for `come` bytes, which the caller fills;
 * `count_change` elements more or less. */
static unsigned char *splice(
	unsigned char *lp, size_t offset, size_t gone, size_t come, int64_t count_change)
{
	size_t old_bytes = listpack_bytes(lp);
	size_t bytes = old_bytes - gone + come;
	ASSERT(offset >= LISTPACK_HEADER_BYTES && offset + gone < old_bytes);
	if (come > gone)
		lp = resize(lp, old_bytes, bytes);
	memmove(lp + offset + come, lp + offset + gone, old_bytes - offset - gone);
	if (come < gone)
		lp = resize(lp, old_bytes, bytes);
	set_bytes(lp, bytes);
	/* An unknown count stays unknown until listpack_count_slow can store one. */
	if (stored_count(lp) != LISTPACK_COUNT_UNKNOWN)
		set_count(lp, (size_t)((int64_t)stored_count(lp) + count_change));
	return lp;
}

/* --- walking --- */

size_t listpack_count_slow(const unsigned char *lp)
{
	size_t count = 0;
	for (const unsigned char *at = listpack_first(lp); at != NULL; at = listpack_next(at))
		count++;
	/* The header is a cache of this: storing it is no change that anybody could see. */
	if (count < LISTPACK_COUNT_UNKNOWN)
		set_count((unsigned char *)(uintptr_t)lp, count);
	return count;
}

/* The element whose back length ends just before `end`. */
static unsigned char *element_before(const unsigned char *end)
{
	const unsigned char *at = end - 1;
	size_t body = *at & 0x7f;
	for (unsigned shift = 7; *at & 0x80 && shift < 35; shift += 7) {
		at--;
		body |= (size_t)(*at & 0x7f) << shift;
	}
	return (unsigned char *)(uintptr_t)(at - body);
}

unsigned char *listpack_last(const unsigned char *lp)
{
	size_t bytes = listpack_bytes(lp);
	return bytes == LISTPACK_EMPTY_BYTES ? NULL : element_before(lp + bytes - 1);
}

unsigned char *listpack_prev(const unsigned char *lp, const unsigned char *at)
{
	return at == lp + LISTPACK_HEADER_BYTES ? NULL : element_before(at);
}

unsigned char *listpack_seek(const unsigned char *lp, int64_t index)
{
	size_t count = listpack_count(lp);
	if (index < 0)
		index += (int64_t)count;
	if (index < 0 || (uint64_t)index >= count)
		return NULL;
	size_t from_end = count - 1 - (size_t)index;
	if ((size_t)index <= from_end) {
		unsigned char *at = listpack_first(lp);
		for (; index > 0; index--)
			at = listpack_next(at);
		return at;
	}
	unsigned char *at = listpack_last(lp);
	for (; from_end > 0; from_end--)
		at = element_before(at);
	return at;
}

/* --- reading --- */

int64_t listpack_integer(const unsigned char *at)
{
	unsigned c = *at;
	if (c < 0x80)
		return (int64_t)c;
	if ((c & 0xe0) == INT13)
		return (int64_t)((uint64_t)((c & 0x1f) << 8 | at[1]) << 51) >> 51;
	ASSERT(c >= INT16 && c <= INT64);
	size_t width = c == INT64 ? 8 : c - INT16 + 2;
	uint64_t bits = 0;
	for (size_t i = width; i > 0; i--)
		bits = bits << 8 | at[i];
	unsigned unused = 64 - (unsigned)width * 8;
	return (int64_t)(bits << unused) >> unused;
}

struct bytes listpack_item_text(const struct listpack_item *item, char *scratch)
{
	if (!item->is_integer || item->text.ptr != NULL)
		return item->text;
	return bytes_of(scratch, num_print_i64(scratch, item->integer));
}

struct bytes listpack_text(const unsigned char *at, char *scratch)
{
	struct bytes text;
	if (listpack_is_string(at, &text))
		return text;
	return bytes_of(scratch, num_print_i64(scratch, listpack_integer(at)));
}

bool listpack_get_i64(const unsigned char *at, int64_t *out)
{
	struct bytes text;
	if (listpack_is_string(at, &text))
		return num_parse_i64(text, out);
	*out = listpack_integer(at);
	return true;
}

bool listpack_equals(const unsigned char *at, const struct listpack_item *item)
{
	struct bytes text;
	if (!listpack_is_string(at, &text))
		return item->is_integer && listpack_integer(at) == item->integer;
	if (!item->is_integer || item->text.ptr != NULL)
		return bytes_equal(text, item->text);
	int64_t value;
	return num_parse_i64(text, &value) && value == item->integer;
}

unsigned char *listpack_find(
	const unsigned char *at, const struct listpack_item *item, unsigned skip)
{
	while (at != NULL) {
		if (listpack_equals(at, item))
			return (unsigned char *)(uintptr_t)at;
		at = listpack_next(at);
		for (unsigned i = 0; i < skip && at != NULL; i++)
			at = listpack_next(at);
	}
	return NULL;
}

unsigned char *listpack_random(const unsigned char *lp, unsigned step)
{
	size_t choices = listpack_count(lp) / step;
	return choices == 0 ? NULL : listpack_seek(lp, (int64_t)(rand_below(choices) * step));
}

/* --- changing --- */

unsigned char *listpack_insert(
	unsigned char *lp, unsigned char **at, const struct listpack_item *item)
{
	size_t offset = *at == NULL ? listpack_bytes(lp) - 1 : (size_t)(*at - lp);
	lp = splice(lp, offset, 0, listpack_item_bytes(item), 1);
	*at = lp + offset;
	write_item(*at, item);
	return lp;
}

unsigned char *listpack_insert_batch(
	unsigned char *lp, unsigned char **at, const struct listpack_item *items, size_t count)
{
	size_t come = 0;
	for (size_t i = 0; i < count; i++)
		come += listpack_item_bytes(&items[i]);
	size_t offset = *at == NULL ? listpack_bytes(lp) - 1 : (size_t)(*at - lp);
	lp = splice(lp, offset, 0, come, (int64_t)count);
	*at = lp + offset;
	unsigned char *to = *at;
	for (size_t i = 0; i < count; i++)
		to = write_item(to, &items[i]);
	ASSERT(to == *at + come);
	return lp;
}

unsigned char *listpack_append_item(unsigned char *lp, const struct listpack_item *item)
{
	unsigned char *at = NULL;
	return listpack_insert(lp, &at, item);
}

unsigned char *listpack_append(unsigned char *lp, struct bytes text)
{
	struct listpack_item item = listpack_item_of(text);
	return listpack_append_item(lp, &item);
}

unsigned char *listpack_prepend(unsigned char *lp, struct bytes text)
{
	struct listpack_item item = listpack_item_of(text);
	unsigned char *at = listpack_first(lp);
	return listpack_insert(lp, &at, &item);
}

unsigned char *listpack_replace(
	unsigned char *lp, unsigned char **at, const struct listpack_item *item)
{
	size_t offset = (size_t)(*at - lp);
	size_t body = listpack_body_bytes(*at);
	size_t come = listpack_item_bytes(item);
	size_t gone = body + listpack_back_bytes(body);
	if (come != gone)
		lp = splice(lp, offset, gone, come, 0);
	*at = lp + offset;
	write_item(*at, item);
	return lp;
}

unsigned char *listpack_delete(unsigned char *lp, unsigned char **at, size_t count)
{
	if (*at == NULL)
		return lp;
	size_t offset = (size_t)(*at - lp);
	unsigned char *behind = *at;
	size_t deleted = 0;
	for (; deleted < count && *behind != LISTPACK_END; deleted++) {
		size_t body = listpack_body_bytes(behind);
		behind += body + listpack_back_bytes(body);
	}
	lp = splice(lp, offset, (size_t)(behind - *at), 0, -(int64_t)deleted);
	*at = lp[offset] == LISTPACK_END ? NULL : lp + offset;
	return lp;
}

unsigned char *listpack_delete_range(unsigned char *lp, int64_t index, size_t count)
{
	unsigned char *at = listpack_seek(lp, index);
	return listpack_delete(lp, &at, count);
}

unsigned char *listpack_join(unsigned char *lp, const unsigned char *from)
{
	size_t come = listpack_bytes(from) - LISTPACK_EMPTY_BYTES;
	size_t offset = listpack_bytes(lp) - 1;
	size_t count = listpack_count(lp) + listpack_count(from);
	lp = splice(lp, offset, 0, come, 0);
	memcpy(lp + offset, from + LISTPACK_HEADER_BYTES, come);
	set_count(lp, count);
	return lp;
}

unsigned char *listpack_split(unsigned char *lp, unsigned char *at, unsigned char **tail)
{
	size_t old_bytes = listpack_bytes(lp);
	size_t offset = (size_t)(at - lp);
	size_t moved = old_bytes - 1 - offset;
	size_t count = listpack_count(lp);
	unsigned char *other = mem_alloc(LISTPACK_EMPTY_BYTES + moved);
	set_bytes(other, LISTPACK_EMPTY_BYTES + moved);
	memcpy(other + LISTPACK_HEADER_BYTES, at, moved + 1);
	set_count(other, LISTPACK_COUNT_UNKNOWN);
	size_t moved_count = listpack_count_slow(other);
	lp = splice(lp, offset, moved, 0, 0);
	set_count(lp, count - moved_count);
	*tail = other;
	return lp;
}

/* --- bytes from outside --- */

/* How many bytes of the element at `at` must be readable before its length is known. */
static size_t head_bytes(unsigned c)
{
	if ((c & 0xf0) == STR12)
		return 2;
	return c == STR32 ? 5 : 1;
}

/* The element at `at` lies before `end` (the end byte) and is well formed; *next is behind it. */
static bool element_is_valid(
	const unsigned char *at, const unsigned char *end, const unsigned char **next)
{
	size_t left = (size_t)(end - at);
	if (*at > INT64 || head_bytes(*at) > left)
		return false;
	size_t body = listpack_body_bytes(at);
	size_t back = listpack_back_bytes(body);
	if (body > left || back > left - body)
		return false;
	unsigned char expected[5];
	write_back(expected, body);
	*next = at + body + back;
	return memcmp(at + body, expected, back) == 0;
}

bool listpack_is_valid(struct bytes bytes)
{
	const unsigned char *lp = (const unsigned char *)bytes.ptr;
	if (bytes.len < LISTPACK_EMPTY_BYTES || bytes.len > LISTPACK_MAX_BYTES ||
		listpack_bytes(lp) != bytes.len)
		return false;
	const unsigned char *end = lp + bytes.len - 1;
	if (*end != LISTPACK_END)
		return false;
	size_t count = 0;
	for (const unsigned char *at = lp + LISTPACK_HEADER_BYTES; at != end; count++)
		if (!element_is_valid(at, end, &at))
			return false;
	return stored_count(lp) == LISTPACK_COUNT_UNKNOWN || stored_count(lp) == count;
}
