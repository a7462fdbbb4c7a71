/* SPDX-License-Identifier: BSD-3-Clause
 *
 * persist/rdb_reader: what is no RDB file, at which byte that shows, and what is passed over.
 */
#include "../../../src/persist/rdb_reader.c"

#include "world.h"

static bool visit_nothing(struct rdb_reader *r, const struct rdb_key *key)
{
	struct bytes text;
	(void)key;
	return codec_read_string_view(&r->codec, &r->scratch, &text);
}

static const struct rdb_visitor nothing = {.entry = visit_nothing};

/* NULL = it is whole; else why not, at which byte. */
static const char *read_file(struct buf *file, uint64_t *at)
{
	static char error[RDB_ERROR_MAX_BYTES];
	struct rdb_reader r;
	rdb_reader_init(&r, -1, 0, buf_bytes(file));
	bool is_whole = rdb_read(&r, &nothing, NULL);
	*at = is_whole ? rdb_offset(&r) : r.error_at;
	memcpy(error, r.error, sizeof(error));
	rdb_reader_release(&r);
	buf_release(file);
	return is_whole ? NULL : error;
}

static void expect(struct buf file, const char *error, uint64_t at)
{
	uint64_t found_at;
	const char *found = read_file(&file, &found_at);
	if (error == NULL)
		assert_null(found);
	else
		assert_string_equal(found == NULL ? "none" : found, error);
	assert_int_equal(found_at, at);
}

static void test_header(void **state)
{
	(void)state;
	struct buf other = {0};
	expect((struct buf){0}, "unexpected end of data", 0);
	buf_add_text(&other, "REDI50011\xff");
	expect(other, "Wrong signature trying to load DB from file", 0);
	expect(FILE_OF("0013", ""), "Can't handle RDB format version 13", 9);
	expect(FILE_OF("0000", ""), "Can't handle RDB format version 0", 9);
	expect(FILE_OF("00x1", ""), "Can't handle RDB format version 00x1", 9);
	expect(FILE_OF("0001", ""), NULL, 10); /* no checksum yet: what follows is left alone */
	expect(FILE_OF("0004", ""), NULL, 10);
	expect(FILE_OF("0005", ""), NULL, 18);
	expect(FILE_OF("0012", ""), NULL, 18);
}

static void test_opcodes(void **state)
{
	(void)state;
	expect(FILE_OF("0011", "\xfa\x01x\x01y"), NULL, 23);
	expect(FILE_OF("0011", "\xf4\x05\x02\x01"), NULL, 22);
	expect(FILE_OF("0011", "\xf6\x01x"), "Pre-release function format not supported.", 10);
	expect(FILE_OF("0011", "\xf7\x81\0\0\0\0\0\0\0\0\x02\x01\x01\x05\x02\x05\x03"
			       "1234\x04"
			       "12345678\x05\x02hi\x00"),
		NULL, 53);
	expect(FILE_OF("0011", "\xf7\x01\x02\x01\x06"), "unknown kind of a module's value", 14);
	/* An expiry, a frequency and an idle time of one key each. */
	expect(FILE_OF("0003", "\xfd\1\2\3\4\xf9\x09\xf8\x40\x50\x00\x01k\x01v"), NULL, 25);
	expect(FILE_OF("0003", "\xfc\0\0\0\0\0\0\0\xff\x00\x01k\x01v"), "an expiry out of range",
		18);
	expect(FILE_OF("0011", "\xfe"), "a special string where a length should be", 11);
	expect(FILE_OF("0011", "\x00\x81\xff\xff\xff\xff\xff\xff\xff\xff"),
		"unexpected end of data", 19);
}

/* Each cut is found, each flipped bit too where there is a checksum. */
static void test_damage(void **state)
{
	(void)state;
	uint64_t at;
	struct keyspace *k = world_new();
	for (unsigned i = 0; i < 20; i++) {
		char name[16];
		db_set_string(&k->dbs[0], key_of(world_word(name, sizeof(name), "k", i)),
			bytes_of("some text to look at ..........................", 3 + 2 * i),
			EXPIRY_NONE);
	}
	struct buf file = world_save(k, true, true);
	for (size_t len = 0; len < file.len; len++) {
		struct buf cut = {0};
		buf_add(&cut, file.ptr, len);
		assert_non_null(read_file(&cut, &at));
		assert_true(at <= len);
	}
	/* (A version below 5 has no checksum.) */
	for (size_t i = RDB_HEADER_BYTES * 8; i < file.len * 8; i++) {
		struct buf flipped = {0};
		buf_add(&flipped, file.ptr, file.len);
		flipped.ptr[i / 8] ^= (char)(1 << (i % 8));
		assert_non_null(read_file(&flipped, &at));
	}
	buf_release(&file);
	keyspace_free(k);
}

static void test_names(void **state)
{
	(void)state;
	char name[10];
	rdb_module_name(0, name);
	assert_string_equal(name, "AAAAAAAAA");
	rdb_module_name(UINT64_MAX, name);
	assert_string_equal(name, "_________");
	assert_string_equal(rdb_tag_title(17), "Zset listpack");
	assert_string_equal(rdb_tag_title(8), "Unknown type");
	assert_string_equal(rdb_tag_title(200), "Unknown type");
}

UNIT_MAIN(test_header, test_opcodes, test_damage, test_names)
