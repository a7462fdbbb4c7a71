/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What every back end must do with sockets. Included by tests/unit/io/backend_*.c, which run it
 * on theirs.
 */

static void test_echo_one(void **state)
{
	(void)state;
	struct conn c;
	char byte[64];
	conn_open_tcp(&c);
	c.echoes = true;
	for (unsigned i = 0; i < 500; i++) {
		char text[16];
		int len = snprintf(text, sizeof text, "ping %u", i);
		peer_write(&c, text, (size_t)len);
		peer_read(&c, byte, (size_t)len);
		assert_memory_equal(byte, text, len);
	}
	assert_int_equal(c.bytes_calls, 500);
	assert_int_equal(c.sent_calls, 500);
	conn_finish(&c);
}

static void echo_many(unsigned count)
{
	struct conn *conns = calloc(count, sizeof *conns);
	for (unsigned i = 0; i < count; i++) {
		conn_open(&conns[i]);
		conns[i].echoes = true;
	}
	for (unsigned round = 0; round < 3; round++) {
		world.batch_most = 0;
		for (unsigned i = 0; i < count; i++) {
			uint32_t word = i * 7 + round;
			peer_write(&conns[i], &word, sizeof word);
		}
		for (unsigned i = 0; i < count; i++) {
			uint32_t word;
			peer_read(&conns[i], (char *)&word, sizeof word);
			assert_int_equal(word, i * 7 + round);
		}
		assert_true(world.batch_most <= LOOP_BATCH_SOCKETS);
		if (count > LOOP_BATCH_SOCKETS)
			assert_int_equal(world.batch_most, LOOP_BATCH_SOCKETS);
	}
	for (unsigned i = 0; i < count; i++)
		socket_close(world.loop, &conns[i].socket);
	for (unsigned i = 0; i < count; i++)
		conn_finish(&conns[i]);
	free(conns);
}

static void test_echo_100(void **state)
{
	(void)state;
	echo_many(100);
}

static void test_echo_1000(void **state)
{
	(void)state;
	/* Two descriptors each: what fits below FD_SETSIZE. */
	echo_many(is_select() ? 400 : 1000);
}

static void test_big_send(void **state)
{
	(void)state;
	enum { SIZE = 6 * 1024 * 1024, STEP = 200000 };
	char *data = malloc(SIZE), *back = malloc(SIZE);
	pattern_fill(data, SIZE, 1);
	struct conn c;
	conn_open_tcp(&c);
	/* Pieces of very different lengths, an empty one among them. */
	struct iovec pieces[LOOP_SEND_IOV];
	size_t at = 0;
	for (int i = 0; i < LOOP_SEND_IOV; i++) {
		size_t len = i == 5 ? 0 : (size_t)i * 997 + 1;
		if (i == LOOP_SEND_IOV - 1)
			len = SIZE - at;
		pieces[i] = (struct iovec){data + at, len};
		at += len;
	}
	socket_send(world.loop, &c.socket, pieces, LOOP_SEND_IOV);
	memset(pieces, 0, sizeof pieces); /* the array is ours again */
	assert_true(socket_is_sending(&c.socket));
	for (size_t have = 0; have < SIZE;) {
		size_t len = SIZE - have < STEP ? SIZE - have : STEP;
		peer_read(&c, back + have, len);
		have += len;
	}
	turns_until_unsigned(&c.sent_calls, 1);
	assert_int_equal(c.sent, SIZE);
	assert_int_equal(c.sent_calls, 1);
	assert_false(socket_is_sending(&c.socket));
	assert_memory_equal(data, back, SIZE);
	conn_finish(&c);
	free(data);
	free(back);
}

/* Short writes again and again: the kernel's buffer is small. */
static void test_small_send_buffer(void **state)
{
	(void)state;
	enum { SIZE = 600000 };
	char *data = malloc(SIZE), *back = malloc(SIZE);
	pattern_fill(data, SIZE, 2);
	struct conn c;
	conn_open(&c);
	int small = 8192;
	setsockopt(c.socket.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
	for (unsigned round = 1; round <= 3; round++) {
		conn_send(&c, data, SIZE);
		peer_read(&c, back, SIZE);
		turns_until_unsigned(&c.sent_calls, round);
		assert_memory_equal(data, back, SIZE);
		memset(back, 0, SIZE);
	}
	assert_int_equal(c.bytes_calls + c.end_calls, 0);
	conn_finish(&c);
	free(data);
	free(back);
}

static unsigned chain_left, chain_depth;

static void chain_next(struct conn *c, ssize_t result)
{
	assert_int_equal(result, 1);
	assert_true(++chain_depth <= 2); /* never a recursion of sends */
	if (chain_left > 0) {
		chain_left--;
		conn_send(c, &"abcdefghij"[chain_left % 10], 1);
	}
	chain_depth--;
}

static void test_send_from_on_sent(void **state)
{
	(void)state;
	struct conn c;
	char back[101];
	conn_open(&c);
	c.sent_hook = chain_next;
	chain_left = 100;
	chain_depth = 0;
	conn_send(&c, "x", 1);
	peer_read(&c, back, sizeof back);
	assert_int_equal(back[0], 'x');
	for (unsigned i = 1; i < sizeof back; i++)
		assert_int_equal(back[i], "abcdefghij"[(100 - i) % 10]);
	conn_finish(&c);
}

static void test_pause(void **state)
{
	(void)state;
	struct conn c;
	conn_open(&c);
	socket_pause(world.loop, &c.socket);
	socket_pause(world.loop, &c.socket);
	assert_true(socket_is_paused(&c.socket));
	turns(2);
	peer_write(&c, "hello", 5);
	turns(3);
	peer_write(&c, "world", 5);
	turns(3);
	assert_int_equal(c.bytes_calls, 0);
	socket_resume(world.loop, &c.socket);
	turns_until_size(&c.got_len, 10);
	assert_memory_equal(c.got, "helloworld", 10);
	/* And without unread bytes: nothing happens, then the next bytes do. */
	socket_pause(world.loop, &c.socket);
	turns(2);
	socket_resume(world.loop, &c.socket);
	turns(2);
	assert_int_equal(c.got_len, 10);
	peer_write(&c, "!", 1);
	turns_until_size(&c.got_len, 11);
	conn_finish(&c);
}

static void hook_pause(struct conn *c)
{
	socket_pause(world.loop, &c->socket);
}

/* Paused in the middle of a lot: what was left unread comes after the resume, in order. */
static void test_pause_with_more_pending(void **state)
{
	(void)state;
	enum { SIZE = 150000 };
	char *data = malloc(SIZE);
	pattern_fill(data, SIZE, 3);
	struct conn c;
	conn_open(&c);
	c.hook = hook_pause;
	size_t written = 0;
	for (unsigned i = 0; c.got_len < SIZE; i++) {
		assert_true(i < 5000);
		if (written < SIZE) {
			ssize_t n = write(c.peer, data + written, SIZE - written);
			written += n > 0 ? (size_t)n : 0;
		}
		size_t before = c.got_len;
		turns(2);
		assert_true(c.got_len - before <= LOOP_READ_BYTES);
		socket_resume(world.loop, &c.socket);
	}
	assert_memory_equal(c.got, data, SIZE);
	conn_finish(&c);
	free(data);
}

static void test_end_after_data(void **state)
{
	(void)state;
	for (int is_tcp = 0; is_tcp < 2; is_tcp++) {
		struct conn c;
		if (is_tcp)
			conn_open_tcp(&c);
		else
			conn_open(&c);
		turns(1);
		peer_write(&c, "last words", 10);
		close(c.peer);
		c.peer = -1;
		turns_until_unsigned(&c.end_calls, 1);
		assert_int_equal(c.got_len, 10);
		assert_int_equal(c.end_error, 0);
		turns(3);
		assert_int_equal(c.end_calls, 1);
		conn_finish(&c);
	}
}

/* Much data, then the end: exactly a multiple of the read size among it. */
static void test_end_after_much_data(void **state)
{
	(void)state;
	enum { SIZE = 4 * LOOP_READ_BYTES };
	char *data = malloc(SIZE);
	pattern_fill(data, SIZE, 4);
	struct conn c;
	conn_open(&c);
	peer_write(&c, data, SIZE);
	shutdown(c.peer, SHUT_WR);
	turns_until_unsigned(&c.end_calls, 1);
	assert_int_equal(c.got_len, SIZE);
	assert_memory_equal(c.got, data, SIZE);
	/* Half closed: answers still go out. */
	char back[3];
	conn_send(&c, "bye", 3);
	peer_read(&c, back, 3);
	assert_memory_equal(back, "bye", 3);
	conn_finish(&c);
	free(data);
}

static void test_end_while_paused(void **state)
{
	(void)state;
	struct conn c;
	conn_open_tcp(&c);
	socket_pause(world.loop, &c.socket);
	turns(1);
	close(c.peer);
	c.peer = -1;
	if (is_select()) {
		turns(3);
		assert_int_equal(c.end_calls, 0);
		socket_resume(world.loop, &c.socket);
	}
	turns_until_unsigned(&c.end_calls, 1);
	assert_int_equal(c.end_error, 0);
	conn_finish(&c);
}

static void test_end_while_paused_behind_data(void **state)
{
	(void)state;
	struct conn c;
	conn_open(&c);
	socket_pause(world.loop, &c.socket);
	turns(1);
	peer_write(&c, "unread", 6);
	close(c.peer);
	c.peer = -1;
	turns(5);
	assert_int_equal(c.end_calls + c.bytes_calls, 0);
	socket_resume(world.loop, &c.socket);
	turns_until_unsigned(&c.end_calls, 1);
	assert_int_equal(c.got_len, 6);
	conn_finish(&c);
}

static void test_reset(void **state)
{
	(void)state;
	struct linger hard = {.l_onoff = 1, .l_linger = 0};
	for (int is_paused = 0; is_paused < 2; is_paused++) {
		struct conn c;
		conn_open_tcp(&c);
		turns(1);
		if (is_paused && !is_select())
			socket_pause(world.loop, &c.socket);
		setsockopt(c.peer, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
		close(c.peer);
		c.peer = -1;
		turns_until_unsigned(&c.end_calls, 1);
		assert_int_equal(c.end_error, ECONNRESET);
		conn_finish(&c);
	}
}

static void test_send_to_closed_peer(void **state)
{
	(void)state;
	struct conn c;
	conn_open(&c);
	close(c.peer);
	c.peer = -1;
	conn_send(&c, "x", 1);
	turns_until_unsigned(&c.sent_calls, 1);
	assert_true(c.sent == -EPIPE || c.sent == -ECONNRESET);
	conn_finish(&c);
}

/* The peer dies while a send waits for it. */
static void test_peer_dies_in_send(void **state)
{
	(void)state;
	enum { SIZE = 8 * 1024 * 1024 };
	char *data = calloc(1, SIZE);
	struct conn c;
	conn_open_tcp(&c);
	conn_send(&c, data, SIZE);
	turns(2);
	assert_int_equal(c.sent_calls, 0);
	close(c.peer);
	c.peer = -1;
	turns_until_unsigned(&c.sent_calls, 1);
	assert_true(c.sent < 0);
	conn_finish(&c);
	free(data);
}

static void hook_close(struct conn *c)
{
	socket_close(world.loop, &c->socket);
	assert_int_equal(c->closed_calls, 0);
}

static void sent_hook_close(struct conn *c, ssize_t result)
{
	(void)result;
	socket_close(world.loop, &c->socket);
}

static void test_close_in_callbacks(void **state)
{
	(void)state;
	for (int where = 0; where < 4; where++) {
		struct conn c;
		conn_open(&c);
		if (where == 0)
			c.hook = hook_close;
		if (where == 1)
			c.sent_hook = sent_hook_close;
		c.closes_at_end = where == 2;
		c.echoes = where == 1;
		peer_write(&c, "some bytes", 10);
		if (where == 2)
			shutdown(c.peer, SHUT_WR);
		if (where == 3)
			socket_close(world.loop, &c.socket); /* bytes unread */
		turns_until_unsigned(&c.closed_calls, 1);
		assert_int_equal(c.bytes_calls, where == 3 ? 0 : 1);
		turns(2);
		c.closes_at_end = false;
		conn_finish(&c);
	}
}

/* A close cuts a waiting send off; on_sent is not called any more. */
static void test_close_while_sending(void **state)
{
	(void)state;
	enum { SIZE = 8 * 1024 * 1024 };
	char *data = calloc(1, SIZE);
	struct conn c;
	conn_open(&c);
	conn_send(&c, data, SIZE);
	turns(1);
	socket_close(world.loop, &c.socket);
	socket_close(world.loop, &c.socket);
	turns_until_unsigned(&c.closed_calls, 1);
	assert_int_equal(c.sent_calls, 0);
	conn_finish(&c);
	free(data);
}

/* The answer that was sent before the close arrives whole, and then the end. */
static void test_close_after_send(void **state)
{
	(void)state;
	struct conn c;
	char back[8];
	conn_open_tcp(&c);
	c.sent_hook = sent_hook_close;
	conn_send(&c, "farewell", 8);
	peer_read(&c, back, 8);
	turns_until_unsigned(&c.closed_calls, 1);
	assert_memory_equal(back, "farewell", 8);
	for (int i = 0; i < 1000; i++) {
		ssize_t n = read(c.peer, back, 1);
		if (n == 0)
			break;
		assert_true(n < 0 && errno == EAGAIN && i < 999);
		turns(1);
	}
	conn_finish(&c);
}

static void close_socket_ready(struct watch *w, int events)
{
	struct conn *c = w->context;
	(void)events;
	socket_close(world.loop, &c->socket);
	socket_close(world.loop, &c[1].socket);
	watch_close(world.loop, w);
}

/* Closed by an event of the very turn in which its own events come, before or behind them. */
static void test_close_among_events(void **state)
{
	(void)state;
	uint64_t one = 1;
	for (int round = 0; round < 4; round++) {
		struct conn c[2];
		int fd = eventfd(0, EFD_NONBLOCK);
		struct watch w = {.on_ready = close_socket_ready, .context = c};
		conn_open_tcp(&c[0]);
		conn_open_tcp(&c[1]);
		assert_int_equal(watch_open(world.loop, &w, fd, WATCH_READABLE), 0);
		turns(2);
		close(c[0].peer);
		if (round & 1)
			peer_write(&c[0] + 1, "x", 1);
		assert_int_equal(write(fd, &one, sizeof one), sizeof one);
		close(c[1].peer);
		c[0].peer = c[1].peer = -1;
		turns_until_unsigned(&c[0].closed_calls, 1);
		turns_until_unsigned(&c[1].closed_calls, 1);
		assert_int_equal(c[0].end_calls + c[1].end_calls, 0);
		conn_finish(&c[0]);
		conn_finish(&c[1]);
		close(fd);
	}
}

/* A descriptor is reused at once by the next connection; nothing of the old one reaches it. */
static void test_reopen(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		struct conn c;
		conn_open(&c);
		c.echoes = true;
		char text[2] = {(char)i, (char)(i >> 4)}, back[2];
		peer_write(&c, text, 2);
		if (i % 3 != 0) {
			peer_read(&c, back, 2);
			assert_memory_equal(text, back, 2);
		}
		conn_finish(&c);
	}
}

static void fair_timer(struct timer *t)
{
	*(unsigned *)t->context += 1;
}

/* One that sends without end is read twice a turn; others and timers get theirs. */
static void test_fairness(void **state)
{
	(void)state;
	enum { SIZE = 400000 };
	char *data = malloc(SIZE);
	struct conn pair[2];
	struct timer t;
	unsigned fired = 0;
	conn_open_tcp(&pair[0]);
	conn_open_tcp(&pair[1]);
	int large = SIZE;
	setsockopt(pair[0].socket.fd, SOL_SOCKET, SO_RCVBUF, &large, sizeof large);
	size_t written = 0;
	for (int i = 0; i < 100 && written < SIZE; i++) {
		ssize_t n = write(pair[0].peer, data, SIZE - written);
		written += n > 0 ? (size_t)n : 0;
	}
	assert_true(written > 3 * LOOP_READ_BYTES);
	peer_write(&pair[1], "me too", 6);
	timer_init(&t, fair_timer, &fired);
	timer_arm(world.loop, &t, 0);
	loop_turn(world.loop, 2000);
	assert_true(pair[0].bytes_calls <= 2);
	assert_true(pair[0].got_len <= 2 * LOOP_READ_BYTES);
	loop_turn(world.loop, 2000);
	loop_turn(world.loop, 2000);
	assert_true(pair[0].got_len <= 6 * LOOP_READ_BYTES);
	assert_int_equal(pair[1].got_len, 6);
	assert_int_equal(fired, 1);
	turns_until_size(&pair[0].got_len, written);
	conn_finish(&pair[0]);
	conn_finish(&pair[1]);
	free(data);
}

/* Many sockets with more than the arena holds: every byte is intact when its batch is executed. */
static void test_arena(void **state)
{
	(void)state;
	enum { COUNT = 100, SIZE = 3 * LOOP_READ_BYTES };
	char *data = malloc(SIZE);
	struct conn *conns = calloc(COUNT, sizeof *conns);
	for (unsigned i = 0; i < COUNT; i++) {
		conn_open(&conns[i]);
		pattern_fill(data, SIZE, i);
		peer_write(&conns[i], data, SIZE);
	}
	for (unsigned i = 0; i < COUNT; i++) {
		turns_until_size(&conns[i].got_len, SIZE);
		pattern_fill(data, SIZE, i);
		assert_memory_equal(conns[i].got, data, SIZE);
	}
	for (unsigned i = 0; i < COUNT; i++)
		conn_finish(&conns[i]);
	free(conns);
	free(data);
}

static char room_target[100000];
static size_t room_filled;

static void hook_room(struct conn *c)
{
	room_filled += c->view.len;
	c->room = room_filled < sizeof room_target ? room_target + room_filled : NULL;
	c->room_size = sizeof room_target - room_filled;
}

/* A large payload goes straight to its place, what follows it to the loop's buffer. */
static void test_on_room(void **state)
{
	(void)state;
	enum { EXTRA = 5000 };
	char *data = malloc(sizeof room_target + EXTRA);
	pattern_fill(data, sizeof room_target + EXTRA, 9);
	struct conn c;
	conn_open(&c);
	room_filled = 0;
	c.room = room_target;
	c.room_size = sizeof room_target;
	c.hook = hook_room;
	peer_write(&c, data, sizeof room_target + EXTRA);
	while (room_filled < sizeof room_target)
		loop_turn(world.loop, 1000);
	c.hook = NULL;
	turns_until_size(&c.got_len, sizeof room_target + EXTRA);
	assert_memory_equal(room_target, data, sizeof room_target);
	assert_memory_equal(c.got, data, sizeof room_target + EXTRA);
	conn_finish(&c);
	free(data);
}

static struct conn nested_conns[3];
static unsigned nested_calls;

/* Conn 0 executes something long: conn 1 (of the same batch) has to wait with its next bytes,
 * conn 2 is served, and conn 0, closed meanwhile, stays until the outer turn is over. */
static void nested_on_batch(void)
{
	if (nested_calls++ != 0)
		return;
	peer_write(&nested_conns[1], "later", 5);
	peer_write(&nested_conns[2], "now", 3);
	turns_until_size(&nested_conns[2].got_len, 3);
	socket_close(world.loop, &nested_conns[0].socket);
	turns(5);
	assert_int_equal(nested_conns[1].bytes_calls, 1);
	assert_int_equal(nested_conns[0].closed_calls, 0);
	assert_int_equal(nested_conns[1].view.len, 4);
	assert_memory_equal(nested_conns[1].view.ptr, "bbbb", 4);
}

static void test_nested_turn(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		conn_open(&nested_conns[i]);
	nested_calls = 0;
	world.on_batch = nested_on_batch;
	peer_write(&nested_conns[0], "aaaa", 4);
	peer_write(&nested_conns[1], "bbbb", 4);
	turns_until_size(&nested_conns[1].got_len, 4);
	turns_until_unsigned(&nested_conns[0].closed_calls, 1);
	turns_until_size(&nested_conns[1].got_len, 9);
	assert_memory_equal(nested_conns[1].got, "bbbblater", 9);
	world.on_batch = NULL;
	for (int i = 0; i < 3; i++)
		conn_finish(&nested_conns[i]);
}

static void stop_timer(struct timer *t)
{
	(void)t;
	loop_stop(world.loop);
}

/* Sockets that want nothing now (paused with unread bytes, half closed, ended and not yet
 * closed) do not wake the loop. */
static void test_no_spin(void **state)
{
	(void)state;
	struct conn conns[4];
	struct timer t;
	for (int i = 0; i < 4; i++)
		conn_open(&conns[i]);
	socket_pause(world.loop, &conns[0].socket);
	peer_write(&conns[0], "unread", 6);
	socket_pause(world.loop, &conns[1].socket);
	peer_write(&conns[1], "unread", 6);
	close(conns[1].peer);
	close(conns[2].peer);
	socket_pause(world.loop, &conns[3].socket);
	close(conns[3].peer);
	conns[1].peer = conns[2].peer = conns[3].peer = -1;
	turns(6);
	assert_int_equal(conns[2].end_calls, 1);
	timer_init(&t, stop_timer, NULL);
	timer_arm(world.loop, &t, 30000);
	uint64_t before = loop_stats_get(world.loop)->turns;
	loop_run(world.loop);
	assert_true(loop_stats_get(world.loop)->turns - before <= 4);
	for (int i = 0; i < 4; i++)
		conn_finish(&conns[i]);
}

#define CONFORMANCE_SOCKETS                                                                        \
	WORLD_TEST(test_echo_one), WORLD_TEST(test_echo_100), WORLD_TEST(test_echo_1000),          \
		WORLD_TEST(test_big_send), WORLD_TEST(test_small_send_buffer),                     \
		WORLD_TEST(test_send_from_on_sent), WORLD_TEST(test_pause),                        \
		WORLD_TEST(test_pause_with_more_pending), WORLD_TEST(test_end_after_data),         \
		WORLD_TEST(test_end_after_much_data), WORLD_TEST(test_end_while_paused),           \
		WORLD_TEST(test_end_while_paused_behind_data), WORLD_TEST(test_reset),             \
		WORLD_TEST(test_send_to_closed_peer), WORLD_TEST(test_peer_dies_in_send),          \
		WORLD_TEST(test_close_in_callbacks), WORLD_TEST(test_close_while_sending),         \
		WORLD_TEST(test_close_after_send), WORLD_TEST(test_close_among_events),            \
		WORLD_TEST(test_reopen),                        \
		WORLD_TEST(test_fairness), WORLD_TEST(test_arena), WORLD_TEST(test_on_room),       \
		WORLD_TEST(test_nested_turn), WORLD_TEST(test_no_spin)
