/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The output chain against a plain buffer: random writes, lends, sends, marks, cuts and moves must
 * leave the same bytes, the same counts, and no memory behind.
 */
#include "../../../src/proto/out.c"

#include "../unit.h"

#define MODEL_BYTES (8 * 1024 * 1024)

struct model {
	char *bytes;
	size_t len;
};

static int lent_alive;

static void lent_release(void *owner)
{
	lent_alive--;
	mem_free(owner);
}

static void fill(char *to, size_t len, unsigned seed)
{
	for (size_t i = 0; i < len; i++)
		to[i] = (char)(seed * 31 + i * 7);
}

static void model_add(struct model *m, const char *ptr, size_t len)
{
	assert_true(m->len + len <= MODEL_BYTES);
	memcpy(m->bytes + m->len, ptr, len);
	m->len += len;
}

static void check_same(struct out *out, const struct model *m)
{
	static struct iovec iov[4096];
	int count = out_pieces(out, iov, 4096);
	size_t at = 0;
	for (int i = 0; i < count; i++) {
		assert_true(iov[i].iov_len > 0);
		assert_true(at + iov[i].iov_len <= m->len);
		assert_memory_equal(iov[i].iov_base, m->bytes + at, iov[i].iov_len);
		at += iov[i].iov_len;
	}
	assert_int_equal(at, m->len);
	assert_int_equal(out_pending_bytes(out), m->len);
	assert_true(out_memory_bytes(out) >= m->len);
}

static size_t random_len(void)
{
	switch (rand() % 10) {
	case 0:
		return 0;
	case 1:
		return (size_t)rand() % 40000;
	case 2:
		return OUT_CHUNK_BYTES - (size_t)rand() % 4000;
	default:
		return (size_t)rand() % 200;
	}
}

static void write_random(struct out *out, struct model *m, unsigned seed)
{
	size_t len = random_len();
	char *ptr = mem_alloc(len + 1);
	fill(ptr, len, seed);
	model_add(m, ptr, len);
	switch (rand() % 3) {
	case 0:
		memcpy(out_room(out, len + 1), ptr, len);
		out_advance(out, len);
		break;
	case 1:
		lent_alive++;
		out_lend(out, bytes_of(ptr, len), lent_release, ptr);
		return;
	default:
		out_add(out, ptr, len);
	}
	mem_free(ptr);
}

static void test_random_against_model(void **state)
{
	(void)state;
	struct model m = {mem_alloc(MODEL_BYTES), 0};
	struct out out;
	srand(7);
	out_init(&out);
	for (unsigned step = 0; step < 4000; step++) {
		int what = rand() % 16;
		if (what < 10) {
			write_random(&out, &m, step);
		} else if (what < 13 && m.len > 0) {
			size_t part = rand() % 3 == 0 ? m.len : (size_t)rand() % (m.len + 1);
			out_consume(&out, part);
			memmove(m.bytes, m.bytes + part, m.len - part);
			m.len -= part;
		} else if (what == 13) {
			struct out_mark mark = out_mark(&out);
			size_t before = m.len;
			for (int i = rand() % 6; i > 0; i--)
				write_random(&out, &m, step);
			assert_int_equal(out_since(&out, mark), m.len - before);
			m.len = before;
			out_cut(&out, mark);
			assert_int_equal(out_since(&out, mark), 0);
		} else if (what == 14) {
			struct out other;
			out_init(&other);
			for (int i = rand() % 4; i > 0; i--)
				write_random(&other, &m, step);
			out_move(&out, &other);
			assert_true(out_is_empty(&other));
		} else if (rand() % 20 == 0) {
			out_clear(&out);
			m.len = 0;
		}
		check_same(&out, &m);
	}
	out_clear(&out);
	assert_int_equal(lent_alive, 0);
	assert_int_equal(out_memory_bytes(&out), 0);
	out_pool_release();
	mem_free(m.bytes);
}

static void test_idle_owns_nothing(void **state)
{
	(void)state;
	struct out out;
	out_pool_release();
	size_t before = mem_used_bytes();
	out_init(&out);
	out_add(&out, "abc", 3);
	assert_int_equal(out.chunk_bytes, OUT_CHUNK_BYTES);
	out_consume(&out, 2);
	assert_false(out_is_empty(&out));
	out_add(&out, "d", 1);
	out_consume(&out, 2);
	assert_true(out_is_empty(&out));
	assert_int_equal(out_memory_bytes(&out), 0);
	assert_int_equal(out_pool_bytes(), OUT_CHUNK_BYTES);
	out_pool_release();
	assert_int_equal(mem_used_bytes(), before);
}

static void test_pool_is_bounded(void **state)
{
	(void)state;
	struct out out;
	out_init(&out);
	char *block = mem_calloc(1, OUT_CHUNK_BYTES);
	for (int i = 0; i < OUT_POOL_CHUNKS + 50; i++)
		out_add(&out, block, OUT_CHUNK_BYTES - 4096);
	out_consume(&out, out_pending_bytes(&out));
	assert_true(out_pool_bytes() <= (size_t)OUT_POOL_CHUNKS * OUT_CHUNK_BYTES);
	out_pool_release();
	assert_int_equal(out_pool_bytes(), 0);
	mem_free(block);
}

static void test_small_chunk_follows_lent(void **state)
{
	(void)state;
	struct out out;
	out_init(&out);
	char *big = mem_calloc(1, 100000);
	lent_alive++;
	out_lend(&out, bytes_of(big, 100000), lent_release, big);
	out_add(&out, "\r\n", 2);
	assert_int_equal(out.chunk_bytes, OUT_SMALL_BYTES);
	assert_int_equal(out_memory_bytes(&out), 100000 + OUT_SMALL_BYTES);
	out_consume(&out, 99999);
	assert_int_equal(out.lent_bytes, 1);
	assert_int_equal(lent_alive, 1);
	out_consume(&out, 1);
	assert_int_equal(lent_alive, 0);
	out_consume(&out, 2);
	out_pool_release();
}

static bool is_over_60000(struct out *out)
{
	return out_memory_bytes(out) > 60000;
}

/* Past its limit a chain stops growing, whatever is written, and still gives everything back. */
static void test_limit(void **state)
{
	(void)state;
	struct out out;
	char *block = mem_calloc(1, 40000);
	out_init(&out);
	out_is_over_limit = is_over_60000;
	out.is_limited = true;
	while (!out.is_full)
		out_add(&out, block, 1000);
	size_t memory = out_memory_bytes(&out);
	assert_true(memory > 60000 && memory < 60000 + 3 * OUT_CHUNK_BYTES);
	struct out_mark mark = out_mark(&out);
	for (int i = 0; i < 10000; i++) {
		char *copy = mem_dup(block, 20000);
		lent_alive++;
		out_lend(&out, bytes_of(copy, 20000), lent_release, copy);
		out_add(&out, block, (size_t)i % 5000);
		assert_int_equal(out_since(&out, mark), 0);
	}
	assert_int_equal(lent_alive, 0);
	assert_int_equal(out_memory_bytes(&out), memory);
	out_cut(&out, mark);
	/* One that is larger than what is lost so far costs once. */
	for (int i = 0; i < 100; i++)
		out_add(&out, block, 40000);
	assert_true(out_memory_bytes(&out) < memory + 2 * 40000);
	out_clear(&out);
	assert_true(out.is_limited);
	assert_false(out.is_full);
	assert_int_equal(out_memory_bytes(&out), 0);
	out_is_over_limit = NULL;
	out_pool_release();
	mem_free(block);
}

static void test_unused_room_is_skipped(void **state)
{
	(void)state;
	struct out out;
	struct iovec iov[4];
	out_init(&out);
	out_room(&out, 10);
	assert_int_equal(out_pieces(&out, iov, 4), 0);
	assert_int_equal(out_pending_bytes(&out), 0);
	out_room(&out, 100000);
	memset(out.at, 'x', 100000);
	out_advance(&out, 100000);
	assert_int_equal(out_pieces(&out, iov, 4), 1);
	assert_int_equal(iov[0].iov_len, 100000);
	out_consume(&out, 100000);
	assert_true(out_is_empty(&out));
	out_pool_release();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_against_model),
		cmocka_unit_test(test_idle_owns_nothing),
		cmocka_unit_test(test_pool_is_bounded),
		cmocka_unit_test(test_small_chunk_follows_lent),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_unused_room_is_skipped),
	};
	return cmocka_run_group_tests_name("proto/out", tests, NULL, NULL);
}
