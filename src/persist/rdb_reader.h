/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The grammar of an RDB file, from a file or from memory: opcodes are taken apart, lengths checked,
 * the checksum compared, and what was found is handed to a visitor, who reads the bodies of values
 * himself through `codec`. The loader is one visitor, the check tool another.
 */
#ifndef RINGLET_PERSIST_RDB_READER_H
#define RINGLET_PERSIST_RDB_READER_H

#include "persist/load.h"

struct rdb_reader;

struct rdb_key {
	struct bytes name; /* valid during the call */
	int64_t expiry_ms; /* -1 = none */
	int64_t idle_s;    /* -1 = not said */
	int frequency;     /* -1 = not said */
	uint8_t tag;
};

/* All may be NULL (what they would be told is skipped) but `entry`. False ends the reading; the
 * visitor has said why by rdb_fail. */
struct rdb_visitor {
	bool (*header)(struct rdb_reader *r);
	bool (*aux)(struct rdb_reader *r, struct bytes name, struct bytes value);
	bool (*function)(struct rdb_reader *r, struct bytes source);
	bool (*module_aux)(struct rdb_reader *r, const char *module);
	bool (*select_db)(struct rdb_reader *r, uint64_t id);
	bool (*resize_db)(struct rdb_reader *r, uint64_t keys, uint64_t expires);
	/* A value of this tag follows, behind its key. */
	bool (*tag)(struct rdb_reader *r, uint8_t tag);
	/* Must read the body of the value. */
	bool (*entry)(struct rdb_reader *r, const struct rdb_key *key);
	/* The file is whole. `has_checksum`: it has one, and it is right or was not looked at. */
	bool (*end)(struct rdb_reader *r, bool has_checksum);
	/* Some more bytes have been taken in. */
	bool (*progress)(struct rdb_reader *r);
};

struct rdb_reader {
	struct codec_reader codec;
	const struct rdb_visitor *visitor;
	void *context;
	int fd;         /* -1 = from memory */
	uint64_t size;  /* of the file */
	uint64_t taken; /* bytes of it that have been in the buffer */
	char *buf;
	size_t cap;
	const char *crc_at; /* all before this is in `crc` */
	uint64_t crc;
	bool checksum;
	bool is_stopped; /* by `progress` */
	int version;
	const char *doing;  /* as redis-check-rdb names it */
	struct buf name;    /* the key's */
	struct buf scratch; /* strings that are not views */
	char error[RDB_ERROR_MAX_BYTES];
	uint64_t error_at;
};

/* Where the next byte stands in the file. */
static inline uint64_t rdb_offset(const struct rdb_reader *r)
{
	return r->taken - codec_left(&r->codec);
}
/* Why the reading ends; the first reason stays. Returns false. */
bool rdb_fail(struct rdb_reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Reads from `fd` (size bytes, at its beginning), or from `bytes` where fd is -1. */
void rdb_reader_init(struct rdb_reader *r, int fd, uint64_t size, struct bytes bytes);
void rdb_reader_release(struct rdb_reader *r);
/* Up to EOF and checksum; what follows is left alone. False: r->error and error_at, or is_stopped.
 */
bool rdb_read(struct rdb_reader *r, const struct rdb_visitor *visitor, void *context);

/* Reads a module's value (RDB_MODULE) without knowing the module. */
bool rdb_skip_module(struct rdb_reader *r);
/* "Hash listpack" and the like, as log lines name them; "Module" for modules' types, "Unknown". */
const char *rdb_tag_title(uint8_t tag);
/* The nine letters of a module's type id; `out` of 10 bytes. */
void rdb_module_name(uint64_t id, char *out);

#endif
