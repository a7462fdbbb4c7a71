/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A library to be preloaded (LD_PRELOAD) that notes what a program does to its files: each call
 * that changes anything below $RECORD_ROOT goes into $RECORD_JOURNAL (journal.h) and then to the
 * kernel. An fsync only takes its time, $RECORD_SYNC_US: what it would have made last is worked out
 * by `replay`. io_uring, which passes by all this, is refused; the program falls back to threads.
 * Every file system says that it is ext4, so that direct writes are made, which are no more than
 * checked here: one with RWF_DSYNC takes as long as an fsync, and lasts when it is over.
 *
 * While there is a file $RECORD_FAULT, "KIND ERRNO PART", calls of that kind (write, sync, rename,
 * create, direct) on files whose path has that part fail, and are not noted; of the kind short, a
 * log's writes do half of what they should, without an error, as where a disk just fills; others
 * fail.
 *
 * Without a journal it makes a disk slow: each sync is made, behind a delay of as many
 * microseconds as the file $SLOW_SYNC holds, which may change at any time.
 *
 * Invariant: what is noted as done was done before the caller knows of it; a write is noted before
 * it is done, because a power loss may catch it half way.
 */
#include "journal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#define DESCRIPTORS 65536
#define PIECES_MAX 1024
#define ZEROS_MIN_BYTES 4096 /* fewer are written out */
#define BLOCK_BYTES 4096     /* of direct writes … */
#define SECTOR_BYTES 512     /* … and what of them is never torn */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* names change in the order noted */
static int journal = -1;
static char root[PATH_MAX];
static long sync_us;
static bool is_ours[DESCRIPTORS];   /* descriptors of files below the root … */
static bool is_direct[DESCRIPTORS]; /* … for direct writes */

/* --- noting ----------------------------------------------------------------------------------- */

/* The journal's length. */
static uint64_t position(void)
{
	struct stat st;
	return fstat(journal, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static void note(struct event e, const struct iovec *pieces, int count)
{
	struct iovec all[PIECES_MAX + 1];
	int error = errno;
	e.magic = JOURNAL_MAGIC;
	e.payload = 0;
	for (int i = 0; i < count; i++) {
		all[i + 1] = pieces[i];
		e.payload += pieces[i].iov_len;
	}
	all[0] = (struct iovec){&e, sizeof(e)};
	ssize_t done = syscall(SYS_writev, journal, all, (long)count + 1);
	if (done != (ssize_t)(sizeof(e) + e.payload)) {
		static const char why[] = "record: the journal can't be written\n";
		(void)!syscall(SYS_write, 2, why, sizeof(why) - 1);
		_exit(99);
	}
	errno = error;
}

static void note_path(enum event_kind kind, uint64_t file, const char *path)
{
	const struct iovec piece = {(void *)(uintptr_t)path, strlen(path) + 1};
	note((struct event){.kind = kind, .file = file}, &piece, 1);
}

static uint64_t file_of(int fd, bool *is_directory)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return 0;
	*is_directory = S_ISDIR(st.st_mode);
	return st.st_ino;
}

static void note_cut(int fd, off_t length)
{
	bool is_directory;
	struct event e = {.kind = EVENT_CUT, .at = (uint64_t)length};
	e.file = file_of(fd, &is_directory);
	note(e, NULL, 0);
}

/* What of the path is below the root, "" for the root itself; NULL: it lies elsewhere. */
static const char *below_root(const char *path, char *out)
{
	char cwd[PATH_MAX];
	size_t len = strlen(root);
	if (root[0] == '\0')
		return NULL;
	while (path[0] == '.' && (path[1] == '/' || path[1] == '\0'))
		path += path[1] == '/' ? 2 : 1;
	cwd[0] = '\0';
	if (path[0] != '/' && getcwd(cwd, sizeof(cwd)) == NULL)
		return NULL;
	const char *slash = path[0] == '/' || path[0] == '\0' ? "" : "/";
	int all = snprintf(out, PATH_MAX, "%s%s%s", cwd, slash, path);
	if (all >= PATH_MAX)
		return NULL;
	if (strncmp(out, root, len) != 0 || (out[len] != '/' && out[len] != '\0'))
		return NULL;
	return out + len + (out[len] == '/');
}

static void track(int fd, bool ours)
{
	if (fd >= 0 && fd < DESCRIPTORS) {
		is_ours[fd] = ours;
		is_direct[fd] = false;
	}
}

static bool is_tracked(int fd)
{
	return fd >= 0 && fd < DESCRIPTORS && is_ours[fd];
}

static bool is_faulty(const char *kind, const char *path)
{
	const char *from = getenv("RECORD_FAULT");
	char text[256] = "", wanted[16], part[128];
	int error = 0;
	int fd = from == NULL ? -1 : (int)syscall(SYS_openat, AT_FDCWD, from, O_RDONLY, 0);
	if (fd < 0)
		return false;
	ssize_t got = read(fd, text, sizeof(text) - 1);
	syscall(SYS_close, fd);
	if (got <= 0 || sscanf(text, "%15s %d %127s", wanted, &error, part) != 3)
		return false;
	if (strcmp(wanted, kind) != 0 || strstr(path, part) == NULL)
		return false;
	errno = error;
	return true;
}

static bool is_faulty_file(const char *kind, int fd)
{
	char link[64], path[PATH_MAX];
	if (getenv("RECORD_FAULT") == NULL)
		return false;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t len = readlink(link, path, sizeof(path) - 1);
	path[len < 0 ? 0 : len] = '\0';
	return is_faulty(kind, path);
}

/* --- what is there before --------------------------------------------------------------------- */

static void note_content(const char *path, uint64_t file)
{
	static char bytes[1 << 16];
	int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
	uint64_t at = 0;
	for (ssize_t got; fd >= 0 && (got = read(fd, bytes, sizeof(bytes))) > 0;) {
		const struct iovec piece = {bytes, (size_t)got};
		note((struct event){.kind = EVENT_WRITE, .file = file, .at = at}, &piece, 1);
		at += (uint64_t)got;
	}
	if (fd >= 0)
		syscall(SYS_close, fd);
}

/* Directories one below the other; deep ones do not occur. */
static void note_directory(const char *path)
{
	char inner[PATH_MAX];
	struct stat st;
	DIR *entries = opendir(path);
	if (entries == NULL || stat(path, &st) != 0)
		return;
	const char *name = path + strlen(root);
	note_path(EVENT_DIRECTORY, st.st_ino, name + (name[0] == '/'));
	for (const struct dirent *entry; (entry = readdir(entries)) != NULL;) {
		if (entry->d_name[0] == '.')
			continue;
		int len = snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name);
		if (len >= (int)sizeof(inner) || stat(inner, &st) != 0)
			continue;
		if (S_ISDIR(st.st_mode)) {
			note_directory(inner);
		} else if (S_ISREG(st.st_mode)) {
			note_path(EVENT_CREATED, st.st_ino, inner + strlen(root) + 1);
			note_content(inner, st.st_ino);
		}
	}
	closedir(entries);
}

__attribute__((constructor)) static void record_begin(void)
{
	const char *where = getenv("RECORD_ROOT"), *to = getenv("RECORD_JOURNAL");
	const char *delay = getenv("RECORD_SYNC_US");
	if (where == NULL || to == NULL || realpath(where, root) == NULL)
		return;
	journal = (int)syscall(SYS_openat, AT_FDCWD, to,
		O_WRONLY | O_CREAT | O_APPEND | O_TRUNC | O_CLOEXEC, 0644);
	sync_us = delay == NULL ? 0 : strtol(delay, NULL, 10);
	if (journal < 0) {
		root[0] = '\0';
		return;
	}
	note_directory(root);
	note((struct event){.kind = EVENT_BEGIN}, NULL, 0);
}

/* --- names ------------------------------------------------------------------------------------ */

/* A file that is open, once more. */
static int open_again(int from, const char *path, int flags)
{
	int fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags & ~O_DIRECT, 0);
	track(fd, true);
	if (fd >= 0 && fd < DESCRIPTORS && from < DESCRIPTORS)
		is_direct[fd] = (flags & O_DIRECT) != 0;
	return fd;
}

static int open_noted(int at, const char *path, int flags, mode_t mode)
{
	char full[PATH_MAX];
	bool is_directory;
	struct stat st;
	int from = -1;
	if (sscanf(path, "/proc/self/fd/%d", &from) == 1 && is_tracked(from))
		return open_again(from, path, flags);
	const char *name = at == AT_FDCWD || path[0] == '/' ? below_root(path, full) : NULL;
	if (name == NULL) {
		int other = (int)syscall(SYS_openat, at, path, flags, mode);
		track(other, false);
		return other;
	}
	bool is_new = stat(path, &st) != 0;
	if (is_new && (flags & O_CREAT) != 0 && is_faulty("create", path))
		return -1;
	pthread_mutex_lock(&lock);
	int fd = (int)syscall(SYS_openat, at, path, flags, mode);
	track(fd, fd >= 0);
	if (fd >= 0 && is_new)
		note_path(EVENT_CREATED, file_of(fd, &is_directory), name);
	else if (fd >= 0 && (flags & O_TRUNC) != 0)
		note_cut(fd, 0);
	pthread_mutex_unlock(&lock);
	return fd;
}

#define OPEN_MODE(flags, mode)                                                                     \
	if (((flags) & (O_CREAT | O_TMPFILE)) != 0) {                                              \
		va_list list;                                                                      \
		va_start(list, flags);                                                             \
		mode = va_arg(list, mode_t);                                                       \
		va_end(list);                                                                      \
	}

int open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	OPEN_MODE(flags, mode)
	return open_noted(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
	mode_t mode = 0;
	OPEN_MODE(flags, mode)
	return open_noted(AT_FDCWD, path, flags, mode);
}

int openat(int at, const char *path, int flags, ...)
{
	mode_t mode = 0;
	OPEN_MODE(flags, mode)
	return open_noted(at, path, flags, mode);
}

/* What a fortified open becomes. */
int __open_2(const char *path, int flags);
int __open_2(const char *path, int flags)
{
	return open_noted(AT_FDCWD, path, flags, 0);
}

int close(int fd)
{
	track(fd, false);
	return (int)syscall(SYS_close, fd);
}

int rename(const char *from, const char *to)
{
	char full_from[PATH_MAX], full_to[PATH_MAX], both[2 * PATH_MAX];
	const char *old = below_root(from, full_from), *new = below_root(to, full_to);
	if (old != NULL && is_faulty("rename", to))
		return -1;
	pthread_mutex_lock(&lock);
	int result = (int)syscall(SYS_rename, from, to);
	if (result == 0 && old != NULL && new != NULL) {
		size_t first = strlen(old) + 1, second = strlen(new) + 1;
		memcpy(both, old, first);
		memcpy(both + first, new, second);
		const struct iovec piece = {both, first + second};
		note((struct event){.kind = EVENT_RENAMED}, &piece, 1);
	}
	pthread_mutex_unlock(&lock);
	return result;
}

int unlink(const char *path)
{
	char full[PATH_MAX];
	const char *name = below_root(path, full);
	pthread_mutex_lock(&lock);
	int result = (int)syscall(SYS_unlink, path);
	if (result == 0 && name != NULL)
		note_path(EVENT_REMOVED, 0, name);
	pthread_mutex_unlock(&lock);
	return result;
}

int mkdir(const char *path, mode_t mode)
{
	char full[PATH_MAX];
	struct stat st;
	const char *name = below_root(path, full);
	pthread_mutex_lock(&lock);
	int result = (int)syscall(SYS_mkdir, path, mode);
	if (result == 0 && name != NULL && stat(path, &st) == 0)
		note_path(EVENT_DIRECTORY, st.st_ino, name);
	pthread_mutex_unlock(&lock);
	return result;
}

/* --- content ---------------------------------------------------------------------------------- */

static bool is_zeros(const struct iovec *pieces, int count, size_t bytes)
{
	for (int i = 0; i < count; i++) {
		const char *at = pieces[i].iov_base;
		size_t len = pieces[i].iov_len;
		if (len > 0 && (at[0] != '\0' || memcmp(at, at + 1, len - 1) != 0))
			return false;
	}
	return bytes >= ZEROS_MIN_BYTES;
}

static void note_write(int fd, const struct iovec *pieces, int count, off_t at)
{
	bool is_directory;
	size_t bytes = 0;
	struct event e = {.kind = EVENT_WRITE, .at = (uint64_t)at};
	e.file = file_of(fd, &is_directory);
	e.span = fd < DESCRIPTORS && is_direct[fd] ? SECTOR_BYTES : 0;
	for (int i = 0; i < count; i++)
		bytes += pieces[i].iov_len;
	if (is_zeros(pieces, count, bytes)) {
		e.kind = EVENT_ZEROS;
		e.span = bytes;
		count = 0;
	}
	note(e, pieces, count);
}

ssize_t write(int fd, const void *bytes, size_t count)
{
	if (is_tracked(fd)) {
		if (is_faulty_file("write", fd) || is_faulty_file("short", fd))
			return -1;
		const struct iovec piece = {(void *)(uintptr_t)bytes, count};
		note_write(fd, &piece, 1, lseek(fd, 0, SEEK_CUR));
	}
	return syscall(SYS_write, fd, bytes, count);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at)
{
	if (is_tracked(fd)) {
		if (is_faulty_file("write", fd) || is_faulty_file("short", fd))
			return -1;
		const struct iovec piece = {(void *)(uintptr_t)bytes, count};
		note_write(fd, &piece, 1, at);
	}
	return syscall(SYS_pwrite64, fd, bytes, count, at);
}

/* The first half of the bytes, at least one; returns how many pieces they take. */
static int take_half(const struct iovec *pieces, int count, struct iovec *half)
{
	size_t left = 0;
	int taken = 0;
	for (int i = 0; i < count; i++)
		left += pieces[i].iov_len;
	left = (left + 1) / 2;
	while (taken < count && left > 0) {
		half[taken] = pieces[taken];
		if (half[taken].iov_len > left)
			half[taken].iov_len = left;
		left -= half[taken++].iov_len;
	}
	return taken;
}

static bool is_aligned(const struct iovec *pieces, int count, off_t at)
{
	uintptr_t bits = (uintptr_t)at;
	for (int i = 0; i < count; i++)
		bits |= (uintptr_t)pieces[i].iov_base | pieces[i].iov_len;
	return bits % BLOCK_BYTES == 0;
}

ssize_t pwritev(int fd, const struct iovec *pieces, int count, off_t at)
{
	struct iovec half[PIECES_MAX];
	if (is_tracked(fd) && is_direct[fd] && !is_aligned(pieces, count, at)) {
		errno = EINVAL;
		return -1;
	}
	if (is_tracked(fd) && is_direct[fd] && is_faulty_file("direct", fd))
		return -1;
	if (is_tracked(fd) && is_faulty_file("write", fd))
		return -1;
	if (is_tracked(fd) && count <= PIECES_MAX && is_faulty_file("short", fd)) {
		count = take_half(pieces, count, half);
		pieces = half;
	}
	if (is_tracked(fd))
		note_write(fd, pieces, count < PIECES_MAX ? count : PIECES_MAX, at);
	return syscall(SYS_pwritev, fd, pieces, (long)count, at, 0L);
}

int ftruncate(int fd, off_t length)
{
	if (is_tracked(fd))
		note_cut(fd, length);
	return (int)syscall(SYS_ftruncate, fd, length);
}

int truncate(const char *path, off_t length)
{
	int fd = open_noted(AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	int result = ftruncate(fd, length), error = errno;
	close(fd);
	errno = error;
	return result;
}

static void wait_us(long us)
{
	const struct timespec delay = {us / 1000000, us % 1000000 * 1000};
	nanosleep(&delay, NULL);
}

static void wait_slowly(void)
{
	const char *path = getenv("SLOW_SYNC");
	char text[32] = "";
	int from = path == NULL ? -1 : (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY, 0);
	if (from >= 0 && read(from, text, sizeof(text) - 1) > 0)
		wait_us(strtol(text, NULL, 10));
	if (from >= 0)
		syscall(SYS_close, from);
}

static int sync_noted(int fd, long call)
{
	bool is_directory;
	if (!is_tracked(fd)) {
		wait_slowly();
		return (int)syscall(call, fd);
	}
	if (is_faulty_file("sync", fd))
		return -1;
	struct event e = {.kind = EVENT_SYNC, .at = position()};
	e.file = file_of(fd, &is_directory);
	/* A directory of a busy file system is as slow; but nobody waits for it here. */
	if (!is_directory)
		wait_us(sync_us);
	note(e, NULL, 0);
	return 0;
}

int fsync(int fd)
{
	return sync_noted(fd, SYS_fsync);
}

int fdatasync(int fd)
{
	return sync_noted(fd, SYS_fdatasync);
}

ssize_t pwritev2(int fd, const struct iovec *pieces, int count, off_t at, int flags)
{
	bool is_directory;
	if (!is_tracked(fd)) {
		if ((flags & RWF_DSYNC) != 0)
			wait_slowly();
		return syscall(SYS_pwritev2, fd, pieces, (long)count, at, 0L, flags);
	}
	ssize_t done = pwritev(fd, pieces, count, at);
	if (done < 0 || (flags & RWF_DSYNC) == 0)
		return done;
	if (is_faulty_file("sync", fd))
		return -1;
	struct event e = {.kind = EVENT_LASTS, .at = (uint64_t)at, .span = (uint64_t)done};
	e.file = file_of(fd, &is_directory);
	wait_us(sync_us);
	note(e, NULL, 0);
	return done;
}

int fstatfs(int fd, struct statfs *fs)
{
	int result = (int)syscall(SYS_fstatfs, fd, fs);
	if (result == 0 && is_tracked(fd))
		fs->f_type = EXT4_SUPER_MAGIC;
	return result;
}

/* --- what would pass by ----------------------------------------------------------------------- */

struct io_uring;
struct io_uring_params;
int io_uring_queue_init_params(unsigned entries, struct io_uring *ring, struct io_uring_params *p);
int io_uring_queue_init_params(unsigned entries, struct io_uring *ring, struct io_uring_params *p)
{
	(void)entries;
	(void)ring;
	(void)p;
	return -ENOSYS;
}
