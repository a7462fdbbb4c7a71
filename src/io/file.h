/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Files by plain system calls, which may hold the thread: for start-up, for a forked child, for
 * the tools, and for commands that promise to block (SAVE). The log and the sliced snapshot use
 * io/disk.h.
 */
#ifndef RINGLET_IO_FILE_H
#define RINGLET_IO_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* All return a descriptor, bytes or 0, or -errno. */
/* A regular file to be read from its beginning on; its size too. */
int file_open_read(const char *path, int64_t *size);
/* An empty file to be written. */
int file_create(const char *path);
/* Less than `size` only at the end of the file. */
ssize_t file_read(int fd, void *to, size_t size);
int file_write(int fd, const void *from, size_t size);
int file_sync(int fd);
/* Close errors are reported: a file system may notice a failed write there. */
int file_close(int fd);
/* Renames, and makes the name last: syncs the directory of `to`. */
int file_rename_synced(const char *from, const char *to);

#endif
