/* SPDX-License-Identifier: BSD-3-Clause
 *
 * SHA-256 (FIPS 180-4), for what Redis names by it: the hashes of passwords in users' rules.
 */
#ifndef RINGLET_BASE_SHA256_H
#define RINGLET_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES 32

/* The digest of one piece. */
void sha256(uint8_t out[SHA256_BYTES], const void *ptr, size_t len);

#endif
