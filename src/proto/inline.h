/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Inline commands: a line of words, as a person types it into telnet. Also the rules by which such
 * a line is split, which configuration lines share.
 */
#ifndef RINGLET_PROTO_INLINE_H
#define RINGLET_PROTO_INLINE_H

#include "proto/request.h"

/* Parses one line at the start of `data`; *searched is how far a former call looked for its end. */
enum request_status inline_parse(size_t *searched, struct bytes data, struct request_arena *arena,
	struct request *out);

/* Splits a line into words: blanks separate; "…" knows \xHH \n \r \t \b \a and \<any>; '…' knows
 * \'. Words with quotes are unescaped into the arena, others are views of the line. Returns the
 * count, -1 for unbalanced quotes. */
int64_t line_split(struct bytes line, struct request_arena *arena, struct bytes **words);

#endif
