/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Fuzzer of the commands: a whole server without sockets is handed calls that are made from the
 * syntax lines, valid ones and almost valid ones, on two sessions in turn. Checked beyond the
 * sanitizers: each call is answered by exactly one well-formed reply, and a key that it changed is
 * one that COMMAND GETKEYS names.
 *
 * The input is a string of decisions; when it ends every decision is 0.
 */
#include "base/assert.h"
#include "base/buf.h"
#include "base/mem.h"
#include "exec/pause.h"
#include "exec/syntax.h"
#include "exec/wait.h"
#include "script/eval.h"
#include "script/library.h"
#include "server/server.h"
#include "store/dump.h"
#include "store/type_ops.h"

#include <stdio.h>
#include <stdlib.h>

#define WORDS_MAX 48
#define CALLS_MAX 64
#define CHANGES_MAX 64
#define SESSIONS 2

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__asan_default_options(void);

/* A table packs its pointers into six bytes, where the leak checker does not see them: what lives
 * from one input to the next (tracked keys) would count as leaked. */
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

struct source {
	const uint8_t *at, *end;
};

struct words {
	struct bytes argv[WORDS_MAX];
	int argc;
	char numbers[WORDS_MAX][24];
};

static struct server server;
static struct session sessions[SESSIONS];
static struct buf changes[CHANGES_MAX]; /* keys that the running call changed */
static int change_count;

static unsigned decide(struct source *in, unsigned choices)
{
	return in->at == in->end ? 0 : *in->at++ % choices;
}

/* --- making words ----------------------------------------------------------------------------- */

static void add_word(struct words *w, struct bytes word)
{
	if (w->argc < WORDS_MAX)
		w->argv[w->argc++] = word;
}

static struct bytes pick(struct source *in, const char *const *from, unsigned count)
{
	return bytes_text(from[decide(in, count)]);
}

static struct bytes some_integer(struct source *in)
{
	static const char *const values[] = {"0", "1", "2", "-1", "10", "100", "-2", "63", "64",
		"255", "1000", "4294967296", "9223372036854775807", "-9223372036854775808",
		"9223372036854775806", "2147483648", "-2147483649", "1048577",
		"18446744073709551615", "1700000000", "4000000000000", "007", "1.5", "", "x"};
	return pick(in, values, sizeof(values) / sizeof(values[0]));
}

static struct bytes some_double(struct source *in)
{
	static const char *const values[] = {"0", "1", "-1.5", "3.25e10", "inf", "-inf", "nan",
		"1e308", "-1e308", "1e-320", "0.1", "5", "(1", "[a", "+", "-", "", "0x1p3",
		"9007199254740993"};
	return pick(in, values, sizeof(values) / sizeof(values[0]));
}

static struct bytes some_key(struct source *in)
{
	static const char *const values[] = {"k", "s", "n", "l", "t", "k2", "", "{a}b", "big"};
	return pick(in, values, sizeof(values) / sizeof(values[0]));
}

static struct bytes some_string(struct source *in)
{
	static const char *const values[] = {"a", "value", "b", "", "10", "*", "k", "default",
		"bcd", "a longer value that does not fit into forty-four bytes, so it is held raw",
		"get", "on", "normal", "127.0.0.1:1", "slowlog-max-len", "\x01\xff\r\n\"", "u8",
		"i64", "#1", "ev", "1-1", "3-*", "$", ">", "0-0", "+", "9"};
	unsigned choice = decide(in, 32);
	if (choice < sizeof(values) / sizeof(values[0]))
		return bytes_text(values[choice]);
	size_t len = decide(in, 40), left = (size_t)(in->end - in->at);
	len = len < left ? len : left;
	struct bytes raw = bytes_of(in->at, len);
	in->at += len;
	return raw;
}

static struct bytes some_pattern(struct source *in)
{
	static const char *const values[] = {
		"*", "k*", "[a-z]?", "**a**", "\\", "[", "[^", "?", ""};
	return pick(in, values, sizeof(values) / sizeof(values[0]));
}

/* What DUMP would say of some value, one time in four with a byte changed. */
static struct bytes some_payload(struct source *in)
{
	static struct buf payload;
	struct entry *e = db_random(&server.keyspace->dbs[0]);

	if (e == NULL)
		return some_string(in);
	struct value v = entry_value(e);
	buf_clear(&payload);
	dump_write(&v, decide(in, 2) != 0, &payload);
	if (decide(in, 4) == 3)
		payload.ptr[decide(in, 256) % payload.len] ^= (char)(1 << decide(in, 8));
	return buf_bytes(&payload);
}

static struct bytes some_debug(struct source *in)
{
	static const char *const values[] = {"object", "digest", "digest-value", "protocol",
		"htstats", "htstats-key", "listpack", "structsize", "log", "error",
		"set-active-expire", "pause-cron", "set-skip-checksum-validation",
		"quicklist-packed-threshold", "replicate", "change-repl-id", "replybuffer",
		"stringmatch-len", "help"};
	return pick(in, values, sizeof(values) / sizeof(values[0]));
}

#define TEXTS_MAX 24

/* Arguments by their names: what would hardly ever be met by chance. A list ends with NULL. */
static const struct named {
	const char *name;
	const char *texts[TEXTS_MAX];
} named[] = {
	{"script", {"return 1", "return redis.call('get',KEYS[1])", "return {1,'a',{2,nil,3.7}}",
			   "return redis.pcall('lpush',KEYS[1],ARGV[1],'b')", "return KEYS",
			   "return cjson.decode(cjson.encode({ARGV[1],1.5}))", "error('no')",
			   "return cmsgpack.unpack(cmsgpack.pack({1,'x',ARGV}))", "x=1",
			   "return struct.unpack('>I2s',struct.pack('>I2s',7,ARGV[1] or ''))",
			   "redis.setresp(3) return redis.call('hgetall',KEYS[1])", "return nil+1",
			   "#!lua flags=no-writes\nreturn redis.call('set',KEYS[1],1)",
			"syntax error",
			   "#!lua name=x", "return redis.call('xadd',KEYS[1],'*','a','b')",
			   "return {map={a=1}, err='e'}", "return bit.tohex(bit.bnot(5))",
			   "for i=1,50 do redis.call('sadd',KEYS[1],i) end return i",
			   "return redis.call(ARGV[1],KEYS[1])", "return string.rep('ab',3000)"}},
	{"function-code",
		{"#!lua name=l1\nredis.register_function('f1',function(k,a) return {k,a} end)",
			"#!lua name=l2\nredis.register_function{function_name='f2',"
			"flags={'no-writes'},"
			"callback=function(k) return redis.call('get',k[1]) end}",
			"#!lua name=l1\nlocal n=0 redis.register_function('f3',function(k) n=n+1 "
			"return redis.call('incr',k[1]) end)",
			"#!lua name=l3\nerror('no')", "#!lua\n", "", "#!lua name=l4\nreturn 1"}},
	{"function", {"f1", "f2", "f3", "F1", "none"}},
	{"library-name", {"l1", "l2", "none"}},
	{"sha1", {"e0e1f9fabfc9d4800c877a703b823ac0578ff8db", "x", ""}},
	{"username", {"u1", "u2", "default", ""}},
	{"rule", {"on", "off", "nopass", "resetpass", ">p", "<p", "~k*", "%R~s", "%W~l*", "&c*",
			 "allkeys", "allcommands", "+get", "-get", "+@read", "-@all", "+client|id",
			 "+get|x", "(+set ~t)", "(+set", "clearselectors", "reset", "#00"}},
	{"password", {"p", "q", ""}},
	{"group", {"g", "h"}},
	{"consumer", {"c", "d"}},
	{"id", {"*", "1-1", "1-2", "5", "0-0", "0", "7-*", "18446744073709551615-1", "$", ">",
		"x"}},
	{"start", {"-", "0", "1-1", "(1-1", "+", "1", "-1", "[a"}},
	{"end", {"+", "5-5", "(5", "-", "-1", "3", "(m"}},
	{"min-idle-time", {"0", "1", "1000000", "-1", "x"}},
	{"longitude", {"0", "13.361389", "-179.9", "180", "181", "2.3", "nan"}},
	{"latitude", {"0", "38.115556", "-85", "85.06", "2.3", "inf"}},
	{"radius", {"100", "0", "1e7", "-1", "x"}},
	{"member", {"m", "n", "o", "1", "2", ""}},
	{"field", {"m", "n", "o", "1", "2", ""}},
};

/* NULL: the name says nothing, or the input wants something else. */
static const char *some_named(struct source *in, const char *name)
{
	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
		unsigned count = 0;
		if (strcmp(named[i].name, name) != 0)
			continue;
		while (count < TEXTS_MAX && named[i].texts[count] != NULL)
			count++;
		return named[i].texts[decide(in, count + 1)];
	}
	return NULL;
}

static struct bytes word_for(struct source *in, const struct syntax_arg *arg)
{
	if (strcmp(arg->name, "serialized-value") == 0)
		return some_payload(in);
	if (strcmp(arg->name, "subcommand") == 0)
		return some_debug(in);
	const char *text = some_named(in, arg->name);
	if (text != NULL)
		return bytes_text(text);
	switch (arg->type) {
	case SYNTAX_INTEGER:
	case SYNTAX_UNIX_TIME:
		return some_integer(in);
	case SYNTAX_DOUBLE:
		return some_double(in);
	case SYNTAX_KEY:
		return some_key(in);
	case SYNTAX_PATTERN:
		return some_pattern(in);
	case SYNTAX_PURE_TOKEN:
		return bytes_text(arg->token);
	default:
		return some_string(in);
	}
}

static void add_args(struct source *in, struct words *w, const struct syntax_arg *first);

static void add_arg_once(struct source *in, struct words *w, const struct syntax_arg *arg)
{
	if (arg->type == SYNTAX_BLOCK) {
		add_args(in, w, arg->children);
	} else if (arg->type == SYNTAX_ONEOF) {
		unsigned count = 0;
		for (const struct syntax_arg *c = arg->children; c != NULL; c = c->next)
			count++;
		const struct syntax_arg *chosen = arg->children;
		for (unsigned skip = decide(in, count); skip > 0; skip--)
			chosen = chosen->next;
		if (chosen->token != NULL && chosen->type != SYNTAX_PURE_TOKEN)
			add_word(w, bytes_text(chosen->token));
		add_arg_once(in, w, chosen);
	} else {
		add_word(w, word_for(in, arg));
	}
}

static void add_args(struct source *in, struct words *w, const struct syntax_arg *first)
{
	for (const struct syntax_arg *arg = first; arg != NULL && w->argc < WORDS_MAX;
		arg = arg->next) {
		unsigned times = 1;
		if (arg->flags & SYNTAX_MULTIPLE)
			times += decide(in, 3);
		if (arg->flags & SYNTAX_OPTIONAL && decide(in, 2) == 0)
			continue;
		for (unsigned i = 0; i < times; i++) {
			bool with_token = i == 0 || arg->flags & SYNTAX_MULTIPLE_TOKEN;
			if (arg->token != NULL && arg->type != SYNTAX_PURE_TOKEN && with_token)
				add_word(w, bytes_text(arg->token));
			add_arg_once(in, w, arg);
		}
		/* A count that fits, most of the time. */
		if (strcmp(arg->name, "numkeys") == 0 && decide(in, 8) != 0)
			w->argv[w->argc - 1] = BYTES("1");
	}
}

/* Half of the calls are damaged a little. */
static void damage(struct source *in, struct words *w)
{
	int i = w->argc > 1 ? 1 + (int)decide(in, (unsigned)w->argc - 1) : 0;
	switch (decide(in, 10)) {
	case 5:
		w->argv[i] = some_string(in);
		return;
	case 6:
		w->argc = w->argc > 1 ? w->argc - 1 : 1;
		return;
	case 7:
		add_word(w, some_string(in));
		return;
	case 8:
		add_word(w, w->argv[i]);
		return;
	case 9: {
		struct bytes last = w->argv[w->argc - 1];
		w->argv[w->argc - 1] = w->argv[i];
		w->argv[i] = last;
		return;
	}
	default:
		return;
	}
}

/* What must not run here: it ends the process, stops it, or rewrites files. */
static bool is_excluded(const struct command *c, const struct words *w)
{
	static const char *const names[] = {"shutdown", "config|rewrite", "config|set", "bgsave",
		"save", "bgrewriteaof", "monitor", "pfselftest"};
	static const char *const debugs[] = {"segfault", "panic", "assert", "oom", "sleep",
		"populate", "config-rewrite-force-all", "mallctl-str", "mallctl"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(c->name, names[i]) == 0)
			return true;
	for (size_t i = 0; strcmp(c->name, "debug") == 0 && i < sizeof(debugs) / sizeof(debugs[0]);
		i++)
		if (w->argc > 1 && bytes_is(w->argv[1], debugs[i]))
			return true;
	return false;
}

static const struct command *make_call(struct source *in, struct words *w)
{
	const struct command_table *t = server.exec->commands;
	unsigned id = decide(in, 256) | decide(in, 256) << 8;
	const struct command *c = command_by_id(t, (int)(id % (unsigned)command_table_ids(t)));

	w->argc = 0;
	if (c->parent != NULL)
		add_word(w, bytes_of(c->parent->name, c->parent->name_len));
	add_word(w, bytes_text(command_short_name(c)));
	add_args(in, w, c->syntax->args);
	damage(in, w);
	const struct command *resolved = command_resolve(t, w->argv, w->argc, NULL);
	return is_excluded(resolved != NULL ? resolved : c, w) ? NULL : c;
}

/* --- checking --------------------------------------------------------------------------------- */

/* Takes one line; false when there is none. */
static bool take_line(struct bytes *text, struct bytes *line)
{
	const char *end = text->len > 0 ? memchr(text->ptr, '\r', text->len) : NULL;
	if (end == NULL || end + 1 >= text->ptr + text->len || end[1] != '\n')
		return false;
	*line = bytes_of(text->ptr, (size_t)(end - text->ptr));
	text->ptr = end + 2;
	text->len -= line->len + 2;
	return true;
}

static bool skip_bytes(struct bytes *text, size_t len)
{
	if (text->len < len + 2 || memcmp(text->ptr + len, "\r\n", 2) != 0)
		return false;
	text->ptr += len + 2;
	text->len -= len + 2;
	return true;
}

/* One whole reply, however nested; false when it is malformed. */
static bool take_reply(struct bytes *text)
{
	int64_t wanted = 1;
	while (wanted > 0) {
		struct bytes line;
		long long n;
		if (!take_line(text, &line) || line.len == 0)
			return false;
		n = strtoll(line.ptr + 1, NULL, 10);
		wanted--;
		switch (line.ptr[0]) {
		case '+': case '-': case ':': case ',': case '(': case '_': case '#':
			break;
		case '$': case '=': case '!':
			if (n >= 0 && !skip_bytes(text, (size_t)n))
				return false;
			break;
		case '*': case '~': case '>':
			wanted += n > 0 ? n : 0;
			break;
		case '%':
			wanted += 2 * n;
			break;
		case '|':
			wanted += 2 * n + 1;
			break;
		default:
			return false;
		}
	}
	return true;
}

static void collect(struct session *s, struct buf *out)
{
	struct iovec pieces[16];
	int count;
	while ((count = out_pieces(&s->out, pieces, 16)) > 0) {
		size_t total = 0;
		for (int i = 0; i < count; i++) {
			buf_add(out, pieces[i].iov_base, pieces[i].iov_len);
			total += pieces[i].iov_len;
		}
		if (total == 0)
			return;
		out_consume(&s->out, total);
	}
}

static void describe(const struct words *w)
{
	struct buf line = {0};
	for (int i = 0; i < w->argc; i++) {
		buf_add_char(&line, ' ');
		buf_add_quoted(&line, w->argv[i]);
	}
	fprintf(stderr, "call:%s\n", buf_text(&line));
	buf_release(&line);
}

static void require(bool holds, const char *what, const struct words *w)
{
	if (holds)
		return;
	fprintf(stderr, "%s\n", what);
	describe(w);
	abort();
}

static void on_change(const struct change *change, void *context)
{
	(void)context;
	if (change->cause != CHANGE_COMMAND || change->is_notice_only ||
		change_count == CHANGES_MAX)
		return;
	buf_clear(&changes[change_count]);
	buf_add_bytes(&changes[change_count++], change->key);
}

static bool is_reported(const struct key_refs *refs, const struct words *w, struct bytes key)
{
	for (int i = 0; i < refs->count; i++)
		if (bytes_equal(w->argv[refs->refs[i].index], key))
			return true;
	return false;
}

/* ACL rules and cluster routing go by the reported keys: none may be missing. */
static void check_keys(const struct words *w)
{
	static const char *const free_handed[] = {"flushall", "flushdb", "swapdb", "exec", "debug"};
	const struct command *c = command_resolve(server.exec->commands, w->argv, w->argc, NULL);
	struct key_refs refs = {0};

	for (size_t i = 0; c != NULL && i < sizeof(free_handed) / sizeof(free_handed[0]); i++)
		if (strcmp(c->name, free_handed[i]) == 0)
			return;
	if (change_count == 0)
		return;
	require(c != NULL, "something changed without a command", w);
	command_keys(c, w->argv, w->argc, &refs);
	for (int i = 0; i < change_count; i++)
		require(is_reported(&refs, w, buf_bytes(&changes[i])),
			"a changed key is not reported", w);
	key_refs_release(&refs);
}

static void check_value(void *item, void *context)
{
	struct value v = entry_value(item);
	(void)context;
	if (type_ops_of(&v)->check != NULL)
		type_ops_of(&v)->check(&v);
}

static void check_values(struct dict *d)
{
	uint64_t cursor = 0;
	do
		cursor = dict_scan(d, cursor, check_value, NULL);
	while (cursor != 0);
}

/* --- running ---------------------------------------------------------------------------------- */

static void session_open(struct session *s)
{
	session_init(s, server.exec, ORIGIN_CLIENT);
}

static void session_renew(struct session *s)
{
	session_release(s);
	session_open(s);
}

static void run_call(struct session *s, struct words *w)
{
	static struct buf reply;
	uint32_t mute = SESSION_REPLY_OFF | SESSION_REPLY_SKIP | SESSION_REPLY_SKIP_NEXT;
	bool is_mute = (s->flags & mute) != 0;

	change_count = 0;
	call_run(s, w->argv, w->argc);
	check_keys(w);
	buf_clear(&reply);
	collect(s, &reply);
	struct bytes text = buf_bytes(&reply);
	bool is_silent = is_mute || s->flags & (mute | SESSION_BLOCKED | SESSION_CLOSE_ASAP);
	require(is_silent || text.len > 0, "no reply", w);
	/* (P|S)SUBSCRIBE answers once for each channel. */
	while (text.len > 0)
		require(take_reply(&text), "a malformed reply", w);
	if (s->flags &
		(SESSION_BLOCKED | SESSION_CLOSE_ASAP | SESSION_CLOSE_AFTER_REPLY | mute |
			SESSION_PUBSUB))
		session_renew(s);
}

/* Users and scripts that one input made must not be met by the next. */
static void forget_rights(void)
{
	static const char *const words[] = {
		"reset", "on", "nopass", "allkeys", "allchannels", "allcommands"};
	enum { COUNT = sizeof(words) / sizeof(words[0]) };
	struct bytes rules[COUNT];
	struct acl_rule_error error = {.why = ACL_RULE_OK};
	for (int i = server.acl->user_count - 1; i >= 0; i--)
		if (server.acl->users[i] != server.acl->fallback)
			acl_delete_user(server.acl, server.acl->users[i]);
	for (int i = 0; i < COUNT; i++)
		rules[i] = bytes_text(words[i]);
	ASSERT(acl_set_user(server.acl, BYTES("default"), rules, COUNT, &error));
	acl_rearm(server.acl);
}

static void forget_scripts(void)
{
	eval_flush(server.exec);
	library_flush(server.exec);
}

static bool is_of_scripts(const struct command *c)
{
	static const char *const beginnings[] = {"eval", "fcall", "script", "function"};
	for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++)
		if (strncmp(c->name, beginnings[i], strlen(beginnings[i])) == 0)
			return true;
	return false;
}

static void start_once(void)
{
	static bool is_started;
	static char words[][32] = {"ringlet-server", "--io-backend", "poll",
		"--enable-debug-command", "yes", "--port", "0", "--save", "", "--loglevel",
		"nothing", "--proto-max-bulk-len", "1mb"};
	char *arguments[sizeof(words) / sizeof(words[0]) + 1] = {NULL};
	int count = sizeof(words) / sizeof(words[0]);
	if (is_started)
		return;
	is_started = true;
	for (int i = 0; i < count; i++)
		arguments[i] = words[i];
	ASSERT(server_open_detached(&server, count, arguments));
	keyspace_add_sink(server.keyspace, (struct change_sink){on_change, NULL});
	for (int i = 0; i < SESSIONS; i++)
		session_open(&sessions[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct words w;
	struct source in = {data, data + size};
	bool has_scripts = false;

	start_once();
	sessions[1].reply.resp = 3;
	for (int i = 0; i < CALLS_MAX && in.at != in.end; i++) {
		struct session *s = &sessions[decide(&in, SESSIONS)];
		exec_set_time(server.exec, server.exec->now_us + (int64_t)decide(&in, 64) * 1000);
		if (s->flags & SESSION_CLOSE_ASAP)
			session_renew(s);
		const struct command *c = make_call(&in, &w);
		if (c == NULL)
			continue;
		has_scripts |= is_of_scripts(c);
		run_call(s, &w);
	}
	for (int i = 0; i < server.keyspace->db_count; i++)
		check_values(&server.keyspace->dbs[i].entries);
	forget_rights();
	if (has_scripts)
		forget_scripts();
	/* What one input leaves must not silence the next. */
	for (int i = 0; i < SESSIONS; i++)
		session_renew(&sessions[i]);
	pause_end(server.exec, PAUSE_BY_COMMAND);
	server.services.skips_dump_checksum = false;
	server.services.cron_paused = false;
	server.keyspace->config.active_expire = true;
	keyspace_flush(server.keyspace, -1, false);
	return 0;
}
