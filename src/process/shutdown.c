/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A shutdown walks its steps in order; a step that waits is asked again on each tick until the time
 * is over, then once more with is_late. A refusal undoes the steps that were done, newest first.
 */
#include "process/shutdown.h"

#include "base/assert.h"
#include "base/log.h"
#include "base/mem.h"

#include <signal.h>
#include <stdlib.h>

struct shutdown {
	void (*stop)(void *context);
	void *context;
	void (*failed)(void *context);
	void *failed_context;
	struct shutdown_step steps[SHUTDOWN_STEPS_MAX];
	int step_count;
	bool is_pending;
	bool is_over;
	bool is_asked; /* by a signal: begins with the next tick, until then it can be called off */
	unsigned asked_flags;
	int64_t asked_timeout_ms;
	int at; /* the step that is being done */
	unsigned flags;
	int64_t deadline_ms;
};

struct shutdown *shutdown_new(void (*stop)(void *context), void *context)
{
	struct shutdown *s = mem_calloc(1, sizeof(*s));
	s->stop = stop;
	s->context = context;
	return s;
}

void shutdown_free(struct shutdown *s)
{
	mem_free(s);
}

void shutdown_add_step(struct shutdown *s, struct shutdown_step step)
{
	ASSERT(s->step_count < SHUTDOWN_STEPS_MAX);
	s->steps[s->step_count++] = step;
}

void shutdown_on_failed(struct shutdown *s, void (*failed)(void *context), void *context)
{
	s->failed = failed;
	s->failed_context = context;
}

/* Called off: everything as it was. */
static void shutdown_give_up(struct shutdown *s)
{
	for (int i = s->at; i >= 0; i--)
		if (i < s->step_count && s->steps[i].undo != NULL)
			s->steps[i].undo(s->steps[i].context);
	s->is_pending = false;
	if (s->failed != NULL)
		s->failed(s->failed_context);
}

static enum shutdown_status shutdown_go_on(struct shutdown *s, int64_t now_ms)
{
	for (; s->at < s->step_count; s->at++) {
		const struct shutdown_step *step = &s->steps[s->at];
		bool is_late = now_ms >= s->deadline_ms || (s->flags & SHUTDOWN_NOW);
		enum shutdown_answer answer = step->run(s->flags, is_late, step->context);
		if (answer == SHUTDOWN_WAIT && !is_late)
			return SHUTDOWN_PENDING;
		if (answer == SHUTDOWN_REFUSE && !(s->flags & SHUTDOWN_FORCE)) {
			log_line(LOG_WARNING,
				"Errors trying to shut down the server. "
				"Check the logs for more information.");
			shutdown_give_up(s);
			return SHUTDOWN_FAILED;
		}
	}
	s->is_pending = false;
	s->is_over = true;
	s->stop(s->context);
	return SHUTDOWN_EXITING;
}

enum shutdown_status shutdown_begin(
	struct shutdown *s, unsigned flags, int64_t timeout_ms, int64_t now_ms)
{
	if (s->is_over)
		return SHUTDOWN_EXITING;
	if (!s->is_pending) {
		log_line(LOG_NOTICE, "User requested shutdown...");
		s->is_pending = true;
		s->at = 0;
		s->flags = flags;
		if (__builtin_add_overflow(now_ms, timeout_ms, &s->deadline_ms))
			s->deadline_ms = INT64_MAX;
	}
	/* Who joins may only make it more urgent. */
	s->flags |= flags & (SHUTDOWN_NOW | SHUTDOWN_FORCE);
	return shutdown_go_on(s, now_ms);
}

void shutdown_tick(struct shutdown *s, int64_t now_ms)
{
	if (s->is_asked) {
		s->is_asked = false;
		(void)shutdown_begin(s, s->asked_flags, s->asked_timeout_ms, now_ms);
		return;
	}
	if (s->is_pending)
		(void)shutdown_go_on(s, now_ms);
}

bool shutdown_abort(struct shutdown *s)
{
	if (!s->is_pending && !s->is_asked)
		return false;
	log_line(LOG_WARNING, "Shutdown manually aborted.");
	s->is_asked = false;
	if (s->is_pending)
		shutdown_give_up(s);
	return true;
}

bool shutdown_is_pending(const struct shutdown *s)
{
	return s->is_pending;
}

int64_t shutdown_left_ms(const struct shutdown *s, int64_t now_ms)
{
	if (!s->is_pending)
		return -1;
	return s->deadline_ms > now_ms ? s->deadline_ms - now_ms : 0;
}

void shutdown_on_signal(struct shutdown *s, int signal, unsigned flags, int64_t timeout_ms)
{
	const char *name = signal == SIGINT ? "SIGINT" : "SIGTERM";
	if ((s->is_pending || s->is_asked) && signal == SIGINT) {
		/* Somebody at the keyboard means it. */
		log_line(LOG_WARNING, "You insist... exiting now.");
		exit(1);
	}
	log_line(LOG_WARNING, "Received %s scheduling shutdown...", name);
	s->is_asked = true;
	s->asked_flags = flags;
	s->asked_timeout_ms = timeout_ms;
}
