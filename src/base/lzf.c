/* SPDX-License-Identifier: BSD-3-Clause
 *
 * liblzf behind checked sizes. The library stops at the ends of both buffers; what is added here is
 * that lengths beyond its unsigned int are refused and that the result is whole.
 */
#include "base/lzf.h"

#include <liblzf/lzf.h>

size_t lzf_pack(struct bytes in, void *out, size_t size)
{
	if (in.len == 0 || in.len > LZF_INPUT_MAX || size == 0)
		return 0;
	if (size > LZF_INPUT_MAX)
		size = LZF_INPUT_MAX;
	return lzf_compress(in.ptr, (unsigned)in.len, out, (unsigned)size);
}

bool lzf_unpack(struct bytes in, void *out, size_t len)
{
	if (in.len == 0 || in.len > LZF_INPUT_MAX || len == 0 || len > LZF_INPUT_MAX)
		return false;
	return lzf_decompress(in.ptr, (unsigned)in.len, out, (unsigned)len) == len;
}
