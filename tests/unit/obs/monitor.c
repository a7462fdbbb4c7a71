/* SPDX-License-Identifier: BSD-3-Clause
 *
 * obs/monitor: who is shown what, and that nothing is left behind when watchers go.
 */
#include "../../../src/obs/monitor.c"

#include "../unit.h"

static enum outcome run_ok(struct call *call)
{
	call_redact(call, 2);
	reply_ok(call->reply);
	return DONE;
}

static const struct command_row rows[] = {
	{.name = "SHOWN", .run = run_ok, .group = "server", .syntax = "<[arg...]>"},
	{.name = "ADMIN", .run = run_ok, .group = "server", .flags = CMD_ADMIN, .syntax = ""},
	{.name = "HIDDEN",
		.run = run_ok,
		.group = "server",
		.flags = CMD_SKIP_MONITOR,
		.syntax = ""},
	{.name = NULL},
};

struct fixture {
	struct keyspace *keyspace;
	struct exec *exec;
	struct session caller, watchers[8];
	struct monitor *monitor;
};

static void peer_of(const struct session *s, char *text, size_t size)
{
	(void)s;
	snprintf(text, size, "1.2.3.4:5");
}

static void fixture_open(struct fixture *f)
{
	f->keyspace = keyspace_new(4);
	f->exec = exec_new(f->keyspace);
	command_table_add(f->exec->commands, rows);
	session_init(&f->caller, f->exec, ORIGIN_CLIENT);
	for (int i = 0; i < 8; i++)
		session_init(&f->watchers[i], f->exec, ORIGIN_CLIENT);
	f->monitor = monitor_new(f->exec, peer_of);
}

static void fixture_close(struct fixture *f)
{
	session_release(&f->caller);
	for (int i = 0; i < 8; i++)
		session_release(&f->watchers[i]);
	monitor_free(f->monitor);
	exec_free(f->exec);
	keyspace_free(f->keyspace);
}

static void run(struct fixture *f, const char *name)
{
	struct bytes argv[] = {bytes_text(name), BYTES("a\n\""), BYTES("password")};
	call_run(&f->caller, argv, strcmp(name, "shown") == 0 ? 3 : 1);
}

/* What the session was sent; taken out. */
static const char *sent(struct session *s)
{
	static char text[1024];
	struct iovec pieces[4];
	size_t len = 0;
	int count = out_pieces(&s->out, pieces, 4);
	for (int i = 0; i < count; i++) {
		memcpy(text + len, pieces[i].iov_base, pieces[i].iov_len);
		len += pieces[i].iov_len;
	}
	text[len] = '\0';
	out_consume(&s->out, len);
	return text;
}

static void test_line(void **state)
{
	struct fixture f;
	(void)state;
	fixture_open(&f);
	monitor_start(f.monitor, &f.watchers[0]);
	f.caller.db = 3;
	run(&f, "shown");
	const char *line = sent(&f.watchers[0]);
	assert_int_equal(line[0], '+');
	assert_string_equal(strchr(line, ' '),
		" [3 1.2.3.4:5] \"shown\" \"a\\n\\\"\" \"(redacted)\"\r\n");
	f.caller.origin = ORIGIN_SCRIPT;
	run(&f, "shown");
	assert_non_null(strstr(sent(&f.watchers[0]), " [3 lua] \"shown\""));
	f.caller.origin = ORIGIN_RECOVERY;
	run(&f, "shown");
	assert_string_equal(sent(&f.watchers[0]), "");
	fixture_close(&f);
}

static void test_hidden(void **state)
{
	struct fixture f;
	(void)state;
	fixture_open(&f);
	monitor_start(f.monitor, &f.watchers[0]);
	run(&f, "admin");
	run(&f, "hidden");
	assert_string_equal(sent(&f.watchers[0]), "");
	fixture_close(&f);
}

static void test_watchers(void **state)
{
	struct fixture f;
	(void)state;
	fixture_open(&f);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 8; i++)
			monitor_start(f.monitor, &f.watchers[i]);
		monitor_start(f.monitor, &f.watchers[0]); /* a second time: nothing */
		assert_int_equal(monitor_count(f.monitor), 8);
		assert_int_equal(f.exec->seen_count, 1);
		monitor_stop(f.monitor, &f.watchers[3]);
		monitor_stop(f.monitor, &f.watchers[3]);
		f.watchers[5].flags |= SESSION_CLOSE_ASAP;
		run(&f, "shown");
		for (int i = 0; i < 8; i++)
			assert_int_equal(sent(&f.watchers[i])[0] == '+', i != 3 && i != 5);
		f.watchers[5].flags &= ~(uint32_t)SESSION_CLOSE_ASAP;
		for (int i = 0; i < 8; i++)
			monitor_stop(f.monitor, &f.watchers[i]);
		assert_int_equal(monitor_count(f.monitor), 0);
		assert_int_equal(f.exec->seen_count, 0);
	}
	monitor_start(f.monitor, &f.watchers[0]); /* freed while somebody watches */
	fixture_close(&f);
}

UNIT_MAIN(test_line, test_hidden, test_watchers)
