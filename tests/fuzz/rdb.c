/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Fuzzer of dumps: whatever is read as an RDB file, or as a DUMP payload, gives a clear error or
 * data that hold together. What was accepted is checked value by value, written again and read
 * again: the digest is the same.
 *
 * The first byte chooses; files get a sound head, and their checksum is not looked at.
 */
#include "base/assert.h"
#include "base/log.h"
#include "base/mem.h"
#include "persist/load.h"
#include "persist/rdb_save.h"
#include "server/server.h"
#include "store/digest.h"
#include "store/dump.h"
#include "store/type_ops.h"
#include "types/config.h"

#define FUZZ_NOW_MS 1700000000000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void set_up(void)
{
	static char no_file[] = "";
	static const struct log_config silent = {.level = LOG_NOTHING, .file = no_file};
	if (type_table[TYPE_STRING] != NULL)
		return;
	log_init(&silent);
	wiring_types();
	param_set_defaults(types_params, &types_config);
}

static struct keyspace *make_keyspace(void)
{
	struct keyspace *k = keyspace_new(4);
	keyspace_set_time(k, FUZZ_NOW_MS);
	return k;
}

static bool load(struct keyspace *k, struct bytes file)
{
	struct rdb_load_report report;
	const struct rdb_load_options options = {.keyspace = k, .keeps_expired = true};
	return rdb_load_bytes(file, &options, &report) == RDB_LOAD_OK;
}

static void check_values(const struct keyspace *k)
{
	for (int i = 0; i < k->db_count; i++) {
		const struct dict *d = &k->dbs[i].entries;
		void *sample[16];
		dict_check(d);
		dict_check(&k->dbs[i].expiring);
		dict_check(&k->dbs[i].decaying);
		for (unsigned n = dict_count(d) == 0 ? 0 : dict_sample(d, sample, 16); n > 0; n--) {
			struct value v = entry_value(sample[n - 1]);
			type_ops_of(&v)->check(&v);
		}
	}
}

static void drain(struct rdb_writer *w)
{
	buf_add_bytes(w->context, buf_bytes(&w->buf));
	buf_clear(&w->buf);
}

static void feed_file(struct bytes body)
{
	struct buf file = {0};
	struct rdb_writer w;
	unsigned char before[20], after[20];
	struct keyspace *k = make_keyspace();
	buf_add_text(&file, "REDIS0012");
	buf_add_bytes(&file, body);
	bool is_accepted = load(k, buf_bytes(&file));
	check_values(k);
	keyspace_digest(k, before);
	if (is_accepted) {
		struct keyspace *back = make_keyspace();
		const struct rdb_save_options options = {.keyspace = k};
		buf_clear(&file);
		rdb_writer_init(&w, body.len & 1, true, drain, &file);
		rdb_save_to(&w, &options);
		rdb_writer_release(&w);
		bool is_read = load(back, buf_bytes(&file));
		keyspace_digest(back, after);
		ASSERT(is_read && memcmp(before, after, sizeof(before)) == 0);
		keyspace_free(back);
	}
	keyspace_free(k);
	buf_release(&file);
}

static void feed_payload(struct bytes body)
{
	struct buf payload = {0};
	struct value v, back;
	buf_add_bytes(&payload, body);
	buf_add(&payload, "\x0c\0\0\0\0\0\0\0\0\0", 10);
	if (dump_read(buf_bytes(&payload), false, &v) == DUMP_OK) {
		struct digest before = {{0}}, after = {{0}};
		const struct type_ops *ops = type_ops_of(&v);
		ops->check(&v);
		ops->digest(&v, &before);
		buf_clear(&payload);
		dump_write(&v, true, &payload);
		ASSERT(dump_read(buf_bytes(&payload), true, &back) == DUMP_OK);
		ops->digest(&back, &after);
		ASSERT(memcmp(&before, &after, sizeof(before)) == 0);
		value_release(&v);
		value_release(&back);
	}
	buf_release(&payload);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	set_up();
	if (size == 0)
		return 0;
	size_t used = mem_used_bytes();
	struct bytes body = bytes_of(data + 1, size - 1);
	if (data[0] & 1)
		feed_file(body);
	else
		feed_payload(body);
	ASSERT(mem_used_bytes() == used);
	return 0;
}
