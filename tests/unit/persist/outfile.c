/* SPDX-License-Identifier: BSD-3-Clause
 *
 * persist/outfile: a file is there whole or not at all, however its bytes come and whatever fails.
 */
#include "../../../src/persist/outfile.c"

#include "../unit.h"

struct ends {
	int count;
	int error;
};

static void on_end(void *context, int error)
{
	struct ends *ends = context;
	ends->count++;
	ends->error = error;
}

static struct loop *make_loop(void)
{
	char error[256];
	const struct loop_options options = {.backend = LOOP_EPOLL, .max_sockets = 16};
	struct loop *loop = loop_new(&options, error, sizeof(error));
	assert_non_null(loop);
	return loop;
}

static void run(struct loop *loop, const struct ends *ends)
{
	for (int i = 0; i < 20000 && ends->count == 0; i++)
		loop_turn(loop, 1000);
	assert_int_equal(ends->count, 1);
}

static struct buf piece_of(size_t len, uint64_t *seed)
{
	struct buf piece = {0};
	char *at = buf_reserve(&piece, len);
	for (size_t i = 0; i < len; i++)
		at[i] = (char)unit_random(seed);
	piece.len = len;
	return piece;
}

static void names(char temp[32], char path[40])
{
	strcpy(temp, "/tmp/ringlet-unit-XXXXXX");
	close(mkstemp(temp));
	snprintf(path, 40, "%s.out", temp);
}

static void test_whole(void **state)
{
	(void)state;
	struct loop *loop = make_loop();
	struct ends ends = {0};
	char temp[32], path[40];
	uint64_t seed = 1;
	struct buf all = {0};
	names(temp, path);
	struct outfile *f = outfile_open(loop, temp, path, on_end, &ends);
	for (int i = 0; i < 300; i++) {
		/* Pieces small and large, some larger than a group. */
		size_t len = i % 97 == 5 ? OUTFILE_GROUP_BYTES + 77 : (size_t)i * 31 % 5000;
		struct buf piece = piece_of(len, &seed);
		buf_add_bytes(&all, buf_bytes(&piece));
		outfile_give(f, &piece);
		assert_null(piece.ptr);
		if (i % 50 == 0)
			loop_turn(loop, 0);
	}
	assert_true(outfile_pending(f) > 0);
	assert_int_equal(access(path, F_OK), -1);
	outfile_finish(f);
	run(loop, &ends);
	assert_int_equal(ends.error, 0);
	assert_int_equal(access(temp, F_OK), -1);
	FILE *file = fopen(path, "r");
	char *back = malloc(all.len + 1);
	assert_int_equal(fread(back, 1, all.len + 1, file), all.len);
	assert_memory_equal(back, all.ptr, all.len);
	free(back);
	fclose(file);
	unlink(path);
	buf_release(&all);
	loop_free(loop);
}

static void test_failures(void **state)
{
	(void)state;
	struct loop *loop = make_loop();
	char temp[32], path[40];
	uint64_t seed = 1;
	names(temp, path);
	for (int way = 0; way < 4; way++) {
		static const int errors[] = {ENOENT, ENOSPC, ENOENT, ECANCELED};
		struct ends ends = {0};
		struct buf piece = piece_of(1000, &seed);
		unlink(temp);
		if (way == 1)
			assert_int_equal(symlink("/dev/full", temp), 0);
		struct outfile *f = outfile_open(loop, way == 0 ? "/nowhere/temp" : temp,
			way == 2 ? "/nowhere/file" : path, on_end, &ends);
		outfile_give(f, &piece);
		if (way == 1)
			while (outfile_error(f) == 0)
				loop_turn(loop, 1000);
		piece = piece_of(10, &seed);
		outfile_give(f, &piece); /* after an error, too */
		if (way == 3)
			outfile_abort(f);
		else
			outfile_finish(f);
		run(loop, &ends);
		assert_int_equal(ends.error, errors[way]);
		assert_int_equal(access(temp, F_OK), -1);
		assert_int_equal(access(path, F_OK), -1);
	}
	loop_free(loop);
}

UNIT_MAIN(test_whole, test_failures)
