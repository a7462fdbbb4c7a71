/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The contents of a snapshot, entry by entry: as commands for a log without a preamble, and the
 * beginnings of both formats.
 */
#include "base/num.h"
#include "persist/snapshot_internal.h"
#include "store/type_ops.h"
#include "store/words.h"

#include <stdio.h>

void snapshot_write_select(struct snapshot_stream *to, int db)
{
	char digits[NUM_I64_MAX_CHARS];
	if (to->db == db)
		return;
	const struct bytes select[] = {
		BYTES("SELECT"), bytes_of(digits, num_print_i64(digits, db))};
	words_write(select, 2, &to->writer.codec);
	to->db = db;
}

void snapshot_write_expiry(struct codec_writer *w, const struct entry *e)
{
	char digits[NUM_I64_MAX_CHARS];
	if (!(e->flags & ENTRY_EXPIRY))
		return;
	const struct bytes expire[] = {BYTES("PEXPIREAT"), entry_key(e),
		bytes_of(digits, num_print_i64(digits, entry_expiry_ms(e)))};
	words_write(expire, 3, w);
}

void snapshot_write_commands(struct snapshot_stream *to, int db, const struct entry *e)
{
	struct codec_writer *w = &to->writer.codec;
	struct value v = entry_value(e);
	snapshot_write_select(to, db);
	type_ops_of(&v)->rewrite(entry_key(e), &v, words_write, w);
	snapshot_write_expiry(w, e);
}

static void write_library(void *to, struct bytes source)
{
	const struct bytes load[] = {BYTES("FUNCTION"), BYTES("LOAD"), source};
	words_write(load, 3, to);
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
