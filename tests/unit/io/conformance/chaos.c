/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Everything at once and at random: writes, sends, pauses, closes of either side, new connections
 * on the descriptors of old ones. The model is two byte streams per connection; not a byte may be
 * lost, doubled or strayed.
 */

#define CHAOS_CONNS 40
#define CHAOS_STEPS 4000
#define CHAOS_PIECE 30000

struct chaos {
	struct conn conn; /* first */
	bool is_open;
	uint32_t seed_in, seed_out; /* of the next byte of each stream */
	uint32_t seen_in, seen_out;
	char *sending; /* kept until on_sent */
	size_t got_seen;
};

static struct chaos chaos_conns[CHAOS_CONNS];

static char chaos_next(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (char)(*seed >> 24);
}

static void chaos_sent(struct conn *c, ssize_t result)
{
	struct chaos *x = (struct chaos *)c;
	(void)result;
	free(x->sending);
	x->sending = NULL;
}

static void chaos_open(struct chaos *x)
{
	uint32_t seed = (uint32_t)random();
	if (random() % 2)
		conn_open(&x->conn);
	else
		conn_open_tcp(&x->conn);
	x->conn.sent_hook = chaos_sent;
	x->is_open = true;
	x->got_seen = 0;
	x->seed_in = x->seen_in = seed;
	x->seed_out = x->seen_out = ~seed;
}

/* What arrived is the stream's continuation. */
static void chaos_check_in(struct chaos *x)
{
	for (; x->got_seen < x->conn.got_len; x->got_seen++)
		assert_int_equal(x->conn.got[x->got_seen], chaos_next(&x->seen_in));
}

static void chaos_close(struct chaos *x)
{
	chaos_check_in(x);
	conn_finish(&x->conn);
	free(x->sending);
	x->sending = NULL;
	x->is_open = false;
}

static void chaos_peer_write(struct chaos *x)
{
	char data[CHAOS_PIECE];
	size_t most = random() % 8 == 0 ? CHAOS_PIECE : 50;
	size_t len = (size_t)random() % most + 1;
	uint32_t seed = x->seed_in;
	for (size_t i = 0; i < len; i++)
		data[i] = chaos_next(&seed);
	ssize_t n = write(x->conn.peer, data, len);
	for (ssize_t i = 0; i < n; i++)
		chaos_next(&x->seed_in);
}

static void chaos_peer_read(struct chaos *x)
{
	char data[CHAOS_PIECE];
	ssize_t n = read(x->conn.peer, data, (size_t)random() % CHAOS_PIECE + 1);
	for (ssize_t i = 0; i < n; i++)
		assert_int_equal(data[i], chaos_next(&x->seen_out));
}

static void chaos_send(struct chaos *x)
{
	if (socket_is_sending(&x->conn.socket) || x->conn.end_calls > 0)
		return;
	size_t len = random() % 20 == 0 ? 700000 : (size_t)random() % 100 + 1;
	x->sending = malloc(len);
	for (size_t i = 0; i < len; i++)
		x->sending[i] = chaos_next(&x->seed_out);
	size_t first = len / 3;
	struct iovec pieces[2] = {{x->sending, first}, {x->sending + first, len - first}};
	socket_send(world.loop, &x->conn.socket, pieces, 2);
}

static void chaos_step(struct chaos *x)
{
	if (!x->is_open) {
		chaos_open(x);
		return;
	}
	switch (random() % 16) {
	case 0:
		chaos_close(x);
		return;
	case 1:
		if (x->conn.peer >= 0 && random() % 2)
			shutdown(x->conn.peer, SHUT_WR);
		return;
	case 2:
	case 3:
		socket_pause(world.loop, &x->conn.socket);
		return;
	case 4:
	case 5:
	case 6:
		socket_resume(world.loop, &x->conn.socket);
		return;
	case 7:
	case 8:
	case 9:
		chaos_send(x);
		return;
	case 10:
	case 11:
		chaos_peer_read(x);
		return;
	default:
		chaos_peer_write(x);
	}
}

static void test_chaos(void **state)
{
	(void)state;
	srandom(20261122);
	signal(SIGPIPE, SIG_IGN);
	memset(chaos_conns, 0, sizeof chaos_conns);
	for (int step = 0; step < CHAOS_STEPS; step++) {
		chaos_step(&chaos_conns[random() % CHAOS_CONNS]);
		if (random() % 4 == 0)
			loop_turn(world.loop, 0);
		if (step % 64 == 0)
			for (int i = 0; i < CHAOS_CONNS; i++)
				if (chaos_conns[i].is_open)
					chaos_check_in(&chaos_conns[i]);
	}
	/* At last everybody gets all that was written. */
	for (int i = 0; i < CHAOS_CONNS; i++) {
		struct chaos *x = &chaos_conns[i];
		if (!x->is_open)
			continue;
		socket_resume(world.loop, &x->conn.socket);
		int64_t limit_us = clock_mono_us() + PATIENCE_US;
		while (x->seen_in != x->seed_in) {
			loop_turn(world.loop, 1000);
			chaos_check_in(x);
			assert_true(clock_mono_us() < limit_us);
		}
		while (x->seen_out != x->seed_out) {
			chaos_peer_read(x);
			loop_turn(world.loop, 0);
			assert_true(clock_mono_us() < limit_us);
		}
		chaos_close(x);
	}
}

#define CONFORMANCE_CHAOS WORLD_TEST(test_chaos)
