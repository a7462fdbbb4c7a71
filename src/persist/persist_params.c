/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The rows of snapshots and of the log, and the one parameter with a grammar of its own (save).
 */
#include "persist/persist_params.h"

#include "base/num.h"
#include "persist/persist.h"

#define SNAP(field) PARAM_FIELD(struct persist_config, snapshot.field)
#define RDB(field) PARAM_FIELD(struct persist_config, rdb.field)
#define AOF(field) PARAM_FIELD(struct persist_config, aof.field)
#define LOG(field) PARAM_FIELD(struct persist_config, log.field)

static const struct param_choice param_sanitize[] = {
	{"no", 0}, {"yes", 1}, {"clients", 2}, {NULL, 0}};
static const struct param_choice param_fsync[] = {{"everysec", LOG_FSYNC_EVERYSEC},
	{"always", LOG_FSYNC_ALWAYS}, {"no", LOG_FSYNC_NO}, {NULL, 0}};
static const struct param_choice param_direct[] = {
	{"auto", LOG_DIRECT_AUTO}, {"no", LOG_DIRECT_NO}, {NULL, 0}};
static const struct param_choice param_method[] = {
	{"sliced", SNAPSHOT_SLICED}, {"fork", SNAPSHOT_FORK}, {NULL, 0}};

/* --- save: pairs of seconds and changes; lines of a file add up --- */

#define SAVE_DEFAULT "3600 1 300 100 60 10000"

static bool save_set(const struct param_row *row, void *owner, const struct bytes *argv, int argc,
	struct param_error *error)
{
	struct persist_config *config = owner;
	struct save_point points[PERSIST_SAVE_POINTS_MAX];
	(void)row;
	if (argc == 1 && argv[0].len == 0)
		argc = 0;
	if (argc % 2 != 0 || argc / 2 > PERSIST_SAVE_POINTS_MAX)
		return param_fail(error, "Invalid save parameters");
	for (int i = 0; i < argc; i += 2) {
		struct save_point *p = &points[i / 2];
		if (!num_parse_i64(argv[i], &p->seconds) ||
			!num_parse_i64(argv[i + 1], &p->changes) || p->seconds < 1 ||
			p->changes < 0)
			return param_fail(error, "Invalid save parameters");
	}
	memcpy(config->rdb.save, points, (size_t)argc / 2 * sizeof(points[0]));
	config->rdb.save_count = argc / 2;
	return true;
}

static void save_get(const struct param_row *row, const void *owner, struct buf *out)
{
	const struct persist_config *config = owner;
	(void)row;
	for (int i = 0; i < config->rdb.save_count; i++)
		buf_printf(out, "%s%lld %lld", i == 0 ? "" : " ",
			(long long)config->rdb.save[i].seconds,
			(long long)config->rdb.save[i].changes);
}

static void save_rewrite(const struct param_row *row, const void *owner, struct buf *lines)
{
	const struct persist_config *config = owner;
	if (config->rdb.save_count == 0)
		buf_printf(lines, "%s \"\"\n", row->name);
	for (int i = 0; i < config->rdb.save_count; i++)
		buf_printf(lines, "%s %lld %lld\n", row->name,
			(long long)config->rdb.save[i].seconds,
			(long long)config->rdb.save[i].changes);
}

static const struct param_special save = {
	.set = save_set,
	.get = save_get,
	.rewrite = save_rewrite,
};

/* --- checks --- */

static bool check_name(struct bytes text, struct param_error *error, const char *what)
{
	if (text.len > 0 && memchr(text.ptr, '/', text.len) == NULL)
		return true;
	if (text.len == 0)
		return param_fail(error, "%s can't be empty", what);
	return param_fail(error, "%s can't be a path, just a %sname", what,
		strcmp(what, "appenddirname") == 0 ? "dir" : "file");
}

static bool check_dbfilename(struct bytes text, struct param_error *error)
{
	return check_name(text, error, "dbfilename");
}

static bool check_appendfilename(struct bytes text, struct param_error *error)
{
	return check_name(text, error, "appendfilename");
}

static bool check_appenddirname(struct bytes text, struct param_error *error)
{
	return check_name(text, error, "appenddirname");
}

/* --- changes at run time --- */

static bool apply_appendonly(void *owner, void *context, struct param_error *error)
{
	(void)owner;
	return persist_apply_appendonly(context) ||
	       param_fail(error, "Unable to turn on AOF. Check server logs.");
}

static bool apply_any(void *owner, void *context, struct param_error *error)
{
	(void)owner;
	(void)error;
	persist_apply(context);
	return true;
}

const struct param_row persist_params[] = {
	{.type = PARAM_SECTION,
		.name = "SNAPSHOTS",
		.help = "Point-in-time files of the whole data set."},
	{"save", PARAM_SPECIAL, 0, SAVE_DEFAULT, .flags = PARAM_MULTI_ARG | PARAM_ADDS_UP,
		.special = &save, .apply = apply_any,
		.help = "Save after so many seconds if there were at least so many changes; "
			"several pairs may follow "
			"each other or stand in lines of their own. save \"\" never saves."},
	{"dbfilename", PARAM_STRING, RDB(filename), "dump.rdb", .flags = PARAM_PROTECTED,
		.check = check_dbfilename, .help = "Name of the snapshot in dir."},
	{"rdbcompression", PARAM_BOOL, SNAP(compress), "yes", .help = "Compress strings with LZF."},
	{"rdbchecksum", PARAM_BOOL, SNAP(checksum), "yes", .flags = PARAM_IMMUTABLE,
		.help = "Close the file with a CRC-64."},
	{"sanitize-dump-payload", PARAM_ENUM, RDB(sanitize), "no", .choices = param_sanitize,
		.flags = PARAM_DENY_LOADING,
		.help = "Check payloads deeply. This server always does, whatever this says."},
	{"stop-writes-on-bgsave-error", PARAM_BOOL, RDB(stop_writes_on_error), "yes",
		.apply = apply_any,
		.help = "Refuse writes while the last save failed, so that somebody notices."},
	{"rdb-del-sync-files", PARAM_BOOL, RDB(del_sync_files), "no",
		.help = "Delete snapshots that only served a replication."},
	{"rdb-save-incremental-fsync", PARAM_BOOL, SNAP(rdb_incremental_fsync), "yes",
		.help = "Sync the file every few megabytes while SAVE or a child writes it. Sliced "
			"snapshots always do, off the loop."},
	{"snapshot-method", PARAM_ENUM, SNAP(method), "sliced", .choices = param_method,
		.help = "How snapshots are made: sliced, by the server itself in the time that "
			"clients leave; fork, by a child process on another core, which costs "
			"memory "
			"for every page that changes meanwhile."},
	{"snapshot-budget-us", PARAM_INT, SNAP(budget_us), "30", .min = 10, .max = 1000000,
		.help = "sliced: the longest that clients wait for the snapshot's sake, in "
			"microseconds; time that nobody needs is used freely."},
	{"rdb-key-save-delay", PARAM_INT, SNAP(key_save_delay_us), "0", .flags = PARAM_HIDDEN,
		.min = INT_MIN, .max = INT_MAX, .help = ""},
	{"key-load-delay", PARAM_INT, RDB(key_load_delay_us), "0", .flags = PARAM_HIDDEN,
		.min = INT_MIN, .max = INT_MAX, .help = ""},
	{"loading-process-events-interval-bytes", PARAM_INT, RDB(loading_interval_bytes), "2097152",
		.flags = PARAM_HIDDEN, .min = 1024, .max = INT_MAX, .help = ""},
	{.type = PARAM_SECTION, .name = "APPEND-ONLY FILE", .help = "A log of every change."},
	{"appendonly", PARAM_BOOL, AOF(enabled), "no", .flags = PARAM_DENY_LOADING,
		.apply = apply_appendonly, .help = "Write the log."},
	{"appendfilename", PARAM_STRING, AOF(filename), "appendonly.aof", .flags = PARAM_IMMUTABLE,
		.check = check_appendfilename, .help = "First part of the log's file names."},
	{"appenddirname", PARAM_STRING, AOF(dirname), "appendonlydir", .flags = PARAM_IMMUTABLE,
		.check = check_appenddirname, .help = "Directory of the log's files, inside dir."},
	{"appendfsync", PARAM_ENUM, LOG(fsync), "everysec", .choices = param_fsync,
		.apply = apply_any,
		.help = "When the log reaches the disk: always (before the reply), everysec, no "
			"(when the system likes). While it can't be written, as on a full disk, "
			"writes answer MISCONF and reads go on; under always those of what is not "
			"on the disk answer MISCONF as well, unless a connection says CLIENT "
			"DURABILITY written."},
	{"no-appendfsync-on-rewrite", PARAM_BOOL, LOG(no_fsync_on_rewrite), "no",
		.apply = apply_any,
		.help = "Don't sync the log under everysec while it is rewritten or a snapshot "
			"saved: the disk is the snapshot's. always keeps its promise."},
	{"auto-aof-rewrite-percentage", PARAM_INT, AOF(rewrite_percent), "100", .max = INT_MAX,
		.help = "Rewrite the log when it has grown by so many percent since the last time; "
			"0 never does."},
	{"auto-aof-rewrite-min-size", PARAM_MEMORY, AOF(rewrite_min_bytes), "64mb",
		.help = "… but not below this size."},
	{"aof-load-truncated", PARAM_BOOL, AOF(load_truncated), "yes",
		.help = "Start from a log whose end is cut off, as a crash leaves it."},
	{"aof-use-rdb-preamble", PARAM_BOOL, AOF(use_preamble), "yes",
		.help = "Rewritten logs begin with a snapshot."},
	{"aof-timestamp-enabled", PARAM_BOOL, LOG(timestamps), "no",
		.help = "Note the time in the log, for recovery to a point in time."},
	{"aof-checksum", PARAM_BOOL, LOG(frames), "yes",
		.help = "Close each group of commands in the log with a line that proves it "
			"(length, time, checksum). Redis skips these lines. Without them a damaged "
			"middle of the log is loaded as far as it can be read. A change counts "
			"from the next file of the log on; BGREWRITEAOF begins one."},
	{"aof-direct-io", PARAM_ENUM, LOG(direct_io), "auto", .choices = param_direct,
		.help = "auto: under appendfsync always the log bypasses the page cache (O_DIRECT, "
			"RWF_DSYNC) on file systems that are known to honour that (ext4, xfs): "
			"cheaper commits. INFO says which aof_commit_method it is. no counts at "
			"once, auto from the next file of the log on."},
	{"aof-rewrite-incremental-fsync", PARAM_BOOL, SNAP(aof_incremental_fsync), "yes",
		.help = "Sync every few megabytes while a child rewrites. Sliced rewrites always "
			"do, off the loop."},
	{"aof-disable-auto-gc", PARAM_BOOL, AOF(disable_auto_gc), "no", .flags = PARAM_HIDDEN,
		.apply = apply_any, .help = ""},
	{0},
};
