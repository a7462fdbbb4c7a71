/* SPDX-License-Identifier: BSD-3-Clause
 *
 * base/log_syslog: what reaches syslog(3), seen by standing in its place.
 */
#include <stdarg.h>
#include <stddef.h>

static int seen_priority = -1;
static char seen_text[64];
static int seen_facility;

static void fake_syslog(int priority, const char *format, ...);
static void fake_openlog(const char *ident, int option, int facility);

#define syslog fake_syslog
#define openlog fake_openlog
#include "../../../src/base/log_syslog.c"
#undef syslog
#undef openlog

#include "../unit.h"

static void fake_syslog(int priority, const char *format, ...)
{
	va_list args;
	seen_priority = priority;
	va_start(args, format);
	vsnprintf(seen_text, sizeof(seen_text), format, args);
	va_end(args);
}

static void fake_openlog(const char *ident, int option, int facility)
{
	(void)ident;
	(void)option;
	seen_facility = facility;
}

static void check(int rank, int priority)
{
	log_syslog_send(rank, "100% text");
	assert_int_equal(seen_priority, priority);
	assert_string_equal(seen_text, "100% text");
}

static void test_priorities(void **state)
{
	(void)state;
	check(0, LOG_DEBUG);
	check(1, LOG_INFO);
	check(2, LOG_NOTICE);
	check(3, LOG_WARNING);
	check(9, LOG_WARNING);
	check(-1, LOG_WARNING);
}

static void test_facility(void **state)
{
	(void)state;
	log_syslog_open("ringlet", LOG_LOCAL3);
	assert_int_equal(seen_facility, LOG_LOCAL3);
	/* What log.h promises to callers that must not include <syslog.h>. */
	assert_int_equal(LOG_LOCAL3, (16 + 3) << 3);
}

UNIT_MAIN(test_priorities, test_facility)
