/* SPDX-License-Identifier: BSD-3-Clause
 *
 * LZF, the compression of long strings in RDB files and of list nodes: liblzf behind checked
 * sizes. Both ends are bounded by what the caller gives; corrupt input returns an error.
 */
#ifndef RINGLET_BASE_LZF_H
#define RINGLET_BASE_LZF_H

#include "base/bytes.h"

/* liblzf counts in unsigned int. */
#define LZF_INPUT_MAX ((size_t)1 << 31)

/* Compresses into `out` of `size` bytes; the length, or 0 when it does not fit (or is not worth
 * it). */
size_t lzf_pack(struct bytes in, void *out, size_t size);
/* Fills exactly `len` bytes of `out`; false when the input is corrupt or holds another length. */
bool lzf_unpack(struct bytes in, void *out, size_t len);

#endif
