/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The start-up lines, worded so that whatever waits for Redis's start recognises ours.
 */
#include "process/banner.h"

#include "base/version.h"
#include "process/process.h"

#include <unistd.h>

void banner_starting(bool has_config)
{
	log_line(LOG_NOTICE, "oO0OoO0OoO0Oo Ringlet is starting oO0OoO0OoO0Oo");
	log_line(LOG_NOTICE, "Redis version=%s, Ringlet version=%s, bits=%d, pid=%d, just started",
		REDIS_VERSION, RINGLET_VERSION, (int)sizeof(void *) * 8, (int)getpid());
	if (has_config)
		log_line(LOG_NOTICE, "Configuration loaded");
	else
		log_line(LOG_WARNING,
			"Warning: no config file specified, using the default config. In "
			"order to specify a config file use ringlet-server "
			"/path/to/redis.conf");
}

void banner_logo(const struct process_config *process, const struct log_config *log, int port)
{
	log_role = 'M';
	bool is_seen = log->file[0] == '\0' && !log->to_syslog && isatty(STDOUT_FILENO);
	if (!is_seen && !process->always_show_logo) {
		log_line(LOG_NOTICE, "Running mode=standalone, port=%d.", port);
		return;
	}
	log_line(LOG_NOTICE, "     .-~~~-.");
	log_line(LOG_NOTICE, "   .'  .-.  '.     Ringlet %s, speaks Redis %s, %d bit",
		RINGLET_VERSION, REDIS_VERSION, (int)sizeof(void *) * 8);
	log_line(LOG_NOTICE, "  :   (   )   :    Running in standalone mode");
	log_line(LOG_NOTICE, "  :    `-'    :    Port: %d", port);
	log_line(LOG_NOTICE, "   '.       .'     PID: %d", (int)getpid());
	log_line(LOG_NOTICE, "     `-...-'");
}

void banner_initialized(const char *backend, const char *reason)
{
	log_line(LOG_NOTICE, "io-backend: %s (%s)", backend, reason);
	log_line(LOG_NOTICE, "Server initialized");
}

void banner_ready(bool has_tcp, const char *unixsocket)
{
	if (has_tcp)
		log_line(LOG_NOTICE, "Ready to accept connections tcp");
	if (unixsocket != NULL && unixsocket[0] != '\0')
		log_line(LOG_NOTICE, "Ready to accept connections unix at %s", unixsocket);
	if (!has_tcp && (unixsocket == NULL || unixsocket[0] == '\0'))
		log_line(LOG_NOTICE, "Ready to accept connections, but nothing is listened on");
	process_notify("STATUS=Ready to accept connections\nREADY=1\n");
}

void banner_bye(void)
{
	process_notify("STOPPING=1\n");
	log_line(LOG_WARNING, "Ringlet is now ready to exit, bye bye...");
}
