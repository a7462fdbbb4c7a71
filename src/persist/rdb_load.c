/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The loader: a visitor of the reader that makes entries. Small strings go from the file's buffer
 * into their entry in one copy; everything else is decoded by its type, which checks it.
 *
 * Keys that have expired and containers without elements are left out and counted. What must not
 * be left out silently (a module's data, a database that we don't have) makes the file a bad one.
 */
#include "persist/load.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "io/file.h"
#include "persist/rdb_reader.h"
#include "store/bulk.h"
#include "store/evict.h"
#include "store/type_ops.h"

#include <errno.h>
#include <stdio.h>

/* No key takes fewer bytes of a file: what RESIZE_DB promises is believed as far as that. */
#define LOAD_KEY_BYTES_MIN 3

struct loader {
	const struct rdb_load_options *options;
	struct rdb_load_report *report;
	struct bulk bulk;
	int64_t now_ms;
};

static struct loader *loader_of(struct rdb_reader *r)
{
	return r->context;
}

static bool load_flush(struct rdb_reader *r)
{
	struct loader *l = loader_of(r);
	if (bulk_flush(&l->bulk))
		return true;
	return rdb_fail(r, "RDB has a duplicated key in DB %d", (int)l->bulk.db->id);
}

static bool load_progress(struct rdb_reader *r)
{
	const struct rdb_load_options *o = loader_of(r)->options;
	return o->loading == NULL || loading_progress(o->loading, o->progress_base + rdb_offset(r));
}

/* --- what is said about the file ------------------------------------------------------------ */

static bool load_aux(struct rdb_reader *r, struct bytes name, struct bytes value)
{
	struct loader *l = loader_of(r);
	struct rdb_load_report *report = l->report;
	int64_t number = 0;
	num_parse_i64(value, &number);
	if (name.len > 0 && name.ptr[0] == '%') {
		log_line(LOG_NOTICE, "RDB '%s': %s", bytes_clip_text(name, 100).text,
			bytes_clip_text(value, 150).text);
	} else if (bytes_is(name, "redis-ver")) {
		log_line(LOG_NOTICE, "Loading RDB produced by version %s",
			bytes_clip_text(value, 100).text);
	} else if (bytes_is(name, "ctime")) {
		int64_t age = l->now_ms / 1000 - number;
		log_line(LOG_NOTICE, "RDB age %lld seconds", (long long)(age < 0 ? 0 : age));
	} else if (bytes_is(name, "used-mem")) {
		log_line(LOG_NOTICE, "RDB memory usage when created %.2f Mb",
			(double)number / (1024 * 1024));
		if (l->options->loading != NULL && number > 0)
			l->options->loading->rdb_used_bytes = (size_t)number;
	} else if (bytes_is(name, "aof-base")) {
		report->is_aof_base = number != 0;
		if (number != 0)
			log_line(LOG_NOTICE, "RDB is base AOF");
	} else if (bytes_is(name, "repl-stream-db")) {
		report->repl_db = number >= 0 && number < INT32_MAX ? (int)number : -1;
	} else if (bytes_is(name, "repl-id") && value.len == sizeof(report->repl_id) - 1) {
		memcpy(report->repl_id, value.ptr, value.len);
	} else if (bytes_is(name, "repl-offset")) {
		report->repl_offset = number;
	}
	return true;
}

static bool load_function(struct rdb_reader *r, struct bytes source)
{
	const struct rdb_load_options *o = loader_of(r)->options;
	char error[256] = "this server has no functions";
	if (o->functions != NULL && o->functions->load != NULL &&
		o->functions->load(
			source, o->overwrites, error, sizeof(error), o->functions->context))
		return true;
	return rdb_fail(r, "Failed loading a library of functions: %s", error);
}

static bool load_module_aux(struct rdb_reader *r, const char *module)
{
	return rdb_fail(r,
		"The RDB file contains AUX module data I can't load: no matching module '%s'",
		module);
}

static bool load_select_db(struct rdb_reader *r, uint64_t id)
{
	struct loader *l = loader_of(r);
	struct keyspace *k = l->options->keyspace;
	if (!load_flush(r))
		return false;
	if (id >= (uint64_t)k->db_count)
		return rdb_fail(r,
			"FATAL: Data file was created with a Redis server configured to handle "
			"more than %d databases. Exiting",
			k->db_count);
	l->bulk.db = &k->dbs[id];
	return true;
}

static bool load_resize_db(struct rdb_reader *r, uint64_t keys, uint64_t expires)
{
	struct loader *l = loader_of(r);
	uint64_t most = (r->size - rdb_offset(r)) / LOAD_KEY_BYTES_MIN;
	if (!load_flush(r))
		return false;
	keys = keys < most ? keys : most;
	bulk_reserve(l->bulk.db, keys, expires < keys ? expires : keys);
	return true;
}

/* --- keys ----------------------------------------------------------------------------------- */

static bool load_is_over(const struct loader *l, const struct rdb_key *key)
{
	return key->expiry_ms >= 0 && key->expiry_ms < l->now_ms && !l->options->keeps_expired;
}

static void load_count(struct loader *l, const struct rdb_key *key, struct entry *e)
{
	const struct keyspace *k = l->options->keyspace;
	bool is_lfu = policy_is_lfu(k->config.policy);
	l->report->keys++;
	if (key->idle_s >= 0 && !is_lfu)
		entry_set_idle(k, e, (uint64_t)key->idle_s);
	else if (key->frequency >= 0 && is_lfu)
		entry_set_frequency(k, e, (unsigned)key->frequency);
}

static bool load_string(struct rdb_reader *r, const struct rdb_key *key)
{
	struct loader *l = loader_of(r);
	struct bytes text;
	if (!codec_read_string_view(&r->codec, &r->scratch, &text))
		return false;
	if (UNLIKELY(load_is_over(l, key))) {
		l->report->expired++;
		return true;
	}
	load_count(l, key, bulk_add_string(&l->bulk, key->name, text, key->expiry_ms));
	return true;
}

static bool load_refuse_tag(struct rdb_reader *r, uint8_t tag)
{
	uint64_t module;
	char name[10];
	if (tag == RDB_MODULE_OLD || tag == RDB_MODULE) {
		if (!codec_read_length(&r->codec, &module))
			return false;
		rdb_module_name(module, name);
		return rdb_fail(r,
			"The RDB file contains module data I can't load: no matching module type "
			"'%s'",
			name);
	}
	return rdb_fail(r, "Unknown RDB encoding type %d", tag);
}

static bool load_container(struct rdb_reader *r, const struct rdb_key *key)
{
	struct loader *l = loader_of(r);
	enum value_type type;
	struct value v;
	const struct type_ops *ops = type_by_tag(key->tag, &type);
	if (ops == NULL)
		return load_refuse_tag(r, key->tag);
	if (!ops->decode(key->tag, &r->codec, &v)) {
		struct bytes_clip name = bytes_clip_text(key->name, 100);
		if (r->codec.error == codec_error_empty) {
			log_line(LOG_NOTICE, "rdbLoadObject skipping empty key: %s", name.text);
			l->report->empty++;
			r->codec.error = NULL;
			return true;
		}
		return !r->is_stopped &&
		       rdb_fail(r, "%s integrity check failed for key '%s': %s",
			       rdb_tag_title(key->tag), name.text,
			       r->codec.error == NULL ? "damaged" : r->codec.error);
	}
	if (load_is_over(l, key)) {
		l->report->expired++;
		value_release(&v);
		return true;
	}
	load_count(l, key, bulk_add(&l->bulk, key->name, &v, key->expiry_ms));
	return true;
}

static bool load_entry(struct rdb_reader *r, const struct rdb_key *key)
{
	struct loader *l = loader_of(r);
	if (UNLIKELY(l->options->key_delay_us != 0) && l->options->loading != NULL)
		loading_delay(l->options->loading, l->options->key_delay_us);
	if (!(key->tag == 0 ? load_string(r, key) : load_container(r, key)))
		return false;
	return LIKELY(!bulk_is_full(&l->bulk)) || load_flush(r);
}

static bool load_end(struct rdb_reader *r, bool has_checksum)
{
	if (!has_checksum && r->version >= RDB_VERSION_CRC)
		log_line(LOG_NOTICE,
			"RDB file was saved with checksum disabled: no check performed.");
	return load_flush(r);
}

static const struct rdb_visitor load_visitor = {
	.aux = load_aux,
	.function = load_function,
	.module_aux = load_module_aux,
	.select_db = load_select_db,
	.resize_db = load_resize_db,
	.entry = load_entry,
	.end = load_end,
	.progress = load_progress,
};

/* --- the whole ------------------------------------------------------------------------------ */

static enum rdb_load_status load_all(struct rdb_reader *r, const struct rdb_load_options *options,
	struct rdb_load_report *report)
{
	struct loader l = {.options = options, .report = report};
	l.now_ms = options->keyspace->now_ms;
	l.bulk.db = &options->keyspace->dbs[0];
	l.bulk.overwrites = options->overwrites;
	r->checksum = options->checksum;
	bool is_whole = rdb_read(r, &load_visitor, &l);
	bulk_drop(&l.bulk);
	report->version = r->version;
	report->bytes = rdb_offset(r);
	if (is_whole) {
		if (options->loading != NULL) {
			options->loading->last_keys = report->keys;
			options->loading->last_expired = report->expired;
		}
		log_line(LOG_NOTICE,
			"Done loading RDB, keys loaded: %llu, keys expired: %llu, empty keys "
			"skipped: %llu.",
			(unsigned long long)report->keys, (unsigned long long)report->expired,
			(unsigned long long)report->empty);
		return RDB_LOAD_OK;
	}
	if (r->is_stopped)
		return RDB_LOAD_STOPPED;
	report->error_at = r->error_at;
	memcpy(report->error, r->error, sizeof(report->error));
	return RDB_LOAD_BAD_FILE;
}

static void report_clear(struct rdb_load_report *report)
{
	*report = (struct rdb_load_report){.repl_db = -1, .repl_offset = -1};
}

enum rdb_load_status rdb_load_file(
	const char *path, const struct rdb_load_options *options, struct rdb_load_report *report)
{
	struct rdb_reader reader;
	int64_t size;
	report_clear(report);
	int fd = file_open_read(path, &size);
	if (fd == -ENOENT)
		return RDB_LOAD_NO_FILE;
	if (fd < 0) {
		snprintf(report->error, sizeof(report->error), "Can't open %s: %s", path,
			strerror(-fd));
		log_line(LOG_WARNING, "Fatal error: can't open the RDB file %s for reading: %s",
			path, strerror(-fd));
		return RDB_LOAD_BAD_FILE;
	}
	rdb_reader_init(&reader, fd, (uint64_t)size, bytes_of(NULL, 0));
	enum rdb_load_status status = load_all(&reader, options, report);
	if (status == RDB_LOAD_BAD_FILE)
		log_line(LOG_WARNING, "Internal error in RDB reading offset %llu -> %s (file %s)",
			(unsigned long long)reader.error_at, reader.error, path);
	rdb_reader_release(&reader);
	file_close(fd);
	return status;
}

enum rdb_load_status rdb_load_bytes(
	struct bytes bytes, const struct rdb_load_options *options, struct rdb_load_report *report)
{
	struct rdb_reader reader;
	report_clear(report);
	rdb_reader_init(&reader, -1, 0, bytes);
	enum rdb_load_status status = load_all(&reader, options, report);
	rdb_reader_release(&reader);
	return status;
}

bool rdb_file_has_magic(const char *path)
{
	char head[RDB_MAGIC_BYTES];
	int64_t size;
	int fd = file_open_read(path, &size);
	if (fd < 0)
		return false;
	ssize_t got = file_read(fd, head, sizeof(head));
	file_close(fd);
	return got == (ssize_t)sizeof(head) && memcmp(head, RDB_MAGIC, sizeof(head)) == 0;
}
