/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Fuzzer of the ground floor: everything in base/ that is handed bytes from a client or a file.
 * The first byte chooses what is fed. What is checked beyond the sanitizers: what is printed reads
 * back, what is packed unpacks, and no fast path disagrees with its slow twin.
 */
#include "base/assert.h"
#include "base/buf.h"
#include "base/crc.h"
#include "base/lzf.h"
#include "base/match.h"
#include "base/mem.h"
#include "base/num.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void feed_integers(struct bytes text)
{
	int64_t value;
	uint64_t wide;
	char out[NUM_I64_MAX_CHARS];
	if (num_parse_i64(text, &value))
		ASSERT(bytes_equal(bytes_of(out, num_print_i64(out, value)), text));
	if (num_parse_u64(text, &wide))
		ASSERT(bytes_equal(bytes_of(out, num_print_u64(out, wide)), text));
	num_parse_size(text, &wide);
}

static void feed_floats(struct bytes text)
{
	double value, back;
	long double wide;
	char out[NUM_DOUBLE_MAX_CHARS];
	if (num_parse_double(text, &value)) {
		ASSERT(num_parse_double(bytes_of(out, num_print_double(out, value)), &back));
		ASSERT(back == value);
	}
	if (num_parse_long_double(text, &wide)) {
		char *room = mem_alloc(NUM_LONG_DOUBLE_MAX_CHARS);
		ASSERT(num_print_long_double(room, wide) < NUM_LONG_DOUBLE_MAX_CHARS);
		mem_free(room);
	}
}

static void feed_glob(struct bytes input)
{
	const char *split = memchr(input.ptr, '\n', input.len);
	if (split == NULL)
		return;
	struct bytes pattern = {input.ptr, (size_t)(split - input.ptr)};
	struct bytes text = {split + 1, input.len - pattern.len - 1};
	/* What matches with case matches without. */
	if (match_glob(pattern, text, false))
		ASSERT(match_glob(pattern, text, true) || memchr(pattern.ptr, '[', pattern.len));
}

static void feed_lzf(struct bytes input)
{
	size_t room = input.len + input.len / 16 + 64;
	char *packed = mem_alloc(room), *back = mem_alloc(room);
	lzf_unpack(input, back, room);
	size_t size = lzf_pack(input, packed, room);
	if (size > 0) {
		ASSERT(lzf_unpack(bytes_of(packed, size), back, input.len));
		ASSERT(memcmp(back, input.ptr, input.len) == 0);
	}
	mem_free(packed);
	mem_free(back);
}

static void feed_checksums(struct bytes input)
{
	size_t half = input.len / 2;
	uint64_t crc = crc64_update(0, input.ptr, half);
	uint32_t crc32 = crc32c_update(0, input.ptr, half);
	crc = crc64_update(crc, input.ptr + half, input.len - half);
	crc32 = crc32c_update(crc32, input.ptr + half, input.len - half);
	ASSERT(crc == crc64_update(0, input.ptr, input.len));
	ASSERT(crc32 == crc32c_update(0, input.ptr, input.len));
}

static void feed_quoting(struct bytes input)
{
	struct buf b = {0};
	buf_add_quoted(&b, input);
	ASSERT(b.len >= input.len + 2 && b.len <= input.len * 4 + 2);
	buf_release(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const feeds[])(struct bytes) = {feed_integers, feed_floats,    feed_glob,
						      feed_lzf,      feed_checksums, feed_quoting};
	if (size < 2)
		return 0;
	/* A copy of its own size: reading past its end is seen. */
	char *copy = mem_dup(data + 1, size - 1);
	feeds[data[0] % (sizeof(feeds) / sizeof(feeds[0]))](bytes_of(copy, size - 1));
	mem_free(copy);
	return 0;
}
