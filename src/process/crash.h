/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The crash report: when the process dies by a signal or an assertion, the log gets a stack trace,
 * the registers, INFO and the command that was running; then the process dies of the same signal,
 * so that a core is written and a supervisor sees it.
 *
 * The report is written in a process that may be broken anywhere: each part may crash again, which
 * ends the report and lets the process die. One per process.
 */
#ifndef RINGLET_PROCESS_CRASH_H
#define RINGLET_PROCESS_CRASH_H

#include "base/buf.h"

#include <stdbool.h>

struct exec;

struct crash_options {
	bool is_enabled;    /* crash-log-enabled */
	bool exit_on_panic; /* use-exit-on-panic: exit(1) instead of abort() */
	bool checks_memory; /* crash-memcheck-enabled */
	struct exec *exec;  /* whose current command is shown; may be NULL */
	/* Appends what INFO everything says; may be NULL. */
	void (*info)(struct buf *out, void *context);
	void *context;
};

/* Installs or changes the handlers (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT) and the assertion
 * hook. */
void crash_init(const struct crash_options *options);
/* The configuration changed; what crash_init was told besides stays. */
void crash_configure(bool is_enabled, bool exit_on_panic, bool checks_memory);
/* An error that the server can't go on after: reported like an assertion ("Guru Meditation"). */
void crash_panic(const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4), noreturn, cold));
/* The stack of the calling (or, in a handler, the interrupted) code into the log. */
void crash_log_stack(void *instruction);
/* The command that is running, in one line. */
void crash_log_command(void);

#endif
