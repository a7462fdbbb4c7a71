/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The parameters of the process: how it starts, what it is called, how it ends, what it may be
 * asked to do. `dir` is no field: the working directory is the kernel's.
 */
#include "base/mem.h"
#include "base/num.h"
#include "io/loop.h"
#include "process/crash.h"
#include "process/process.h"
#include "process/shutdown.h"
#include "process/title.h"
#include "process/watchdog.h"

#include <errno.h>
#include <locale.h>
#include <unistd.h>

#define AT(field) PARAM_FIELD(struct process_config, field)

static const struct param_choice process_supervisors[] = {
	{"upstart", SUPERVISED_UPSTART},
	{"systemd", SUPERVISED_SYSTEMD},
	{"auto", SUPERVISED_AUTO},
	{"no", SUPERVISED_NO},
	{NULL, 0},
};
static const struct param_choice process_backends[] = {
	{"auto", LOOP_AUTO},
	{"io_uring", LOOP_IO_URING},
	{"io_uring-proactor", LOOP_IO_URING_PROACTOR},
	{"epoll", LOOP_EPOLL},
	{"poll", LOOP_POLL},
	{"select", LOOP_SELECT},
	{NULL, 0},
};
static const struct param_choice process_shutdown_flags[] = {
	{"default", 0},
	{"save", SHUTDOWN_SAVE},
	{"nosave", SHUTDOWN_NOSAVE},
	{"now", SHUTDOWN_NOW},
	{"force", SHUTDOWN_FORCE},
	{NULL, 0},
};
static const struct param_choice process_oom_modes[] = {
	{"no", OOM_NO},
	{"yes", OOM_RELATIVE},
	{"relative", OOM_RELATIVE},
	{"absolute", OOM_ABSOLUTE},
	{NULL, 0},
};
static const struct param_choice process_alloweds[] = {
	{"no", ALLOWED_NO},
	{"yes", ALLOWED_YES},
	{"local", ALLOWED_LOCAL},
	{NULL, 0},
};

static bool process_check_shutdown(struct bytes text, struct param_error *error)
{
	struct param_words words;
	bool has_save = false, has_nosave = false;
	if (!param_split(text, &words))
		return true;
	for (int i = 0; i < words.argc; i++) {
		has_save |= bytes_is(words.argv[i], "save");
		has_nosave |= bytes_is(words.argv[i], "nosave");
	}
	param_words_release(&words);
	if (has_save && has_nosave)
		return param_fail(
			error, "shutdown options SAVE and NOSAVE can't be used simultaneously");
	return true;
}

static bool process_check_locale(struct bytes text, struct param_error *error)
{
	char *name = mem_dup_bytes_text(text.ptr, text.len);
	locale_t locale = newlocale(LC_COLLATE_MASK, name, (locale_t)0);
	mem_free(name);
	if (locale == (locale_t)0)
		return param_fail(error, "Invalid locale name");
	freelocale(locale);
	return true;
}

/* --- dir --- */

static bool process_dir_set(const struct param_row *row, void *owner, const struct bytes *argv,
	int argc, struct param_error *error)
{
	(void)row;
	(void)owner;
	if (argc != 1)
		return param_fail(error, "wrong number of arguments");
	char *path = mem_dup_bytes_text(argv[0].ptr, argv[0].len);
	int status = chdir(path);
	mem_free(path);
	return status == 0 || param_fail(error, "%s", strerror(errno));
}

static void process_dir_get(const struct param_row *row, const void *owner, struct buf *out)
{
	char path[4096];
	(void)row;
	(void)owner;
	buf_add_text(out, getcwd(path, sizeof(path)) == NULL ? "" : path);
}

static const struct param_special process_dir = {.set = process_dir_set, .get = process_dir_get};

/* --- oom-score-adj-values --- */

static bool process_oom_set(const struct param_row *row, void *owner, const struct bytes *argv,
	int argc, struct param_error *error)
{
	struct process_config *config = owner;
	int64_t values[3];
	(void)row;
	if (argc != 3)
		return param_fail(error, "wrong number of arguments");
	for (int i = 0; i < 3; i++)
		if (!num_parse_i64(argv[i], &values[i]) || values[i] < -2000 || values[i] > 2000)
			return param_fail(error,
				"Invalid oom-score-adj-values, elements must be between "
				"-2000 and 2000.");
	for (int i = 0; i < 3; i++)
		config->oom_values[i] = (int)values[i];
	return true;
}

static void process_oom_get(const struct param_row *row, const void *owner, struct buf *out)
{
	const int *values = ((const struct process_config *)owner)->oom_values;
	(void)row;
	buf_printf(out, "%d %d %d", values[0], values[1], values[2]);
}

static const struct param_special process_oom_values = {
	.set = process_oom_set, .get = process_oom_get};

/* --- what changes put into effect --- */

static bool process_apply_oom(void *owner, void *context, struct param_error *error)
{
	(void)context;
	if (oom_apply(owner, OOM_PRIMARY))
		return true;
	return param_fail(error, "Failed to set current oom_score_adj. Check server logs.");
}

static bool process_apply_watchdog(void *owner, void *context, struct param_error *error)
{
	struct process_config *config = owner;
	(void)context;
	(void)error;
	config->watchdog_period_ms = watchdog_set(config->watchdog_period_ms, config->hz);
	return true;
}

static bool process_apply_crash(void *owner, void *context, struct param_error *error)
{
	const struct process_config *config = owner;
	(void)context;
	(void)error;
	crash_configure(config->crash_log, config->exit_on_panic, config->crash_memcheck);
	return true;
}

static bool process_apply_locale(void *owner, void *context, struct param_error *error)
{
	const struct process_config *config = owner;
	(void)context;
	return setlocale(LC_COLLATE, config->locale_collate) != NULL ||
		param_fail(error, "Invalid locale name");
}

static bool process_apply_hz(void *owner, void *context, struct param_error *error)
{
	(void)context;
	(void)error;
	process_config_fit(owner);
	return true;
}

/* Immutable, but not by its flag: tools that set every parameter to its own value may do so. */
static bool process_apply_backend(void *owner, void *context, struct param_error *error)
{
	(void)owner;
	(void)context;
	return param_fail(error, "can't set immutable config");
}

void process_config_fit(struct process_config *config)
{
	if (config->hz < PROCESS_HZ_MIN)
		config->hz = PROCESS_HZ_MIN;
	if (config->hz > PROCESS_HZ_MAX)
		config->hz = PROCESS_HZ_MAX;
	(void)setlocale(LC_COLLATE, config->locale_collate == NULL ? "" : config->locale_collate);
}

const struct param_row process_params[] = {
	{.type = PARAM_SECTION,
		.name = "PROCESS",
		.help = "How the server runs: in the foreground or as a daemon, under which name, "
			"on which cores."},
	{"daemonize", PARAM_BOOL, AT(daemonize), "no", .flags = PARAM_IMMUTABLE,
		.help = "Run in the background. A daemon writes its pid to /var/run/redis.pid "
			"unless pidfile says "
			"otherwise. Not needed under systemd."},
	{"supervised", PARAM_ENUM, AT(supervised), "no", .flags = PARAM_IMMUTABLE,
		.choices = process_supervisors,
		.help = "Tell a supervisor when the server is ready: systemd (by $NOTIFY_SOCKET), "
			"upstart (by "
			"stopping itself), auto (whichever the environment names), no."},
	{"pidfile", PARAM_PATH, AT(pidfile), "", .flags = PARAM_IMMUTABLE,
		.example = "/run/ringlet.pid",
		.help = "File that the pid is written to; removed at exit. That it can't be "
			"written is no reason not "
			"to start."},
	{"dir", PARAM_SPECIAL, 0, "./", .flags = PARAM_PROTECTED | PARAM_DENY_LOADING,
		.special = &process_dir, .help = "The working directory: data files live here."},
	{"databases", PARAM_INT, AT(databases), "16", .flags = PARAM_IMMUTABLE, .min = 1,
		.max = INT_MAX, .help = "Number of databases that SELECT can choose from."},
	{"io-backend", PARAM_ENUM, AT(io_backend), "auto", .apply = process_apply_backend,
		.choices = process_backends,
		.help = "How the kernel is asked for events. auto takes io_uring where the kernel "
			"allows it, else "
			"epoll; INFO and the log say which and why. io_uring-proactor pays for "
			"hundreds of clients "
			"that are busy at the same time. poll and select are there for comparison; "
			"select can't watch "
			"more than about a thousand connections."},
	{"io-spin-usec", PARAM_INT, AT(io_spin_us), "50", .max = 1000,
		.help = "How long to look for the next request before going to sleep, where a "
			"few clients ask again as soon as they are answered; 0 sleeps at once."},
	{"io-gather-usec", PARAM_INT, AT(io_gather_us), "10", .max = 1000,
		.help = "How long to sleep on for more requests where many clients send them one "
			"by one, faster than that: larger batches, fewer wake-ups. Needs "
			"io_uring and Linux 6.12; 0 wakes up for each."},
	{"hz", PARAM_INT, AT(hz), "10", .max = INT_MAX, .apply = process_apply_hz,
		.help = "How often a second background work (expiry, timeouts, statistics) gets "
			"its turn, 1 to 500."},
	{"dynamic-hz", PARAM_BOOL, AT(dynamic_hz), "yes",
		.help = "Raise hz while many clients are connected."},
	{"always-show-logo", PARAM_BOOL, AT(always_show_logo), "no", .flags = PARAM_IMMUTABLE,
		.help = "Greet with the logo also where the log is no terminal."},
	{"set-proc-title", PARAM_BOOL, AT(set_title), "yes", .flags = PARAM_IMMUTABLE,
		.help = "Show address and mode in the process title (ps, top)."},
	{"proc-title-template", PARAM_STRING, AT(title_template),
		"{title} {listen-addr} {server-mode}", .check = title_check,
		.example = "\"{title} {listen-addr} {server-mode}\"",
		.help = "What the title says. Variables: {title} (the executable), {listen-addr}, "
			"{server-mode}, "
			"{port}, {tls-port}, {unixsocket}, {config-file}."},
	{"locale-collate", PARAM_STRING, AT(locale_collate), "", .check = process_check_locale,
		.apply = process_apply_locale,
		.help = "Locale by which strings are compared (SORT ALPHA); \"\" takes it from the "
			"environment."},
	{"ignore-warnings", PARAM_STRING, AT(ignore_warnings), "",
		.help = "Names of start-up warnings that are to be kept quiet about: "
			"slow-clocksource, xen-clocksource, overcommit, THP."},
	{"server_cpulist", PARAM_STRING, AT(server_cpulist), "", .flags = PARAM_IMMUTABLE,
		.example = "0-7:2",
		.help = "Cores the server's thread may run on: \"0,2\", \"0-3\", \"0-7:2\" (every "
			"second one)."},
	{"bio_cpulist", PARAM_STRING, AT(bio_cpulist), "", .flags = PARAM_IMMUTABLE,
		.example = "1,3",
		.help = "Cores of the threads that work beside the server's (files, disk)."},
	{"aof_rewrite_cpulist", PARAM_STRING, AT(aof_rewrite_cpulist), "", .flags = PARAM_IMMUTABLE,
		.example = "8-11",
		.help = "Cores of a process that rewrites the log (snapshot-method fork)."},
	{"bgsave_cpulist", PARAM_STRING, AT(bgsave_cpulist), "", .flags = PARAM_IMMUTABLE,
		.example = "1,10-11",
		.help = "Cores of a process that saves a snapshot (snapshot-method fork)."},
	{.type = PARAM_SECTION,
		.name = "SHUTDOWN AND TROUBLE",
		.help = "What happens when the server is asked to end, runs short of memory, hangs "
			"or crashes."},
	{"shutdown-timeout", PARAM_INT, AT(shutdown_timeout_s), "10", .max = INT_MAX,
		.help = "Seconds that a shutdown waits for replicas that lag behind; 0 does not "
			"wait."},
	{"shutdown-on-sigint", PARAM_FLAGS, AT(shutdown_on_sigint), "default",
		.flags = PARAM_MULTI_ARG, .choices = process_shutdown_flags,
		.check = process_check_shutdown, .example = "nosave force now",
		.help = "What SIGINT (Ctrl-C) means: default (save if there are save points), "
			"save, nosave, now "
			"(don't wait for replicas), force (go in spite of errors); several may be "
			"given."},
	{"shutdown-on-sigterm", PARAM_FLAGS, AT(shutdown_on_sigterm), "default",
		.flags = PARAM_MULTI_ARG, .choices = process_shutdown_flags,
		.check = process_check_shutdown, .help = "What SIGTERM means, in the same words."},
	{"oom-score-adj", PARAM_ENUM, AT(oom_mode), "no", .choices = process_oom_modes,
		.apply = process_apply_oom,
		.help = "Tell the kernel whom to kill first when memory runs out: no (leave the "
			"score alone), yes or "
			"relative (oom-score-adj-values are added to what it was at start), "
			"absolute."},
	{"oom-score-adj-values", PARAM_SPECIAL, 0, "0 200 800", .flags = PARAM_MULTI_ARG,
		.apply = process_apply_oom, .special = &process_oom_values,
		.help = "The score of a primary, of a replica and of a saving child, -2000 to "
			"2000. Lower scores than "
			"at start need privileges."},
	{"disable-thp", PARAM_BOOL, AT(disable_thp), "yes", .flags = PARAM_IMMUTABLE,
		.help = "Turn transparent huge pages off for this process where the kernel would "
			"use them "
			"everywhere."},
	{"crash-log-enabled", PARAM_BOOL, AT(crash_log), "yes", .apply = process_apply_crash,
		.help = "Write a report with the stack to the log when the server crashes."},
	{"crash-memcheck-enabled", PARAM_BOOL, AT(crash_memcheck), "yes",
		.apply = process_apply_crash,
		.help = "Add a quick check of the memory to the report."},
	{"enable-protected-configs", PARAM_ENUM, AT(enable_protected_configs), "no",
		.flags = PARAM_IMMUTABLE, .choices = process_alloweds,
		.help = "May CONFIG SET change dir and dbfilename, with which files can be written "
			"anywhere? no, yes, or "
			"local: only clients of this machine."},
	{"enable-debug-command", PARAM_ENUM, AT(enable_debug_command), "no",
		.flags = PARAM_IMMUTABLE, .choices = process_alloweds,
		.help = "May DEBUG be used? no, yes or local."},
	{"enable-module-command", PARAM_ENUM, AT(enable_module_command), "no",
		.flags = PARAM_IMMUTABLE, .choices = process_alloweds,
		.help = "May MODULE be used? no, yes or local."},
	{"watchdog-period", PARAM_INT, AT(watchdog_period_ms), "0", .flags = PARAM_HIDDEN,
		.max = INT_MAX, .apply = process_apply_watchdog, .help = "Milliseconds."},
	{"use-exit-on-panic", PARAM_BOOL, AT(exit_on_panic), "no", .flags = PARAM_HIDDEN,
		.apply = process_apply_crash, .help = ""},
	{0},
};
