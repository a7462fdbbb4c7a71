/* SPDX-License-Identifier: BSD-3-Clause
 *
 * An executor without sockets, for the unit tests of commands: `run` takes a line of words and
 * answers the reply's bytes; `propagated` is what the log and the replicas were told since, one
 * command a line. The clock stands at RUNNER_NOW_MS until it is moved.
 */
#ifndef RINGLET_TESTS_UNIT_CMD_RUNNER_H
#define RINGLET_TESTS_UNIT_CMD_RUNNER_H

#include "../unit.h"

#include "base/buf.h"
#include "base/mem.h"
#include "exec/exec.h"
#include "exec/session.h"
#include "proto/inline.h"
#include "store/type_ops.h"
#include "types/string.h"

#define RUNNER_NOW_MS 1700000000000

struct runner {
	struct keyspace *keyspace;
	struct exec *exec;
	struct session session;
	struct buf reply;
	struct buf told;
};

static inline void runner_unit(const struct propagation *p, bool is_transaction, void *context)
{
	struct runner *t = context;
	(void)is_transaction;
	for (; p != NULL; p = p->next) {
		for (int i = 0; i < p->argc; i++) {
			if (i > 0)
				buf_add_char(&t->told, ' ');
			buf_add_bytes(&t->told, p->argv[i]);
		}
		buf_add_char(&t->told, '\n');
	}
}

static inline void runner_open(struct runner *t, const struct command_row *const *groups)
{
	*t = (struct runner){0};
	type_register(TYPE_STRING, &string_ops);
	t->keyspace = keyspace_new(16);
	t->exec = exec_new(t->keyspace);
	for (; *groups != NULL; groups++)
		command_table_add(t->exec->commands, *groups);
	effect_add_sink(t->exec, (struct effect_sink){runner_unit, t});
	session_init(&t->session, t->exec, ORIGIN_CLIENT);
	t->session.is_authenticated = true;
	exec_set_time(t->exec, RUNNER_NOW_MS * 1000);
}

static inline void runner_close(struct runner *t)
{
	session_release(&t->session);
	exec_free(t->exec);
	keyspace_free(t->keyspace);
	buf_release(&t->reply);
	buf_release(&t->told);
	out_pool_release();
}

static inline const char *run(struct runner *t, const char *line)
{
	struct request_arena arena = {0};
	struct bytes *words = NULL;
	struct iovec iov[64];
	int64_t count = line_split(bytes_text(line), &arena, &words);
	assert_true(count > 0);
	call_run(&t->session, words, (int)count);
	buf_clear(&t->reply);
	int pieces = out_pieces(&t->session.out, iov, 64);
	for (int i = 0; i < pieces; i++)
		buf_add(&t->reply, iov[i].iov_base, iov[i].iov_len);
	out_clear(&t->session.out);
	request_arena_release(&arena);
	return buf_text(&t->reply);
}

/* What was propagated since the last question. */
static inline const char *propagated(struct runner *t)
{
	static char text[4096];
	snprintf(text, sizeof(text), "%s", buf_text(&t->told));
	buf_clear(&t->told);
	return text;
}

/* Runs the line and expects the reply and what is propagated. */
static inline void expect(struct runner *t, const char *line, const char *reply, const char *told)
{
	assert_string_equal(run(t, line), reply);
	assert_string_equal(propagated(t), told);
}

#endif
