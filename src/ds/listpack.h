/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The listpack: a small sequence of strings and integers in one allocation. It is the packed form
 * of small lists, sets, hashes and sorted sets, and its bytes are exactly those that RDB files
 * hold.
 *
 *   total bytes u32 | element count u16 (65535: count them) | element … | 0xff
 *
 * An element is an encoding byte with its data, followed by the length of both, written so that it
 * can be read from behind (seven bits a byte, the most significant first, bit 7 set in all but the
 * first):
 *
 *   0xxxxxxx                 integer 0 … 127
 *   10xxxxxx data            string of up to 63 bytes
 *   110xxxxx xxxxxxxx        integer of 13 bits, signed
 *   1110xxxx xxxxxxxx data   string of up to 4095 bytes
 *   f0 u32 data              longer string
 *   f1 … f4                  integer of 16, 24, 32, 64 bits, little-endian
 *
 * The invariant: an allocation was asked for with exactly `total bytes`, so it may grow in place up
 * to its size class. A position (`at`) points to an element's encoding byte and is void after any
 * change. Functions trust the bytes: what comes from outside passes listpack_is_valid first.
 */
#ifndef RINGLET_DS_LISTPACK_H
#define RINGLET_DS_LISTPACK_H

#include "base/bytes.h"

#define LISTPACK_HEADER_BYTES 6
#define LISTPACK_EMPTY_BYTES 7
#define LISTPACK_COUNT_UNKNOWN 65535
#define LISTPACK_MAX_BYTES ((size_t)1 << 30) /* callers leave the packed form before that */
#define LISTPACK_END 0xff
#define LISTPACK_ITEM_OVERHEAD 10 /* encoding and back length of one element, at most */

/* What is put in, looked for or read. An integer that was read has no text; what is made of a text
 * has both when the text is a canonical integer. */
struct listpack_item {
	struct bytes text;
	int64_t integer;
	bool is_integer;
};

struct listpack_item listpack_item_of(struct bytes text);
static inline struct listpack_item listpack_item_i64(int64_t value)
{
	return (struct listpack_item){{NULL, 0}, value, true};
}

static inline uint32_t listpack_load32(const unsigned char *p)
{
	uint32_t value;
	memcpy(&value, p, 4);
	return value;
}

static inline size_t listpack_bytes(const unsigned char *lp)
{
	return listpack_load32(lp);
}

unsigned char *listpack_new(void);
void listpack_free(unsigned char *lp);
unsigned char *listpack_copy(const unsigned char *lp);
size_t listpack_count_slow(const unsigned char *lp);
static inline size_t listpack_count(const unsigned char *lp)
{
	size_t count = (size_t)lp[4] | (size_t)lp[5] << 8;
	return __builtin_expect(count != LISTPACK_COUNT_UNKNOWN, 1) ? count
								    : listpack_count_slow(lp);
}

/* Encoding and data of the element at `at`, without its back length. */
static inline size_t listpack_body_bytes(const unsigned char *at)
{
	unsigned c = *at;
	if (c < 0x80)
		return 1;
	if (c < 0xc0)
		return 1 + (c & 0x3f);
	if (c < 0xe0)
		return 2;
	if (c < 0xf0)
		return 2 + ((size_t)(c & 0x0f) << 8 | at[1]);
	if (c == 0xf0)
		return 5 + (size_t)listpack_load32(at + 1);
	return c == 0xf4 ? 9 : (size_t)c - 0xee; /* f1: 3, f2: 4, f3: 5 */
}

/* How many bytes the back length of a body takes. The bounds are those of the format as it is in
 * use: one below the power of two from two bytes on. */
static inline size_t listpack_back_bytes(size_t body)
{
	if (body <= 127)
		return 1;
	if (body < 16383)
		return 2;
	if (body < 2097151)
		return 3;
	return body < 268435455 ? 4 : 5;
}

/* --- walking; NULL at either end --- */

static inline unsigned char *listpack_first(const unsigned char *lp)
{
	const unsigned char *at = lp + LISTPACK_HEADER_BYTES;
	return *at == LISTPACK_END ? NULL : (unsigned char *)(uintptr_t)at;
}

static inline unsigned char *listpack_next(const unsigned char *at)
{
	size_t body = listpack_body_bytes(at);
	at += body + listpack_back_bytes(body);
	return *at == LISTPACK_END ? NULL : (unsigned char *)(uintptr_t)at;
}

unsigned char *listpack_last(const unsigned char *lp);
unsigned char *listpack_prev(const unsigned char *lp, const unsigned char *at);
/* By index; negative counts from the end (-1 the last); from the nearer end. NULL = out of range.
 */
unsigned char *listpack_seek(const unsigned char *lp, int64_t index);

/* --- reading --- */

int64_t listpack_integer(const unsigned char *at);

/* The string at `at`, if it is one. */
static inline bool listpack_is_string(const unsigned char *at, struct bytes *text)
{
	unsigned c = *at;
	if ((c & 0xc0) == 0x80) {
		*text = bytes_of(at + 1, c & 0x3f);
		return true;
	}
	if ((c & 0xf0) == 0xe0) {
		*text = bytes_of(at + 2, (size_t)(c & 0x0f) << 8 | at[1]);
		return true;
	}
	if (c == 0xf0) {
		*text = bytes_of(at + 5, listpack_load32(at + 1));
		return true;
	}
	return false;
}

static inline struct listpack_item listpack_get(const unsigned char *at)
{
	struct listpack_item item = {{NULL, 0}, 0, false};
	if (listpack_is_string(at, &item.text))
		return item;
	item.is_integer = true;
	item.integer = listpack_integer(at);
	return item;
}

/* The element as text; an integer is printed into `scratch` (NUM_I64_MAX_CHARS). */
struct bytes listpack_text(const unsigned char *at, char *scratch);
struct bytes listpack_item_text(const struct listpack_item *item, char *scratch);
/* True when the element is an integer, or a text that is one. */
bool listpack_get_i64(const unsigned char *at, int64_t *out);
bool listpack_equals(const unsigned char *at, const struct listpack_item *item);
/* The same for an element that was read. `wanted` is one of listpack_item_of. */
static inline bool listpack_item_equals(
	const struct listpack_item *got, const struct listpack_item *wanted)
{
	if (got->is_integer)
		return wanted->is_integer && got->integer == wanted->integer;
	return bytes_equal(got->text, wanted->text);
}
/* The first equal element from `at` on (NULL allowed), looking at one and skipping `skip`. */
unsigned char *listpack_find(
	const unsigned char *at, const struct listpack_item *item, unsigned skip);
/* A uniformly random element; NULL when empty. `step` 2 chooses among pairs and gives the first of
 * one. */
unsigned char *listpack_random(const unsigned char *lp, unsigned step);

/* --- changing; each returns the listpack, which may have moved --- */

/* Bytes that an element with this content takes. */
size_t listpack_item_bytes(const struct listpack_item *item);
/* Whether `more` bytes of content leave it below LISTPACK_MAX_BYTES. */
static inline bool listpack_has_room(const unsigned char *lp, size_t more)
{
	size_t now = lp == NULL ? LISTPACK_EMPTY_BYTES : listpack_bytes(lp);
	return more < LISTPACK_MAX_BYTES && now + more <= LISTPACK_MAX_BYTES;
}

unsigned char *listpack_append(unsigned char *lp, struct bytes text);
unsigned char *listpack_append_item(unsigned char *lp, const struct listpack_item *item);
unsigned char *listpack_prepend(unsigned char *lp, struct bytes text);
/* Inserts in front of *at (NULL: at the end); *at becomes the new element. `item` must not lie in
 * lp. */
unsigned char *listpack_insert(
	unsigned char *lp, unsigned char **at, const struct listpack_item *item);
/* Inserts several one behind the other in front of *at (NULL: at the end): one move of the rest. */
unsigned char *listpack_insert_batch(
	unsigned char *lp, unsigned char **at, const struct listpack_item *items, size_t count);
/* Replaces *at, which stays on the new content. */
unsigned char *listpack_replace(
	unsigned char *lp, unsigned char **at, const struct listpack_item *item);
/* Deletes up to `count` elements from *at on; *at becomes the one behind them, NULL at the end. */
unsigned char *listpack_delete(unsigned char *lp, unsigned char **at, size_t count);
/* Deletes up to `count` elements from `index` (negative: from the end) on. */
unsigned char *listpack_delete_range(unsigned char *lp, int64_t index, size_t count);
/* Puts all of `from` behind `lp`; `from` stays as it is. */
unsigned char *listpack_join(unsigned char *lp, const unsigned char *from);
/* Cuts everything from *at on (not NULL) off into a listpack of its own, *tail. */
unsigned char *listpack_split(unsigned char *lp, unsigned char *at, unsigned char **tail);

/* --- bytes from outside --- */

/* Whether `bytes` are one whole listpack: every length inside, every back length right, the count
 * true. The bytes may then be used by all functions above. */
bool listpack_is_valid(struct bytes bytes);
/* Takes a copy of valid bytes. */
unsigned char *listpack_from(struct bytes bytes);

#endif
