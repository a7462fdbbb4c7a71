/* SPDX-License-Identifier: BSD-3-Clause
 *
 * persist/rdb_save: a file is there whole or not at all.
 */
#include "../../../src/persist/rdb_save.c"

#include "world.h"

static void count_keys(void *context, uint64_t keys)
{
	uint64_t *seen = context;
	assert_int_equal(keys, *seen);
	(*seen)++;
}

static void test_save(void **state)
{
	(void)state;
	struct keyspace *k = world_new();
	struct keyspace *back = world_new();
	struct rdb_load_report report;
	char temp[] = "/tmp/ringlet-unit-XXXXXX";
	char path[64];
	uint64_t bytes, seen = 0;
	close(mkstemp(temp));
	snprintf(path, sizeof(path), "%s.rdb", temp);
	world_fill(k, 3, false);
	const struct rdb_save_options options = {.keyspace = k,
		.compress = true,
		.checksum = true,
		.incremental_fsync = true,
		.on_key = count_keys,
		.context = &seen};
	const struct rdb_load_options load = {.keyspace = back, .checksum = true};
	assert_int_equal(rdb_save_file(temp, path, &options, &bytes), 0);
	assert_int_equal(seen, 232);
	assert_int_equal(access(temp, F_OK), -1);
	assert_int_equal(rdb_load_file(path, &load, &report), RDB_LOAD_OK);
	assert_int_equal(report.bytes, bytes);
	world_expect_equal(k, back);
	unlink(path);
	keyspace_free(k);
	keyspace_free(back);
}

static void test_refused(void **state)
{
	(void)state;
	struct keyspace *k = world_new();
	const struct rdb_save_options options = {.keyspace = k};
	char temp[] = "/tmp/ringlet-unit-XXXXXX";
	assert_int_equal(rdb_save_file("/nowhere/temp.rdb", "/nowhere/x", &options, NULL), -ENOENT);
	close(mkstemp(temp));
	assert_int_equal(rdb_save_file(temp, "/nowhere/x.rdb", &options, NULL), -ENOENT);
	assert_int_equal(access(temp, F_OK), -1); /* nothing is left */
	/* A link, which is all that is deleted afterwards. */
	assert_int_equal(symlink("/dev/full", temp), 0);
	assert_int_equal(rdb_save_file(temp, "/tmp/ringlet-unit-full", &options, NULL), -ENOSPC);
	assert_int_equal(access("/dev/full", F_OK), 0);
	assert_int_equal(access("/tmp/ringlet-unit-full", F_OK), -1);
	keyspace_free(k);
}

UNIT_MAIN(test_save, test_refused)
