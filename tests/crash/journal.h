/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The journal of a disk: what a program did to the files below one directory, in order. `record`
 * writes it from inside of the program, `replay` makes of a part of it what a power loss leaves.
 *
 * An event is this header and `payload` bytes. Its position is where it ends in the journal: who
 * was told something when the journal was N bytes long was told it after the events up to N, and
 * before all others. Files and directories are their inode numbers; a number may come again when a
 * file is gone, with another CREATED.
 */
#ifndef RINGLET_CRASH_JOURNAL_H
#define RINGLET_CRASH_JOURNAL_H

#include <stdint.h>

#define JOURNAL_MAGIC 0x6b736964u

enum event_kind {
	EVENT_DIRECTORY = 1, /* payload: its path, "" = the root */
	EVENT_CREATED,       /* payload: path */
	EVENT_BEGIN,         /* all so far was there before the program: it lasts */
	EVENT_WRITE,         /* payload: the bytes; about to be written at `at`; `span`: sectors of
	                      * that size are written whole or not, 0: it may be torn anywhere */
	EVENT_ZEROS,         /* as many zeros as `span` says */
	EVENT_CUT,           /* to a length of `at` */
	EVENT_SYNC,          /* it lasts as it was at journal position `at` */
	EVENT_LASTS,         /* the last write to `at` of `span` bytes does, alone */
	EVENT_RENAMED,       /* payload: two paths, each with its NUL */
	EVENT_REMOVED,       /* payload: path */
	EVENT_KINDS
};

struct event {
	uint32_t magic, kind;
	uint64_t file;
	uint64_t at, span;
	uint64_t payload;
};

#endif
