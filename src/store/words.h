/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Commands as the bytes of requests, for a log without a preamble: what a value is rewritten as.
 * It must not know what the commands mean.
 */
#ifndef RINGLET_STORE_WORDS_H
#define RINGLET_STORE_WORDS_H

#include "base/codec.h"

/* Writes a whole command; `context` is a codec_writer: the shape that type_ops.rewrite asks for. */
void words_write(const struct bytes *argv, int argc, void *context);
/* Writes a command up to its last word, of which only the length stands so far: the caller appends
 * `last_len` bytes raw and then words_close. */
void words_open_last(struct codec_writer *w, const struct bytes *argv, int argc, size_t last_len);
void words_close(struct codec_writer *w);

#endif
