/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The subcommands of DEBUG, in two files: those that look at the data and those that meddle with
 * the process. cmd/debug.c holds the table.
 */
#ifndef RINGLET_CMD_DEBUG_H
#define RINGLET_CMD_DEBUG_H

#include "exec/call.h"

/* cmd/debug_data.c */
enum outcome debug_object(struct call *call);
enum outcome debug_digest(struct call *call);
enum outcome debug_digest_value(struct call *call);
enum outcome debug_populate(struct call *call);
enum outcome debug_htstats(struct call *call);
enum outcome debug_htstats_key(struct call *call);
enum outcome debug_listpack(struct call *call);
enum outcome debug_stringmatch_len(struct call *call);
enum outcome debug_protocol(struct call *call);
enum outcome debug_structsize(struct call *call);

/* cmd/debug_reload.c */
enum outcome debug_reload(struct call *call);
enum outcome debug_loadaof(struct call *call);
enum outcome debug_flush_sleep(struct call *call);

#endif
