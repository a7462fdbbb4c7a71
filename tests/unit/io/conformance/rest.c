/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What every back end must do besides sockets: sleep and timers, watches, listeners, the offload
 * thread, the disk, signals.
 */
#include "io/signals.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/un.h>

/* --- sleeping and timers ----------------------------------------------------------------- */

static void count_timer(struct timer *t)
{
	*(unsigned *)t->context += 1;
}

/* Far and near deadlines: not early, and not late by more than a busy machine explains. */
static void test_timer_precision(void **state)
{
	(void)state;
	static const int64_t delays_us[] = {0, 300, 1500, 2500, 12000, 1000};
	for (size_t i = 0; i < sizeof delays_us / sizeof delays_us[0]; i++) {
		struct timer t;
		timer_init(&t, stop_timer, NULL);
		int64_t start_us = clock_mono_us();
		timer_arm(world.loop, &t, delays_us[i]);
		assert_true(timer_is_armed(&t));
		loop_run(world.loop);
		int64_t took_us = clock_mono_us() - start_us;
		assert_false(timer_is_armed(&t));
		assert_true(took_us >= delays_us[i] - 1 && took_us < delays_us[i] + 500000);
	}
}

/* An idle loop sleeps to the next timer, also past one that was disarmed or moved. */
static void test_idle_sleep(void **state)
{
	(void)state;
	struct timer stop, gone, moved;
	unsigned fired = 0;
	timer_init(&stop, stop_timer, NULL);
	timer_init(&gone, count_timer, &fired);
	timer_init(&moved, count_timer, &fired);
	timer_arm(world.loop, &stop, 40000);
	timer_arm(world.loop, &gone, 10000);
	timer_arm(world.loop, &moved, 15000);
	turns(1);
	timer_disarm(world.loop, &gone);
	timer_disarm(world.loop, &gone);
	timer_arm(world.loop, &moved, 50000000);
	loop_stats_reset(world.loop);
	loop_run(world.loop);
	assert_true(loop_stats_get(world.loop)->turns <= 4);
	assert_int_equal(fired, 0);
	timer_disarm(world.loop, &moved);
}

/* on_turn_end's word bounds the sleep; 0 means none. */
static void test_idle_us(void **state)
{
	(void)state;
	struct timer stop;
	timer_init(&stop, stop_timer, NULL);
	world.idle_us = 5000;
	timer_arm(world.loop, &stop, 42000);
	unsigned before = world.turn_ends;
	loop_run(world.loop);
	assert_in_range(world.turn_ends - before, 3, 11);
	world.idle_us = 0;
	turns(1);
	timer_arm(world.loop, &stop, 3000);
	before = world.turn_ends;
	loop_stats_reset(world.loop);
	loop_run(world.loop);
	assert_true(world.turn_ends - before > 50);
	assert_true(loop_stats_get(world.loop)->waits <= 1);
}

/* loop_turn sleeps no longer than told. */
static void test_turn_limit(void **state)
{
	(void)state;
	turns(1);
	int64_t start_us = clock_mono_us();
	loop_turn(world.loop, 4000);
	loop_turn(world.loop, 0);
	int64_t took_us = clock_mono_us() - start_us;
	assert_true(took_us >= 3900 && took_us < 500000);
}

/* --- watches ----------------------------------------------------------------------------- */

struct watched {
	struct watch watch;
	unsigned calls;
	int events;
	int on_call; /* what to do: */
#define WATCHED_DRAIN 1
#define WATCHED_CLOSE 2
#define WATCHED_MUTE 3
};

static void watched_ready(struct watch *w, int events)
{
	struct watched *d = w->context;
	uint64_t count;
	d->calls++;
	d->events = events;
	if (d->on_call == WATCHED_DRAIN)
		assert_int_equal(read(w->fd, &count, sizeof count), sizeof count);
	if (d->on_call == WATCHED_CLOSE)
		watch_close(world.loop, w);
	if (d->on_call == WATCHED_MUTE)
		watch_change(world.loop, w, 0);
}

static void watched_open(struct watched *d, int fd, int interest, int on_call)
{
	*d = (struct watched){.on_call = on_call};
	d->watch = (struct watch){.on_ready = watched_ready, .context = d};
	assert_int_equal(watch_open(world.loop, &d->watch, fd, interest), 0);
}

static void test_watch_levels(void **state)
{
	(void)state;
	uint64_t one = 1;
	struct watched d;
	int fd = eventfd(0, EFD_NONBLOCK);
	watched_open(&d, fd, WATCH_READABLE, 0);
	turns(2);
	assert_int_equal(d.calls, 0);
	assert_int_equal(write(fd, &one, sizeof one), sizeof one);
	/* Not drained: told again and again. */
	turns_until_unsigned(&d.calls, 3);
	assert_int_equal(d.events, WATCH_READABLE);
	d.on_call = WATCHED_DRAIN;
	unsigned calls = d.calls;
	turns_until_unsigned(&d.calls, calls + 1);
	turns(3);
	assert_int_equal(d.calls, calls + 1);
	/* Muted it is silent, and comes back with a new interest. */
	watch_change(world.loop, &d.watch, 0);
	assert_int_equal(write(fd, &one, sizeof one), sizeof one);
	turns(3);
	assert_int_equal(d.calls, calls + 1);
	d.on_call = WATCHED_MUTE;
	watch_change(world.loop, &d.watch, WATCH_WRITABLE);
	turns_until_unsigned(&d.calls, calls + 2);
	assert_int_equal(d.events, WATCH_WRITABLE);
	turns(3);
	assert_int_equal(d.calls, calls + 2);
	watch_change(world.loop, &d.watch, WATCH_READABLE | WATCH_WRITABLE);
	turns_until_unsigned(&d.calls, calls + 3);
	assert_int_equal(d.events, WATCH_READABLE | WATCH_WRITABLE);
	watch_close(world.loop, &d.watch);
	close(fd);
	turns(2);
}

/* Closed in its own call and freed; the descriptor is used anew at once. */
static void test_watch_close(void **state)
{
	(void)state;
	uint64_t one = 1;
	for (int i = 0; i < 50; i++) {
		struct watched *d = malloc(sizeof *d);
		int fd = eventfd(0, EFD_NONBLOCK);
		watched_open(d, fd, WATCH_READABLE, WATCHED_CLOSE);
		if (i % 2 == 0) {
			assert_int_equal(write(fd, &one, sizeof one), sizeof one);
			turns_until_unsigned(&d->calls, 1);
			assert_int_equal(d->calls, 1);
		} else {
			if (i % 3 == 0)
				turns(1);
			watch_close(world.loop, &d->watch);
		}
		memset(d, 0xa5, sizeof *d);
		free(d);
		close(fd);
	}
	turns(2);
}

/* A hang-up is reported as what was asked for. */
static void test_watch_hangup(void **state)
{
	(void)state;
	int fds[2];
	assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
	struct watched d;
	watched_open(&d, fds[0], WATCH_READABLE, WATCHED_CLOSE);
	turns(1);
	close(fds[1]);
	turns_until_unsigned(&d.calls, 1);
	assert_int_equal(d.events, WATCH_READABLE);
	close(fds[0]);
}

/* --- listeners --------------------------------------------------------------------------- */

static struct {
	unsigned accepted;
	unsigned errors;
	int last_error;
	int fds[512];
	bool closes_after_one;
} door;

static void door_accept(struct listener *l, int fd)
{
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	door.fds[door.accepted++] = fd;
	if (door.closes_after_one)
		listener_close(world.loop, l);
}

static void door_error(struct listener *l, int error)
{
	(void)l;
	door.errors++;
	door.last_error = error;
}

static void door_open(struct listener *l, int fd)
{
	assert_true(fd >= 0);
	memset(&door, 0, sizeof door);
	*l = (struct listener){.on_accept = door_accept, .on_error = door_error};
	assert_int_equal(listener_open(world.loop, l, fd), 0);
}

static void door_hang_up(void)
{
	for (unsigned i = 0; i < door.accepted; i++)
		close(door.fds[i]);
}

static int tcp_connect_to(int listener_fd)
{
	struct sockaddr_in at;
	socklen_t size = sizeof at;
	assert_int_equal(getsockname(listener_fd, (struct sockaddr *)&at, &size), 0);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	int rc = connect(fd, (struct sockaddr *)&at, sizeof at);
	assert_true(rc == 0 || errno == EINPROGRESS);
	return fd;
}

static void test_accept_storm(void **state)
{
	(void)state;
	enum { COUNT = 300 };
	int clients[COUNT];
	struct listener l;
	door_open(&l, listen_tcp("127.0.0.1", 0, 511, 0));
	for (int i = 0; i < COUNT; i++)
		clients[i] = tcp_connect_to(l.fd);
	turns_until_unsigned(&door.accepted, COUNT);
	turns(2);
	assert_int_equal(door.accepted, COUNT);
	assert_int_equal(door.errors, 0);
	for (int i = 0; i < COUNT; i++)
		close(clients[i]);
	door_hang_up();
	listener_close(world.loop, &l);
	turns(2);
}

static void test_accept_unix(void **state)
{
	(void)state;
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	snprintf(at.sun_path, sizeof at.sun_path, "/tmp/ringlet-unit-%d.sock", getpid());
	struct listener l;
	door_open(&l, listen_unix(at.sun_path, 0700, 16));
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
	turns_until_unsigned(&door.accepted, 1);
	/* A second server takes the path over. */
	struct listener second = {.on_accept = door_accept, .on_error = door_error};
	int second_fd = listen_unix(at.sun_path, 0700, 16);
	assert_true(second_fd >= 0);
	assert_int_equal(listener_open(world.loop, &second, second_fd), 0);
	listener_close(world.loop, &l);
	listener_close(world.loop, &second);
	close(fd);
	door_hang_up();
	unlink(at.sun_path);
	turns(2);
}

static void test_close_in_on_accept(void **state)
{
	(void)state;
	struct listener *l = malloc(sizeof *l);
	door_open(l, listen_tcp("127.0.0.1", 0, 16, 0));
	door.closes_after_one = true;
	int clients[3];
	for (int i = 0; i < 3; i++)
		clients[i] = tcp_connect_to(l->fd);
	turns_until_unsigned(&door.accepted, 1);
	memset(l, 0xa5, sizeof *l);
	free(l);
	turns(5);
	assert_int_equal(door.accepted, 1);
	for (int i = 0; i < 3; i++)
		close(clients[i]);
	door_hang_up();
}

/* Without descriptors the listener says so, rests, and takes the waiting connection later. */
static void test_accept_emfile(void **state)
{
	(void)state;
	struct listener l;
	int fd = listen_tcp("127.0.0.1", 0, 16, 0);
	assert_true(fd >= 0);
	int client = tcp_connect_to(fd);
	int top = dup(client);
	struct rlimit before, tight;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	tight = before;
	tight.rlim_cur = (rlim_t)top;
	/* A multishot accept keeps the limit of the moment at which it was armed. */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
	door_open(&l, fd);
	turns_until_unsigned(&door.errors, 1);
	assert_int_equal(door.last_error, EMFILE);
	int64_t start_us = clock_mono_us();
	turns(20);
	assert_true(door.errors <= 1 + (clock_mono_us() - start_us) / LISTENER_RETRY_US);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	turns_until_unsigned(&door.accepted, 1);
	close(top);
	close(client);
	door_hang_up();
	listener_close(world.loop, &l);
}

/* A port can be taken over at once, by the same process and the next. */
static void test_listen_again(void **state)
{
	(void)state;
	struct sockaddr_in at;
	socklen_t size = sizeof at;
	struct listener l;
	door_open(&l, listen_tcp("127.0.0.1", 0, 16, 0));
	turns(1);
	assert_int_equal(getsockname(l.fd, (struct sockaddr *)&at, &size), 0);
	int port = ntohs(at.sin_port);
	for (int i = 0; i < 5; i++) {
		listener_close(world.loop, &l);
		int64_t start_us = clock_mono_us();
		door_open(&l, listen_tcp("127.0.0.1", port, 16, 0));
		assert_true(clock_mono_us() - start_us < LISTEN_BIND_RETRY_US);
		int client = tcp_connect_to(l.fd);
		turns_until_unsigned(&door.accepted, 1);
		close(client);
		door_hang_up();
	}
	listener_close(world.loop, &l);
}

/* --- the offload thread ------------------------------------------------------------------ */

static struct {
	struct offload jobs[100];
	unsigned worked, done;
	pthread_t loop_thread;
} off;

static void off_work(struct offload *job)
{
	assert_false(pthread_equal(pthread_self(), off.loop_thread));
	assert_ptr_equal(job, &off.jobs[off.worked]);
	off.worked++;
}

static void off_done(struct offload *job)
{
	assert_true(pthread_equal(pthread_self(), off.loop_thread));
	assert_ptr_equal(job, &off.jobs[off.done]);
	off.done++;
	if (off.done == 50)
		offload_submit(world.loop, &off.jobs[99]);
}

static void test_offload(void **state)
{
	(void)state;
	memset(&off, 0, sizeof off);
	off.loop_thread = pthread_self();
	assert_int_equal(offload_pending(world.loop), 0);
	for (int i = 0; i < 100; i++) {
		off.jobs[i] = (struct offload){.work = off_work, .done = off_done};
		if (i < 99)
			offload_submit(world.loop, &off.jobs[i]);
	}
	assert_int_equal(offload_pending(world.loop), 99);
	turns_until_unsigned(&off.done, 100);
	assert_int_equal(off.worked, 100);
	assert_int_equal(offload_pending(world.loop), 0);
}

/* --- the disk ---------------------------------------------------------------------------- */

struct disk_result {
	struct disk_op op;
	unsigned calls;
	ssize_t written;
	int synced;
	bool resubmits;
};

static void disk_on_done(struct disk_op *op, ssize_t written, int synced)
{
	struct disk_result *r = (struct disk_result *)op;
	r->calls++;
	r->written = written;
	r->synced = synced;
	if (!r->resubmits || r->calls == 20)
		return;
	op->offset += written;
	disk_submit(world.loop, op);
	assert_true(r->calls < 20);
}

static void disk_run(struct disk_result *r, int fd, int flags, const struct iovec *iov, int count)
{
	r->op.fd = fd;
	r->op.flags = flags;
	r->op.iov = iov;
	r->op.iov_count = count;
	r->op.done = disk_on_done;
	disk_submit(world.loop, &r->op);
	assert_int_equal(r->calls, 0);
	assert_int_equal(disk_pending(world.loop), 1);
	turns_until_unsigned(&r->calls, r->resubmits ? 20 : 1);
	assert_int_equal(disk_pending(world.loop), 0);
}

static void test_disk(void **state)
{
	(void)state;
	char path[] = "/tmp/ringlet-unit-XXXXXX";
	int fd = mkstemp(path);
	char text[40];
	const struct iovec iov[2] = {{(void *)(uintptr_t)"hello ", 6},
				     {(void *)(uintptr_t)"disk", 4}};
	struct disk_result r = {.calls = 0};
	r.op.offset = 3;
	disk_run(&r, fd, DISK_FSYNC, iov, 2);
	assert_int_equal(r.written, 10);
	assert_int_equal(r.synced, 0);
	assert_int_equal(pread(fd, text, sizeof text, 0), 13);
	assert_memory_equal(text, "\0\0\0hello disk", 13);
	r = (struct disk_result){.calls = 0};
	disk_run(&r, fd, DISK_FSYNC, NULL, 0);
	assert_int_equal(r.written, 0);
	assert_int_equal(r.synced, 0);
	r = (struct disk_result){.calls = 0};
	disk_run(&r, fd, DISK_ASYNC, iov, 1);
	assert_int_equal(r.written, 6);
	r = (struct disk_result){.resubmits = true};
	disk_run(&r, fd, DISK_FSYNC, iov, 2);
	assert_int_equal(pread(fd, text, sizeof text, 190), 10);
	assert_memory_equal(text, "hello disk", 10);
	/* Not writable: EBADF, and the chain stops there. */
	int read_only = open(path, O_RDONLY);
	r = (struct disk_result){.calls = 0};
	disk_run(&r, read_only, DISK_FSYNC, iov, 2);
	assert_int_equal(r.written, -EBADF);
	assert_int_equal(r.synced, -ECANCELED);
	close(read_only);
	close(fd);
	unlink(path);
}

static void test_disk_errors(void **state)
{
	(void)state;
	const struct iovec iov = {(void *)(uintptr_t)"x", 1};
	struct disk_result r = {.calls = 0};
	int full = open("/dev/full", O_WRONLY);
	disk_run(&r, full, DISK_FSYNC, &iov, 1);
	assert_int_equal(r.written, -ENOSPC);
	assert_int_equal(r.synced, -ECANCELED);
	close(full);
	/* A pipe can be written but not synced. */
	int fds[2];
	assert_int_equal(pipe(fds), 0);
	r = (struct disk_result){.calls = 0};
	r.op.offset = -1;
	disk_run(&r, fds[1], DISK_FSYNC, NULL, 0);
	assert_int_equal(r.synced, -EINVAL);
	close(fds[0]);
	close(fds[1]);
}

/* Many at once, more than the queue of a ring holds; and loop_free waits for those in flight. */
static void test_disk_many(void **state)
{
	(void)state;
	enum { COUNT = 300 };
	static struct disk_result many[COUNT];
	static uint32_t words[COUNT];
	static struct iovec iovs[COUNT];
	char path[] = "/tmp/ringlet-unit-XXXXXX";
	int fd = mkstemp(path);
	memset(many, 0, sizeof many);
	for (uint32_t i = 0; i < COUNT; i++) {
		words[i] = i * i;
		iovs[i] = (struct iovec){&words[i], sizeof words[i]};
		many[i].op = (struct disk_op){.fd = fd, .iov = &iovs[i], .iov_count = 1,
					      .offset = i * 4, .done = disk_on_done,
					      .flags = i % 100 == 0 ? DISK_FSYNC : 0};
		disk_submit(world.loop, &many[i].op);
	}
	disk_close(world.loop);
	for (uint32_t i = 0; i < COUNT; i++) {
		uint32_t word = 0;
		assert_int_equal(many[i].calls, 1);
		assert_int_equal(many[i].written, 4);
		assert_int_equal(pread(fd, &word, 4, i * 4), 4);
		assert_int_equal(word, i * i);
	}
	close(fd);
	unlink(path);
}

/* --- signals, stopping ------------------------------------------------------------------- */

static unsigned signals_seen[65];

static void signal_seen(int number, void *context)
{
	assert_ptr_equal(context, &world);
	signals_seen[number]++;
	loop_stop(world.loop);
}

static void test_signals(void **state)
{
	(void)state;
	memset(signals_seen, 0, sizeof signals_seen);
	assert_int_equal(signals_open(world.loop, signal_seen, &world), 0);
	raise(SIGTERM);
	raise(SIGTERM);
	loop_run(world.loop);
	assert_int_equal(signals_seen[SIGTERM], 1);
	raise(SIGINT);
	loop_run(world.loop);
	assert_int_equal(signals_seen[SIGINT], 1);
	raise(SIGHUP);
	raise(SIGPIPE);
	turns(2);
	signals_close(world.loop);
}

/* A stop that comes before the run is not lost. */
static void test_stop_before_run(void **state)
{
	(void)state;
	loop_stop(world.loop);
	loop_run(world.loop);
	struct timer t;
	timer_init(&t, stop_timer, NULL);
	timer_arm(world.loop, &t, 1000);
	unsigned before = world.turn_begins;
	loop_run(world.loop);
	assert_true(world.turn_begins > before);
	assert_int_equal(world.turn_begins, world.turn_ends);
}

#define CONFORMANCE_REST                                                                           \
	WORLD_TEST(test_timer_precision), WORLD_TEST(test_idle_sleep), WORLD_TEST(test_idle_us),   \
		WORLD_TEST(test_turn_limit), WORLD_TEST(test_watch_levels),                        \
		WORLD_TEST(test_watch_close), WORLD_TEST(test_watch_hangup),                       \
		WORLD_TEST(test_accept_storm), WORLD_TEST(test_accept_unix),                       \
		WORLD_TEST(test_close_in_on_accept), WORLD_TEST(test_accept_emfile),               \
		WORLD_TEST(test_listen_again), WORLD_TEST(test_offload), WORLD_TEST(test_disk),    \
		WORLD_TEST(test_disk_errors), WORLD_TEST(test_disk_many), WORLD_TEST(test_signals),\
		WORLD_TEST(test_stop_before_run)
