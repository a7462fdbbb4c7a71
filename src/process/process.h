/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What of the process itself can be configured, and what of it is done once at start. The group's
 * context is not used.
 */
#ifndef RINGLET_PROCESS_PROCESS_H
#define RINGLET_PROCESS_PROCESS_H

#include "base/param.h"

#define PROCESS_HZ_MIN 1
#define PROCESS_HZ_MAX 500

enum process_allowed { ALLOWED_NO, ALLOWED_LOCAL, ALLOWED_YES };
enum process_supervised { SUPERVISED_NO, SUPERVISED_AUTO, SUPERVISED_SYSTEMD, SUPERVISED_UPSTART };
enum oom_mode { OOM_NO, OOM_RELATIVE, OOM_ABSOLUTE };

struct process_config {
	bool daemonize;
	int supervised; /* enum process_supervised */
	char *pidfile;	/* "" = none unless daemonized */
	int databases;
	int io_backend; /* enum loop_backend_kind */
	int io_spin_us, io_gather_us;
	int hz;
	bool dynamic_hz;
	bool always_show_logo;
	bool set_title;
	char *title_template;
	char *locale_collate;
	char *ignore_warnings;
	int shutdown_timeout_s;
	int shutdown_on_sigint, shutdown_on_sigterm; /* SHUTDOWN_* flags */
	int oom_mode;				     /* enum oom_mode */
	int oom_values[3];			     /* primary, replica, child */
	bool disable_thp;
	bool crash_log, crash_memcheck;
	int watchdog_period_ms;
	bool exit_on_panic;
	int enable_protected_configs, enable_debug_command,
		enable_module_command; /* enum process_allowed */
	char *server_cpulist, *bio_cpulist, *aof_rewrite_cpulist, *bgsave_cpulist;
};

extern const struct param_row process_params[];

/* After the configuration was read: values that have to fit each other or the machine. */
void process_config_fit(struct process_config *config);
/* May this caller (is_local: loopback or Unix socket) use what `allowed` guards? */
static inline bool process_allows(int allowed, bool is_local)
{
	return allowed == ALLOWED_YES || (allowed == ALLOWED_LOCAL && is_local);
}

/* --- once at start, in this order --- */

/* Becomes a daemon: forks, the parent exits; before any thread, loop or ring exists. */
void process_daemonize(void);
/* Writes the pid; the default path is used for a daemon without one. The path is absolute from then
 * on. */
void process_pidfile_write(const struct process_config *config);
void process_pidfile_remove(void);
/* Pins the calling thread to the listed cores ("0,2", "0-3", "0-7:2"); false when the list is
 * malformed or refused by the system (logged). "" does nothing. */
bool process_pin(const char *cpulist);
/* Turns transparent huge pages off for this process (they make copies on write large). */
void process_disable_thp(void);

/* --- the supervisor --- */

/* Finds out who supervises ("auto" looks at the environment); returns the one that does. */
enum process_supervised process_supervise(int wanted);
/* sd_notify by hand: "STATUS=Ready to accept connections\nREADY=1". Without a socket it does
 * nothing. */
void process_notify(const char *state);
const char *process_supervised_name(enum process_supervised by);

/* --- OOM score --- */

enum oom_role { OOM_PRIMARY, OOM_REPLICA, OOM_CHILD };
/* Writes /proc/self/oom_score_adj as configured; false when the kernel refuses (logged). */
bool oom_apply(const struct process_config *config, enum oom_role role);

#endif
