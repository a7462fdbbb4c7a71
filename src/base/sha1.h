/* SPDX-License-Identifier: BSD-3-Clause
 *
 * SHA-1 (FIPS 180-4), for what Redis names by it: the ids of scripts and DEBUG DIGEST. Not for
 * anything that must resist an attacker.
 */
#ifndef RINGLET_BASE_SHA1_H
#define RINGLET_BASE_SHA1_H

#include <stddef.h>
#include <stdint.h>

#define SHA1_BYTES 20
#define SHA1_HEX_CHARS 40

struct sha1 {
	uint32_t state[5];
	uint64_t len; /* bytes so far */
	uint8_t block[64];
};

void sha1_init(struct sha1 *s);
void sha1_update(struct sha1 *s, const void *ptr, size_t len);
/* The digest; `s` must be initialised again before its next use. */
void sha1_finish(struct sha1 *s, uint8_t out[SHA1_BYTES]);
/* Digest of one piece, as 40 lower-case hex digits without NUL. */
void sha1_hex(char out[SHA1_HEX_CHARS], const void *ptr, size_t len);

#endif
