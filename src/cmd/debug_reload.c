/* SPDX-License-Identifier: BSD-3-Clause
 *
 * DEBUG RELOAD and LOADAOF: the data set to the disk and back, while everybody waits. Tests ask
 * with them whether everything survives.
 */
#include "base/log.h"
#include "cmd/debug.h"
#include "cmd/services.h"
#include "exec/exec.h"
#include "persist/load.h"
#include "persist/persist.h"
#include "persist/save.h"

struct reload_options {
	bool merges;  /* what is there and in the dump is replaced */
	bool keeps;   /* the data set is not emptied first */
	bool is_read; /* the file is not written first */
};

static bool reload_parse(struct call *call, struct reload_options *o)
{
	*o = (struct reload_options){0};
	for (int i = 2; i < call->argc; i++) {
		if (call_arg_is(call, i, "MERGE"))
			o->merges = true;
		else if (call_arg_is(call, i, "NOFLUSH"))
			o->keeps = true;
		else if (call_arg_is(call, i, "NOSAVE"))
			o->is_read = true;
		else
			return false;
	}
	return true;
}

enum outcome debug_reload(struct call *call)
{
	struct persist *p = call->exec->services->persist;
	struct keyspace *k = call->exec->keyspace;
	struct reload_options o;
	struct rdb_load_report report;

	if (!reload_parse(call, &o))
		return call_fail(call, E_DEBUG_RELOAD);
	/* What is there is not all: saved, it would replace the file that has the rest. */
	if (p->loading.is_active)
		return call_fail(call, E_LOADING);
	if (!o.is_read && save_now(p->save) != SAVE_STARTED)
		return call_fail(call, E_JUST_ERR);
	uint64_t dirty = k->dirty;
	if (!o.keeps) {
		keyspace_flush(k, -1, false);
		if (p->functions.clear != NULL)
			p->functions.clear(p->functions.context);
	}
	const struct rdb_load_options options = {
		.keyspace = k,
		.functions = &p->functions,
		.checksum = p->config->snapshot.checksum,
		.overwrites = o.merges,
	};
	enum rdb_load_status status = rdb_load_file(p->config->rdb.filename, &options, &report);
	k->dirty = dirty;
	if (status != RDB_LOAD_OK)
		return call_fail(call, E_DEBUG_LOAD);
	p->loading.last_keys = report.keys;
	p->loading.last_expired = report.expired;
	log_line(LOG_WARNING, "DB reloaded by DEBUG RELOAD");
	reply_ok(call->reply);
	return DONE;
}

enum outcome debug_loadaof(struct call *call)
{
	if (call->exec->services->persist->loading.is_active)
		return call_fail(call, E_LOADING);
	if (!persist_reload_log(call->exec->services->persist))
		return call_fail(call, E_DEBUG_LOADAOF);
	log_line(LOG_WARNING, "Append Only File loaded by DEBUG LOADAOF");
	effect_none(call);
	reply_ok(call->reply);
	return DONE;
}

enum outcome debug_flush_sleep(struct call *call)
{
	int64_t us;
	if (!call_arg_i64_in(call, 2, (struct i64_range){0, 60000000}, &us, E_NOT_INTEGER))
		return FAILED;
	call->exec->services->persist->debug_write_delay_us = us;
	reply_ok(call->reply);
	return DONE;
}
