/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Commits: how long a disk takes to make a write durable, by where it goes (appended, over zeros
 * that stand in the file already, over blocks that are only allocated) and by how many are in
 * flight. What a log's design can win on this disk is decided here, without a server.
 *
 *   commits DIRECTORY ?commits?
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	COMMITS = 300,
	IN_FLIGHT_MAX = 2,
	PAGE = 4096,
	CHUNK = 1 << 20,
	PATH_MAX_CHARS = 4096,
};

enum place { APPENDED, OVER_ZEROS, OVER_ALLOCATED, DIRECT, PLACES };

static const char *const names[PLACES] = {
	"append, fdatasync", "over zeros, fdatasync", "over allocated blocks, fdatasync",
	"over zeros, O_DIRECT and O_DSYNC",
};
static const size_t sizes[] = { 2000, 20000, 60000 };
static char *buffer, *zeros;

struct writer {
	pthread_t thread;
	int fd, count, fails;
	enum place place;
	size_t bytes;
	off_t at, step;
	double *us;
};

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void *write_all(void *context)
{
	struct writer *w = context;

	for (int i = 0; i < w->count; i++, w->at += w->step) {
		double begin = now_us();
		w->fails += pwrite(w->fd, buffer, w->bytes, w->at) != (ssize_t)w->bytes;
		if (w->place != DIRECT)
			w->fails += fdatasync(w->fd) != 0;
		w->us[i] = now_us() - begin;
	}
	return NULL;
}

/* The file that the writes find; -1 = it can't be had. */
static int file_open(const char *path, enum place place, off_t size)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

	if (fd < 0)
		return -1;
	for (off_t at = 0; (place == OVER_ZEROS || place == DIRECT) && at < size; at += CHUNK)
		if (pwrite(fd, zeros, CHUNK, at) != CHUNK)
			return -1;
	if ((place == OVER_ALLOCATED && posix_fallocate(fd, 0, size) != 0) || fsync(fd) != 0)
		return -1;
	if (place != DIRECT)
		return fd;
	close(fd);
	return open(path, O_RDWR | O_DIRECT | O_DSYNC);
}

static int measure(const char *path, enum place place, size_t bytes, int in_flight, int count)
{
	struct writer writers[IN_FLIGHT_MAX];
	off_t step = (off_t)(place == DIRECT ? (bytes + PAGE - 1) / PAGE * PAGE : bytes);
	int fails = 0, fd = file_open(path, place, step * count * in_flight + CHUNK);

	if (fd < 0)
		return -1;
	double begin = now_us();
	for (int i = 0; i < in_flight; i++) {
		writers[i] = (struct writer){ .fd = fd, .count = count, .place = place,
			.bytes = place == DIRECT ? (size_t)step : bytes, .at = i * step,
			.step = step * in_flight, .us = calloc((size_t)count, sizeof(double)) };
		pthread_create(&writers[i].thread, NULL, write_all, &writers[i]);
	}
	for (int i = 0; i < in_flight; i++) {
		pthread_join(writers[i].thread, NULL);
		fails += writers[i].fails;
	}
	double took = now_us() - begin;
	double *us = writers[0].us;
	qsort(us, (size_t)count, sizeof(*us), by_size);
	printf("%-34s %6zu bytes, %d in flight: p50 %5.0f µs  p90 %5.0f  %6.0f a second\n",
		names[place], bytes, in_flight, us[count / 2], us[count * 9 / 10],
		count * in_flight * 1e6 / took);
	for (int i = 0; i < in_flight; i++)
		free(writers[i].us);
	close(fd);
	return fails == 0 ? 0 : -1;
}

int main(int argc, char **argv)
{
	char path[PATH_MAX_CHARS];
	int count = argc > 2 ? (int)strtol(argv[2], NULL, 10) : COMMITS, rc = 0;

	snprintf(path, sizeof path, "%s/commits.tmp", argc > 1 ? argv[1] : ".");
	buffer = aligned_alloc(PAGE, CHUNK);
	zeros = calloc(1, CHUNK);
	memset(buffer, 'x', CHUNK);
	for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
		for (enum place place = APPENDED; place < PLACES; place++)
			for (int in_flight = 1; in_flight <= IN_FLIGHT_MAX; in_flight++)
				rc |= measure(path, place, sizes[s], in_flight, count);
	unlink(path);
	free(buffer);
	free(zeros);
	if (rc != 0)
		perror(path);
	return rc != 0;
}
