/* SPDX-License-Identifier: BSD-3-Clause
 *
 * process/watchdog: a fed one is silent, a hungry one logs where the program is, one turned off is
 * silent again.
 */
#include "../../../src/process/watchdog.c"

#include "../unit.h"

static char path[] = "/tmp/watchdog-XXXXXX";

static int count_reports(void)
{
	static char text[1 << 20];
	int count = 0, fd = open(path, O_RDONLY);
	ssize_t got = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[got > 0 ? got : 0] = '\0';
	for (char *at = text; (at = strstr(at, "WATCHDOG TIMER EXPIRED")) != NULL; at++)
		count++;
	if (count > 0) {
		assert_non_null(strstr(text, "STACK TRACE"));
		assert_non_null(strstr(text, "no command was running"));
	}
	return count;
}

static void test_life(void **state)
{
	const struct log_config config = {.level = LOG_NOTICE, .file = path};
	(void)state;
	close(mkstemp(path));
	log_init(&config);
	watchdog_feed();      /* off: nothing */
	assert_int_equal(watchdog_set(1, 100), 20); /* two ticks */
	for (int i = 0; i < 20; i++) {
		usleep(2000);
		watchdog_feed();
	}
	int before = count_reports();
	usleep(60000);
	assert_int_equal(count_reports(), before + 1); /* once, until fed again */
	usleep(60000);
	assert_int_equal(count_reports(), before + 1);
	watchdog_feed();
	usleep(60000);
	assert_int_equal(count_reports(), before + 2);
	watchdog_feed();
	assert_int_equal(watchdog_set(0, 100), 0);
	usleep(60000);
	assert_int_equal(count_reports(), before + 2);
	unlink(path);
}

UNIT_MAIN(test_life)
