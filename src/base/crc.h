/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Checksums of the file formats. crc64: the Jones polynomial, reflected, zero initial value (RDB
 * and DUMP payloads). crc16: CCITT/XMODEM (cluster slots). crc32c: Castagnoli (log frames).
 */
#ifndef RINGLET_BASE_CRC_H
#define RINGLET_BASE_CRC_H

#include <stddef.h>
#include <stdint.h>

uint64_t crc64_update(uint64_t crc, const void *ptr, size_t len);
uint16_t crc16(const void *ptr, size_t len);
uint32_t crc32c_update(uint32_t crc, const void *ptr, size_t len);

#endif
