/* SPDX-License-Identifier: BSD-3-Clause
 *
 * MIGRATE: keys move to another server. The client waits, the loop serves: what is to be sent is
 * made at once, the conversation runs on the offload thread, and the call goes on when it is over.
 * With tls-replication it is encrypted.
 *
 * Invariant: a key is deleted here only if the other side said it has it and the value is still the
 * one that was sent; a key that changed meanwhile stays, and the client is told.
 */
#include "base/mem.h"
#include "base/num.h"
#include "cmd/commands.h"
#include "cmd/services.h"
#include "exec/wait.h"
#include "io/exchange.h"
#include "io/exchange_cache.h"
#include "net/tls_client.h"
#include "store/dump.h"

#define MIGRATE_TIMEOUT_MS 1000 /* where none is said */

/* A key that was sent: where its payload stands in the request. */
struct migrate_key {
	int arg; /* in argv */
	size_t at, len;
	bool goes; /* the other side has it, and it is the same here */
};

struct migrate {
	struct exchange exchange; /* first: the job is the whole */
	struct exec *exec;
	uint64_t session_id;
	struct command *command;
	struct bytes *argv; /* a copy */
	int argc;
	uint32_t redacted; /* of the words, for the slow log */
	struct buf request;
	char *host;
	struct migrate_key *keys;
	int key_count;
	int preamble; /* replies before those of keys */
	bool copies, logs_in;
};

struct migrate_options {
	bool copies, replaces;
	int password, username; /* places in argv, 0 = none */
	int first_key, key_count;
	int64_t port, db, timeout_ms;
};

/* --- the words --- */

static bool options_parse(struct call *call, struct migrate_options *o)
{
	*o = (struct migrate_options){.first_key = 3, .key_count = 1};
	for (int i = 6; i < call->argc; i++) {
		int more = call->argc - i - 1;
		if (call_arg_is(call, i, "copy")) {
			o->copies = true;
		} else if (call_arg_is(call, i, "replace")) {
			o->replaces = true;
		} else if (call_arg_is(call, i, "auth") && more >= 1) {
			o->password = ++i;
		} else if (call_arg_is(call, i, "auth2") && more >= 2) {
			o->username = ++i;
			o->password = ++i;
		} else if (call_arg_is(call, i, "keys")) {
			if (call->argv[3].len != 0)
				return call_fail(call, E_MIGRATE_KEYS) == DONE;
			o->first_key = i + 1;
			o->key_count = more;
			break;
		} else {
			return call_fail(call, E_SYNTAX) == DONE;
		}
	}
	if (o->username != 0)
		call_redact(call, o->username);
	if (o->password != 0)
		call_redact(call, o->password);
	if (!call_arg_i64(call, 5, &o->timeout_ms) || !call_arg_i64(call, 4, &o->db))
		return false;
	if (!num_parse_i64(call->argv[2], &o->port) || o->port < 0 || o->port > 65535)
		return call_fail(call, E_NOT_INTEGER) == DONE;
	if (o->timeout_ms <= 0 || o->timeout_ms > INT32_MAX)
		o->timeout_ms = MIGRATE_TIMEOUT_MS;
	return true;
}

/* --- the request --- */

static void add_word(struct buf *out, struct bytes word)
{
	buf_printf(out, "$%zu\r\n", word.len);
	buf_add_bytes(out, word);
	buf_add_text(out, "\r\n");
}

static void add_number(struct buf *out, int64_t number)
{
	char text[NUM_I64_MAX_CHARS];
	add_word(out, bytes_of(text, num_print_i64(text, number)));
}

static void add_preamble(
	struct migrate *m, const struct call *call, const struct migrate_options *o)
{
	if (o->password != 0) {
		buf_printf(&m->request, "*%d\r\n", o->username != 0 ? 3 : 2);
		add_word(&m->request, BYTES("AUTH"));
		if (o->username != 0)
			add_word(&m->request, call->argv[o->username]);
		add_word(&m->request, call->argv[o->password]);
		m->preamble++;
	}
	buf_add_text(&m->request, "*2\r\n");
	add_word(&m->request, BYTES("SELECT"));
	add_number(&m->request, o->db);
	m->preamble++;
}

static void payload_of(const struct entry *e, struct buf *out)
{
	struct value v = entry_value(e);
	dump_write(&v, true, out);
}

static void add_key(struct migrate *m, struct call *call, int arg, bool replaces)
{
	struct entry *e = call_find_read(call, key_of(call->argv[arg]));
	struct buf payload = {0};
	int64_t ttl_ms = 0;

	if (e == NULL)
		return;
	if (entry_expiry_ms(e) != EXPIRY_NONE) {
		ttl_ms = entry_expiry_ms(e) - call->exec->now_ms;
		ttl_ms = ttl_ms < 1 ? 1 : ttl_ms;
	}
	payload_of(e, &payload);
	buf_add_text(&m->request, replaces ? "*5\r\n" : "*4\r\n");
	add_word(&m->request, BYTES("RESTORE"));
	add_word(&m->request, call->argv[arg]);
	add_number(&m->request, ttl_ms);
	buf_printf(&m->request, "$%zu\r\n", payload.len);
	m->keys[m->key_count++] = (struct migrate_key){arg, m->request.len, payload.len, false};
	buf_add_bytes(&m->request, buf_bytes(&payload));
	buf_add_text(&m->request, "\r\n");
	if (replaces)
		add_word(&m->request, BYTES("REPLACE"));
	buf_release(&payload);
}

static struct exchange_peer peer_of(const struct migrate *m)
{
	return (struct exchange_peer){
		.host = m->host,
		.port = m->exchange.port,
		.logs_in = m->logs_in,
		.wire = m->exchange.wire};
}

/* The connection stays open for the next one, if all that was asked has been said. */
static void keep_connection(struct migrate *m)
{
	const struct exchange_peer peer = peer_of(m);

	if (m->exchange.fd < 0)
		return;
	exchange_cache_keep(m->exec->services->connections, &peer,
		(struct exchange_line){m->exchange.fd, m->exchange.state});
	m->exchange.fd = -1;
	m->exchange.state = NULL;
}

static void migrate_free(struct migrate *m)
{
	tls_client_release(m->exchange.wire_context);
	buf_release(&m->request);
	mem_free(m->argv);
	mem_free(m->host);
	mem_free(m->keys);
	mem_free(m->exchange.lines);
	mem_free(m);
}

/* NULL: none of the keys exists. */
static struct migrate *migrate_new(struct call *call, const struct migrate_options *o)
{
	struct migrate *m = mem_calloc(1, sizeof(*m));

	m->exec = call->exec;
	m->session_id = call->session->id;
	m->command = call->command;
	m->argv = call_copy_argv(call->argv, call->argc, NULL);
	m->argc = call->argc;
	m->redacted = call->redacted;
	m->copies = o->copies;
	m->keys = mem_calloc((size_t)o->key_count + 1, sizeof(*m->keys));
	add_preamble(m, call, o);
	for (int i = 0; i < o->key_count; i++)
		add_key(m, call, o->first_key + i, o->replaces);
	if (m->key_count == 0) {
		migrate_free(m);
		return NULL;
	}
	m->host = mem_dup_bytes_text(call->argv[1].ptr, call->argv[1].len);
	m->exchange.host = m->host;
	m->exchange.port = (int)o->port;
	m->logs_in = o->password != 0;
	m->exchange.wire_context = tls_client_context(call->exec->services->net);
	m->exchange.wire = m->exchange.wire_context == NULL ? NULL : &tls_client_wire;
	const struct exchange_peer peer = peer_of(m);
	struct exchange_line line =
		exchange_cache_take(call->exec->services->connections, &peer);
	m->exchange.fd = line.fd;
	m->exchange.state = line.state;
	m->exchange.timeout_ms = (int)o->timeout_ms;
	m->exchange.request = buf_bytes(&m->request);
	m->exchange.wanted = m->preamble + m->key_count;
	m->exchange.lines = mem_calloc((size_t)m->exchange.wanted, EXCHANGE_LINE_BYTES);
	return m;
}

/* --- what came of it --- */

static bool is_as_sent(struct call *call, const struct migrate *m, const struct migrate_key *k)
{
	struct entry *e = db_find(call->db, key_of(call->argv[k->arg]));
	struct buf now = {0};

	if (e == NULL)
		return false;
	payload_of(e, &now);
	bool is_same = bytes_equal(buf_bytes(&now), bytes_of(m->request.ptr + k->at, k->len));
	buf_release(&now);
	return is_same;
}

/* A key that was named twice is gone the second time. */
static void delete_sent(struct call *call, const struct migrate_key *k)
{
	struct key key = key_of(call->argv[k->arg]);
	struct entry *e = db_find(call->db, key);

	if (e == NULL)
		return;
	db_delete_entry(call->db, key, e, call->db->keyspace->config.lazy_server_del);
	db_publish(call->db, key, EVENT_GENERIC, "del");
	EFFECT(call, BYTES("DEL"), key.name);
}

static enum outcome migrate_finish(struct call *call, struct migrate *m)
{
	const struct exchange *e = &m->exchange;
	const char *said = NULL;
	bool has_changed = false;

	for (int i = 0; i < e->got && said == NULL && i < m->preamble; i++)
		said = e->lines[i][0] == '-' ? e->lines[i] : NULL;
	/* Without its rights or its database the other side has put the keys nobody knows where. */
	bool all_stay = said != NULL || m->copies;
	for (int i = 0; i < m->key_count && m->preamble + i < e->got; i++) {
		const char *line = e->lines[m->preamble + i];
		if (line[0] != '+')
			said = said == NULL ? line : said;
		else if (!all_stay)
			m->keys[i].goes = is_as_sent(call, m, &m->keys[i]);
		has_changed |= line[0] == '+' && !all_stay && !m->keys[i].goes;
	}
	for (int i = 0; i < m->key_count; i++)
		if (m->keys[i].goes)
			delete_sent(call, &m->keys[i]);
	if (said != NULL)
		return call_failf(call, E_MIGRATE_REPLIED, said[0] == '-' ? said + 1 : said);
	if (e->status == EXCHANGE_CONNECT)
		return call_fail(call, E_MIGRATE_CONNECT);
	if (e->status != EXCHANGE_OK)
		return call_failf(
			call, E_MIGRATE_IO, e->status == EXCHANGE_WRITE ? "writing" : "reading");
	if (has_changed)
		return call_fail(call, E_MIGRATE_CHANGED);
	reply_ok(call->reply);
	return DONE;
}

static void migrate_done(struct offload *job)
{
	struct migrate *m = (struct migrate *)(void *)job;
	struct exec *exec = m->exec;
	struct session *s = session_by_id(exec, m->session_id);

	keep_connection(m);
	/* Its client is gone: the keys stay here as well. */
	if (s != NULL && wait_is_blocked(s)) {
		struct call call = {.session = s,
			.command = m->command,
			.argv = m->argv,
			.argc = m->argc,
			.redacted = m->redacted,
			.is_blocked_retry = true};
		exec->services->migration = m;
		s->reply.out = s->flags & SESSION_REPLY_OFF ? &exec->discard : &s->out;
		call_run_nested(&call);
		s->reply.out = &s->out;
		out_clear(&exec->discard);
		exec->services->migration = NULL;
		effect_unit_close(exec, false);
		wait_finish(s);
	}
	migrate_free(m);
}

static enum outcome migrate(struct call *call)
{
	struct migrate_options o;

	if (call->exec->services->migration != NULL && call->is_blocked_retry)
		return migrate_finish(call, call->exec->services->migration);
	if (!options_parse(call, &o))
		return FAILED;
	struct migrate *m = migrate_new(call, &o);
	if (m == NULL) {
		reply_simple(call->reply, "NOKEY");
		return DONE;
	}
	if (call->session->flags & SESSION_DENY_BLOCKING) {
		exchange_run(&m->exchange);
		keep_connection(m);
		enum outcome outcome = migrate_finish(call, m);
		migrate_free(m);
		return outcome;
	}
	m->exchange.job.work = exchange_work;
	m->exchange.job.done = migrate_done;
	offload_submit(call->exec->services->loop, &m->exchange.job);
	return wait_on_event(call, WAIT_FOREVER, NULL);
}

/* The keys behind KEYS, where the key itself is empty; passwords may look like that word. */
static bool migrate_keys(const struct bytes *argv, int argc, struct key_refs *refs)
{
	const uint32_t flags = KEY_RW | KEY_ACCESS | KEY_DELETE;
	int first = 3, count = 1;

	refs->count = 0;
	for (int i = 6; i < argc && argc > 3 && argv[3].len == 0; i++) {
		if (bytes_is(argv[i], "AUTH")) {
			i++;
		} else if (bytes_is(argv[i], "AUTH2")) {
			i += 2;
		} else if (bytes_is(argv[i], "KEYS")) {
			first = i + 1;
			count = argc - first;
			break;
		}
	}
	for (int i = 0; i < count; i++)
		key_refs_add(refs, first + i, flags);
	return true;
}

const struct command_row migrate_commands[] = {
	{.name = "MIGRATE",
		.run = migrate,
		.flags = CMD_WRITE | CMD_DANGEROUS,
		.group = "generic",
		.since = "2.6.0",
		.complexity =
			"This command actually executes a DUMP+DEL in the source instance, and a "
			"RESTORE in the target instance. See the pages of these commands for "
			"time complexity. Also an O(N) data transfer between the two instances "
			"is performed.",
		.syntax =
			"host port:integer key-selector={key:key:RW+access+delete|empty-string=''} "
			"destination-db:integer timeout:integer [COPY]@3.0.0 [REPLACE]@3.0.0 "
			"authentication=[AUTH auth@4.0.7~password|AUTH2 auth2={username "
			"password}@6.0.0] [KEYS "
			"keys:key:RW+access+delete+incomplete...]@3.0.6~key",
		.summary = "Moves keys to another server.",
		.tips = "nondeterministic_output",
		.history = "3.0.0=Added the `COPY` and `REPLACE` options.|3.0.6=Added the `KEYS` "
			   "option.|4.0.7=Added the `AUTH` option.|6.0.0=Added the `AUTH2` option.",
		.find_keys = migrate_keys},
	{0},
};
