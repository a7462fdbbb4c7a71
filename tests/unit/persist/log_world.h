/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the tests of the log's writer with real files share: a stream, a writer with a file in /tmp
 * and what it told; a walk through the frames that are found in the file.
 */
#ifndef RINGLET_TESTS_PERSIST_LOG_WORLD_H
#define RINGLET_TESTS_PERSIST_LOG_WORLD_H

#include "base/buf.h"
#include "base/crc.h"
#include "base/log.h"
#include "exec/exec.h"
#include "persist/frame.h"
#include "persist/log.h"

#include "../unit.h"

#include <fcntl.h>
#include <unistd.h>

static struct {
	struct keyspace *keyspace;
	struct exec *exec;
	struct loop *loop;
	struct stream *stream;
	struct log_writer_config config;
	struct log_writer *log;
	uint64_t written, durable;
	int failures, backlogs, done, synced;
	uint64_t size;
	char path[64];
} t;

static inline void on_progress(uint64_t written, uint64_t durable, void *context)
{
	(void)context;
	assert_true(written >= t.written && durable >= t.durable && durable <= written);
	t.written = written;
	t.durable = durable;
}

static inline void on_failed(int error, const char *reason, void *context)
{
	(void)context;
	(void)reason;
	assert_int_not_equal(error, 0);
	t.failures++;
}

static inline void on_backlog(bool is_long, void *context)
{
	(void)context;
	t.backlogs += is_long ? 1 : 100;
}

static inline void on_any_synced(int64_t took_us, void *context)
{
	(void)context;
	assert_in_range(took_us, 0, 60000000);
	t.synced++;
}

static inline int file_new(void)
{
	snprintf(t.path, sizeof(t.path), "/tmp/ringlet-log-XXXXXX");
	int fd = mkstemp(t.path);
	assert_true(fd >= 0);
	return fd;
}

static inline void open_all(enum log_fsync policy)
{
	static char no_file[] = "";
	static const struct log_config silent = {.level = LOG_NOTHING, .file = no_file};
	char error[128];

	log_init(&silent);
	memset(&t, 0, sizeof(t));
	t.loop = loop_new(&(struct loop_options){.backend = LOOP_AUTO}, error, sizeof(error));
	t.keyspace = keyspace_new(4);
	t.exec = exec_new(t.keyspace);
	t.stream = stream_new(t.exec);
	t.config = (struct log_writer_config){.fsync = policy};
	t.log = log_writer_new(t.loop, t.stream, &t.config);
	log_writer_listen(t.log,
		(struct log_writer_events){
			.progress = on_progress, .synced = on_any_synced, .failed = on_failed,
			.backlog = on_backlog});
	log_writer_start(t.log, &(struct log_file){.fd = file_new(), .is_framed = true});
	log_writer_trust(t.log);
}

static inline void close_all(void)
{
	log_writer_free(t.log);
	loop_free(t.loop);
	stream_free(t.stream);
	exec_free(t.exec);
	keyspace_free(t.keyspace);
	unlink(t.path);
}

static inline void tell(const char *a, struct bytes b)
{
	struct bytes words[2] = {bytes_text(a), b};
	struct propagation p = {.argc = 2, .argv = words};
	const struct effect_sink *sink = &t.exec->effect_sinks[0];
	if (t.exec->effects_armed & 1)
		sink->unit(&p, false, sink->context);
}

static inline void turns_until(bool (*is_over)(void))
{
	for (int i = 0; i < 5000 && !is_over(); i++) {
		log_writer_turn(t.log);
		loop_turn(t.loop, 1000);
	}
	assert_true(is_over());
}

static inline bool all_written(void)
{
	return log_writer_written(t.log) == t.stream->appended;
}

static inline bool all_durable(void)
{
	return log_writer_durable(t.log) == t.stream->appended;
}

static inline bool is_done(void)
{
	return t.done > 0;
}

static inline bool has_failed(void)
{
	return log_writer_has_failed(t.log);
}

static inline void on_done(bool is_ok, uint64_t size, void *context)
{
	(void)context;
	t.done += is_ok ? 1 : 100;
	t.size = size;
}

static inline void on_synced(bool is_ok, void *context)
{
	(void)context;
	t.done += is_ok ? 1 : 100;
}

static inline struct buf file_read(const char *path)
{
	struct buf b = {0};
	char part[4096];
	int fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	for (ssize_t n; (n = read(fd, part, sizeof(part))) > 0;)
		buf_add(&b, part, (size_t)n);
	close(fd);
	return b;
}

/* Walks the frames; returns their number, and the commands without the lines in *commands. */
static inline int file_check(const char *path, struct buf *commands)
{
	struct buf b = file_read(path);
	size_t begin = 0;
	int frames = 0;

	for (size_t i = 0; i + 9 < b.len; i++) {
		if (memcmp(b.ptr + i, FRAME_PREFIX, 9) != 0)
			continue;
		const char *end = memchr(b.ptr + i, '\n', b.len - i);
		struct frame f;
		size_t covered;
		struct bytes line = bytes_of(b.ptr + i, (size_t)(end + 1 - (b.ptr + i)));
		assert_true(frame_parse(line, &f, &covered));
		assert_int_equal(f.length, i - begin);
		uint32_t crc = crc32c_update(0, b.ptr + begin, i - begin);
		assert_int_equal(crc32c_update(crc, line.ptr, covered), f.crc);
		assert_true(f.durable <= i);
		buf_add(commands, b.ptr + begin, i - begin);
		begin = i + line.len;
		frames++;
	}
	for (size_t i = begin; i < b.len; i++)
		assert_int_equal(b.ptr[i], 0); /* written ahead */
	buf_release(&b);
	return frames;
}

#endif
