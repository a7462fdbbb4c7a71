/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Raising is tried in one step and, when that is refused, in halvings of what is missing: some
 * containers allow more than the hard limit says and less than was asked.
 */
#include "io/files_limit.h"

#include <sys/resource.h>

static uint64_t files_limit_now(void)
{
	struct rlimit limit;
	return getrlimit(RLIMIT_NOFILE, &limit) < 0 ? 0 : limit.rlim_cur;
}

static int files_limit_set(uint64_t soft)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return -1;
	limit.rlim_cur = soft;
	if (limit.rlim_max < soft)
		limit.rlim_max = soft;
	return setrlimit(RLIMIT_NOFILE, &limit);
}

uint64_t files_limit_raise(uint64_t wanted)
{
	uint64_t low = files_limit_now(), high = wanted;
	if (low >= wanted)
		return low;
	if (files_limit_set(wanted) == 0)
		return files_limit_now();
	/* Between `low`, which stands, and `high`, which was refused. */
	while (high - low > 1) {
		uint64_t middle = low + (high - low) / 2;
		if (files_limit_set(middle) == 0)
			low = middle;
		else
			high = middle;
	}
	return files_limit_now();
}
