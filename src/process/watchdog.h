/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The software watchdog: when the loop has not come round for watchdog-period milliseconds, the
 * stack of what holds it up is logged. SIGALRM interrupts the main thread; one per process.
 */
#ifndef RINGLET_PROCESS_WATCHDOG_H
#define RINGLET_PROCESS_WATCHDOG_H

/* 0 turns it off. Periods below two ticks of `hz` are raised to that. Returns what holds then. */
int watchdog_set(int period_ms, int hz);
/* The loop is alive: the time starts anew. Called on each tick. */
void watchdog_feed(void);

#endif
