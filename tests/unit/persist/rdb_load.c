/* SPDX-License-Identifier: BSD-3-Clause
 *
 * persist/rdb_load: what is loaded, what is left out, what makes a file a bad one; from memory and
 * through the buffer of a file.
 */
#include "../../../src/persist/rdb_load.c"

#include "world.h"

static struct rdb_load_report report;

static enum rdb_load_status load_with(struct buf file, struct rdb_load_options options)
{
	enum rdb_load_status status = rdb_load_bytes(buf_bytes(&file), &options, &report);
	buf_release(&file);
	return status;
}

static void expect_bad(struct keyspace *k, struct buf file, const char *error, uint64_t at)
{
	size_t before = mem_used_bytes() - mem_usable_size(file.ptr);
	assert_int_equal(
		load_with(file, (struct rdb_load_options){.keyspace = k}), RDB_LOAD_BAD_FILE);
	assert_string_equal(report.error, error);
	assert_int_equal(report.error_at, at);
	keyspace_flush(k, -1, false);
	assert_int_equal(mem_used_bytes(), before);
}

static bool has(struct keyspace *k, const char *name)
{
	return db_peek(&k->dbs[0], key_of(bytes_text(name))) != NULL;
}

static void test_left_out(void **state)
{
	(void)state;
	struct keyspace *k = world_new();
	/* a is long over, b is not; empty ones of each kind; an empty string is a value. */
	static const char body[] =
		"\xfd\x01\0\0\0\0\x01"
		"a\x01v"
		"\xfc\xff\xff\xff\xff\xff\xff\0\0\0\x01"
		"b\x01v"
		"\x01\x01l\0\x02\x01s\0\x03\x01z\0\x04\x01h\0\x05\x01y\0\x0e\x01q\0"
		"\x10\x01p\x07\x07\0\0\0\0\0\xff"
		"\0\x01"
		"c\0";
	assert_int_equal(load_with(world_file("0011", body, sizeof(body) - 1),
				 (struct rdb_load_options){.keyspace = k}),
		RDB_LOAD_OK);
	assert_int_equal(report.keys, 2);
	assert_int_equal(report.expired, 1);
	assert_int_equal(report.empty, 7);
	assert_true(!has(k, "a") && has(k, "b") && has(k, "c") && db_size(&k->dbs[0]) == 2);
	keyspace_flush(k, -1, false);
	assert_int_equal(load_with(world_file("0011", body, sizeof(body) - 1),
				 (struct rdb_load_options){.keyspace = k, .keeps_expired = true}),
		RDB_LOAD_OK);
	assert_true(report.keys == 3 && report.expired == 0 && has(k, "a"));
	keyspace_free(k);
}

static void test_duplicates(void **state)
{
	(void)state;
	struct keyspace *k = world_new();
	char scratch[NUM_I64_MAX_CHARS];
	expect_bad(k, FILE_OF("0011", "\0\x01k\x01v\0\x01j\x01v\0\x01k\x01w"),
		"RDB has a duplicated key in DB 0", 33);
	db_set_string(&k->dbs[0], key_of(BYTES("k")), BYTES("old"), NOW_MS + 1000);
	assert_int_equal(load_with(FILE_OF("0011", "\0\x01k\x01v"),
				 (struct rdb_load_options){.keyspace = k, .overwrites = true}),
		RDB_LOAD_OK);
	struct entry *e = db_peek(&k->dbs[0], key_of(BYTES("k")));
	struct value v = entry_value(e);
	assert_true(bytes_equal(value_string(&v, scratch), BYTES("v")));
	assert_int_equal(entry_expiry_ms(e), -1);
	assert_int_equal(dict_count(&k->dbs[0].expiring), 0);
	keyspace_free(k);
}

static void test_refused(void **state)
{
	(void)state;
	struct keyspace *k = world_new();
	expect_bad(k, FILE_OF("0011", "\xfe\x04"),
		"FATAL: Data file was created with a Redis server configured to handle more than 4 "
		"databases. Exiting",
		11);
	expect_bad(k, FILE_OF("0011", "\x07\x01m\x81\0\0\0\0\0\0\0\0"),
		"The RDB file contains module data I can't load: no matching module type "
		"'AAAAAAAAA'",
		21);
	expect_bad(k, FILE_OF("0011", "\xf7\x01\x02\x01\0"),
		"The RDB file contains AUX module data I can't load: no matching module "
		"'AAAAAAAAA'",
		13);
	expect_bad(k, FILE_OF("0011", "\x63\x01m\x01"), "Unknown RDB encoding type 99", 12);
	expect_bad(k, FILE_OF("0011", "\xf5\x01x"),
		"Failed loading a library of functions: this server has no functions", 12);
	expect_bad(k, FILE_OF("0011", "\x10\x01h\x03xyz"),
		"Hash listpack integrity check failed for key 'h': a packed container is damaged",
		16);
	/* What is promised is not believed. */
	expect_bad(k,
		FILE_OF("0011", "\xfb\x81\0\xff\xff\xff\xff\xff\xff\xff\x81\0\xff\xff\xff\xff"
				"\xff\xff\xff\x02\x01s\x81\0\xff\xff\xff\xff\xff\xff\xff"),
		"Set integrity check failed for key 's': unknown string encoding", 41);
	keyspace_free(k);
}

static void test_damage(void **state)
{
	(void)state;
	struct keyspace *k = world_new();
	struct keyspace *back = world_new();
	uint64_t seed = 5;
	for (unsigned i = 0; i < 8; i++) {
		char name[16];
		world_put(&k->dbs[0], world_word(name, sizeof(name), "c", i),
			world_container(TYPE_LIST + i % 4, i < 4 ? 9 : 150, i % 2),
			i % 3 == 0 ? NOW_MS + 1000 : EXPIRY_NONE);
	}
	struct buf file = world_save(k, true, false);
	struct rdb_load_options options = {.keyspace = back};
	for (int round = 0; round < 400; round++) {
		struct buf bad = {0};
		buf_add(&bad, file.ptr, file.len);
		for (int flips = 1 + (int)(unit_random(&seed) % 3); flips > 0; flips--)
			bad.ptr[9 + unit_random(&seed) % (file.len - 9)] = (char)unit_random(&seed);
		if (round % 4 == 0)
			bad.len = unit_random(&seed) % bad.len;
		enum rdb_load_status status = load_with(bad, options);
		assert_true(status == RDB_LOAD_OK || status == RDB_LOAD_BAD_FILE);
		for (int i = 0; i < back->db_count; i++)
			dict_check(&back->dbs[i].entries);
		keyspace_flush(back, -1, false);
	}
	buf_release(&file);
	keyspace_free(k);
	keyspace_free(back);
}

/* Through the buffer, with values longer than it and than a piece; a log may follow the dump. */
static void test_file(void **state)
{
	(void)state;
	struct keyspace *k = world_new();
	struct keyspace *back = world_new();
	struct rdb_load_options options = {.keyspace = back, .checksum = true};
	char path[] = "/tmp/ringlet-unit-XXXXXX";
	char *big = mem_alloc(3 << 20);
	uint64_t seed = 7;
	for (int i = 0; i < 3 << 20; i++)
		big[i] = (char)unit_random(&seed);
	world_fill(k, 2, true);
	db_set_string(&k->dbs[2], key_of(BYTES("big")), bytes_of(big, 3 << 20), EXPIRY_NONE);
	memset(big, 'x', 3 << 20);
	db_set_string(&k->dbs[2], key_of(BYTES("same")), bytes_of(big, 3 << 20), EXPIRY_NONE);
	memset(big + 100000, 'y', 200000);
	db_set_string(&k->dbs[2], key_of(bytes_of(big, 300000)), BYTES("long key"), EXPIRY_NONE);
	world_put(&k->dbs[1], BYTES("set"), world_container(TYPE_SET, 60000, false), EXPIRY_NONE);

	struct buf file = world_save(k, true, true);
	int fd = mkstemp(path);
	buf_add_text(&file, "*1\r\n$4\r\nPING\r\n");
	assert_int_equal(file_write(fd, file.ptr, file.len), 0);
	assert_true(rdb_file_has_magic(path));
	assert_int_equal(rdb_load_file(path, &options, &report), RDB_LOAD_OK);
	assert_int_equal(report.bytes, file.len - 14);
	world_expect_equal(k, back);
	/* Cut short. */
	keyspace_flush(back, -1, false);
	assert_int_equal(ftruncate(fd, (off_t)file.len - 5000), 0);
	assert_int_equal(rdb_load_file(path, &options, &report), RDB_LOAD_BAD_FILE);
	assert_true(report.error_at <= file.len - 5000);
	assert_int_equal(ftruncate(fd, 3), 0);
	assert_int_equal(rdb_load_file(path, &options, &report), RDB_LOAD_BAD_FILE);
	assert_false(rdb_file_has_magic(path));
	unlink(path);
	assert_int_equal(rdb_load_file(path, &options, &report), RDB_LOAD_NO_FILE);
	assert_false(rdb_file_has_magic(path));
	assert_int_equal(rdb_load_file("/tmp", &options, &report), RDB_LOAD_BAD_FILE);
	close(fd);
	buf_release(&file);
	mem_free(big);
	keyspace_free(k);
	keyspace_free(back);
}

static void test_aux(void **state)
{
	(void)state;
	struct keyspace *k = world_new();
	assert_int_equal(
		load_with(
			FILE_OF("0011", "\xfa\x07repl-id\x28"
					"0123456789012345678901234567890123456789"
					"\xfa\x0brepl-offset\xc0\x2a\xfa\x0erepl-stream-db\xc0\x02"
					"\xfa\x08"
					"aof-base\xc0\x01\xfa\x04what\x03xyz"),
			(struct rdb_load_options){.keyspace = k}),
		RDB_LOAD_OK);
	assert_string_equal(report.repl_id, "0123456789012345678901234567890123456789");
	assert_int_equal(report.repl_offset, 42);
	assert_int_equal(report.repl_db, 2);
	assert_true(report.is_aof_base);
	keyspace_free(k);
}

UNIT_MAIN(test_left_out, test_duplicates, test_refused, test_damage, test_file, test_aux)
