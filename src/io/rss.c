/* SPDX-License-Identifier: BSD-3-Clause
 *
 * /proc/self/statm, opened once and read at offset 0 each time.
 */
#include "io/rss.h"
#include "base/num.h"

#include <fcntl.h>
#include <unistd.h>

size_t rss_bytes(void)
{
	static int file = -1;
	char text[128];
	uint64_t pages;

	if (file < 0)
		file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	ssize_t n = file < 0 ? -1 : pread(file, text, sizeof(text) - 1, 0);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	size_t skip = strcspn(text, " ");
	if (text[skip] == '\0')
		return 0;
	const char *second = text + skip + 1;
	if (!num_parse_u64(bytes_of(second, strcspn(second, " ")), &pages))
		return 0;
	return (size_t)pages * (size_t)sysconf(_SC_PAGESIZE);
}

size_t machine_memory_bytes(void)
{
	long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
	return pages > 0 && page > 0 ? (size_t)pages * (size_t)page : 0;
}
