/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Fuzzes the request parser. The input's first byte chooses the limits and seeds the cuts, the rest
 * is a stream of requests: parsed whole and parsed in pieces it must give the same requests and the
 * same error. Arguments must lie inside the stream or the arena; sanitizers watch the rest.
 */
#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"
#include "proto/request.h"

#include <stdlib.h>

struct run {
	struct request_parser parser;
	struct request_arena arena;
	const struct request_limits *limits;
	struct buf seen; /* statuses and arguments, one after the other */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void note(struct run *run, const void *ptr, size_t len)
{
	buf_add(&run->seen, &len, sizeof(len));
	buf_add(&run->seen, ptr, len);
}

static void note_request(struct run *run, enum request_status status, const struct request *request)
{
	char kind = (char)status;
	note(run, &kind, 1);
	if (status == REQUEST_ERROR)
		note(run, request->error, strlen(request->error));
	for (int64_t i = 0; status == REQUEST_COMPLETE && i < request->argc; i++)
		note(run, request->argv[i].ptr, request->argv[i].len);
}

/* Parses what can be parsed of `bytes`, from *start on; false after an error. The copy has exactly
 * the bytes' size. */
static bool feed(struct run *run, struct bytes bytes, size_t *start)
{
	for (;;) {
		struct request request;
		size_t len = bytes.len - *start;
		char *copy = malloc(len == 0 ? 1 : len);
		if (len != 0)
			memcpy(copy, bytes.ptr + *start, len);
		enum request_status status = request_parse(&run->parser, bytes_of(copy, len),
			run->limits, &run->arena, &request);
		if (status != REQUEST_PARTIAL) {
			note_request(run, status, &request);
			require(!request_is_partial(&run->parser));
			require(request_parser_bytes(&run->parser) == 0);
		}
		free(copy);
		if (status == REQUEST_PARTIAL || status == REQUEST_ERROR)
			return status == REQUEST_PARTIAL;
		require(request.consumed > 0 && request.consumed <= len);
		require(status == REQUEST_EMPTY || request.argc > 0);
		*start += request.consumed;
		request_arena_reset(&run->arena);
	}
}

static void run_end(struct run *run)
{
	request_parser_release(&run->parser);
	request_arena_release(&run->arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	const struct request_limits limits = {
		.max_args = data[0] & 1 ? 1024 * 1024 : 16,
		.max_bulk_bytes = data[0] & 2 ? 512 * 1024 * 1024 : 4096,
		.is_authenticated = data[0] & 4,
	};
	struct bytes stream = bytes_of(data + 1, size - 1);
	uint64_t seed = hash_bytes(data, size) | 1;
	size_t memory = mem_used_bytes();

	struct run whole = {.limits = &limits};
	size_t start = 0;
	feed(&whole, stream, &start);

	struct run pieces = {.limits = &limits};
	bool goes_on = true;
	start = 0;
	for (size_t end = 0; goes_on && end < stream.len;) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		end += 1 + (seed >> 33) % (data[0] & 8 ? 3 : stream.len);
		end = end < stream.len ? end : stream.len;
		goes_on = feed(&pieces, bytes_of(stream.ptr, end), &start);
	}
	run_end(&whole);
	run_end(&pieces);
	require(bytes_equal(buf_bytes(&whole.seen), buf_bytes(&pieces.seen)));
	buf_release(&whole.seen);
	buf_release(&pieces.seen);
	require(mem_used_bytes() == memory);
	return 0;
}
