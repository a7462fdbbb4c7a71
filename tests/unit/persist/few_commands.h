/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A few commands, one of each kind that the hold queue tells apart, for tests on floors that know
 * no others: they write, read, read around, block, flush, publish, and wrap others.
 */
#ifndef TEST_PERSIST_FEW_COMMANDS_H
#define TEST_PERSIST_FEW_COMMANDS_H

static enum outcome run_set(struct call *call)
{
	struct key key = call_key(call, 1);
	db_set_string(call->db, key, call->argv[2], EXPIRY_NONE);
	db_publish(call->db, key, EVENT_STRING, "set");
	reply_ok(call->reply);
	return DONE;
}

static enum outcome run_get(struct call *call)
{
	struct entry *e = call_find_read(call, call_key(call, 1));
	char scratch[NUM_I64_MAX_CHARS];

	if (e == NULL) {
		reply_null(call->reply);
		return DONE;
	}
	struct value v = entry_value(e);
	reply_bulk(call->reply, value_string(&v, scratch));
	return DONE;
}

static enum outcome run_mget(struct call *call)
{
	reply_array(call->reply, call->argc - 1);
	for (int i = 1; i < call->argc; i++)
		reply_i64(call->reply, call_find_read(call, call_key(call, i)) != NULL);
	return DONE;
}

static enum outcome run_dbsize(struct call *call)
{
	reply_i64(call->reply, (int64_t)db_size(call->db));
	return DONE;
}

static enum outcome run_ping(struct call *call)
{
	reply_simple(call->reply, "PONG");
	return DONE;
}

static enum outcome run_flush(struct call *call)
{
	keyspace_flush(call->exec->keyspace, -1, false);
	effect_force(call);
	reply_ok(call->reply);
	return DONE;
}

static enum outcome run_take(struct call *call)
{
	struct key key = call_key(call, 1);
	struct entry *e = call_find_write(call, key);
	char scratch[NUM_I64_MAX_CHARS];

	if (e == NULL)
		return wait_on_keys(call,
			&(struct wait_spec){
				.on_timeout = reply_null, .keys = call->argv + 1, .key_count = 1});
	struct value v = entry_value(e);
	reply_bulk(call->reply, value_string(&v, scratch));
	db_delete_entry(call->db, key, e, false);
	db_publish(call->db, key, EVENT_GENERIC, "del");
	return DONE;
}

static enum outcome run_multi(struct call *call)
{
	tx_begin(call->session);
	reply_ok(call->reply);
	return DONE;
}

static enum outcome run_exec(struct call *call)
{
	effect_none(call);
	tx_exec(call);
	return DONE;
}

static enum outcome run_publish(struct call *call)
{
	reply_i64(call->reply,
		pubsub_publish(call->exec, CHANNEL_PLAIN, call->argv[1], call->argv[2]));
	return DONE;
}

#define ROW(NAME, RUN, FLAGS, SYNTAX)                                                              \
	{                                                                                          \
		.name = NAME, .run = RUN, .flags = FLAGS, .group = "generic", .since = "1.0.0",    \
		.syntax = SYNTAX                                                                   \
	}

static const struct command_row rows[] = {
	ROW("SET", run_set, CMD_WRITE, "key:key:OW+update value"),
	ROW("GET", run_get, CMD_READONLY, "key:key:RO+access"),
	ROW("MGET", run_mget, CMD_READONLY, "key:key:RO+access..."),
	ROW("DBSIZE", run_dbsize, CMD_READONLY, ""),
	ROW("PING", run_ping, 0, ""),
	ROW("FLUSH", run_flush, CMD_WRITE, ""),
	ROW("TAKE", run_take, CMD_WRITE | CMD_BLOCKING, "key:key:RW+access+delete"),
	ROW("MULTI", run_multi, 0, ""),
	ROW("EXEC", run_exec, 0, ""),
	ROW("PUBLISH", run_publish, CMD_PUBSUB, "channel message"),
	{0},
};

#endif
