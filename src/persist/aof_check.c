/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The tool works on one file, or on a manifest and the files it names. Only the last file may be
 * cut: what follows a cut would no longer fit.
 *
 * It must not need a server, nor execute anything.
 */
#include "persist/aof_check.h"

#include "base/mem.h"
#include "base/num.h"
#include "io/file.h"
#include "persist/aof_reader.h"
#include "persist/aof_scan.h"
#include "persist/frame.h"
#include "persist/load.h"
#include "persist/manifest.h"
#include "persist/rdb_check.h"

#include <errno.h>

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHECK_MANIFEST_MAX_BYTES (64 << 20)
#define CHECK_PATH_MAX_BYTES (2 * PATH_MAX)

struct check {
	bool fixes;
	bool cuts_by_time;
	int64_t until_s;
};

enum check_result { CHECK_VALID, CHECK_EMPTY, CHECK_CUT, CHECK_CUT_BY_TIME, CHECK_BAD };

struct check_file {
	const struct check *check;
	const char *path, *name;
	bool is_last;
	int fd;
	uint64_t size, begin; /* begin: behind a preamble */
	int64_t made_s;       /* when the preamble was; 0 = not said */
};

/* --- by time ---------------------------------------------------------------------------------- */

/* The moment that an annotation tells of, in seconds; -1 = none. A frame's is that of the write;
 * that of the line that opens a file is when the file was begun: all in it is younger. */
static int64_t note_time_s(struct bytes line)
{
	struct frame f;
	size_t covered;
	int64_t at;
	if (frame_parse(line, &f, &covered))
		return f.time_ms / 1000;
	if (line.len < 6 || memcmp(line.ptr, "#TS:", 4) != 0)
		return -1;
	struct bytes digits = bytes_of(line.ptr + 4, line.len - 5);
	if (digits.len > 0 && digits.ptr[digits.len - 1] == '\r')
		digits.len--;
	return num_parse_i64(digits, &at) ? at : -1;
}

/* Where what is younger begins; the file's end where nothing is, 0 where nothing is older: lines
 * that only open a file are no content. */
static uint64_t check_find_time(const struct check_file *f)
{
	struct aof_reader r;
	struct frame frame;
	size_t covered;
	uint64_t at = f->size, content = f->begin > 0 ? 0 : f->size;
	bool is_found = false;
	aof_reader_init(&r, f->fd, f->begin, f->size);
	while (!is_found) {
		enum aof_item item = aof_reader_next(&r);
		if (item != AOF_REQUEST && item != AOF_NOTE)
			break;
		is_found = item == AOF_NOTE && note_time_s(r.raw) > f->check->until_s;
		if (item == AOF_REQUEST && content == f->size)
			content = r.at - r.raw.len;
	}
	if (is_found) {
		at = r.at - r.raw.len;
		if (frame_parse(r.raw, &frame, &covered) && frame.length <= at)
			at -= frame.length;
	}
	aof_reader_release(&r);
	return is_found && content >= at ? 0 : at;
}

/* What lies before `at` is whole. */
static enum check_result check_by_time(const struct check_file *f, uint64_t at)
{
	long long until = f->check->until_s;
	if (at == f->size) {
		printf("Truncate nothing in AOF %s to timestamp %lld\n", f->name, until);
		return CHECK_VALID;
	}
	if (at == 0) {
		printf("AOF %s has nothing before timestamp %lld, aborting...\n", f->name, until);
		return CHECK_BAD;
	}
	if (!f->is_last) {
		printf("Failed to truncate AOF %s to timestamp %lld to offset %llu because it is "
		       "not the last file.\n",
			f->name, until, (unsigned long long)at);
		printf("If you insist, please delete all files after this file according to the "
		       "manifest file and delete the corresponding records in manifest file "
		       "manually. Then re-run redis-check-aof.\n");
		return CHECK_BAD;
	}
	if (ftruncate(f->fd, (off_t)at) != 0 || fsync(f->fd) != 0) {
		printf("Failed to truncate AOF %s to timestamp %lld\n", f->name, until);
		return CHECK_BAD;
	}
	return CHECK_CUT_BY_TIME;
}

/* --- one file --------------------------------------------------------------------------------- */

static bool check_asks(void)
{
	char answer[16];
	printf("Continue? [y/N]: ");
	fflush(stdout);
	return fgets(answer, sizeof(answer), stdin) != NULL && ascii_lower(answer[0]) == 'y';
}

static enum check_result check_cut(const struct check_file *f, uint64_t good)
{
	unsigned long long size = f->size, diff = f->size - good;
	if (!f->is_last) {
		printf("Failed to truncate AOF %s because it is not the last file\n", f->name);
		return CHECK_BAD;
	}
	printf("This will shrink the AOF %s from %llu bytes, with %llu bytes, to %llu bytes\n",
		f->name, size, diff, (unsigned long long)good);
	if (!check_asks()) {
		printf("Aborting...\n");
		return CHECK_BAD;
	}
	if (ftruncate(f->fd, (off_t)good) != 0 || fsync(f->fd) != 0) {
		printf("Failed to truncate AOF %s\n", f->name);
		return CHECK_BAD;
	}
	return CHECK_CUT;
}

static void check_print_reason(const struct check_file *f, const struct aof_scan *scan)
{
	switch (scan->verdict) {
	case AOF_WHOLE:
		if (scan->good < f->size)
			printf("AOF %s has %llu bytes of room written ahead\n", f->name,
				(unsigned long long)(f->size - scan->good));
		break;
	case AOF_DAMAGED:
		printf("0x%16llx: %s\n", (unsigned long long)scan->bad_at, scan->reason);
		printf("AOF %s format error\n", f->name);
		break;
	case AOF_UNREADABLE:
		printf("Error reading AOF %s: %s\n", f->name, strerror(scan->error));
		break;
	default:
		printf("0x%16llx: Reached EOF before reading all of a request, of a transaction or "
		       "of a frame\n",
			(unsigned long long)scan->good);
		break;
	}
}

static enum check_result check_items(const struct check_file *f)
{
	struct aof_scan scan;
	aof_scan(
		&(struct aof_scan_request){.fd = f->fd, .begin = f->begin, .size = f->size}, &scan);
	if (f->check->cuts_by_time) {
		uint64_t at = f->made_s > f->check->until_s ? 0 : check_find_time(f);
		if (scan.verdict == AOF_WHOLE || scan.good >= at)
			return check_by_time(f, at);
	}
	check_print_reason(f, &scan);
	printf("AOF analyzed: filename=%s, size=%llu, ok_up_to=%llu, ok_up_to_line=%llu, "
	       "diff=%llu\n",
		f->name, (unsigned long long)f->size, (unsigned long long)scan.good,
		(unsigned long long)scan.lines + 1, (unsigned long long)(f->size - scan.good));
	if (scan.verdict == AOF_WHOLE)
		return CHECK_VALID;
	if (f->check->fixes && scan.verdict != AOF_UNREADABLE)
		return check_cut(f, scan.good);
	printf("AOF %s is not valid. Use the --fix option to try fixing it.\n", f->name);
	return CHECK_BAD;
}

static bool check_preamble(struct check_file *f)
{
	struct rdb_checked found;
	if (!rdb_file_has_magic(f->path))
		return true;
	printf("The AOF appears to start with an RDB preamble.\n"
	       "Checking the RDB preamble to start:\n");
	if (!rdb_check_file(f->path, &found)) {
		printf("RDB preamble of AOF file is not sane, aborting.\n");
		return false;
	}
	f->begin = found.bytes;
	f->made_s = found.made_s;
	printf("RDB preamble is OK, proceeding with AOF tail...\n");
	return true;
}

static enum check_result check_one(struct check_file *f)
{
	struct stat st;
	f->fd = open(f->path, f->check->fixes || f->check->cuts_by_time ? O_RDWR : O_RDONLY);
	if (f->fd < 0 || fstat(f->fd, &st) != 0) {
		printf("Cannot open file %s: %s\n", f->path, strerror(errno));
		if (f->fd >= 0)
			close(f->fd);
		return CHECK_BAD;
	}
	f->size = (uint64_t)st.st_size;
	enum check_result result = CHECK_EMPTY;
	if (f->size > 0)
		result = check_preamble(f) ? check_items(f) : CHECK_BAD;
	close(f->fd);
	return result;
}

static void check_print_result(
	const struct check_file *f, const char *kind, enum check_result result)
{
	switch (result) {
	case CHECK_VALID:
		printf("%sAOF %s is valid\n", kind, f->name);
		break;
	case CHECK_EMPTY:
		printf("%sAOF %s is empty\n", kind, f->name);
		break;
	case CHECK_CUT:
		printf("Successfully truncated AOF %s\n", f->name);
		break;
	case CHECK_CUT_BY_TIME:
		printf("Successfully truncated AOF %s to timestamp %lld\n", f->name,
			(long long)f->check->until_s);
		break;
	case CHECK_BAD:
		break;
	}
}

/* --- the manifest ----------------------------------------------------------------------------- */

static bool check_member(
	const struct check *check, const char *manifest, const char *name, bool is_last)
{
	char path[CHECK_PATH_MAX_BYTES];
	const char *slash = strrchr(manifest, '/');
	int directory = slash == NULL ? 0 : (int)(slash + 1 - manifest);
	snprintf(path, sizeof(path), "%.*s%s", directory, manifest, name);
	struct check_file f = {.check = check, .path = path, .name = name, .is_last = is_last};
	enum check_result result = check_one(&f);
	check_print_result(&f, strstr(name, ".incr.") != NULL ? "INCR " : "BASE ", result);
	return result != CHECK_BAD;
}

static bool check_manifest(const struct check *check, const char *path, struct bytes text)
{
	struct manifest m;
	struct manifest_error error;
	bool is_good = true;
	printf("Start checking Multi Part AOF\n");
	if (!manifest_parse(&m, text, &error)) {
		printf("\n*** FATAL AOF MANIFEST FILE ERROR ***\n");
		if (error.line > 0)
			printf("Reading the manifest file %s, at line %d\n>>> '%s'\n", path,
				error.line, error.text);
		else
			printf("Reading the manifest file %s\n", path);
		printf("%s\n", error.reason);
		return false;
	}
	if (m.base.name != NULL) {
		char base[CHECK_PATH_MAX_BYTES];
		const char *slash = strrchr(path, '/');
		int directory = slash == NULL ? 0 : (int)(slash + 1 - path);
		snprintf(base, sizeof(base), "%.*s%s", directory, path, m.base.name);
		printf("Start to check BASE AOF (%s format).\n",
			rdb_file_has_magic(base) ? "RDB" : "RESP");
		is_good = check_member(check, path, m.base.name, m.incr.count == 0);
	}
	if (is_good && m.incr.count > 0)
		printf("Start to check INCR files.\n");
	for (int i = 0; is_good && i < m.incr.count; i++)
		is_good = check_member(check, path, m.incr.files[i].name, i + 1 == m.incr.count);
	if (is_good)
		printf("All AOF files and manifest are valid\n");
	manifest_release(&m);
	return is_good;
}

/* A manifest's first line that is no comment begins with "file". */
static bool is_manifest(struct bytes text)
{
	while (text.len > 0 && text.ptr[0] == '#') {
		const char *end = memchr(text.ptr, '\n', text.len);
		if (end == NULL)
			return false;
		text = bytes_of(end + 1, (size_t)(text.ptr + text.len - end - 1));
	}
	return text.len >= 4 && memcmp(text.ptr, "file", 4) == 0;
}

/* --- the tool --------------------------------------------------------------------------------- */

static bool check_path(const struct check *check, const char *path)
{
	int64_t size;
	int fd = file_open_read(path, &size);
	if (fd < 0) {
		printf("Cannot open file %s: %s\n", path, strerror(-fd));
		return false;
	}
	size_t want = size < CHECK_MANIFEST_MAX_BYTES ? (size_t)size : CHECK_MANIFEST_MAX_BYTES;
	char *text = mem_alloc(want + 1);
	ssize_t got = file_read(fd, text, want);
	close(fd);
	bool is_good = false;
	struct bytes read = bytes_of(text, got > 0 ? (size_t)got : 0);
	if (is_manifest(read)) {
		is_good = check_manifest(check, path, read);
	} else {
		struct check_file f = {.check = check, .path = path, .name = path, .is_last = true};
		printf("Start checking Old-Style AOF\n");
		enum check_result result = check_one(&f);
		check_print_result(&f, "", result);
		is_good = result != CHECK_BAD;
	}
	mem_free(text);
	return is_good;
}

int aof_check_main(int argc, char **argv)
{
	struct check check = {0};
	const char *path = NULL;
	if (argc == 2) {
		path = argv[1];
	} else if (argc == 3 && strcmp(argv[1], "--fix") == 0) {
		check.fixes = true;
		path = argv[2];
	} else if (argc == 4 && strcmp(argv[1], "--truncate-to-timestamp") == 0) {
		check.cuts_by_time = true;
		path = argv[3];
		if (!num_parse_i64(bytes_text(argv[2]), &check.until_s)) {
			printf("Invalid timestamp, aborting...\n");
			return 1;
		}
	}
	if (path == NULL) {
		printf("Usage: %s [--fix|--truncate-to-timestamp $timestamp] "
		       "<file.manifest|file.aof>\n",
			argv[0]);
		return 1;
	}
	return check_path(&check, path) ? 0 : 1;
}
