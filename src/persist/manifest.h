/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The manifest: which files make the log. A base (what was there at some moment), the incr files
 * written since, in order, and history: files of earlier generations that may be deleted.
 *
 *	file appendonly.aof.2.base.rdb seq 2 type b
 *	file appendonly.aof.2.incr.aof seq 2 type i
 *
 * Pure: text in, struct out and back. Names with blanks or control characters are quoted.
 */
#ifndef RINGLET_PERSIST_MANIFEST_H
#define RINGLET_PERSIST_MANIFEST_H

#include "base/buf.h"

#define MANIFEST_LINE_MAX_BYTES 1024
#define MANIFEST_FILES_MAX 100000
#define MANIFEST_NAME_SUFFIX ".manifest"

struct manifest_file {
	char *name; /* without a directory */
	int64_t seq;
};

struct manifest_list {
	struct manifest_file *files;
	int count, cap;
};

struct manifest {
	struct manifest_file base;    /* name NULL = none */
	struct manifest_list incr;    /* oldest first */
	struct manifest_list history; /* newest first */
	int64_t base_seq, incr_seq;   /* the highest there were */
};

struct manifest_error {
	const char *reason;                     /* as the log shows it */
	int line;                               /* counted from 1 */
	char text[MANIFEST_LINE_MAX_BYTES + 1]; /* that line; "" for an empty file */
};

/* All zero is an empty manifest. False: `error` says which line and why, `m` is empty. */
bool manifest_parse(struct manifest *m, struct bytes text, struct manifest_error *error);
void manifest_print(const struct manifest *m, struct buf *out);
void manifest_release(struct manifest *m);
void manifest_copy(const struct manifest *m, struct manifest *out);

/* Next generations; `name` is the first part of file names (appendfilename). The former base
 * becomes history. Each returns the new file's name, which the manifest owns. */
const char *manifest_add_base(struct manifest *m, const char *name, bool is_rdb);
const char *manifest_add_incr(struct manifest *m, const char *name);
/* A base by another name: an old single file, seq 1. */
void manifest_set_base(struct manifest *m, const char *file_name, int64_t seq);
/* All incr files but the last `keep` become history. */
void manifest_retire_incr(struct manifest *m, int keep);
/* Forgets history (its files are deleted by the caller). */
void manifest_clear_history(struct manifest *m);
static inline bool manifest_is_empty(const struct manifest *m)
{
	return m->base.name == NULL && m->incr.count == 0;
}

#endif
