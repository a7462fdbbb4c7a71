/* SPDX-License-Identifier: BSD-3-Clause
 *
 * DUMP payloads: type byte, body as in an RDB file, two bytes of RDB version and eight of CRC-64
 * (both little endian). Whatever RESTORE gets is checked in full before a value exists.
 */
#ifndef RINGLET_STORE_DUMP_H
#define RINGLET_STORE_DUMP_H

#include "base/buf.h"
#include "store/value.h"

#define DUMP_RDB_VERSION 11       /* written: Redis 7.2 */
#define DUMP_RDB_VERSION_PARTS 12 /* the same where parts of a value may expire: Redis 7.4 */
#define DUMP_RDB_VERSION_MAX 12   /* read */

enum dump_status {
	DUMP_OK,
	DUMP_BAD_CHECKSUM, /* "DUMP payload version or checksum are wrong" */
	DUMP_BAD_FORMAT,   /* "Bad data format" */
};

/* Appends the payload of a value. */
void dump_write(const struct value *v, bool compress, struct buf *out);
/* *out owns its bytes where the status is DUMP_OK. `check_crc` false: DEBUG
 * SET-SKIP-CHECKSUM-VALIDATION. */
enum dump_status dump_read(struct bytes payload, bool check_crc, struct value *out);
/* The same; *why of DUMP_BAD_FORMAT is what is wrong, as a part of a line. */
enum dump_status dump_read_why(
	struct bytes payload, bool check_crc, struct value *out, const char **why);

#endif
