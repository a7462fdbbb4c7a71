/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The score by which the kernel chooses whom to kill. What it was before we first touched it is
 * remembered: relative values are added to it, and "no" gives it back.
 */
#include "base/log.h"
#include "base/num.h"
#include "process/process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define OOM_FILE "/proc/self/oom_score_adj"
#define OOM_MIN (-1000)
#define OOM_MAX 1000

/* Process-wide, as the score is. */
static bool oom_is_touched;
static int oom_at_start;

static bool oom_read(int *out)
{
	char text[32] = {0};
	int fd = open(OOM_FILE, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t got = read(fd, text, sizeof(text) - 1);
	close(fd);
	*out = (int)strtol(text, NULL, 10);
	return got > 0;
}

static bool oom_write(int score)
{
	char text[32];
	if (score < OOM_MIN)
		score = OOM_MIN;
	if (score > OOM_MAX)
		score = OOM_MAX;
	int len = snprintf(text, sizeof(text), "%d\n", score);
	int fd = open(OOM_FILE, O_WRONLY | O_CLOEXEC);
	bool is_done = fd >= 0 && write(fd, text, (size_t)len) == len;
	if (!is_done)
		log_line(LOG_WARNING, "Unable to write oom_score_adj: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
	return is_done;
}

bool oom_apply(const struct process_config *config, enum oom_role role)
{
	int value = config->oom_values[role];
	if (config->oom_mode == OOM_NO) {
		if (!oom_is_touched)
			return true;
		oom_is_touched = false;
		return oom_write(oom_at_start);
	}
	if (!oom_is_touched) {
		if (!oom_read(&oom_at_start)) {
			log_line(LOG_WARNING, "Unable to read oom_score_adj: %s", strerror(errno));
			return false;
		}
		oom_is_touched = true;
	}
	return oom_write(config->oom_mode == OOM_RELATIVE ? oom_at_start + value : value);
}
