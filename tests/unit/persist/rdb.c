/* SPDX-License-Identifier: BSD-3-Clause
 *
 * persist/rdb: the writer byte for byte, and that what it writes is read back as it was.
 */
#include "../../../src/persist/rdb.c"

#include "world.h"

static void test_known_bytes(void **state)
{
	(void)state;
	struct keyspace *k = world_new();
	struct buf file = {0};
	struct rdb_writer w;
	db_set_string(&k->dbs[1], key_of(BYTES("k")), BYTES("hello"), 0x1122334455);
	rdb_writer_init(&w, true, true, world_drain, &file);
	rdb_write_function(&w, BYTES("#!lua"));
	rdb_write_db(&w, 1, 1, 1);
	rdb_write_entry(&w, k, db_peek(&k->dbs[1], key_of(BYTES("k"))));
	rdb_write_end(&w);
	static const char expected[] = "\xf5\x05#!lua\xfe\x01\xfb\x01\x01\xfc"
				       "\x55\x44\x33\x22\x11\0\0\0"
				       "\0\x01k\x05hello\xff";
	assert_int_equal(file.len, sizeof(expected) - 1 + 8);
	assert_memory_equal(file.ptr, expected, sizeof(expected) - 1);
	uint64_t crc = crc64_update(0, expected, sizeof(expected) - 1);
	assert_memory_equal(file.ptr + sizeof(expected) - 1, &crc, 8);
	rdb_writer_release(&w);
	buf_release(&file);
	keyspace_free(k);
}

static void test_header(void **state)
{
	(void)state;
	struct keyspace *k = world_new();
	struct buf file = world_save(k, true, true);
	assert_memory_equal(file.ptr, "REDIS0011\xfa\x09redis-ver\x05" REDIS_VERSION, 25);
	buf_release(&file);
	world_put(&k->dbs[0], BYTES("h"), world_container(TYPE_HASH, 4, true), EXPIRY_NONE);
	file = world_save(k, true, true);
	assert_memory_equal(file.ptr, "REDIS0012", 9);
	buf_release(&file);
	keyspace_free(k);
}

static void round_trip(unsigned seed, bool compress, bool checksum)
{
	struct rdb_load_report report;
	struct keyspace *k = world_new();
	struct keyspace *back = world_new();
	world_fill(k, seed, seed % 2 == 0);
	struct buf file = world_save(k, compress, checksum);
	assert_int_equal(world_load(back, buf_bytes(&file), &report), RDB_LOAD_OK);
	assert_int_equal(report.bytes, file.len);
	assert_int_equal(report.keys, 232);
	assert_int_equal(report.version, seed % 2 == 0 ? 12 : 11);
	world_expect_equal(k, back);
	buf_release(&file);
	keyspace_free(k);
	keyspace_free(back);
}

static void test_round_trips(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed < 9; seed++)
		round_trip(seed, seed & 1, seed & 2);
}

/* Access times are kept under policies that look at them. */
static void test_access(void **state)
{
	(void)state;
	struct rdb_load_report report;
	struct keyspace *k = world_new();
	struct keyspace *back = world_new();
	struct key name = key_of(BYTES("k"));
	k->config.policy = back->config.policy = POLICY_ALLKEYS_LRU;
	entry_set_idle(k, db_set_string(&k->dbs[0], name, BYTES("v"), EXPIRY_NONE), 1000);
	struct buf file = world_save(k, true, true);
	assert_int_equal(world_load(back, buf_bytes(&file), &report), RDB_LOAD_OK);
	assert_int_equal(lru_idle_seconds(back, db_peek(&back->dbs[0], name)), 1000);
	buf_release(&file);
	keyspace_flush(back, -1, false);
	k->config.policy = back->config.policy = POLICY_VOLATILE_LFU;
	entry_set_frequency(k, db_peek(&k->dbs[0], name), 200);
	file = world_save(k, true, true);
	assert_int_equal(world_load(back, buf_bytes(&file), &report), RDB_LOAD_OK);
	assert_int_equal(lfu_frequency(back, db_peek(&back->dbs[0], name)), 200);
	buf_release(&file);
	keyspace_free(k);
	keyspace_free(back);
}

UNIT_MAIN(test_known_bytes, test_header, test_round_trips, test_access)
