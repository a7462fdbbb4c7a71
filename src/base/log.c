/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The log: formats a line in one buffer on the stack and hands it to the kernel in one write, so
 * that lines of several processes never mix and nothing is lost when the process dies.
 *
 * The file stays open between lines; before each line one stat tells whether the name still means
 * that file, so that a rotation by rename (or a deleted file) needs no signal. Lines longer than
 * LOG_LINE_MAX are cut.
 */
#include "base/log.h"

#include "base/log_syslog.h"
#include "base/mem.h"
#include "base/num.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LOG_LINE_MAX 4096
#define LOG_WRITE_TRIES 8

char log_role = 'M';

static struct log_config log_config = {.level = LOG_NOTICE, .syslog_facility = 16 << 3};
static int log_fd = -1;
static dev_t log_device;
static ino_t log_inode;

static void log_replace_text(char **to, const char *text)
{
	char *copy = text == NULL ? NULL : mem_dup_text(text);
	mem_free(*to);
	*to = copy;
}

void log_init(const struct log_config *config)
{
	log_config.level = config->level;
	log_config.to_syslog = config->to_syslog;
	log_config.syslog_facility = config->syslog_facility;
	log_replace_text(&log_config.file, config->file);
	log_replace_text(&log_config.syslog_ident, config->syslog_ident);
	if (log_fd >= 0)
		close(log_fd);
	log_fd = -1;
	if (log_config.to_syslog)
		log_syslog_open(log_config.syslog_ident, log_config.syslog_facility);
}

bool log_wants(enum log_level level)
{
	return (int)level >= log_config.level;
}

static bool log_has_file(void)
{
	return log_config.file != NULL && log_config.file[0] != '\0';
}

static int log_open(void)
{
	struct stat st;
	log_fd = open(log_config.file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	if (log_fd >= 0 && fstat(log_fd, &st) == 0) {
		log_device = st.st_dev;
		log_inode = st.st_ino;
	}
	return log_fd;
}

/* The descriptor for the next line, or -1 when the file cannot be opened. */
static int log_target(void)
{
	struct stat st;
	if (!log_has_file())
		return STDOUT_FILENO;
	if (log_fd >= 0 && stat(log_config.file, &st) == 0 && st.st_dev == log_device &&
	    st.st_ino == log_inode)
		return log_fd;
	if (log_fd >= 0)
		close(log_fd);
	return log_open();
}

/* A log that cannot be written is not worth stopping for: gives up after some tries. */
static void log_write(int fd, const char *line, size_t len)
{
	for (int i = 0; i < LOG_WRITE_TRIES && len > 0 && fd >= 0; i++) {
		ssize_t done = write(fd, line, len);
		if (done < 0 && errno != EINTR)
			return;
		if (done > 0) {
			line += done;
			len -= (size_t)done;
		}
	}
}

/* "PID:M 22 Nov 2026 12:00:00.000 * " into `out`; returns its length. */
static size_t log_prefix(char *out, size_t size, enum log_level level)
{
	struct timespec now;
	struct tm parts;
	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &parts);
	int len = snprintf(out, size, "%d:%c ", (int)getpid(), log_role);
	len += (int)strftime(out + len, size - (size_t)len, "%d %b %Y %H:%M:%S.", &parts);
	len += snprintf(out + len, size - (size_t)len, "%03d %c ", (int)(now.tv_nsec / 1000000),
			".-*#"[level]);
	return (size_t)len;
}

void log_line(enum log_level level, const char *format, ...)
{
	char line[LOG_LINE_MAX];
	if (!log_wants(level) || level >= LOG_NOTHING)
		return;
	int error = errno;
	size_t prefix = log_prefix(line, sizeof(line), level);
	size_t room = sizeof(line) - prefix - 1;
	va_list args;
	va_start(args, format);
	int wanted = vsnprintf(line + prefix, room, format, args);
	va_end(args);
	size_t len = prefix;
	if (wanted > 0)
		len += (size_t)wanted < room ? (size_t)wanted : room - 1;
	if (log_config.to_syslog) {
		line[len] = '\0';
		log_syslog_send((int)level, line + prefix);
	}
	line[len] = '\n';
	log_write(log_target(), line, len + 1);
	errno = error;
}

void log_raw_from_signal(const char *text)
{
	/* open and write are on POSIX's list of what a handler may call; stdio and localtime are
	 * not. */
	int error = errno;
	char head[64];
	size_t len = num_print_i64(head, getpid());
	memcpy(head + len, ":signal-handler (", 17);
	len += 17;
	len += num_print_i64(head + len, time(NULL));
	memcpy(head + len, ") ", 2);
	len += 2;
	int fd = STDOUT_FILENO;
	if (log_has_file())
		fd = open(log_config.file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	log_write(fd, head, len);
	log_write(fd, text, strlen(text));
	log_write(fd, "\n", 1);
	if (fd > STDOUT_FILENO)
		close(fd);
	errno = error;
}
