/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the commands of containers (lists, sets, hashes …) share: finding a value of the right
 * type for reading or for changing, elements as replies, the options of HSCAN and its like.
 */
#ifndef RINGLET_CMD_CONTAINER_H
#define RINGLET_CMD_CONTAINER_H

#include "ds/listpack.h"
#include "exec/call.h"
#include "store/edit.h"

/* What a string of less than 64 bytes takes in a reply. */
#define CONTAINER_SHORT_ROOM 72

enum found {
	FOUND,
	MISSING,
	REFUSED, /* a value of another type; the error is written */
};

/* The container at argv[index], for reading. */
enum found container_read(struct call *call, int index, enum value_type type, struct value *out);
/* The same for a change: close it by edit_close or edit_store. With `create` a missing key is FOUND
 * and begins as *create. */
enum found container_open(struct call *call, int index, enum value_type type,
	const struct value *create, struct edit *edit);
/* Under a key that was not given as an argument's place. */
enum found container_open_key(struct call *call, struct key key, enum value_type type,
	const struct value *create, struct edit *edit);

/* Replaces whatever is at `key` by a new container (consumed), with `event`; an empty one deletes
 * the key instead. The reply is its length. */
void container_store(struct call *call, struct key key, struct value *v, uint32_t event_class,
	const char *event);

/* An element as a bulk string. */
static inline void reply_item(struct reply *r, const struct listpack_item *item)
{
	if (item->is_integer)
		reply_bulk_i64(r, item->integer);
	else
		reply_bulk(r, item->text);
}

/* The element of a listpack as a bulk string; returns the next one, NULL at the end. Short strings,
 * the usual ones, need no call. */
static inline const unsigned char *reply_packed(struct reply *r, const unsigned char *at)
{
	unsigned c = *at;
	if (UNLIKELY((c & 0xc0) != 0x80)) {
		struct listpack_item item = listpack_get(at);
		reply_item(r, &item);
		return listpack_next(at);
	}
	size_t len = c & 0x3f;
	char *to = out_room(r->out, CONTAINER_SHORT_ROOM);
	char *start = to;
	*to++ = '$';
	if (len >= 10)
		*to++ = (char)('0' + len / 10);
	*to++ = (char)('0' + len % 10);
	*to++ = '\r';
	*to++ = '\n';
	bytes_copy_short(to, at + 1, len);
	to += len;
	memcpy(to, "\r\n", 2);
	out_advance(r->out, (size_t)(to + 2 - start));
	/* One byte of length in front, one behind. */
	at += len + 2;
	return *at == LISTPACK_END ? NULL : at;
}

/* numkeys key [key …] from argv[at] on: false when the number is wrong (E_NUMKEYS is written). The
 * count may be beyond the arguments: that is the caller's to check. */
bool container_arg_numkeys(struct call *call, int at, int64_t *count);

/* The most elements that one call may ask for with repetitions: more could never be sent. */
#define CONTAINER_SAMPLE_MAX ((int64_t)1 << 31)
/* The count at argv[2] of SRANDMEMBER and its like, and the word behind it, which asks for pairs
 * (NULL: none does). Above what is there nothing is left to be chosen anyhow. */
bool container_arg_sample(struct call *call, const char *pairs, int64_t *count);

#define CONTAINER_SCAN_COMPLEXITY                                                                  \
	"O(1) for every call. O(N) for a complete iteration, including enough command calls for "  \
	"the cursor to return back to 0. N is the number of elements inside the collection.."

/* [MATCH pattern] [COUNT count] [NOVALUES] */
struct container_scan {
	uint64_t cursor;
	int64_t count;
	struct bytes pattern;
	bool matches_all;
	bool no_values;
	struct reply *reply;
	int64_t replied;
};
/* Reads argv[2] and finds the container; on FOUND reads the options. MISSING: the empty reply is
 * written. `knows_no_values`: HSCAN. */
enum found container_scan_begin(struct call *call, enum value_type type, bool knows_no_values,
	struct container_scan *scan, struct value *out);
/* Whether this text is wanted. */
bool container_scan_wants(const struct container_scan *scan, struct bytes text);

#endif
