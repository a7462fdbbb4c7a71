/* SPDX-License-Identifier: BSD-3-Clause
 *
 * MONITOR's lines: time, database, peer and the quoted arguments of each call once it ran. Commands
 * of administrators, secrets and what the log replays are not shown.
 */
#include "obs/monitor.h"
#include "base/mem.h"
#include "io/clock.h"

#define MONITOR_PEER_MAX_BYTES 128

struct monitor {
	struct exec *exec;
	void (*peer)(const struct session *s, char *text, size_t size);
	struct session **sessions;
	int count, cap;
	struct buf line;
};

static void monitor_write_line(struct monitor *m, const struct call *call)
{
	const struct session *s = call->session;
	int64_t now_us = clock_wall_us();
	char peer[MONITOR_PEER_MAX_BYTES] = "";

	if (s->origin == ORIGIN_SCRIPT)
		memcpy(peer, "lua", 4);
	else if (m->peer != NULL)
		m->peer(s, peer, sizeof(peer));
	buf_clear(&m->line);
	buf_printf(&m->line, "+%lld.%06lld [%d %s]", (long long)(now_us / 1000000),
		(long long)(now_us % 1000000), s->db, peer);
	for (int i = 0; i < call->argc; i++) {
		bool is_secret = call_is_redacted(call->redacted, i);
		buf_add_char(&m->line, ' ');
		buf_add_quoted(&m->line, is_secret ? BYTES("(redacted)") : call->argv[i]);
	}
	buf_add_text(&m->line, "\r\n");
}

static void monitor_called(struct call *call, enum outcome outcome, uint64_t ticks, void *context)
{
	struct monitor *m = context;

	(void)outcome;
	(void)ticks;
	uint32_t hidden = call->is_shown ? CMD_ADMIN : CMD_ADMIN | CMD_SKIP_MONITOR;
	if (call->command->flags & hidden || call->session->origin == ORIGIN_RECOVERY)
		return;
	monitor_write_line(m, call);
	for (int i = 0; i < m->count; i++) {
		struct session *watcher = m->sessions[i];
		/* Its own EXEC's array is not to be torn. */
		if (watcher->flags & SESSION_CLOSE_ASAP ||
			(watcher == call->session && m->exec->depth > 0))
			continue;
		if (call->command->flags & CMD_WRITE)
			exec_hold_message(m->exec, watcher);
		out_add(&watcher->out, m->line.ptr, m->line.len);
		if (m->exec->want_flush != NULL)
			m->exec->want_flush(watcher);
	}
}

struct monitor *monitor_new(
	struct exec *exec, void (*peer)(const struct session *s, char *text, size_t size))
{
	struct monitor *m = mem_calloc(1, sizeof(*m));
	m->exec = exec;
	m->peer = peer;
	return m;
}

void monitor_free(struct monitor *m)
{
	if (m->count > 0)
		exec_unsink_seen(m->exec, (struct call_sink){monitor_called, m});
	mem_free(m->sessions);
	buf_release(&m->line);
	mem_free(m);
}

void monitor_start(struct monitor *m, struct session *s)
{
	if (s->flags & SESSION_MONITOR)
		return;
	if (m->count == m->cap) {
		m->cap = m->cap == 0 ? 4 : m->cap * 2; /* bounded by maxclients */
		m->sessions = mem_realloc(m->sessions, (size_t)m->cap * sizeof(*m->sessions));
	}
	if (m->count == 0)
		exec_sink_seen(m->exec, (struct call_sink){monitor_called, m});
	m->sessions[m->count++] = s;
	s->flags |= SESSION_MONITOR;
}

void monitor_stop(struct monitor *m, struct session *s)
{
	if (!(s->flags & SESSION_MONITOR))
		return;
	s->flags &= ~(uint32_t)SESSION_MONITOR;
	for (int i = 0; i < m->count; i++)
		if (m->sessions[i] == s)
			m->sessions[i] = m->sessions[--m->count];
	if (m->count == 0)
		exec_unsink_seen(m->exec, (struct call_sink){monitor_called, m});
}

int monitor_count(const struct monitor *m)
{
	return m->count;
}
