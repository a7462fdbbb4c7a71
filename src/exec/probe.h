/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Probes: calls whose reply is followed until the kernel has its last byte, for whoever wants to
 * know how long that took (obs/phases). A session without probes pays for the test of a pointer
 * when it sends.
 *
 * Invariant: the probes of a session stand in the order of its output. There are PROBES_MAX in all;
 * where one more is wanted the oldest is given up, so that readers who never read keep none busy.
 * Nothing here knows what a socket or a log is: net says what was sent, the hold queue what may go.
 */
#ifndef RINGLET_EXEC_PROBE_H
#define RINGLET_EXEC_PROBE_H

#include "exec/exec.h"

#define PROBES_MAX 256

struct probe {
	struct probe *next; /* behind it in the session's output */
	struct session *session; /* NULL = free */
	struct command *command;
	size_t before;     /* so many unsent bytes up to the end of its reply */
	uint64_t received; /* ticks: when its request came, was begun, was over */
	uint64_t begun, ended;
	uint64_t released; /* when its reply was no longer held; 0 = it never was */
	uint64_t sent;     /* when the kernel had all of it */
	uint32_t weight;   /* so many calls it stands for */
	bool may_hold;     /* replies could be held when it ran */
};

struct probe_table {
	struct probe slots[PROBES_MAX];
	unsigned next;     /* the oldest */
	uint64_t given_up; /* taken by newer ones before they were over */
	void (*done)(const struct probe *p, void *context);
	void *context;
};

/* `done` is told of each probe whose reply was sent. */
void probe_init(
	struct exec *exec, void (*done)(const struct probe *p, void *context), void *context);
void probe_free(struct exec *exec);
/* A probe for the call of `s` that just ended; its reply is what stands last in the output. */
void probe_add(struct exec *exec, struct session *s, const struct probe *p);

void probe_note_sent(struct session *s, size_t len);
void probe_note_released(struct session *s, size_t held_from, size_t held_from_now);

/* So many bytes of the session's output are with the kernel. */
static inline void probe_sent(struct session *s, size_t len)
{
	if (UNLIKELY(s->probes != NULL))
		probe_note_sent(s, len);
}

/* What was held from the place `held_from` in the output on is now held from a later one. */
static inline void probe_released(struct session *s, size_t held_from, size_t held_from_now)
{
	if (UNLIKELY(s->probes != NULL))
		probe_note_released(s, held_from, held_from_now);
}

#endif
