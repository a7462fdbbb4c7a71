/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Counts the replies in a stream of RESP2 or RESP3 bytes that arrives in arbitrary pieces. It
 * builds nothing and remembers one header line at most, so that counting costs the load next to
 * nothing.
 */
#ifndef BENCH_REPLY_H
#define BENCH_REPLY_H

#include <stddef.h>
#include <stdint.h>

enum { REPLY_LINE_MAX = 128 };

struct reply_scan {
	uint64_t replies;              /* complete ones so far */
	uint64_t errors;               /* error replies, at any depth */
	uint64_t open; /* elements that the reply in hand still needs, beyond itself */
	uint64_t skip;                 /* bytes of a bulk body (with its CRLF) still to come */
	size_t line_len;
	char line[REPLY_LINE_MAX];     /* the header line in hand; a longer one is cut */
	char error[REPLY_LINE_MAX];    /* the first error seen, NUL-terminated */
	int is_bad;                    /* the bytes are no RESP: nothing more is counted */
};

/* Reads until `replies` reaches `until` or the data ends; returns the bytes used. */
size_t reply_scan(struct reply_scan *scan, const char *data, size_t len, uint64_t until);

#endif
