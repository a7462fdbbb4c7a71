/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A one-shot interval timer that each tick of the loop winds up again. Where the loop is late the
 * signal interrupts whatever runs, and its handler logs the stack from right there.
 */
#include "process/watchdog.h"

#include "base/log.h"
#include "process/crash.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>

#define WATCHDOG_MIN_TICKS 2

/* Process-wide, as the timer is. */
static int watchdog_period_ms;

static void watchdog_wind(int ms)
{
	struct itimerval timer = {0};
	timer.it_value.tv_sec = ms / 1000;
	timer.it_value.tv_usec = (ms % 1000) * 1000;
	setitimer(ITIMER_REAL, &timer, NULL);
}

static void watchdog_on_alarm(int signal_number)
{
	int error = errno;
	(void)signal_number;
	log_raw_from_signal("--- WATCHDOG TIMER EXPIRED ---");
	crash_log_stack(NULL);
	crash_log_command();
	log_raw_from_signal("------------");
	errno = error;
}

int watchdog_set(int period_ms, int hz)
{
	int shortest = WATCHDOG_MIN_TICKS * 1000 / (hz > 0 ? hz : 1);
	if (period_ms == 0) {
		watchdog_period_ms = 0;
		watchdog_wind(0);
		signal(SIGALRM, SIG_IGN);
		return 0;
	}
	struct sigaction action = {.sa_handler = watchdog_on_alarm, .sa_flags = SA_RESTART};
	sigemptyset(&action.sa_mask);
	sigaction(SIGALRM, &action, NULL);
	watchdog_period_ms = period_ms < shortest ? shortest : period_ms;
	watchdog_wind(watchdog_period_ms);
	return watchdog_period_ms;
}

void watchdog_feed(void)
{
	if (watchdog_period_ms != 0)
		watchdog_wind(watchdog_period_ms);
}
