/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The writer of RDB files. The checksum is taken when bytes are drained, a quarter of a megabyte
 * at a time, which is how carry-less multiplication is fast.
 */
#include "persist/rdb.h"

#include "base/crc.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/version.h"
#include "store/evict.h"
#include "store/type_ops.h"

#include <stdio.h>

static void rdb_on_flush(struct codec_writer *codec)
{
	rdb_flush(codec->context);
}

void rdb_writer_init(struct rdb_writer *w, bool compress, bool checksum,
	void (*drain)(struct rdb_writer *w), void *context)
{
	*w = (struct rdb_writer){.checksum = checksum, .drain = drain, .context = context};
	w->codec = (struct codec_writer){
		.out = &w->buf,
		.compress = compress,
		.flush = rdb_on_flush,
		.flush_at = RDB_DRAIN_BYTES,
		.context = w,
	};
}

void rdb_writer_release(struct rdb_writer *w)
{
	buf_release(&w->buf);
}

void rdb_flush(struct rdb_writer *w)
{
	if (w->buf.len == 0)
		return;
	if (w->checksum)
		w->crc = crc64_update(w->crc, w->buf.ptr, w->buf.len);
	w->drained += w->buf.len;
	w->drain(w);
}

int rdb_version_for(const struct keyspace *k)
{
	for (int i = 0; i < k->db_count; i++)
		if (dict_count(&k->dbs[i].decaying) != 0)
			return RDB_VERSION_PARTS;
	return RDB_VERSION;
}

struct rdb_header rdb_header_now(const struct keyspace *k, bool is_aof_base)
{
	return (struct rdb_header){
		.version = rdb_version_for(k),
		.is_aof_base = is_aof_base,
		.ctime_s = k->now_ms / 1000,
		.used_bytes = mem_used_bytes(),
	};
}

void rdb_write_aux(struct rdb_writer *w, const char *name, struct bytes value)
{
	codec_write_u8(&w->codec, RDB_AUX);
	codec_write_string(&w->codec, bytes_text(name));
	codec_write_string(&w->codec, value);
}

static void rdb_write_aux_i64(struct rdb_writer *w, const char *name, int64_t value)
{
	codec_write_u8(&w->codec, RDB_AUX);
	codec_write_string(&w->codec, bytes_text(name));
	codec_write_string_i64(&w->codec, value);
}

void rdb_write_header(struct rdb_writer *w, const struct rdb_header *h)
{
	char magic[RDB_HEADER_BYTES + 1];
	snprintf(magic, sizeof(magic), RDB_MAGIC "%04u", (unsigned)h->version % 10000u);
	codec_write_raw(&w->codec, magic, RDB_HEADER_BYTES);
	rdb_write_aux(w, "redis-ver", BYTES(REDIS_VERSION));
	rdb_write_aux_i64(w, "redis-bits", 8 * (int64_t)sizeof(void *));
	rdb_write_aux_i64(w, "ctime", h->ctime_s);
	rdb_write_aux_i64(w, "used-mem", (int64_t)h->used_bytes);
	if (h->repl_id != NULL) {
		rdb_write_aux_i64(w, "repl-stream-db", h->repl_db);
		rdb_write_aux(w, "repl-id", bytes_text(h->repl_id));
		rdb_write_aux_i64(w, "repl-offset", h->repl_offset);
	}
	rdb_write_aux_i64(w, "aof-base", h->is_aof_base);
}

void rdb_write_function(struct rdb_writer *w, struct bytes source)
{
	codec_write_u8(&w->codec, RDB_FUNCTION);
	codec_write_string(&w->codec, source);
}

static void rdb_write_function_to(void *to, struct bytes source)
{
	rdb_write_function(to, source);
}

void rdb_write_functions(struct rdb_writer *w, const struct rdb_functions *functions)
{
	if (functions != NULL && functions->each != NULL)
		functions->each(rdb_write_function_to, w, functions->context);
}

void rdb_write_db(struct rdb_writer *w, int id, uint64_t keys, uint64_t expires)
{
	codec_write_u8(&w->codec, RDB_SELECT_DB);
	codec_write_length(&w->codec, (uint64_t)id);
	codec_write_u8(&w->codec, RDB_RESIZE_DB);
	codec_write_length(&w->codec, keys);
	codec_write_length(&w->codec, expires);
}

/* Idle times and frequencies are worth keeping only under a policy that looks at them. */
static void rdb_write_access(struct rdb_writer *w, const struct keyspace *k, const struct entry *e)
{
	int policy = k->config.policy;
	if (policy_is_lfu(policy)) {
		codec_write_u8(&w->codec, RDB_FREQ);
		codec_write_u8(&w->codec, (uint8_t)lfu_frequency(k, e));
	} else if (policy == POLICY_VOLATILE_LRU || policy == POLICY_ALLKEYS_LRU) {
		codec_write_u8(&w->codec, RDB_IDLE);
		codec_write_length(&w->codec, lru_idle_seconds(k, e));
	}
}

void rdb_write_entry_head(
	struct rdb_writer *w, const struct keyspace *k, const struct entry *e, uint8_t tag)
{
	if (e->flags & ENTRY_EXPIRY) {
		codec_write_u8(&w->codec, RDB_EXPIRE_MS);
		codec_write_u64_le(&w->codec, (uint64_t)entry_expiry_ms(e));
	}
	if (k->config.policy != POLICY_NOEVICTION)
		rdb_write_access(w, k, e);
	codec_write_u8(&w->codec, tag);
	codec_write_string(&w->codec, entry_key(e));
}

void rdb_write_entry(struct rdb_writer *w, const struct keyspace *k, const struct entry *e)
{
	struct value v = entry_value(e);
	const struct type_ops *ops = type_ops_of(&v);
	rdb_write_entry_head(w, k, e, ops->tag(&v));
	ops->encode(&v, &w->codec);
}

void rdb_write_end(struct rdb_writer *w)
{
	codec_write_u8(&w->codec, RDB_EOF);
	rdb_flush(w);
	codec_write_u64_le(&w->codec, w->checksum ? w->crc : 0);
	rdb_flush(w);
}
