/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The log and the hold queue over a disk that the test plays itself: an operation is over when the
 * test says so, as it says. What is asserted is what clients can see: no reply, of a write or of a
 * read, before what it shows is durable; no other reply later than at once; their order.
 */
#define disk_submit fake_submit
#include "../../../src/persist/log_run.c"
#undef disk_submit

#include "../unit.h"

#include "base/buf.h"
#include "base/log.h"
#include "exec/tx.h"
#include "exec/wait.h"
#include "obs/monitor.h"
#include "persist/hold.h"
#include "push/notify.h"
#include "push/pubsub.h"
#include "store/type_ops.h"
#include "types/string.h"

#include "few_commands.h"

#define SESSIONS 6
#define OPS_MAX 8

/* --- the disk --------------------------------------------------------------------------------- */

static struct disk_op *ops[OPS_MAX];
static int op_count;
static struct buf disk; /* what was written to the log */

void fake_submit(struct loop *loop, struct disk_op *op)
{
	(void)loop;
	assert_true(op_count < OPS_MAX);
	ops[op_count++] = op;
}

static size_t op_bytes(const struct disk_op *op)
{
	size_t sum = 0;
	for (int i = 0; i < op->iov_count; i++)
		sum += op->iov[i].iov_len;
	return sum;
}

static bool op_is_zeros(const struct disk_op *op)
{
	return op->iov_count > 1 && op->iov[0].iov_len == LOG_ZEROS_BYTES &&
	       *(const char *)op->iov[0].iov_base == '\0';
}

/* Ends all that only writes zeros. */
static void disk_end_zeros(void)
{
	for (int i = 0; i < op_count;) {
		struct disk_op *op = ops[i];
		if (!op_is_zeros(op)) {
			i++;
			continue;
		}
		memmove(ops + i, ops + i + 1, (size_t)(op_count - i - 1) * sizeof(ops[0]));
		op_count--;
		op->done(op, (ssize_t)op_bytes(op), 0);
	}
}

/* Ends the oldest operation: as it should, or with these results. */
static void disk_end_as(ssize_t written, int synced)
{
	disk_end_zeros();
	assert_true(op_count > 0);
	struct disk_op *op = ops[0];
	memmove(ops, ops + 1, (size_t)--op_count * sizeof(ops[0]));
	for (int k = 0; k < op->iov_count; k++)
		buf_add(&disk, op->iov[k].iov_base, op->iov[k].iov_len);
	op->done(op, written == 0 ? (ssize_t)op_bytes(op) : written, synced);
}

static void disk_end(void)
{
	disk_end_as(0, 0);
}

/* --- the world -------------------------------------------------------------------------------- */

static struct {
	struct keyspace *keyspace;
	struct exec *exec;
	struct loop *loop;
	struct stream *stream;
	struct log_writer_config config;
	struct log_writer *log;
	struct hold_queue *hold;
	struct session sessions[SESSIONS];
	struct push_config push;
	struct notify notify;
	struct monitor *monitor;
	int flushes;
	int failures;
} w;

static void on_want_flush(struct session *s)
{
	(void)s;
	w.flushes++;
}

static void on_failed(int error, const char *reason, void *context)
{
	(void)context;
	assert_int_not_equal(error, 0);
	assert_string_equal(reason, log_writer_error(w.log));
	w.failures++;
}

static void start_log(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	log_writer_start(w.log, &(struct log_file){.fd = fd});
}

static void world_open(enum log_fsync policy)
{
	static char no_file[] = "";
	static const struct log_config silent = {.level = LOG_NOTHING, .file = no_file};
	char error[128];

	log_init(&silent);
	type_register(TYPE_STRING, &string_ops);
	memset(&w, 0, sizeof(w));
	op_count = 0;
	buf_clear(&disk);
	w.loop = loop_new(&(struct loop_options){.backend = LOOP_EPOLL}, error, sizeof(error));
	w.keyspace = keyspace_new(4);
	w.exec = exec_new(w.keyspace);
	w.exec->want_flush = on_want_flush;
	command_table_add(w.exec->commands, rows);
	w.exec->exec_run = run_exec;
	exec_set_time(w.exec, 1700000000000000);
	tx_init(w.exec);
	pubsub_init(w.exec);
	notify_init(&w.notify, w.exec, &w.push);
	w.monitor = monitor_new(w.exec, NULL);
	w.stream = stream_new(w.exec);
	w.config = (struct log_writer_config){.fsync = policy};
	w.log = log_writer_new(w.loop, w.stream, &w.config);
	log_writer_listen(w.log, (struct log_writer_events){.failed = on_failed});
	w.hold = hold_new(w.exec, w.log, &w.config);
	for (int i = 0; i < SESSIONS; i++) {
		session_init(&w.sessions[i], w.exec, ORIGIN_CLIENT);
		w.sessions[i].is_authenticated = true;
		w.sessions[i].conn = (struct conn *)&w; /* it is only asked whether there is one */
	}
	start_log();
	log_writer_trust(w.log);
}

static void world_close(void)
{
	for (disk_end_zeros(); op_count > 0; disk_end_zeros())
		disk_end();
	for (int i = 0; i < SESSIONS; i++)
		session_release(&w.sessions[i]);
	log_writer_free(w.log);
	loop_free(w.loop);
	hold_free(w.hold);
	monitor_free(w.monitor);
	pubsub_free(w.exec);
	stream_free(w.stream);
	exec_free(w.exec);
	keyspace_free(w.keyspace);
	buf_release(&disk);
	out_pool_release();
}

static void say(int session, const char *line)
{
	struct bytes argv[8];
	int argc = 0;
	char copy[128], *rest = copy;

	snprintf(copy, sizeof(copy), "%s", line);
	for (char *word; (word = strsep(&rest, " ")) != NULL;)
		argv[argc++] = bytes_text(word);
	call_run(&w.sessions[session], argv, argc);
}

static void turn(void)
{
	log_writer_turn(w.log);
}

/* What the session's peer can read by now, and takes. */
static const char *seen(int session)
{
	static char text[4096];
	struct session *s = &w.sessions[session];
	struct iovec pieces[64];
	size_t len = 0, most = hold_sendable(s);
	int count = out_pieces(&s->out, pieces, 64);

	for (int i = 0; i < count && len < most; i++) {
		size_t take = pieces[i].iov_len < most - len ? pieces[i].iov_len : most - len;
		memcpy(text + len, pieces[i].iov_base, take);
		len += take;
	}
	text[len] = '\0';
	out_consume(&s->out, len);
	hold_sent(s, len);
	return text;
}

#define sees(session, text) assert_string_equal(seen(session), text)

/* --- tests ------------------------------------------------------------------------------------ */

static void test_write_waits(void **state)
{
	(void)state;
	world_open(LOG_FSYNC_ALWAYS);
	say(0, "PING");
	say(0, "SET a 1");
	say(0, "PING");
	sees(0, "+PONG\r\n");
	turn();
	sees(0, "");
	assert_int_equal(ops[0]->flags & DISK_FSYNC, DISK_FSYNC);
	disk_end();
	sees(0, "+OK\r\n+PONG\r\n");
	assert_int_equal(w.flushes, 1);
	assert_string_equal(buf_text(&disk), "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n"
					     "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n");
	world_close();
}

static void test_read_waits_for_its_key_alone(void **state)
{
	(void)state;
	world_open(LOG_FSYNC_ALWAYS);
	say(0, "SET a 1");
	say(1, "GET a");
	say(2, "GET b");
	say(3, "MGET b a");
	say(4, "DBSIZE");
	sees(1, "");
	sees(2, "$-1\r\n");
	sees(3, "");
	sees(4, "");
	turn();
	say(0, "SET b 2");
	say(2, "GET a");
	say(5, "GET b");
	sees(5, "");
	disk_end();
	sees(0, "+OK\r\n");
	sees(1, "$1\r\n1\r\n");
	sees(2, "$1\r\n1\r\n");
	sees(3, "*2\r\n:0\r\n:1\r\n");
	sees(4, ":1\r\n");
	sees(5, "");
	say(1, "GET a");
	sees(1, "$1\r\n1\r\n");
	say(2, "GET b");
	turn();
	sees(2, "");
	disk_end();
	sees(0, "+OK\r\n");
	sees(2, "$1\r\n2\r\n");
	sees(5, "$1\r\n2\r\n");
	world_close();
}

static void test_order_is_kept(void **state)
{
	(void)state;
	world_open(LOG_FSYNC_ALWAYS);
	say(0, "SET a 1");
	turn();
	say(0, "GET x");
	say(0, "SET b 2");
	say(0, "GET x");
	sees(0, "");
	turn();
	sees(0, "");
	disk_end();
	sees(0, "+OK\r\n$-1\r\n");
	turn();
	disk_end();
	sees(0, "+OK\r\n$-1\r\n");
	world_close();
}

static void test_transactions(void **state)
{
	(void)state;
	world_open(LOG_FSYNC_ALWAYS);
	say(0, "MULTI");
	say(0, "SET a 1");
	say(0, "SET b 2");
	say(0, "EXEC");
	sees(0, "+OK\r\n+QUEUED\r\n+QUEUED\r\n");
	say(1, "MULTI");
	say(1, "GET x");
	say(1, "GET b");
	say(1, "EXEC");
	sees(1, "+OK\r\n+QUEUED\r\n+QUEUED\r\n");
	say(2, "MULTI");
	say(2, "GET x");
	say(2, "EXEC");
	sees(2, "+OK\r\n+QUEUED\r\n*1\r\n$-1\r\n");
	turn();
	disk_end();
	sees(0, "*2\r\n+OK\r\n+OK\r\n");
	sees(1, "*2\r\n$-1\r\n$1\r\n2\r\n");
	assert_non_null(strstr(buf_text(&disk), "MULTI"));
	world_close();
}

static void test_blocked_call_that_is_served(void **state)
{
	(void)state;
	world_open(LOG_FSYNC_ALWAYS);
	say(1, "TAKE q");
	say(0, "SET q 1");
	sees(0, "");
	sees(1, "");
	turn();
	disk_end();
	sees(1, "$1\r\n1\r\n");
	sees(0, "+OK\r\n");
	world_close();
}

static void test_messages(void **state)
{
	struct bytes channel = BYTES("__keyspace@0__:a"), other = BYTES("news");
	(void)state;
	world_open(LOG_FSYNC_ALWAYS);
	w.push.notify = NOTIFY_KEYSPACE | EVENT_STRING;
	notify_configure(&w.notify);
	pubsub_subscribe(&w.sessions[1], CHANNEL_PLAIN, channel);
	pubsub_subscribe(&w.sessions[2], CHANNEL_PLAIN, other);
	monitor_start(w.monitor, &w.sessions[3]);
	seen(1);
	seen(2);
	say(4, "PUBLISH news hi");
	assert_non_null(strstr(seen(2), "hi"));
	sees(4, ":1\r\n");
	seen(3);
	say(0, "SET a 1");
	sees(1, "");
	sees(3, "");
	turn();
	disk_end();
	assert_non_null(strstr(seen(1), "set"));
	assert_non_null(strstr(seen(3), "SET"));
	monitor_stop(w.monitor, &w.sessions[3]);
	world_close();
}

static void test_flush_concerns_all_keys(void **state)
{
	(void)state;
	world_open(LOG_FSYNC_ALWAYS);
	say(0, "FLUSH");
	say(1, "GET a");
	sees(0, "");
	sees(1, "");
	turn();
	disk_end();
	sees(0, "+OK\r\n");
	sees(1, "$-1\r\n");
	world_close();
}

static void test_levels(void **state)
{
	(void)state;
	world_open(LOG_FSYNC_EVERYSEC);
	hold_set_durability(w.hold, &w.sessions[1], DURABILITY_FSYNC);
	hold_set_durability(w.hold, &w.sessions[2], DURABILITY_NONE);
	say(0, "SET a 1");
	say(2, "SET c 3");
	sees(2, "+OK\r\n");
	turn();
	assert_int_equal(ops[0]->flags & DISK_FSYNC, 0);
	sees(0, "");
	disk_end();
	sees(0, "+OK\r\n"); /* in the page cache: that is enough for this one … */
	say(0, "GET a");
	sees(0, "$1\r\n1\r\n");
	say(1, "GET b");
	sees(1, "$-1\r\n");
	say(1, "GET a"); /* … and not for that one, which makes an fsync happen */
	sees(1, "");
	turn();
	assert_int_equal(op_count, 1);
	assert_int_equal(ops[0]->iov_count, 0);
	disk_end();
	sees(1, "$1\r\n1\r\n");
	say(1, "SET d 4");
	turn();
	assert_int_equal(ops[0]->flags & DISK_FSYNC, DISK_FSYNC);
	disk_end();
	sees(1, "+OK\r\n");
	world_close();
}

static void test_strict_reader_of_what_nobody_noted(void **state)
{
	(void)state;
	world_open(LOG_FSYNC_EVERYSEC);
	say(0, "SET a 1");
	turn();
	disk_end();
	sees(0, "+OK\r\n");
	hold_set_durability(w.hold, &w.sessions[1], DURABILITY_FSYNC);
	say(1, "GET a");
	sees(1, "");
	turn();
	disk_end();
	sees(1, "$1\r\n1\r\n");
	say(1, "GET a");
	sees(1, "$1\r\n1\r\n");
	world_close();
}

/* FLUSH of nothing and a TAKE of its own make groups without bytes or without keys. */
static void test_group_without_bytes(void **state)
{
	struct bytes name = BYTES("news");
	(void)state;
	world_open(LOG_FSYNC_ALWAYS);
	pubsub_subscribe(&w.sessions[1], CHANNEL_PLAIN, name);
	seen(1);
	pubsub_publish(w.exec, CHANNEL_PLAIN, name,
		BYTES("x")); /* by nobody: it may follow from a change */
	sees(1, "");
	turn();
	assert_int_equal(op_count, 0);
	assert_non_null(strstr(seen(1), "news"));
	world_close();
}

static void fail_and_recover(ssize_t written, int synced)
{
	world_open(LOG_FSYNC_ALWAYS);
	say(0, "SET a 1");
	turn();
	say(1, "SET b 2");
	disk_end_as(written, synced);
	assert_int_equal(w.failures, 1);
	assert_true(log_writer_has_failed(w.log));
	turn();
	assert_int_equal(op_count == 0 || op_is_zeros(ops[0]), 1);
	sees(0, "");
	sees(1, "");
	say(2, "GET a");
	say(3, "GET x");
	assert_non_null(strstr(seen(2), "-MISCONF Errors writing to the AOF file: "));
	sees(3, "$-1\r\n");
	/* A new base holds everything, and a new file begins: nothing is promised before both
	 * count. */
	start_log();
	turn();
	say(4, "SET c 3");
	turn();
	disk_end();
	sees(4, "");
	sees(0, "");
	log_writer_trust(w.log);
	sees(0, "+OK\r\n");
	sees(1, "+OK\r\n");
	sees(4, "+OK\r\n");
	say(2, "GET a");
	sees(2, "$1\r\n1\r\n");
	world_close();
}

static void test_failures(void **state)
{
	(void)state;
	fail_and_recover(-EIO, -ECANCELED);
	fail_and_recover(5, -ECANCELED);
	fail_and_recover(0, -EIO);
}

static void on_switched(bool is_ok, uint64_t size, void *context)
{
	(void)size;
	*(int *)context += is_ok ? 1 : 100;
}

/* Ends the operation of that index, other than the oldest. */
static void disk_end_at(int index, ssize_t written, int synced)
{
	disk_end_zeros();
	assert_true(index < op_count);
	struct disk_op *chosen = ops[index];
	memmove(ops + 1, ops, (size_t)index * sizeof(ops[0]));
	ops[0] = chosen;
	disk_end_as(written, synced);
}

/* An fsync fails while a write is in flight: who waits for the write alone is answered, who waits
 * for the disk is not; then it is a failure, and nothing is synced in between. */
static void test_failed_sync_beside_write(void **state)
{
	(void)state;
	world_open(LOG_FSYNC_NO);
	hold_set_durability(w.hold, &w.sessions[1], DURABILITY_FSYNC);
	say(0, "SET a 1");
	turn();
	disk_end();
	sees(0, "+OK\r\n");
	say(1, "GET a");
	turn();
	say(0, "SET b 2");
	turn();
	assert_int_equal(op_count, 2); /* the fsync for the reader, and the write */
	disk_end_as(0, -EIO);
	assert_int_equal(w.failures, 0);
	turn();
	assert_int_equal(op_count, 1);
	sees(0, "");
	disk_end();
	sees(0, "+OK\r\n");
	sees(1, "");
	assert_int_equal(w.failures, 1);
	assert_true(log_writer_has_failed(w.log));
	turn();
	assert_int_equal(op_count, 0);
	start_log();
	log_writer_trust(w.log);
	sees(1, "$1\r\n1\r\n");
	world_close();
}

/* The kernel tells an error to one of two fsyncs: beside another one a commit's own is no proof. */
static void test_two_syncs_at_once(void **state)
{
	(void)state;
	for (int fails = 0; fails < 2; fails++) {
		world_open(LOG_FSYNC_NO);
		hold_set_durability(w.hold, &w.sessions[1], DURABILITY_FSYNC);
		say(0, "SET a 1");
		turn();
		disk_end();
		say(1, "GET a");
		turn();
		say(1, "SET b 2");
		turn();
		disk_end_zeros();
		assert_int_equal(op_count, 2);
		disk_end_at(1, 0, 0); /* the commit, first */
		sees(1, "");
		disk_end_as(0, fails ? -EIO : 0);
		sees(1, fails ? "" : "$1\r\n1\r\n");
		assert_int_equal(w.failures, fails);
		turn();
		assert_int_equal(op_count, fails ? 0 : 1); /* another fsync, for the commit */
		if (!fails) {
			disk_end();
			sees(1, "+OK\r\n");
		}
		world_close();
	}
}

/* The log is switched off while a failure waits to be told. */
static void test_end_beside_failed_sync(void **state)
{
	(void)state;
	world_open(LOG_FSYNC_NO);
	hold_set_durability(w.hold, &w.sessions[1], DURABILITY_FSYNC);
	say(0, "SET a 1");
	turn();
	disk_end();
	say(1, "GET a");
	turn();
	say(0, "SET b 2");
	turn();
	disk_end_as(0, -EIO);
	log_writer_stop(w.log, NULL, NULL);
	turn();
	disk_end_as(-ENOSPC, 0);
	assert_int_equal(w.failures, 1);
	assert_false(log_writer_is_on(w.log));
	world_close();
}

static void test_switch_keeps_order(void **state)
{
	int done = 0;
	(void)state;
	world_open(LOG_FSYNC_EVERYSEC);
	say(0, "SET a 1");
	turn();
	say(1, "SET b 2");
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	log_writer_switch(w.log, &(struct log_file){.fd = fd}, on_switched, &done);
	say(2, "SET c 3");
	disk_end(); /* a */
	sees(0, "+OK\r\n");
	turn();
	buf_clear(&disk);
	disk_end(); /* b ends the old file */
	assert_null(strstr(buf_text(&disk), "\r\nc\r\n"));
	sees(1, "");
	turn();
	assert_int_equal(ops[0]->iov_count, 0); /* its fsync */
	disk_end();
	turn();
	for (int i = 0; i < 1000 && done == 0; i++)
		loop_turn(w.loop, 1000);
	assert_int_equal(done, 1);
	turn();
	buf_clear(&disk);
	disk_end();
	assert_memory_equal(disk.ptr, "*2\r\n$6\r\nSELECT", 14);
	assert_non_null(strstr(buf_text(&disk), "\r\nc\r\n"));
	sees(1, "+OK\r\n");
	sees(2, "+OK\r\n");
	world_close();
}

static void test_stop_lets_everybody_go(void **state)
{
	int done = 0;
	(void)state;
	world_open(LOG_FSYNC_ALWAYS);
	say(0, "SET a 1");
	log_writer_stop(w.log, on_switched, &done);
	turn();
	say(1, "SET b 2");
	disk_end();
	turn();
	for (int i = 0; i < 1000 && done == 0; i++) {
		for (disk_end_zeros(); op_count > 0; disk_end_zeros())
			disk_end();
		turn();
		loop_turn(w.loop, 1000);
	}
	assert_int_equal(done, 1);
	sees(0, "+OK\r\n");
	sees(1, "+OK\r\n");
	assert_null(w.exec->hold);
	say(1, "SET c 3");
	sees(1, "+OK\r\n");
	world_close();
}

/* --- against a model ---------------------------------------------------------------------------
 */

#define KEYS 8
#define PENDING_MAX 4096

struct expected {
	uint64_t need[PENDING_MAX]; /* the group each unseen reply waits for */
	int first, count;
};

static void check_visible(struct expected *e, int session)
{
	const char *text = seen(session);
	int replies = 0, wanted = 0;

	for (; *text != '\0'; text++)
		replies += *text == '\n';
	while (wanted < e->count &&
		e->need[(e->first + wanted) % PENDING_MAX] <= log_writer_durable_group(w.log))
		wanted++;
	assert_int_equal(replies, wanted);
	e->first = (e->first + wanted) % PENDING_MAX;
	e->count -= wanted;
}

static void test_random_against_model(void **state)
{
	uint64_t seed = 12345, last[KEYS] = {0};
	struct expected expected[SESSIONS] = {0};
	(void)state;
	world_open(LOG_FSYNC_ALWAYS);
	for (int step = 0; step < 30000; step++) {
		int session = (int)(unit_random(&seed) % SESSIONS);
		int key = (int)(unit_random(&seed) % KEYS);
		struct expected *e = &expected[session];
		uint64_t *need = &e->need[(e->first + e->count) % PENDING_MAX];
		char line[64];
		switch (unit_random(&seed) % 8) {
		case 0:
			snprintf(line, sizeof(line), "SET k%d v", key);
			say(session, line);
			*need = last[key] = log_writer_group(w.log);
			e->count++;
			break;
		case 1:
			turn();
			break;
		case 2:
			disk_end_zeros();
			if (op_count > 0)
				disk_end();
			break;
		case 3:
			say(session, "PING");
			*need = 0;
			e->count++;
			break;
		default:
			snprintf(line, sizeof(line), "MGET k%d", key);
			say(session, line);
			/* An array of one: two lines, so it is counted twice. */
			*need = last[key];
			e->need[(e->first + e->count + 1) % PENDING_MAX] = last[key];
			e->count += 2;
			break;
		}
		assert_true(e->count < PENDING_MAX - 2);
		for (int i = 0; i < SESSIONS; i++)
			check_visible(&expected[i], i);
	}
	world_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_write_waits),
		cmocka_unit_test(test_read_waits_for_its_key_alone),
		cmocka_unit_test(test_order_is_kept),
		cmocka_unit_test(test_transactions),
		cmocka_unit_test(test_blocked_call_that_is_served),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_flush_concerns_all_keys),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_strict_reader_of_what_nobody_noted),
		cmocka_unit_test(test_group_without_bytes),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_failed_sync_beside_write),
		cmocka_unit_test(test_two_syncs_at_once),
		cmocka_unit_test(test_end_beside_failed_sync),
		cmocka_unit_test(test_switch_keeps_order),
		cmocka_unit_test(test_stop_lets_everybody_go),
		cmocka_unit_test(test_random_against_model),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
