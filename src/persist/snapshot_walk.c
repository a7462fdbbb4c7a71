/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The sliced walk. Entries are saved by whoever comes first: the walk, or the change that they are
 * about to undergo. Each goes to the end of the file; while a large value is being written piece by
 * piece, to `side`, which follows it.
 *
 * Large values have an image each (store/image.h), and wait in a queue once the walk or a change
 * met them; the walk goes on when the queue is empty. Databases that are emptied before they were
 * walked are taken over whole.
 *
 * Invariant: keys_done + large_count + (current) + entries not saved = keys_total.
 */
#include "persist/snapshot_internal.h"

#include "base/mem.h"
#include "io/loop.h"
#include "store/graveyard.h"
#include "store/image.h"

/* Parts of a large value between two looks at the clock. */
#define WALK_PARTS 64
/* Empty buckets passed between two looks. */
#define WALK_BUCKETS 16
/* Bytes on their way to the disk at which the walk waits. */
#define WALK_PENDING_MAX_BYTES (2 * OUTFILE_GROUP_BYTES)

/* --- where things go ------------------------------------------------------------------------ */

static void drain_to_file(struct rdb_writer *w)
{
	struct snapshot *s = w->context;
	outfile_give(s->file, &w->buf);
}

static struct snapshot_stream *where_to(struct snapshot *s)
{
	return s->current == NULL ? &s->main : &s->side;
}

static void stream_select(struct snapshot_stream *to, int db)
{
	if (to->db == db)
		return;
	codec_write_u8(&to->writer.codec, RDB_SELECT_DB);
	codec_write_length(&to->writer.codec, (uint64_t)db);
	to->db = db;
}

/* What gathered behind a large value follows it. */
static void stream_join(struct snapshot *s)
{
	struct buf *gathered = &s->side.writer.buf;
	if (gathered->len > 0) {
		codec_write_raw(&s->main.writer.codec, gathered->ptr, gathered->len);
		s->main.db = s->side.db;
	}
	buf_release(gathered);
	s->side.db = SNAPSHOT_NO_DB;
}

/* --- entries -------------------------------------------------------------------------------- */

static void large_frame(struct snapshot *s, struct snapshot_large *large, const struct entry *e)
{
	struct rdb_writer frame;
	rdb_writer_init(&frame, s->config->compress, false, NULL, NULL);
	frame.codec.flush = NULL;
	if (s->format == SNAPSHOT_COMMANDS) {
		snapshot_write_expiry(&frame.codec, e);
		large->tail = frame.buf;
	} else {
		rdb_write_entry_head(&frame, s->keyspace, e, large->image->tag);
		large->head = frame.buf;
	}
}

static bool save_large(struct snapshot *s, int db, const struct entry *e)
{
	struct value v = entry_value(e);
	struct image *im = s->format == SNAPSHOT_COMMANDS ? image_new_words(&v, entry_key(e))
							  : image_new(&v, s->config->compress);
	if (im == NULL)
		return false;
	struct snapshot_large *large = mem_calloc(1, sizeof(*large));
	large->image = im;
	large->db = db;
	large_frame(s, large, e);
	*(s->larges == NULL ? &s->larges : &s->larges_last->next) = large;
	s->larges_last = large;
	s->large_count++;
	return true;
}

static void save_entry(struct snapshot *s, int db, struct entry *e)
{
	struct snapshot_stream *to = where_to(s);
	entry_mark_saved(s->keyspace, e);
	if (save_large(s, db, e))
		return;
	if (s->format == SNAPSHOT_COMMANDS) {
		snapshot_write_commands(to, db, e);
	} else {
		stream_select(to, db);
		rdb_write_entry(&to->writer, s->keyspace, e);
	}
	s->keys_done++;
}

static void before_change(struct db *db, struct entry *e, void *context)
{
	save_entry(context, db->saved_id, e);
}

static void take_database(struct db *db, void *context)
{
	struct snapshot *s = context;
	if (db->is_walked || db_size(db) == 0)
		return;
	struct snapshot_orphan *o = mem_calloc(1, sizeof(*o));
	o->entries = db->entries;
	o->db = db->saved_id;
	o->cursor = db->walk_cursor;
	o->next = s->orphans;
	s->orphans = o;
	dict_init(&db->entries, o->entries.ops);
	db->is_walked = true;
}

/* --- the walk ------------------------------------------------------------------------------- */

struct visit {
	struct snapshot *s;
	int db;
	unsigned saved;
};

static void visit_entry(void *item, void *context)
{
	struct visit *v = context;
	if (entry_is_saved(v->s->keyspace, item))
		return;
	save_entry(v->s, v->db, item);
	v->saved++;
}

/* Some buckets of one dictionary; returns how many entries were saved. *cursor 0 = it is through.
 */
static unsigned walk_dict(struct snapshot *s, struct dict *d, int db, uint64_t *cursor)
{
	struct visit v = {.s = s, .db = db};
	for (int i = 0; i < WALK_BUCKETS && v.saved == 0; i++) {
		*cursor = dict_scan(d, *cursor, visit_entry, &v);
		if (*cursor == 0)
			break;
	}
	return v.saved;
}

static void orphan_end(struct snapshot *s)
{
	struct snapshot_orphan *o = s->orphans;
	s->orphans = o->next;
	grave_bury_dict(s->keyspace, &o->entries, true, true);
	dict_release(&o->entries);
	mem_free_sized(o, sizeof(*o));
}

/* The next of the databases that were not walked; NULL = none. (A swap may bring one to a place
 * that the walk has passed.) */
static struct db *next_db(struct snapshot *s)
{
	struct keyspace *k = s->keyspace;
	for (int i = 0; i < k->db_count; i++) {
		struct db *db = &k->dbs[(s->walk_db + i) % k->db_count];
		if (!db->is_walked) {
			s->walk_db = db->id;
			return db;
		}
	}
	return NULL;
}

/* Some keys; false: there are none any more. */
static bool walk_keys(struct snapshot *s, unsigned *saved)
{
	if (s->orphans != NULL) {
		struct snapshot_orphan *o = s->orphans;
		*saved = walk_dict(s, &o->entries, o->db, &o->cursor);
		if (o->cursor == 0)
			orphan_end(s);
		return true;
	}
	struct db *db = next_db(s);
	if (db == NULL)
		return false;
	*saved = walk_dict(s, &db->entries, db->saved_id, &db->walk_cursor);
	db->is_walked = db->walk_cursor == 0;
	return true;
}

/* --- large values --------------------------------------------------------------------------- */

static void large_free(struct snapshot *s, struct snapshot_large *large)
{
	struct value orphan;
	while (image_leave(large->image, &orphan))
		grave_bury_value(s->keyspace, &orphan, true);
	if (image_free(large->image, &orphan))
		grave_bury_value(s->keyspace, &orphan, true);
	buf_release(&large->head);
	buf_release(&large->tail);
	mem_free_sized(large, sizeof(*large));
	s->large_count--;
}

static void large_begin(struct snapshot *s)
{
	struct snapshot_large *large = s->larges;
	s->larges = large->next;
	if (s->format == SNAPSHOT_COMMANDS)
		snapshot_write_select(&s->main, large->db);
	else
		stream_select(&s->main, large->db);
	codec_write_raw(&s->main.writer.codec, large->head.ptr, large->head.len);
	s->current = large;
}

static void large_go_on(struct snapshot *s)
{
	struct snapshot_large *large = s->current;
	if (image_step(large->image, &s->main.writer.codec, WALK_PARTS))
		return;
	s->is_unsound |= !image_is_sound(large->image);
	codec_write_raw(&s->main.writer.codec, large->tail.ptr, large->tail.len);
	s->current = NULL;
	large_free(s, large);
	s->keys_done++;
	stream_join(s);
}

/* --- slices --------------------------------------------------------------------------------- */

/* rdb-key-save-delay, for tests and to go easy on a disk. */
static void walk_delay(struct snapshot *s, unsigned saved)
{
	int64_t delay = s->config->key_save_delay_us;
	if (saved == 0 || delay == 0)
		return;
	int64_t now = loop_now_us(s->loop);
	if (s->delay_until_us < now)
		s->delay_until_us = now;
	if (delay > 0) {
		s->delay_until_us += delay * saved;
		return;
	}
	s->delay_keys += saved;
	s->delay_until_us += s->delay_keys / -delay;
	s->delay_keys %= -delay;
}

bool snapshot_walk(struct snapshot *s, int64_t until_us)
{
	do {
		unsigned saved = 0;
		if (outfile_pending(s->file) > WALK_PENDING_MAX_BYTES)
			return false;
		if (s->current != NULL)
			large_go_on(s);
		else if (s->larges != NULL)
			large_begin(s);
		else if (!walk_keys(s, &saved))
			return true;
		walk_delay(s, saved);
		if (s->delay_until_us > until_us)
			return false;
	} while (loop_now_us(s->loop) < until_us);
	return false;
}

size_t snapshot_walk_extra(const struct snapshot *s)
{
	size_t bytes = s->main.writer.buf.cap + s->side.writer.buf.cap + outfile_pending(s->file);
	if (s->current != NULL)
		bytes += image_extra_bytes(s->current->image);
	for (const struct snapshot_large *l = s->larges; l != NULL; l = l->next)
		bytes += sizeof(*l) + l->head.cap + l->tail.cap + image_extra_bytes(l->image);
	return bytes;
}

void snapshot_walk_begin(struct snapshot *s)
{
	bool is_rdb = s->format != SNAPSHOT_COMMANDS;
	rdb_writer_init(&s->main.writer, s->config->compress, is_rdb && s->config->checksum,
		drain_to_file, s);
	rdb_writer_init(&s->side.writer, s->config->compress, false, NULL, NULL);
	/* What stands behind a large value waits in memory, whatever it is. */
	s->side.writer.codec.flush = NULL;
	s->main.db = s->side.db = SNAPSHOT_NO_DB;
	s->walk_db = 0;
	s->delay_until_us = s->rest_until_us = s->delay_keys = 0;
	s->sink = (struct preimage_sink){before_change, take_database, s};
	snapshot_write_begin(s, &s->main);
	preimage_begin(s->keyspace, &s->sink);
}

void snapshot_walk_end(struct snapshot *s, bool is_complete)
{
	if (s->current != NULL)
		large_free(s, s->current);
	s->current = NULL;
	while (s->larges != NULL) {
		struct snapshot_large *large = s->larges;
		s->larges = large->next;
		large_free(s, large);
	}
	/* Images are detached now: nothing needs to be handed over any more. */
	preimage_end(s->keyspace, is_complete);
	while (s->orphans != NULL)
		orphan_end(s);
	rdb_writer_release(&s->main.writer);
	rdb_writer_release(&s->side.writer);
}
