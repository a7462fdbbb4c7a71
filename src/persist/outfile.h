/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A file that grows off the loop's thread and appears under its name only when it is complete and
 * durable: written beside it as a temporary file in groups of up to OUTFILE_GROUP_BYTES with an
 * fdatasync each (larger ones would hold up the log's), then renamed, and the directory synced.
 *
 * It lives until its end was told and everything the kernel still had of it came back. It must not
 * know what is in the file.
 */
#ifndef RINGLET_PERSIST_OUTFILE_H
#define RINGLET_PERSIST_OUTFILE_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct outfile;

#define OUTFILE_GROUP_BYTES ((size_t)4 << 20)

/* `ended` is called once, on the loop's thread and never from inside these functions: error 0 = the
 * file stands; else errno of what failed, or ECANCELED; the temporary file is gone then. */
struct outfile *outfile_open(struct loop *loop, const char *temp_path, const char *path,
	void (*ended)(void *context, int error), void *context);
/* Appends the bytes, which it takes over: *bytes is empty afterwards. */
void outfile_give(struct outfile *f, struct buf *bytes);
/* Bytes given and not yet durable. */
size_t outfile_pending(const struct outfile *f);
/* errno of what failed already (it will never be complete); 0 = nothing. */
int outfile_error(const struct outfile *f);
/* No more bytes come: completes it. */
void outfile_finish(struct outfile *f);
/* Gives it up; too late while it is being renamed. `ended` says which. */
void outfile_abort(struct outfile *f);

#endif
