/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the tests of streams share: a stream with some entries, and names of consumers. For test
 * programs only, behind the file under test.
 */
#ifndef RINGLET_TEST_STREAM_FIXTURE_H
#define RINGLET_TEST_STREAM_FIXTURE_H

#include "types/stream.h"

#define CONSUMERS 5

static struct bytes pair[2] = {BYTES("f"), BYTES("v")};

/* Entries 1-0, 2-0 … with one pair each. */
static inline struct stream_body *some_stream(struct value *v, uint64_t entries)
{
	*v = stream_empty;
	struct stream_body *s = stream_of(v);
	for (uint64_t i = 1; i <= entries; i++)
		stream_add(s, (struct id){i, 0}, pair, 1);
	return s;
}

static inline struct bytes consumer_name(int number)
{
	static const char *const names[CONSUMERS] = {"c", "b", "", "consumer", "a"};
	return bytes_text(names[number]);
}

#endif
