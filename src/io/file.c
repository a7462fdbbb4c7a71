/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Plain file calls. Each call that a signal may cut short is made again.
 */
#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MODE 0644
#define FILE_CALL_BYTES ((size_t)1 << 30) /* the kernel moves no more than 2 GB at once */

int file_open_read(const char *path, int64_t *size)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) != 0 || S_ISDIR(st.st_mode)) {
		int error = S_ISDIR(st.st_mode) ? EISDIR : errno;
		close(fd);
		return -error;
	}
	*size = st.st_size;
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	return fd;
}

int file_create(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, FILE_MODE);
	return fd < 0 ? -errno : fd;
}

ssize_t file_read(int fd, void *to, size_t size)
{
	size_t done = 0;
	while (done < size) {
		size_t piece = size - done < FILE_CALL_BYTES ? size - done : FILE_CALL_BYTES;
		ssize_t got = read(fd, (char *)to + done, piece);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

int file_write(int fd, const void *from, size_t size)
{
	const char *at = from;
	while (size > 0) {
		ssize_t put = write(fd, at, size < FILE_CALL_BYTES ? size : FILE_CALL_BYTES);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return put == 0 ? -EIO : -errno;
		at += put;
		size -= (size_t)put;
	}
	return 0;
}

int file_sync(int fd)
{
	return fdatasync(fd) == 0 ? 0 : -errno;
}

int file_close(int fd)
{
	return close(fd) == 0 || errno == EINTR ? 0 : -errno;
}

static int file_sync_directory_of(const char *path)
{
	char directory[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int len = slash == NULL ? 1 : slash == path ? 1 : (int)(slash - path);
	if (snprintf(directory, sizeof(directory), "%.*s", len, slash == NULL ? "." : path) >=
		(int)sizeof(directory))
		return -ENAMETOOLONG;
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int error = fsync(fd) == 0 ? 0 : -errno;
	close(fd);
	return error;
}

int file_rename_synced(const char *from, const char *to)
{
	if (rename(from, to) != 0)
		return -errno;
	return file_sync_directory_of(to);
}
