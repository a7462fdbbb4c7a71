/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Signals become events: the handler notes the number and writes to an eventfd, the loop does the
 * rest. Real handlers and not a signalfd, because a blocked signal mask would be inherited by every
 * child, and because a loop that no longer turns must still be left with a second Ctrl-C.
 *
 * Invariant: `pending` is the only state that the handler writes; besides it calls write(2), and
 * unlink(2) on its way out.
 */
#include "io/signals.h"

#include "base/assert.h"
#include "io/loop.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static const int handled[] = {SIGTERM, SIGINT};
#define HANDLED_COUNT (sizeof handled / sizeof handled[0])

static int wake_fd = -1;
static volatile sig_atomic_t pending[HANDLED_COUNT];
static struct watch watch;
static char last_scrap[SIGNALS_SCRAP_MAX_BYTES];
static volatile sig_atomic_t is_last_work;
static void (*owner_handler)(int signal, void *context);
static void *owner_context;

static void on_signal(int number)
{
	int saved = errno;
	uint64_t one = 1;
	for (size_t i = 0; i < HANDLED_COUNT; i++) {
		if (handled[i] != number)
			continue;
		if (number == SIGINT && is_last_work && last_scrap[0] != '\0')
			(void)unlink(last_scrap);
		if (number == SIGINT && (pending[i] || is_last_work))
			_exit(1);
		pending[i] = 1;
	}
	/* Fails only when the counter is full, and then the loop is woken anyway. */
	ssize_t n = write(wake_fd, &one, sizeof one);
	(void)n;
	errno = saved;
}

static void on_ready(struct watch *w, int events)
{
	uint64_t count;
	(void)events;
	if (read(w->fd, &count, sizeof count) < 0)
		return;
	for (size_t i = 0; i < HANDLED_COUNT; i++) {
		if (!pending[i])
			continue;
		pending[i] = 0;
		owner_handler(handled[i], owner_context);
	}
}

static void actions_set(void (*action)(int))
{
	struct sigaction act = {.sa_handler = action, .sa_flags = SA_RESTART};
	sigemptyset(&act.sa_mask);
	for (size_t i = 0; i < HANDLED_COUNT; i++)
		sigaction(handled[i], &act, NULL);
	act.sa_handler = SIG_IGN;
	sigaction(SIGHUP, &act, NULL);
	sigaction(SIGPIPE, &act, NULL);
	sigaction(SIGXFSZ, &act, NULL); /* a limit of file sizes is a disk that is full */
}

int signals_open(struct loop *loop, void (*handler)(int signal, void *context), void *context)
{
	ASSERT(wake_fd < 0 && handler != NULL);
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	watch = (struct watch){.on_ready = on_ready};
	int rc = watch_open(loop, &watch, fd, WATCH_READABLE);
	if (rc < 0) {
		close(fd);
		return rc;
	}
	for (size_t i = 0; i < HANDLED_COUNT; i++)
		pending[i] = 0;
	owner_handler = handler;
	owner_context = context;
	wake_fd = fd;
	actions_set(on_signal);
	return 0;
}

void signals_last_work(const char *scrap)
{
	is_last_work = 0;
	if (scrap == NULL)
		return;
	size_t len = strlen(scrap);
	ASSERT(len < sizeof last_scrap);
	memcpy(last_scrap, scrap, len + 1);
	is_last_work = 1;
}

void signals_close(struct loop *loop)
{
	if (wake_fd < 0)
		return;
	/* Who closes is about to end; a second SIGTERM must not make that a death by signal. */
	actions_set(SIG_IGN);
	watch_close(loop, &watch);
	close(wake_fd);
	wake_fd = -1;
}
