/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The contents of a snapshot, entry by entry: as commands for a log without a preamble, and the
 * beginnings of both formats. A large value is written whole here: commands have no counts that
 * would let pieces of others come between, but neither does anybody wait for them piece by piece.
 */
#include "base/num.h"
#include "persist/snapshot_internal.h"
#include "store/type_ops.h"

#include <stdio.h>

static void write_command(const struct bytes *argv, int argc, void *context)
{
	struct codec_writer *w = context;
	char head[NUM_I64_MAX_CHARS + 8];
	codec_write_raw(w, head, (size_t)snprintf(head, sizeof(head), "*%d\r\n", argc));
	for (int i = 0; i < argc; i++) {
		codec_write_raw(
			w, head, (size_t)snprintf(head, sizeof(head), "$%zu\r\n", argv[i].len));
		codec_write_raw(w, argv[i].ptr, argv[i].len);
		codec_write_raw(w, "\r\n", 2);
	}
}

void snapshot_write_commands(struct snapshot_stream *to, int db, const struct entry *e)
{
	struct codec_writer *w = &to->writer.codec;
	struct value v = entry_value(e);
	char digits[NUM_I64_MAX_CHARS];
	if (to->db != db) {
		const struct bytes select[] = {
			BYTES("SELECT"), bytes_of(digits, num_print_i64(digits, db))};
		write_command(select, 2, w);
		to->db = db;
	}
	type_ops_of(&v)->rewrite(entry_key(e), &v, write_command, w);
	if (!(e->flags & ENTRY_EXPIRY))
		return;
	const struct bytes expire[] = {BYTES("PEXPIREAT"), entry_key(e),
		bytes_of(digits, num_print_i64(digits, entry_expiry_ms(e)))};
	write_command(expire, 3, w);
}

static void write_library(void *to, struct bytes source)
{
	const struct bytes load[] = {BYTES("FUNCTION"), BYTES("LOAD"), source};
	write_command(load, 3, to);
}

static void snapshot_write_stamp(const struct snapshot *s, struct codec_writer *w)
{
	char line[NUM_I64_MAX_CHARS + 8];
	if (s->stamp_s > 0)
		codec_write_raw(w, line,
			(size_t)snprintf(
				line, sizeof(line), "#TS:%lld\r\n", (long long)s->stamp_s));
}

void snapshot_write_begin(struct snapshot *s, struct snapshot_stream *to)
{
	const struct keyspace *k = s->keyspace;
	const struct rdb_functions *f = s->functions;
	if (s->format == SNAPSHOT_COMMANDS) {
		snapshot_write_stamp(s, &to->writer.codec);
		if (f != NULL && f->each != NULL)
			f->each(write_library, &to->writer.codec, f->context);
		return;
	}
	struct rdb_header header = rdb_header_now(k, s->format == SNAPSHOT_RDB_BASE);
	rdb_write_header(&to->writer, &header);
	rdb_write_functions(&to->writer, f);
	/* All sizes come first: where a database is left and entered again they are not repeated.
	 */
	for (int i = 0; i < k->db_count; i++)
		if (db_size(&k->dbs[i]) > 0)
			rdb_write_db(&to->writer, i, db_size(&k->dbs[i]),
				dict_count(&k->dbs[i].expiring));
}
