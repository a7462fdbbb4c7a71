/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The report is written line by line with write(2). Symbols come from backtrace_symbols_fd into a
 * memory file, which needs no allocator; only INFO does, and an alarm ends the process if that
 * hangs.
 *
 * A second fault while reporting ends the report: the handlers are one-shot.
 */
#include "process/crash.h"

#include "base/assert.h"
#include "base/log.h"
#include "base/version.h"
#include "exec/exec.h"
#include "process/process.h"
#include "process/self_test.h"

#include <execinfo.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#define CRASH_FRAMES_MAX 100
#define CRASH_TRACE_BYTES (32 * 1024)
#define CRASH_LINE_BYTES 512
#define CRASH_ALT_STACK_BYTES (64 * 1024)
#define CRASH_INFO_SECONDS 3

/* The sanitizers have a better report of bad accesses; there only abort() is ours. */
#if defined(__SANITIZE_ADDRESS__)
static const int crash_signals[] = {SIGABRT};
#else
static const int crash_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
#endif
#define CRASH_SIGNALS (sizeof(crash_signals) / sizeof(crash_signals[0]))

/* Process-wide, as signal handlers are. */
static struct crash_options crash_options;
static volatile sig_atomic_t crash_is_reported;
static char crash_trace[CRASH_TRACE_BYTES];

static void crash_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void crash_line(const char *format, ...)
{
	char line[CRASH_LINE_BYTES];
	va_list args;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	log_raw_from_signal(line);
}

/* Logs `text` (which is cut up) line by line. */
static void crash_lines(char *text)
{
	while (*text != '\0') {
		char *end = text + strcspn(text, "\r\n");
		bool is_last = *end == '\0';
		*end = '\0';
		if (*text != '\0')
			log_raw_from_signal(text);
		text = is_last ? end : end + 1;
	}
}

/* --- the stack --- */

void crash_log_stack(void *instruction)
{
	void *frames[CRASH_FRAMES_MAX];
	log_raw_from_signal("------ STACK TRACE ------");
	if (instruction != NULL)
		crash_line("at instruction %p", instruction);
	int count = backtrace(frames, CRASH_FRAMES_MAX);
	int fd = memfd_create("trace", MFD_CLOEXEC);
	if (fd < 0)
		return;
	backtrace_symbols_fd(frames, count, fd);
	ssize_t got = pread(fd, crash_trace, sizeof(crash_trace) - 1, 0);
	close(fd);
	if (got <= 0)
		return;
	crash_trace[got] = '\0';
	crash_lines(crash_trace);
}

/* --- what was going on --- */

/* The handler's name is in the style that Redis's users look for in a trace: debugCommand. */
void crash_log_command(void)
{
	const struct exec *exec = crash_options.exec;
	const struct call *call = exec == NULL ? NULL : exec->current;
	if (call == NULL || call->command == NULL) {
		log_raw_from_signal("no command was running");
		return;
	}
	const char *name = call->command->name;
	size_t group = strcspn(name, "|");
	crash_line("running: %s (%.*sCommand) with %d arguments, session %llu, database %d", name,
		(int)group, name, call->argc, (unsigned long long)call->session->id,
		(int)call->session->db);
}

static void crash_log_registers(const ucontext_t *context)
{
#if defined(__x86_64__)
	static const char *const names[] = {"r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
		"rdi", "rsi", "rbp", "rbx", "rdx", "rax", "rcx", "rsp", "rip", "eflags"};
	const greg_t *values = context->uc_mcontext.gregs;
	log_raw_from_signal("------ REGISTERS ------");
	for (size_t i = 0; i + 1 < sizeof(names) / sizeof(names[0]); i += 2)
		crash_line("%-4s %016llx  %-6s %016llx", names[i], (unsigned long long)values[i],
			names[i + 1], (unsigned long long)values[i + 1]);
#else
	(void)context;
#endif
}

static void *crash_instruction(const ucontext_t *context)
{
#if defined(__x86_64__)
	return (void *)(uintptr_t)context->uc_mcontext.gregs[REG_RIP];
#else
	(void)context;
	return NULL;
#endif
}

static void crash_log_info(void)
{
	struct buf text = {0};
	if (crash_options.info == NULL)
		return;
	log_raw_from_signal("------ INFO OUTPUT ------");
	signal(SIGALRM, SIG_DFL);
	alarm(CRASH_INFO_SECONDS);
	crash_options.info(&text, crash_options.context);
	(void)buf_text(&text);
	crash_lines(text.ptr);
	alarm(0);
}

static void crash_log_end(void)
{
	crash_log_info();
	if (crash_options.checks_memory) {
		log_raw_from_signal("------ FAST MEMORY TEST ------");
		log_raw_from_signal(self_test_memory_fast() ? "Fast memory test PASSED"
							    : "Fast memory test FAILED");
	}
	crash_line("=== RINGLET BUG REPORT END. Please report it with everything from START to "
		   "here ===");
}

static void crash_log_start(void)
{
	crash_line("=== RINGLET BUG REPORT START: Cut & paste starting from here ===");
}

/* --- ways in --- */

static void crash_die(int signal_number)
{
	signal(signal_number, SIG_DFL);
	raise(signal_number);
	/* Blocked: happens when the handler returns. */
}

static void crash_on_signal(int signal_number, siginfo_t *info, void *ucontext)
{
	if (crash_is_reported) {
		crash_die(signal_number);
		return;
	}
	crash_is_reported = 1;
	crash_log_start();
	crash_line("Redis %s (Ringlet %s) crashed by signal: %d, si_code: %d", REDIS_VERSION,
		RINGLET_VERSION, signal_number, info->si_code);
	if (signal_number == SIGSEGV || signal_number == SIGBUS)
		crash_line("Accessing address: %p", info->si_addr);
	if (info->si_code == SI_USER)
		crash_line("Killed by PID: %ld, UID: %d", (long)info->si_pid, (int)info->si_uid);
	crash_log_stack(crash_instruction(ucontext));
	crash_log_registers(ucontext);
	crash_log_command();
	crash_log_end();
	process_pidfile_remove();
	crash_die(signal_number);
}

static void crash_on_assert(const char *what, const char *file, int line)
{
	if (!crash_options.is_enabled || crash_is_reported)
		return;
	crash_is_reported = 1;
	crash_log_start();
	crash_line("at %s:%d: '%s'", file, line, what);
	crash_log_stack(NULL);
	crash_log_command();
	crash_log_end();
	if (crash_options.exit_on_panic)
		_exit(1);
}

void crash_panic(const char *file, int line, const char *format, ...)
{
	char text[CRASH_LINE_BYTES];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	crash_is_reported = 1;
	crash_log_start();
	log_raw_from_signal("!!! Software Failure. Press left mouse button to continue");
	crash_line("Guru Meditation: %s #%s:%d", text, file, line);
	crash_log_stack(NULL);
	crash_log_command();
	crash_log_end();
	if (crash_options.exit_on_panic)
		_exit(1);
	abort();
}

void crash_configure(bool is_enabled, bool exit_on_panic, bool checks_memory)
{
	struct crash_options options = crash_options;
	options.is_enabled = is_enabled;
	options.exit_on_panic = exit_on_panic;
	options.checks_memory = checks_memory;
	crash_init(&options);
}

void crash_init(const struct crash_options *options)
{
	static char stack[CRASH_ALT_STACK_BYTES];
	void *warm[1];
	struct sigaction action = {.sa_sigaction = crash_on_signal};
	crash_options = *options;
	assert_hook = crash_on_assert;
	/* The first call loads libgcc, which a handler had better not do. */
	(void)backtrace(warm, 1);
	stack_t alternate = {.ss_sp = stack, .ss_size = sizeof(stack)};
	if (options->is_enabled)
		(void)sigaltstack(&alternate, NULL);
	sigemptyset(&action.sa_mask);
	action.sa_flags = SA_NODEFER | (int)SA_RESETHAND | SA_SIGINFO | SA_ONSTACK;
	for (size_t i = 0; i < CRASH_SIGNALS; i++) {
		if (options->is_enabled)
			sigaction(crash_signals[i], &action, NULL);
		else
			signal(crash_signals[i], SIG_DFL);
	}
}
