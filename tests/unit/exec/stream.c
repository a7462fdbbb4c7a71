/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Units as bytes, read by several readers at their own pace, against one long copy of everything.
 */
#include "../../../src/exec/stream.c"

#include "../unit.h"

#include "base/buf.h"

static struct {
	struct keyspace *keyspace;
	struct exec *exec;
	struct stream *stream;
} t;

static void open_all(void)
{
	t.keyspace = keyspace_new(16);
	t.exec = exec_new(t.keyspace);
	t.stream = stream_new(t.exec);
}

static void close_all(void)
{
	stream_free(t.stream);
	exec_free(t.exec);
	keyspace_free(t.keyspace);
}

static void tell(uint16_t db, const char *a, const char *b, struct propagation *next)
{
	struct bytes words[2] = {bytes_text(a), bytes_text(b)};
	struct propagation p = {.db = db, .argc = 2, .argv = words, .next = next};
	stream_on_unit(&p, next != NULL, t.stream);
}

/* Takes at most `max` bytes from the reader. */
static size_t take(struct stream_reader *r, struct buf *into, size_t max)
{
	struct iovec pieces[3];
	size_t len;
	uint64_t lag = stream_lag(r);
	int count = stream_pieces(r, r->offset + (max < lag ? max : lag), pieces, 3, &len);
	for (int i = 0; i < count; i++)
		buf_add(into, pieces[i].iov_base, pieces[i].iov_len);
	stream_advance(r, len);
	return len;
}

static void test_encoding(void **state)
{
	struct stream_reader r;
	struct buf got = {0};
	struct bytes word = BYTES("LAST");
	struct propagation second = {.db = 3, .argc = 1, .argv = &word};
	(void)state;
	open_all();
	assert_int_equal(t.exec->effects_armed, 0);
	stream_reader_open(&r, t.stream);
	assert_int_not_equal(t.exec->effects_armed, 0);
	tell(0, "SET", "a", NULL);
	tell(0, "SET", "", NULL);
	tell(3, "DEL", "b", &second);
	while (take(&r, &got, 1000) > 0)
		;
	assert_string_equal(buf_text(&got),
		"*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*2\r\n$3\r\nSET\r\n$1\r\na\r\n"
		"*2\r\n$3\r\nSET\r\n$0\r\n\r\n"
		"*1\r\n$5\r\nMULTI\r\n*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n*2\r\n$3\r\nDEL\r\n$"
		"1\r\nb\r\n"
		"*1\r\n$4\r\nLAST\r\n*1\r\n$4\r\nEXEC\r\n");
	assert_int_equal(t.stream->appended, got.len);
	/* A new file begins: the database is said again. */
	stream_restart_db(t.stream);
	tell(3, "SET", "c", NULL);
	buf_clear(&got);
	take(&r, &got, 1000);
	assert_memory_equal(got.ptr, "*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n", 23);
	stream_reader_close(&r);
	assert_int_equal(t.exec->effects_armed, 0);
	assert_null(t.stream->last);
	buf_release(&got);
	close_all();
}

static void test_offsets_go_on(void **state)
{
	struct stream_reader r;
	(void)state;
	open_all();
	stream_set_offset(t.stream, 1000);
	stream_reader_open(&r, t.stream);
	assert_int_equal(r.offset, 1000);
	tell(0, "PING", "x", NULL);
	assert_int_equal(stream_lag(&r), t.stream->appended - 1000);
	stream_reader_close(&r);
	close_all();
}

static void test_readers_at_their_own_pace(void **state)
{
	uint64_t seed = 7;
	struct stream_reader r[3];
	struct buf got[3] = {{0}}, all = {0};
	uint64_t from[3];
	char *word = malloc(300000);
	(void)state;
	memset(word, 'x', 300000);
	open_all();
	size_t before = t.exec->memory_not_counted;
	for (int i = 0; i < 2; i++)
		stream_reader_open(&r[i], t.stream);
	for (int step = 0; step < 3000; step++) {
		if (step == 500)
			stream_reader_open(&r[2], t.stream);
		size_t len = unit_random(&seed) % 100 == 0 ? unit_random(&seed) % 300000
							   : unit_random(&seed) % 2000;
		struct bytes argv[2] = {BYTES("SET"), bytes_of(word, len)};
		struct propagation p = {
			.db = (uint16_t)(unit_random(&seed) % 2), .argc = 2, .argv = argv};
		stream_on_unit(&p, false, t.stream);
		int i = (int)(unit_random(&seed) % (step < 500 ? 2 : 3));
		take(&r[i], &got[i], unit_random(&seed) % 100000);
	}
	for (int i = 0; i < 3; i++) {
		while (take(&r[i], &got[i], SIZE_MAX / 2) > 0)
			;
		assert_int_equal(stream_lag(&r[i]), 0);
		from[i] = t.stream->appended - got[i].len;
	}
	assert_int_equal(from[0], 0);
	assert_int_equal(got[0].len, got[1].len);
	assert_memory_equal(got[0].ptr, got[1].ptr, got[0].len);
	assert_true(from[2] > 0);
	assert_memory_equal(got[0].ptr + from[2], got[2].ptr, got[2].len);
	/* All blocks but the last have been given back. */
	assert_null(t.stream->last->next);
	assert_true(t.exec->memory_not_counted - before <=
		    sizeof(struct stream_block) + t.stream->last->cap);
	for (int i = 0; i < 3; i++) {
		stream_reader_close(&r[i]);
		buf_release(&got[i]);
	}
	assert_int_equal(t.exec->memory_not_counted, before);
	free(word);
	buf_release(&all);
	close_all();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_encoding),
		cmocka_unit_test(test_offsets_go_on),
		cmocka_unit_test(test_readers_at_their_own_pace),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
