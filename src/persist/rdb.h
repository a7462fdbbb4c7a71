/* SPDX-License-Identifier: BSD-3-Clause
 *
 * RDB files: the opcodes, and the writer that snapshot, SAVE and a forked child share.
 *
 * A file is "REDIS" and four digits of version, aux fields, functions, then for each database
 * its number, its sizes and its entries, and at last EOF with a CRC-64 of all before it. The
 * writer gathers bytes and hands them to a drain; it knows nothing of files. Bodies of values are
 * the types' own (store/type_ops.h). Reading: persist/load.h.
 */
#ifndef RINGLET_PERSIST_RDB_H
#define RINGLET_PERSIST_RDB_H

#include "base/codec.h"
#include "store/keyspace.h"

#define RDB_MAGIC "REDIS"
#define RDB_MAGIC_BYTES 5
#define RDB_HEADER_BYTES 9
#define RDB_VERSION 11       /* Redis 7.2 */
#define RDB_VERSION_PARTS 12 /* Redis 7.4: fields of hashes may expire */
#define RDB_VERSION_MIN 1
#define RDB_VERSION_MAX 12
#define RDB_VERSION_CRC 5 /* from here on files end with a CRC-64 */
/* Tags of values that this server never has; all others are their types'. */
#define RDB_MODULE_OLD 6
#define RDB_MODULE 7
#define RDB_DRAIN_BYTES ((size_t)256 << 10)

enum rdb_opcode {
	RDB_SLOT_INFO = 244,    /* slot, keys in it, of these with an expiry: three lengths */
	RDB_FUNCTION = 245,     /* source of a library: a string */
	RDB_FUNCTION_OLD = 246, /* of release candidates of 7.0 */
	RDB_MODULE_AUX = 247,
	RDB_IDLE = 248,      /* seconds: a length; of the next key */
	RDB_FREQ = 249,      /* LFU counter: a byte; of the next key */
	RDB_AUX = 250,       /* name and value: strings */
	RDB_RESIZE_DB = 251, /* keys, expiries: lengths */
	RDB_EXPIRE_MS = 252, /* eight bytes, little endian */
	RDB_EXPIRE_S = 253,  /* four */
	RDB_SELECT_DB = 254, /* a length */
	RDB_EOF = 255,
};

struct rdb_writer {
	struct codec_writer codec; /* appends to `buf`; bodies of values are written through it */
	struct buf buf;            /* what no drain has seen yet */
	uint64_t crc;              /* of what was drained */
	uint64_t drained;          /* bytes */
	bool checksum;
	/* Takes the bytes of w->buf, all of them, and leaves it empty: w->buf.len = 0, or another
	 * buffer in its place. Called when about RDB_DRAIN_BYTES are there, also in the middle of
	 * a value, and by rdb_write_end. */
	void (*drain)(struct rdb_writer *w);
	void *context;
};

/* `w` must not move until rdb_writer_release. compress and checksum as configured. */
void rdb_writer_init(struct rdb_writer *w, bool compress, bool checksum,
	void (*drain)(struct rdb_writer *w), void *context);
void rdb_writer_release(struct rdb_writer *w);
/* Bytes written so far, drained or not. */
static inline uint64_t rdb_written(const struct rdb_writer *w)
{
	return w->drained + w->buf.len;
}

struct rdb_header {
	int version;      /* rdb_version_for */
	bool is_aof_base; /* the base of a log: expired keys are kept when it is read */
	int64_t ctime_s;
	size_t used_bytes;
	/* Where replication stood; repl_id NULL = nothing is said. */
	const char *repl_id;
	int repl_db;
	int64_t repl_offset;
};
/* 11, or 12 where fields of hashes expire. */
int rdb_version_for(const struct keyspace *k);
/* Header with everything as it is now, without replication. */
struct rdb_header rdb_header_now(const struct keyspace *k, bool is_aof_base);
void rdb_write_header(struct rdb_writer *w, const struct rdb_header *h);
void rdb_write_aux(struct rdb_writer *w, const char *name, struct bytes value);
void rdb_write_function(struct rdb_writer *w, struct bytes source);
/* What follows belongs to this database, which has so many keys. */
void rdb_write_db(struct rdb_writer *w, int id, uint64_t keys, uint64_t expires);
/* Expiry, access time, type and name: everything of an entry but its body, which the caller writes
 * through w->codec in the form of `tag`. */
void rdb_write_entry_head(
	struct rdb_writer *w, const struct keyspace *k, const struct entry *e, uint8_t tag);
/* The same and the body. */
void rdb_write_entry(struct rdb_writer *w, const struct keyspace *k, const struct entry *e);
/* EOF and checksum; drains the rest. */
void rdb_write_end(struct rdb_writer *w);
/* Drains what is there. */
void rdb_flush(struct rdb_writer *w);

/* What script/ hands in, so that libraries of functions are saved and loaded with the data. */
struct rdb_functions {
	/* Calls `write` with the source of each library. */
	void (*each)(void (*write)(void *to, struct bytes source), void *to, void *context);
	/* Makes a library; false: `error` says why. `replace`: one of the same name may be there
	 * (else that is an error). */
	bool (*load)(
		struct bytes source, bool replace, char *error, size_t error_size, void *context);
	/* Forgets all libraries, before a load that replaces everything. May be NULL. */
	void (*clear)(void *context);
	void *context;
};
void rdb_write_functions(struct rdb_writer *w, const struct rdb_functions *functions);

#endif
