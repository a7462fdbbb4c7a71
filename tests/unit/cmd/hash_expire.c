/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Hashes whose fields expire, as commands, against a naive array of fields: random commands of the
 * whole family, right and wrong, in both protocols, packed and in tables and across the change,
 * while the clock moves and the sweep comes and goes. What is propagated is carried out on a second
 * keyspace that deletes nothing by itself: its digest stays the same.
 *
 *   hash_expire [COMMANDS]    by default 20,000; with 1,000,000 it takes some seconds
 */
#include "../../../src/cmd/hash_expire.c"

#include "runner.h"
#include "store/digest.h"
#include "store/edit.h"
#include "types/config.h"

#define KEYS 2
#define FIELDS 24
#define WORDS_PER_CALL 4
#define DIGEST_EVERY 32
#define THRESHOLD_EVERY 400

struct field {
	bool is_there; /* perhaps, once it is past its expiry */
	char value[32];
	int64_t expiry_ms; /* 0: none */
};

/* The model, the one that is tested and the one that is told. */
struct trial {
	struct field fields[KEYS][FIELDS];
	struct runner own, told;
	struct buf line, want;
	uint64_t random;
	int64_t now_ms;
	int key;
	int chosen[WORDS_PER_CALL];
	int count;
};

static const struct command_row *const groups[] = {
	hash_commands, hash_number_commands, hash_expire_commands, hash_ex_commands, NULL};

static long commands = 20000;

static int below(struct trial *t, int limit)
{
	return (int)((unit_random(&t->random) >> 33) % (unsigned)limit);
}

static struct field *field_at(struct trial *t, int field)
{
	return &t->fields[t->key][field];
}

static bool is_live(const struct trial *t, const struct field *f)
{
	return f->is_there && (f->expiry_ms == 0 || f->expiry_ms > t->now_ms);
}

/* --- lines and wanted replies ----------------------------------------------------------------- */

static void say(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(struct buf *b, const char *format, ...)
{
	char text[128];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	buf_add_text(b, text);
}

static void want_bulk(struct trial *t, const char *text)
{
	say(&t->want, "$%zu\r\n%s\r\n", strlen(text), text);
}

static void want_null(struct trial *t)
{
	buf_add_text(&t->want, t->own.session.reply.resp == 3 ? "_\r\n" : "$-1\r\n");
}

static void want_value(struct trial *t, const struct field *f)
{
	if (is_live(t, f))
		want_bulk(t, f->value);
	else
		want_null(t);
}

/* Every third name is an integer to the listpack. */
static void say_field(struct trial *t, int field)
{
	say(&t->line, field % 3 == 0 ? " %d" : " f%d", field);
}

/* Begins a command on some key with some fields, which may repeat. */
static void begin(struct trial *t, const char *name)
{
	t->key = below(t, KEYS);
	t->count = 1 + below(t, WORDS_PER_CALL);
	for (int i = 0; i < t->count; i++)
		t->chosen[i] = below(t, FIELDS);
	buf_clear(&t->line);
	buf_clear(&t->want);
	say(&t->line, "%s k%d", name, t->key);
}

static void say_fields(struct trial *t)
{
	say(&t->line, " FIELDS %d", t->count);
	for (int i = 0; i < t->count; i++)
		say_field(t, t->chosen[i]);
}

/* Mostly small integers, else texts of some length. */
static void say_value(struct trial *t, char *value)
{
	if (below(t, 3) != 0)
		snprintf(value, 32, "%d", below(t, 2000) - 1000);
	else
		snprintf(value, 32, "v%0*d", 1 + below(t, 20), below(t, 100));
	say(&t->line, " %s", value);
}

static void set(struct trial *t, int field, const char *value, int64_t expiry_ms)
{
	struct field *f = field_at(t, field);
	f->is_there = true;
	f->expiry_ms = expiry_ms;
	memmove(f->value, value, strlen(value) + 1);
}

/* Sends the line. What is told goes to the other keyspace before anything is compared. */
static const char *send(struct trial *t)
{
	const char *reply = run(&t->own, buf_text(&t->line));
	char *line = (char *)(uintptr_t)buf_text(&t->own.told), *end;
	for (; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		*end = '\0';
		assert_int_not_equal(run(&t->told, line)[0], '-');
	}
	buf_clear(&t->own.told);
	return reply;
}

static void send_expecting(struct trial *t)
{
	const char *reply = send(t), *want = buf_text(&t->want);
	if (strcmp(reply, want) != 0)
		print_message("after: %s\n", buf_text(&t->line));
	assert_string_equal(reply, want);
}

/* A reply of one number in [least, most]: what is past its expiry may still be counted. */
static void send_between(struct trial *t, int least, int most)
{
	const char *reply = send(t);
	int got = (int)strtol(reply + 1, NULL, 10);
	assert_int_equal(reply[0], ':');
	if (got < least || got > most)
		print_message("after: %s\n", buf_text(&t->line));
	assert_in_range(got, least, most);
}

/* --- the commands of all hashes --------------------------------------------------------------- */

static void try_set(struct trial *t)
{
	bool is_old_form = below(t, 4) == 0;
	int created = 0;
	begin(t, is_old_form ? "HMSET" : "HSET");
	for (int i = 0; i < t->count; i++) {
		char value[32];
		say_field(t, t->chosen[i]);
		say_value(t, value);
		created += !is_live(t, field_at(t, t->chosen[i]));
		set(t, t->chosen[i], value, 0);
	}
	say(&t->want, is_old_form ? "+OK\r\n" : ":%d\r\n", created);
	send_expecting(t);
}

static void try_setnx(struct trial *t)
{
	char value[32];
	begin(t, "HSETNX");
	say_field(t, t->chosen[0]);
	say_value(t, value);
	bool is_new = !is_live(t, field_at(t, t->chosen[0]));
	if (is_new)
		set(t, t->chosen[0], value, 0);
	say(&t->want, ":%d\r\n", is_new);
	send_expecting(t);
}

static void try_increment(struct trial *t)
{
	bool is_float = below(t, 2);
	int by = below(t, 100) - 50;
	char *end, value[32];
	begin(t, is_float ? "HINCRBYFLOAT" : "HINCRBY");
	struct field *f = field_at(t, t->chosen[0]);
	say_field(t, t->chosen[0]);
	say(&t->line, " %d", by);
	long now = is_live(t, f) ? strtol(f->value, &end, 10) : 0;
	if (is_live(t, f) && *end != '\0') {
		say(&t->want, "-ERR hash value is not %s\r\n", is_float ? "a float" : "an integer");
		send_expecting(t);
		return;
	}
	snprintf(value, sizeof(value), "%ld", now + by);
	set(t, t->chosen[0], value, is_live(t, f) ? f->expiry_ms : 0);
	if (is_float)
		want_bulk(t, value);
	else
		say(&t->want, ":%s\r\n", value);
	send_expecting(t);
}

static void try_delete(struct trial *t)
{
	int least = 0, most = 0;
	begin(t, "HDEL");
	for (int i = 0; i < t->count; i++) {
		struct field *f = field_at(t, t->chosen[i]);
		say_field(t, t->chosen[i]);
		least += is_live(t, f);
		most += f->is_there;
		f->is_there = false;
	}
	send_between(t, least, most);
}

static void try_read(struct trial *t)
{
	static const char *const names[] = {"HGET", "HEXISTS", "HSTRLEN", "HMGET"};
	int kind = below(t, 4);
	begin(t, names[kind]);
	const struct field *f = field_at(t, t->chosen[0]);
	say_field(t, t->chosen[0]);
	if (kind == 0)
		want_value(t, f);
	else if (kind == 1)
		say(&t->want, ":%d\r\n", is_live(t, f));
	else if (kind == 2)
		say(&t->want, ":%zu\r\n", is_live(t, f) ? strlen(f->value) : 0);
	else
		say(&t->want, "*%d\r\n", t->count);
	for (int i = 0; kind == 3 && i < t->count; i++) {
		if (i > 0)
			say_field(t, t->chosen[i]);
		want_value(t, field_at(t, t->chosen[i]));
	}
	send_expecting(t);
}

static void try_length(struct trial *t)
{
	int least = 0, most = 0;
	begin(t, "HLEN");
	for (int i = 0; i < FIELDS; i++) {
		least += is_live(t, field_at(t, i));
		most += field_at(t, i)->is_there;
	}
	send_between(t, least, most);
}

/* The text of the bulk string at *at, which moves behind it. */
static struct bytes take_bulk(const char **at)
{
	assert_int_equal(**at, '$');
	char *line;
	size_t len = strtoul(*at + 1, &line, 10);
	*at = line + 2 + len + 2;
	return bytes_of(line + 2, len);
}

static int field_number(struct bytes name)
{
	int64_t number;
	if (name.ptr[0] == 'f')
		name = bytes_of(name.ptr + 1, name.len - 1);
	assert_true(num_parse_i64(name, &number) && number >= 0 && number < FIELDS);
	return (int)number;
}

/* All live fields, in any order, each once; with their values or without. */
static void try_all(struct trial *t)
{
	static const char *const names[] = {"HGETALL", "HKEYS", "HRANDFIELD", "HSCAN"};
	int kind = below(t, 4), live = 0;
	bool is_seen[FIELDS] = {false}, has_values = kind == 0 || kind == 3;
	begin(t, names[kind]);
	say(&t->line, "%s", kind == 2 ? " 1000" : kind == 3 ? " 0 COUNT 1000" : "");
	const char *reply = send(t);
	for (int i = 0; i < FIELDS; i++)
		live += is_live(t, field_at(t, i));
	if (kind == 3) {
		assert_int_equal(strncmp(reply, "*2\r\n$1\r\n0\r\n", 11), 0);
		reply += 11;
	}
	bool is_map = kind == 0 && t->own.session.reply.resp == 3;
	char *at;
	assert_int_equal(reply[0], is_map ? '%' : '*');
	assert_int_equal(strtol(reply + 1, &at, 10), has_values && !is_map ? live * 2 : live);
	reply = at + 2;
	for (; live > 0; live--) {
		int number = field_number(take_bulk(&reply));
		const struct field *f = field_at(t, number);
		assert_true(is_live(t, f) && !is_seen[number]);
		is_seen[number] = true;
		if (has_values)
			assert_true(bytes_equal(take_bulk(&reply), bytes_text(f->value)));
	}
	assert_int_equal(*reply, '\0');
}

/* --- the commands of expiry ------------------------------------------------------------------- */

/* A time as `is_seconds` and `is_relative` want it; returns the moment. Often soon, often past. */
static int64_t say_time(struct trial *t, bool is_seconds, bool is_relative)
{
	int64_t left = is_seconds ? 1000 * (int64_t)below(t, 4) : below(t, 300);
	if (below(t, 8) == 0)
		left = 1000 * (int64_t)below(t, 100000);
	if (!is_relative)
		left -= 100;
	int64_t time = left + (is_relative ? 0 : t->now_ms);
	if (is_seconds)
		time /= 1000;
	say(&t->line, " %lld", (long long)time);
	return time * (is_seconds ? 1000 : 1) + (is_relative ? t->now_ms : 0);
}

static bool condition_allows(int condition, const struct field *f, int64_t at_ms)
{
	switch (condition) {
	case 1:
		return f->expiry_ms == 0;
	case 2:
		return f->expiry_ms != 0;
	case 3:
		return f->expiry_ms != 0 && at_ms > f->expiry_ms;
	case 4:
		return f->expiry_ms == 0 || at_ms < f->expiry_ms;
	default:
		return true;
	}
}

static void try_expire(struct trial *t)
{
	static const char *const names[] = {"HPEXPIREAT", "HEXPIREAT", "HPEXPIRE", "HEXPIRE"};
	static const char *const conditions[] = {"", " NX", " xx", " GT", " LT"};
	int kind = below(t, 4), condition = below(t, 2) * below(t, 5);
	begin(t, names[kind]);
	int64_t at_ms = say_time(t, kind & 1, kind & 2);
	say(&t->line, "%s", conditions[condition]);
	say_fields(t);
	say(&t->want, "*%d\r\n", t->count);
	for (int i = 0; i < t->count; i++) {
		struct field *f = field_at(t, t->chosen[i]);
		int answer = 1;
		if (!is_live(t, f))
			answer = -2;
		else if (!condition_allows(condition, f, at_ms))
			answer = 0;
		else if (at_ms <= t->now_ms)
			answer = 2;
		else
			f->expiry_ms = at_ms;
		f->is_there &= answer != 2;
		say(&t->want, ":%d\r\n", answer);
	}
	send_expecting(t);
}

static void try_times(struct trial *t)
{
	static const char *const names[] = {"HPEXPIRETIME", "HEXPIRETIME", "HPTTL", "HTTL"};
	int kind = below(t, 4);
	begin(t, names[kind]);
	say_fields(t);
	say(&t->want, "*%d\r\n", t->count);
	for (int i = 0; i < t->count; i++) {
		const struct field *f = field_at(t, t->chosen[i]);
		int64_t answer = f->expiry_ms - (kind & 2 ? t->now_ms : 0);
		if (kind & 1)
			answer = (answer + 999) / 1000;
		if (!is_live(t, f))
			answer = -2;
		else if (f->expiry_ms == 0)
			answer = -1;
		say(&t->want, ":%lld\r\n", (long long)answer);
	}
	send_expecting(t);
}

static void try_persist(struct trial *t)
{
	begin(t, "HPERSIST");
	say_fields(t);
	say(&t->want, "*%d\r\n", t->count);
	for (int i = 0; i < t->count; i++) {
		struct field *f = field_at(t, t->chosen[i]);
		say(&t->want, ":%d\r\n", !is_live(t, f) ? -2 : f->expiry_ms == 0 ? -1 : 1);
		if (is_live(t, f))
			f->expiry_ms = 0;
	}
	send_expecting(t);
}

static void try_getdel(struct trial *t)
{
	begin(t, "HGETDEL");
	say_fields(t);
	say(&t->want, "*%d\r\n", t->count);
	for (int i = 0; i < t->count; i++) {
		want_value(t, field_at(t, t->chosen[i]));
		field_at(t, t->chosen[i])->is_there = false;
	}
	send_expecting(t);
}

/* PXAT time, EXAT time, PX time, EX time, `last`, or nothing; returns which. */
static int say_lifetime(struct trial *t, const char *last, int64_t *at_ms)
{
	static const char *const words[] = {"PXAT", "EXAT", "PX", "EX"};
	int kind = below(t, 6);
	*at_ms = 0;
	if (kind < 4) {
		say(&t->line, " %s", words[kind]);
		*at_ms = say_time(t, kind & 1, kind & 2);
	} else if (kind == 4) {
		say(&t->line, " %s", last);
	}
	return kind;
}

static void try_getex(struct trial *t)
{
	int64_t at_ms;
	begin(t, "HGETEX");
	int kind = say_lifetime(t, "PERSIST", &at_ms);
	say_fields(t);
	say(&t->want, "*%d\r\n", t->count);
	for (int i = 0; i < t->count; i++) {
		struct field *f = field_at(t, t->chosen[i]);
		want_value(t, f);
		if (!is_live(t, f) || kind == 5)
			continue;
		f->expiry_ms = at_ms;
		f->is_there = kind == 4 || at_ms > t->now_ms;
	}
	send_expecting(t);
}

static void try_setex(struct trial *t)
{
	int64_t at_ms;
	int condition = below(t, 2) * below(t, 3); /* 1: FNX, 2: FXX */
	bool may = true;
	begin(t, "HSETEX");
	if (condition != 0)
		say(&t->line, condition == 1 ? " FNX" : " FXX");
	for (int i = 0; condition != 0 && i < t->count; i++)
		may &= is_live(t, field_at(t, t->chosen[i])) == (condition == 2);
	int kind = say_lifetime(t, "KEEPTTL", &at_ms);
	say(&t->line, " FIELDS %d", t->count);
	for (int i = 0; i < t->count; i++) {
		struct field *f = field_at(t, t->chosen[i]);
		char value[32];
		say_field(t, t->chosen[i]);
		say_value(t, value);
		if (!may)
			continue;
		set(t, t->chosen[i], value, kind == 4 && is_live(t, f) ? f->expiry_ms : at_ms);
		f->is_there = kind >= 4 || at_ms > t->now_ms;
	}
	say(&t->want, ":%d\r\n", may);
	send_expecting(t);
}

/* What is refused changes nothing. */
static void try_wrong(struct trial *t)
{
	static const char *const wrong[][2] = {
		{"HEXPIRE k0 -1 FIELDS 1 f1", "ERR invalid expire time, must be >= 0"},
		{"HPEXPIREAT k1 70368744177664 FIELDS 1 f1",
			"ERR invalid expire time in 'hpexpireat' command"},
		{"HEXPIRE k0 x FIELDS 1 f1", "ERR value is not an integer or out of range"},
		{"HEXPIRE k0 5 FIELDS 0 f1", "ERR Parameter `numFields` should be greater than 0"},
		{"HTTL k0 FIELDS 0 f1", "ERR Number of fields must be a positive integer"},
		{"HPERSIST k0 FIELDS 2 f1",
			"ERR The `numfields` parameter must match the number of arguments"},
		{"HGETDEL k0 f1 1 FIELDS",
			"ERR Mandatory argument FIELDS is missing or not at the right position"},
		{"HSETEX k0 FNX FXX FIELDS 1 f1 v",
			"ERR Only one of FXX or FNX arguments can be specified"},
		{"HGETEX k0 EX 5 PERSIST FIELDS 1 f1",
			"ERR Mandatory argument FIELDS is missing or not at the right position"},
	};
	size_t which = (size_t)below(t, sizeof(wrong) / sizeof(wrong[0]));
	buf_clear(&t->line);
	buf_clear(&t->want);
	buf_add_text(&t->line, wrong[which][0]);
	say(&t->want, "-%s\r\n", wrong[which][1]);
	send_expecting(t);
}

/* --- the trial -------------------------------------------------------------------------------- */

static void move_clock(struct trial *t)
{
	if (below(t, 6) == 0)
		t->now_ms += below(t, 60);
	exec_set_time(t->own.exec, t->now_ms * 1000);
	exec_set_time(t->told.exec, t->now_ms * 1000);
	if (below(t, 20) == 0)
		keyspace_expire_slice(t->own.keyspace, 1 + below(t, 20));
}

static void compare_told(struct trial *t)
{
	unsigned char own[20], told[20];
	buf_clear(&t->line);
	buf_add_text(&t->line, "HLEN none");
	send(t);
	keyspace_digest(t->own.keyspace, own);
	keyspace_digest(t->told.keyspace, told);
	assert_memory_equal(own, told, sizeof(own));
}

static void trial_open(struct trial *t)
{
	*t = (struct trial){.now_ms = RUNNER_NOW_MS, .random = 7};
	type_register(TYPE_HASH, &hash_ops);
	runner_open(&t->own, groups);
	runner_open(&t->told, groups);
	t->told.session.origin = ORIGIN_PRIMARY;
	t->told.keyspace->allow_expiry = 0;
}

static void trial_close(struct trial *t)
{
	runner_close(&t->own);
	runner_close(&t->told);
	buf_release(&t->line);
	buf_release(&t->want);
}

static void test_random_against_model(void **state)
{
	static void (*const tries[])(struct trial *) = {try_set, try_set, try_setnx, try_increment,
		try_delete, try_read, try_length, try_all, try_expire, try_expire, try_expire,
		try_times, try_persist, try_getdel, try_getex, try_setex, try_setex, try_wrong};
	static const int64_t thresholds[] = {512, 0, 6, 12};
	static struct trial t;
	(void)state;
	trial_open(&t);
	for (long i = 0; i < commands; i++) {
		if (i % THRESHOLD_EVERY == 0)
			types_config.hash_max_listpack_entries = thresholds[below(&t, 4)];
		t.own.session.reply.resp = 2 + (i / 1000 & 1);
		move_clock(&t);
		tries[below(&t, sizeof(tries) / sizeof(tries[0]))](&t);
		if (i % DIGEST_EVERY == 0)
			compare_told(&t);
		buf_clear(&t.told.told);
	}
	types_config.hash_max_listpack_entries = 512;
	trial_close(&t);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_against_model)};
	if (argc > 1)
		commands = strtol(argv[1], NULL, 10);
	return cmocka_run_group_tests_name("hash_expire", tests, NULL, NULL);
}
