/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The check tool: a visitor that decodes every value, counts it and frees it again. Every value is
 * checked as deeply as a server checks it, for there is one decoder.
 */
#include "persist/rdb_check.h"

#include "base/mem.h"
#include "base/num.h"
#include "base/version.h"
#include "io/clock.h"
#include "io/file.h"
#include "persist/rdb_reader.h"
#include "store/type_ops.h"

#include <stdio.h>

struct check {
	uint64_t keys, expires, expired;
	int64_t now_ms;
	struct buf key; /* the one that was read last; empty = none */
	int tag;        /* of its value; -1 = none */
	int64_t made_s;
};

static void check_line(
	const struct rdb_reader *r, const char *what, struct bytes name, struct bytes value)
{
	printf("[offset %llu] %s", (unsigned long long)rdb_offset(r), what);
	if (name.len > 0)
		printf(" %.*s = '%.*s'", (int)(name.len & INT32_MAX), name.ptr,
			(int)(value.len & INT32_MAX), value.ptr);
	printf("\n");
}

static bool check_aux(struct rdb_reader *r, struct bytes name, struct bytes value)
{
	struct check *c = r->context;
	int64_t number;
	check_line(r, "AUX FIELD", name, value);
	if (bytes_is(name, "ctime") && num_parse_i64(value, &number))
		c->made_s = number;
	return true;
}

static bool check_module_aux(struct rdb_reader *r, const char *module)
{
	printf("MODULE AUX for: %s\n", module);
	(void)r;
	return true;
}

static bool check_select_db(struct rdb_reader *r, uint64_t id)
{
	printf("[offset %llu] Selecting DB ID %llu\n", (unsigned long long)rdb_offset(r),
		(unsigned long long)id);
	return true;
}

/* Known by its number, that is: a module's value can be passed over without the module. */
static bool check_tag(struct rdb_reader *r, uint8_t tag)
{
	enum value_type type;
	return tag == RDB_MODULE_OLD || tag == RDB_MODULE || type_by_tag(tag, &type) != NULL ||
	       rdb_fail(r, "Invalid object type: %d", tag);
}

static bool check_value(struct rdb_reader *r, uint8_t tag)
{
	enum value_type type;
	struct value v;
	if (tag == RDB_MODULE_OLD)
		return rdb_fail(r, "Pre-release module format not supported");
	if (tag == RDB_MODULE)
		return rdb_skip_module(r);
	if (type_by_tag(tag, &type)->decode(tag, &r->codec, &v)) {
		value_release(&v);
		return true;
	}
	if (r->codec.error != codec_error_empty)
		return false;
	r->codec.error = NULL;
	return true;
}

static bool check_entry(struct rdb_reader *r, const struct rdb_key *key)
{
	struct check *c = r->context;
	buf_clear(&c->key);
	buf_add_bytes(&c->key, key->name);
	c->tag = key->tag;
	c->keys++;
	c->expires += key->expiry_ms >= 0;
	if (!check_value(r, key->tag))
		return false;
	c->expired += key->expiry_ms >= 0 && key->expiry_ms < c->now_ms;
	buf_clear(&c->key);
	c->tag = -1;
	return true;
}

static bool check_end(struct rdb_reader *r, bool has_checksum)
{
	const struct bytes none = {NULL, 0};
	if (has_checksum)
		check_line(r, "Checksum OK", none, none);
	else if (r->version >= RDB_VERSION_CRC)
		check_line(r, "RDB file was saved with checksum disabled: no check performed.",
			none, none);
	check_line(r, "\\o/ RDB looks OK! \\o/", none, none);
	return true;
}

static const struct rdb_visitor check_visitor = {
	.aux = check_aux,
	.module_aux = check_module_aux,
	.select_db = check_select_db,
	.tag = check_tag,
	.entry = check_entry,
	.end = check_end,
};

static const char *check_type_name(int tag)
{
	static const char *const names[] = {"string", "list-linked", "set-hashtable", "zset-v1",
		"hash-hashtable", "zset-v2", "module-pre-release", "module-value", "",
		"hash-zipmap", "list-ziplist", "set-intset", "zset-ziplist", "hash-ziplist",
		"quicklist", "stream", "hash-listpack", "zset-listpack", "quicklist-v2",
		"stream-v2", "set-listpack", "stream-v3", "hash-hashtable-md-pre-release",
		"hash-listpack-md-pre-release", "hash-hashtable-md", "hash-listpack-md"};
	return tag >= 0 && (size_t)tag < sizeof(names) / sizeof(names[0]) ? names[tag] : "unknown";
}

static void check_explain(const struct rdb_reader *r, const struct check *c)
{
	bool is_cut = strcmp(r->error, "unexpected end of data") == 0;
	printf("--- RDB ERROR DETECTED ---\n[offset %llu] %s\n", (unsigned long long)r->error_at,
		is_cut ? "Unexpected EOF reading RDB file" : r->error);
	printf("[additional info] While doing: %s\n", r->doing);
	if (c->key.len > 0)
		printf("[additional info] Reading key '%.*s'\n", (int)(c->key.len & INT32_MAX),
			c->key.ptr);
	if (c->tag >= 0)
		printf("[additional info] Reading type %d (%s)\n", c->tag, check_type_name(c->tag));
}

static bool check_reader(struct rdb_reader *r, struct rdb_checked *out)
{
	struct check c = {.tag = -1, .now_ms = clock_wall_ms()};
	bool is_whole = rdb_read(r, &check_visitor, &c);
	if (!is_whole)
		check_explain(r, &c);
	printf("[info] %llu keys read\n[info] %llu expires\n[info] %llu already expired\n",
		(unsigned long long)c.keys, (unsigned long long)c.expires,
		(unsigned long long)c.expired);
	*out = (struct rdb_checked){.bytes = rdb_offset(r), .made_s = c.made_s};
	buf_release(&c.key);
	return is_whole;
}

bool rdb_check_file(const char *path, struct rdb_checked *out)
{
	struct rdb_reader reader;
	int64_t size;
	int fd = file_open_read(path, &size);
	if (fd < 0) {
		printf("[offset 0] Checking RDB file %s\nCan't open it: %s\n", path, strerror(-fd));
		return false;
	}
	printf("[offset 0] Checking RDB file %s\n", path);
	rdb_reader_init(&reader, fd, (uint64_t)size, bytes_of(NULL, 0));
	bool is_whole = check_reader(&reader, out);
	rdb_reader_release(&reader);
	file_close(fd);
	return is_whole;
}

int rdb_check_main(int argc, char **argv)
{
	struct rdb_checked ignored;
	if (argc != 2) {
		fprintf(stderr, "Usage: %s <rdb-file-name>\n", argc > 0 ? argv[0] : "");
		return 1;
	}
	if (strcmp(argv[1], "-v") == 0 || strcmp(argv[1], "--version") == 0) {
		printf("redis-check-rdb %s (ringlet %s)\n", REDIS_VERSION, RINGLET_VERSION);
		return 0;
	}
	return rdb_check_file(argv[1], &ignored) ? 0 : 1;
}
