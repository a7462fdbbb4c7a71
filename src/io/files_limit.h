/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The limit of open files of this process.
 */
#ifndef RINGLET_IO_FILES_LIMIT_H
#define RINGLET_IO_FILES_LIMIT_H

#include <stdint.h>

/* Raises the soft limit (and the hard one, where that is allowed) to at least `wanted`, or as far
 * as the system lets it; never lowers it. Returns what it is now. */
uint64_t files_limit_raise(uint64_t wanted);

#endif
