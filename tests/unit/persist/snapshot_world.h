/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the tests of snapshots share: a server's inner half with a loop and a real disk.
 */
#ifndef RINGLET_TESTS_PERSIST_SNAPSHOT_WORLD_H
#define RINGLET_TESTS_PERSIST_SNAPSHOT_WORLD_H

#include "exec/pause.h"
#include "io/loop.h"
#include "persist/load.h"
#include "persist/snapshot.h"

#include "chaos.h"

struct world {
	struct loop *loop;
	struct exec *exec;
	struct keyspace *k;
	struct snapshot *s;
	struct snapshot_config config;
	char temp[32], path[40];
	int ended;
	struct snapshot_result result;
};

static void on_done(void *context, const struct snapshot_result *result)
{
	struct world *w = context;
	w->ended++;
	w->result = *result;
}

static inline void setup(struct world *w)
{
	char error[256];
	const struct loop_options options = {.backend = LOOP_EPOLL, .max_sockets = 16};
	*w = (struct world){.config = {.compress = true, .checksum = true}};
	w->k = world_new();
	w->exec = exec_new(w->k);
	pause_init(w->exec);
	w->loop = loop_new(&options, error, sizeof(error));
	assert_non_null(w->loop);
	w->s = snapshot_new(w->loop, w->exec, &w->config);
	strcpy(w->temp, "/tmp/ringlet-unit-XXXXXX");
	close(mkstemp(w->temp));
	snprintf(w->path, sizeof(w->path), "%s.rdb", w->temp);
}

/* No half-written file is left by anybody. */
static inline void teardown(struct world *w)
{
	snapshot_free(w->s);
	loop_free(w->loop);
	exec_free(w->exec);
	keyspace_free(w->k);
	unlink(w->path);
	assert_int_equal(access(w->temp, F_OK), -1);
}

static inline bool start_as(struct world *w, enum snapshot_format format)
{
	char error[256];
	const struct snapshot_request request = {.temp_path = w->temp,
		.path = w->path,
		.format = format,
		.done = on_done,
		.context = w};
	w->ended = 0;
	return snapshot_start(w->s, &request, error, sizeof(error));
}

static inline void start(struct world *w)
{
	assert_true(start_as(w, SNAPSHOT_RDB));
	assert_false(start_as(w, SNAPSHOT_RDB));
}

static inline void finish(struct world *w)
{
	while (w->ended == 0) {
		snapshot_slice(w->s, true);
		loop_turn(w->loop, 1000);
	}
	assert_int_equal(w->ended, 1);
	assert_false(snapshot_is_running(w->s));
}

/* The file gives this digest. */
static inline void expect_file(struct world *w, const unsigned char digest[20])
{
	unsigned char loaded[20];
	struct keyspace *back = world_new();
	struct rdb_load_report report;
	const struct rdb_load_options options = {.keyspace = back, .checksum = true};
	assert_int_equal(rdb_load_file(w->path, &options, &report), RDB_LOAD_OK);
	keyspace_digest(back, loaded);
	assert_memory_equal(loaded, digest, 20);
	keyspace_free(back);
}

#endif
