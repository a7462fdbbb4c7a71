/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Who we are. Clients compare redis_version with what they need, so it names the Redis whose
 * behaviour we promise; our own number stands beside it.
 */
#ifndef RINGLET_BASE_VERSION_H
#define RINGLET_BASE_VERSION_H

#define REDIS_VERSION "7.2.6"
#define REDIS_VERSION_NUMBER 0x00070206
#define RINGLET_VERSION "0.1.0"

#endif
