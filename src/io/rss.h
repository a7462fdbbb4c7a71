/* SPDX-License-Identifier: BSD-3-Clause
 *
 * How much memory the kernel has mapped for this process, and how much the machine has.
 */
#ifndef RINGLET_IO_RSS_H
#define RINGLET_IO_RSS_H

#include <stddef.h>

/* Resident bytes; 0 where /proc can't tell. A few microseconds: for ticks and reports. */
size_t rss_bytes(void);
/* Physical memory of the machine; 0 = unknown. */
size_t machine_memory_bytes(void);

#endif
