/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The blocking save. Dirty pages are pushed out every few megabytes, so that the fsync at the end
 * finds little left to do. The first error sticks: what comes behind it is not written.
 */
#include "persist/rdb_save.h"

#include "base/log.h"
#include "ds/dict_iter.h"
#include "io/child.h"
#include "io/file.h"

#include <errno.h>
#include <unistd.h>

void rdb_save_drain(struct rdb_writer *w)
{
	struct rdb_save_target *t = w->context;
	if (t->error == 0)
		t->error = file_write(t->fd, w->buf.ptr, w->buf.len);
	buf_clear(&w->buf);
	if (t->error != 0 || !t->syncs || w->drained - t->synced_at < RDB_SAVE_SYNC_BYTES)
		return;
	t->synced_at = w->drained;
	t->error = file_sync(t->fd);
}

static void save_db(struct rdb_writer *w, const struct db *db,
	const struct rdb_save_options *options, uint64_t *keys)
{
	const struct keyspace *k = options->keyspace;
	struct dict_iter it;
	const void *e;
	rdb_write_db(w, db->id, db_size(db), dict_count(&db->expiring));
	dict_iter_init(&it, &db->entries);
	while ((e = dict_iter_next(&it)) != NULL) {
		if (options->on_key != NULL)
			options->on_key(options->context, *keys);
		rdb_write_entry(w, k, e);
		(*keys)++;
	}
}

void rdb_save_pause(int delay_us, uint64_t keys)
{
	if (delay_us > 0 || (delay_us < 0 && keys % (uint64_t) - (int64_t)delay_us == 0))
		child_sleep_us(delay_us > 0 ? delay_us : 1);
}

void rdb_save_to(struct rdb_writer *w, const struct rdb_save_options *options)
{
	const struct keyspace *k = options->keyspace;
	struct rdb_header header = rdb_header_now(k, options->is_aof_base);
	uint64_t keys = 0;
	rdb_write_header(w, &header);
	rdb_write_functions(w, options->functions);
	for (int i = 0; i < k->db_count; i++)
		if (db_size(&k->dbs[i]) != 0)
			save_db(w, &k->dbs[i], options, &keys);
	rdb_write_end(w);
}

static int save_write(int fd, const struct rdb_save_options *options, uint64_t *bytes)
{
	struct rdb_save_target target = {.fd = fd, .syncs = options->incremental_fsync};
	struct rdb_writer w;
	rdb_writer_init(&w, options->compress, options->checksum, rdb_save_drain, &target);
	rdb_save_to(&w, options);
	if (bytes != NULL)
		*bytes = rdb_written(&w);
	rdb_writer_release(&w);
	return target.error != 0 ? target.error : file_sync(fd);
}

int rdb_save_file(const char *temp_path, const char *path, const struct rdb_save_options *options,
	uint64_t *bytes)
{
	int fd = file_create(temp_path);
	if (fd < 0) {
		log_line(LOG_WARNING, "Failed opening the temp RDB file %s for saving: %s",
			temp_path, strerror(-fd));
		return fd;
	}
	int error = save_write(fd, options, bytes);
	int closed = file_close(fd);
	if (error == 0)
		error = closed;
	if (error == 0)
		error = file_rename_synced(temp_path, path);
	if (error != 0) {
		log_line(LOG_WARNING, "Write error while saving DB to the disk(%s): %s", path,
			strerror(-error));
		unlink(temp_path);
		return error;
	}
	log_line(LOG_NOTICE, "DB saved on disk");
	return 0;
}
