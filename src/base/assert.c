/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What happens when the program is wrong about itself: two log lines, the hook (the crash report,
 * where the server installed one), abort. A second failure inside the hook aborts at once.
 */
#include "base/assert.h"

#include "base/log.h"

#include <stdbool.h>
#include <stdlib.h>

void (*assert_hook)(const char *what, const char *file, int line);

void assert_failed(const char *what, const char *file, int line)
{
	static bool is_failing;
	if (is_failing)
		abort();
	is_failing = true;
	log_line(LOG_WARNING, "=== ASSERTION FAILED ===");
	log_line(LOG_WARNING, "==> %s:%d '%s' is not true", file, line, what);
	if (assert_hook != NULL)
		assert_hook(what, file, line);
	abort();
}
