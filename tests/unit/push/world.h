/* SPDX-License-Identifier: BSD-3-Clause
 *
 * An executor with a row of sessions, for the tests of what is pushed: `said` is what stands in a
 * session's output since the last question, RESP's line ends as spaces.
 */
#ifndef RINGLET_TESTS_UNIT_PUSH_WORLD_H
#define RINGLET_TESTS_UNIT_PUSH_WORLD_H

#include "../cmd/runner.h"

#define WORLD_SESSIONS 12

struct world {
	struct runner runner;
	struct exec *exec;
	struct db *db;
	struct session s[WORLD_SESSIONS];
	bool is_gone[WORLD_SESSIONS];
};

static inline void world_open(struct world *w, const struct command_row *const *groups)
{
	runner_open(&w->runner, groups);
	w->exec = w->runner.exec;
	w->db = &w->runner.keyspace->dbs[0];
}

/* Behind the init of what is tested: sessions join an executor that is complete. */
static inline void world_fill(struct world *w)
{
	for (int i = 0; i < WORLD_SESSIONS; i++) {
		session_init(&w->s[i], w->exec, ORIGIN_CLIENT);
		w->is_gone[i] = false;
	}
}

static inline void world_leave(struct world *w, int i)
{
	session_release(&w->s[i]);
	w->is_gone[i] = true;
}

static inline void world_empty(struct world *w)
{
	for (int i = 0; i < WORLD_SESSIONS; i++)
		if (!w->is_gone[i])
			session_release(&w->s[i]);
	/* (The runner's own goes while its features are still there.) */
	for (int i = 0; i < w->exec->on_session_close_count; i++)
		w->exec->on_session_close[i](&w->runner.session);
	w->exec->on_session_close_count = 0;
}

static inline const char *said(struct session *s)
{
	static struct buf text;
	struct iovec pieces[64];

	buf_clear(&text);
	int count = out_pieces(&s->out, pieces, 64);
	for (int i = 0; i < count; i++)
		for (size_t at = 0; at < pieces[i].iov_len; at++) {
			char c = ((const char *)pieces[i].iov_base)[at];
			if (c != '\r')
				buf_add_char(&text, (char)(c == '\n' ? ' ' : c));
		}
	out_clear(&s->out);
	return text.len == 0 ? "" : buf_text(&text);
}

/* Runs a line of words as this session. */
static inline void say(struct session *s, const char *line)
{
	struct request_arena arena = {0};
	struct bytes *words = NULL;
	int64_t count = line_split(bytes_text(line), &arena, &words);

	assert_true(count > 0);
	call_run(s, words, (int)count);
	request_arena_release(&arena);
}

#endif
