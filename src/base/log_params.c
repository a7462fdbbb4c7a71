/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What of the log can be configured. Facilities are given as numbers of RFC 5424 times eight, since
 * <syslog.h> and base/log.h do not go together.
 */
#include "base/log_params.h"

#include "base/log.h"

#define AT(field) PARAM_FIELD(struct log_config, field)

static const struct param_choice log_levels[] = {
	{"debug", LOG_DEBUG},
	{"verbose", LOG_VERBOSE},
	{"notice", LOG_NOTICE},
	{"warning", LOG_WARNING},
	{"nothing", LOG_NOTHING},
	{NULL, 0},
};

static const struct param_choice log_facilities[] = {
	{"user", 1 << 3},
	{"local0", 16 << 3},
	{"local1", 17 << 3},
	{"local2", 18 << 3},
	{"local3", 19 << 3},
	{"local4", 20 << 3},
	{"local5", 21 << 3},
	{"local6", 22 << 3},
	{"local7", 23 << 3},
	{NULL, 0},
};

static bool log_apply(void *owner, void *context, struct param_error *error)
{
	(void)context;
	(void)error;
	log_init(owner);
	return true;
}

const struct param_row log_params[] = {
	{.type = PARAM_SECTION,
		.name = "LOG",
		.help = "One line per event, in Redis's form. The file is opened again when it was "
			"renamed or "
			"removed, so rotating it needs no signal."},
	{"loglevel", PARAM_ENUM, AT(level), "notice", .choices = log_levels, .apply = log_apply,
		.help = "debug (everything), verbose, notice (what a production server should "
			"say), warning (only "
			"what needs attention), nothing."},
	{"logfile", PARAM_PATH, AT(file), "", .flags = PARAM_IMMUTABLE,
		.help = "Path of the log, relative to the directory the server was started in. "
			"\"\" is standard "
			"output, or /dev/null for a daemon."},
	{"syslog-enabled", PARAM_BOOL, AT(to_syslog), "no", .flags = PARAM_IMMUTABLE,
		.help = "Send the lines to syslog as well."},
	{"syslog-ident", PARAM_STRING, AT(syslog_ident), "redis", .flags = PARAM_IMMUTABLE,
		.help = "The name in syslog's lines."},
	{"syslog-facility", PARAM_ENUM, AT(syslog_facility), "local0", .flags = PARAM_IMMUTABLE,
		.choices = log_facilities, .help = "user, or local0 to local7."},
	{0},
};
