/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Pieces of streams: the bytes that Redis would write, walks both ways over entries with the same
 * and other names, tombstones, counts beyond a byte, and what is no piece.
 */
#include "../../../src/types/stream_piece.c"

#include "../unit.h"
#include "base/rand.h"

static struct bytes same[2] = {BYTES("f"), BYTES("v")};
static struct bytes other[4] = {BYTES("7"), BYTES("-1"), BYTES("f"), BYTES("")};

/* `count` entries from 5-9 on, every third with names of its own. */
static unsigned char *some_piece(unsigned count)
{
	struct id base = {5, 9};
	unsigned char *lp = stream_piece_new(same, 1);
	for (unsigned i = 0; i < count; i++)
		lp = stream_piece_append(lp, base, (struct id){5 + i / 2, 9 + i},
			i % 3 == 2 ? other : same, i % 3 == 2 ? 2 : 1);
	return lp;
}

static void test_bytes(void **state)
{
	/* As redis-server 7.0 dumps XADD s 1-1 f v. */
	static const unsigned char wanted[] = {0x1d, 0, 0, 0, 0x0a, 0, 1, 1, 0, 1, 1, 1, 0x81, 'f',
		2, 0, 1, 2, 1, 0, 1, 0, 1, 0x81, 'v', 2, 4, 1, 0xff};
	struct id base = {1, 1};
	struct id last;
	(void)state;
	unsigned char *lp = stream_piece_new(same, 1);
	assert_false(stream_piece_is_valid(lp, base, &last)); /* no entries */
	lp = stream_piece_append(lp, base, base, same, 1);
	assert_int_equal(listpack_bytes(lp), sizeof(wanted));
	assert_memory_equal(lp, wanted, sizeof(wanted));
	assert_true(stream_piece_is_valid(lp, base, &last));
	listpack_free(lp);
}

static void test_walk(void **state)
{
	(void)state;
	for (unsigned count = 1; count <= 300; count += 13) {
		unsigned char *lp = some_piece(count);
		struct stream_piece p = stream_piece_open(lp, (struct id){5, 9});
		const unsigned char *at = p.first;
		const unsigned char *places[300];
		struct id last;
		for (unsigned i = 0; i < count; i++) {
			struct stream_entry e = stream_piece_entry(&p, at);
			assert_true(e.id.ms == 5 + i / 2 && e.id.seq == 9 + i && e.flags < 3);
			assert_int_equal(e.fields, i % 3 == 2 ? 2 : 1);
			for (unsigned j = 0; j < e.fields && j < i % 3; j++) {
				struct listpack_item name, value;
				stream_entry_field(&e, &name, &value);
			}
			places[i] = at;
			at = stream_piece_next(&e);
		}
		assert_null(at);
		at = stream_piece_last(&p);
		for (unsigned i = count; i > 0; i--) {
			assert_ptr_equal(at, places[i - 1]);
			at = stream_piece_prev(&p, at);
		}
		assert_null(at);
		assert_int_equal(stream_piece_live(lp), count);
		assert_true(stream_piece_is_valid(lp, (struct id){5, 9}, &last));
		assert_int_equal(last.seq, 9 + count - 1);
		listpack_free(lp);
	}
}

/* Both counts pass the largest integer of a byte: the piece moves under the place. */
static void test_delete(void **state)
{
	struct id base = {5, 9};
	struct id last;
	unsigned char *lp = some_piece(400);
	struct stream_piece p = stream_piece_open(lp, base);
	const unsigned char *at = p.first;
	unsigned deleted = 0;
	(void)state;
	for (unsigned i = 0; at != NULL; i++) {
		if (i % 2 == 0) {
			lp = stream_piece_delete(lp, &at);
			deleted++;
		}
		p = stream_piece_open(lp, base);
		struct stream_entry e = stream_piece_entry(&p, at);
		assert_int_equal(e.id.seq, 9 + i);
		assert_int_equal(e.flags & STREAM_ENTRY_DELETED, i % 2 == 0);
		assert_int_equal(stream_piece_deleted(lp), deleted);
		assert_int_equal(stream_piece_live(lp), 400 - deleted);
		at = stream_piece_next(&e);
	}
	assert_true(stream_piece_is_valid(lp, base, &last));
	listpack_free(lp);
}

/* Every listpack with one element changed is a piece or none, but never breaks the judge. */
static void test_damage(void **state)
{
	struct id base = {5, 9};
	unsigned refused = 0;
	(void)state;
	for (int round = 0; round < 3000; round++) {
		unsigned char *lp = some_piece(1 + (unsigned)rand_below(12));
		struct id last;
		size_t count = listpack_count(lp);
		unsigned char *at = listpack_seek(lp, (int64_t)rand_below(count));
		struct listpack_item item = rand_below(3) == 0
						    ? listpack_item_of(BYTES("text"))
						    : listpack_item_i64((int64_t)rand_below(9) - 2);
		if (rand_below(8) == 0)
			item.integer = (int64_t)rand_u64();
		if (rand_below(4) == 0)
			lp = listpack_delete(lp, &at, 1 + rand_below(3));
		else
			lp = listpack_replace(lp, &at, &item);
		if (!stream_piece_is_valid(lp, base, &last)) {
			refused++;
		} else {
			struct stream_piece p = stream_piece_open(lp, base);
			for (at = (unsigned char *)(uintptr_t)p.first; at != NULL;) {
				struct stream_entry e = stream_piece_entry(&p, at);
				at = (unsigned char *)(uintptr_t)stream_piece_next(&e);
			}
			for (const unsigned char *back = stream_piece_last(&p); back != NULL;)
				back = stream_piece_prev(&p, back);
		}
		listpack_free(lp);
	}
	assert_true(refused > 1000 && refused < 3000);
}

UNIT_MAIN(test_bytes, test_walk, test_delete, test_damage)
