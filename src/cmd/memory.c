/* SPDX-License-Identifier: BSD-3-Clause
 *
 * MEMORY: where the bytes are, of a key and of the whole server, and what could be wrong with that.
 */
#include "cmd/memory.h"

#include "base/mem.h"
#include "base/mem_stats.h"
#include "cmd/commands.h"
#include "cmd/help.h"
#include "cmd/services.h"
#include "exec/exec.h"
#include "io/rss.h"
#include "net/net.h"
#include "script/script.h"
#include "store/keyspace.h"

#define MEMORY_USAGE_SAMPLES 5
#define MEMORY_STATS_FIELDS 27 /* besides the databases */
#define SMALL_BYTES (5u << 20)

static enum outcome memory_usage(struct call *call)
{
	int64_t samples = MEMORY_USAGE_SAMPLES;

	for (int i = 3; i < call->argc; i += 2) {
		if (!call_arg_is(call, i, "samples") || i + 1 >= call->argc)
			return call_fail(call, E_SYNTAX);
		if (!call_arg_i64(call, i + 1, &samples))
			return FAILED;
		if (samples < 0)
			return call_fail(call, E_SYNTAX);
	}
	const struct entry *e = db_find(call->db, call_key(call, 2));
	if (e == NULL)
		reply_null(call->reply);
	else
		reply_i64(call->reply, (int64_t)entry_memory_bytes(e, (size_t)samples));
	return DONE;
}

/* --- parts ------------------------------------------------------------------------------------ */

static void parts_take_clients(struct net *net, struct memory_parts *p)
{
	p->normal_clients = net_memory_bytes(net, CLASS_NORMAL) +
		net_memory_bytes(net, CLASS_PUBSUB) + net_memory_bytes(net, CLASS_PRIMARY);
	p->replica_clients = net_memory_bytes(net, CLASS_REPLICA);
}

static void parts_take_scripts(const struct exec *exec, struct memory_parts *p)
{
	struct script_figures f;
	scripts_figures(exec, &f);
	size_t interpreters = f.vm_eval_bytes + f.vm_functions_bytes;
	size_t at_start = exec->services->startup_script_bytes;
	p->scripts = f.eval_bytes;
	p->functions = f.functions_bytes;
	p->interpreters = interpreters > at_start ? interpreters - at_start : 0;
}

void memory_parts_get(const struct exec *exec, struct memory_parts *p)
{
	const struct services *services = exec->services;
	size_t used = mem_used_bytes();

	*p = (struct memory_parts){.startup = services->startup_bytes,
		.aof_buffer = exec->memory_not_counted,
		.tables = keyspace_overhead_bytes(exec->keyspace)};
	if (services->net != NULL)
		parts_take_clients(services->net, p);
	if (exec->scripts != NULL)
		parts_take_scripts(exec, p);
	p->overhead = p->startup + p->normal_clients + p->replica_clients + p->aof_buffer +
		p->scripts + p->functions + p->interpreters + p->tables;
	p->dataset = used > p->overhead ? used - p->overhead : 0;
}

/* --- STATS ------------------------------------------------------------------------------------ */

struct memory_view {
	struct memory_parts parts;
	size_t used, peak, rss;
	size_t keys;
	struct mem_stats allocator;
};

static double ratio(size_t a, size_t b)
{
	return b == 0 ? 0 : (double)a / (double)b;
}

static void view_take(const struct call *call, struct memory_view *v)
{
	const struct keyspace *k = call->exec->keyspace;

	*v = (struct memory_view){.used = mem_used_bytes(), .rss = rss_bytes()};
	memory_parts_get(call->exec, &v->parts);
	v->peak = mem_peak_bytes() > v->used ? mem_peak_bytes() : v->used;
	for (int i = 0; i < k->db_count; i++)
		v->keys += db_size(&k->dbs[i]);
	mem_stats_read(&v->allocator);
}

static void stat_i64(struct reply *r, const char *name, int64_t value)
{
	reply_bulk_text(r, name);
	reply_i64(r, value);
}

static void stat_double(struct reply *r, const char *name, double value)
{
	reply_bulk_text(r, name);
	reply_double(r, value);
}

static int64_t minus(size_t a, size_t b)
{
	return (int64_t)a - (int64_t)b;
}

static void reply_databases(struct reply *r, const struct keyspace *k)
{
	for (int i = 0; i < k->db_count; i++) {
		const struct db *db = &k->dbs[i];
		if (db_size(db) == 0)
			continue;
		reply_bulk_printf(r, "db.%d", i);
		reply_map(r, 3);
		stat_i64(r, "overhead.hashtable.main", (int64_t)dict_memory_bytes(&db->entries));
		stat_i64(
			r, "overhead.hashtable.expires", (int64_t)dict_memory_bytes(&db->expiring));
		stat_i64(r, "overhead.hashtable.slot-to-keys", 0);
	}
}

static void reply_allocator(struct reply *r, const struct memory_view *v)
{
	const struct mem_stats *a = &v->allocator;
	stat_i64(r, "allocator.allocated", (int64_t)a->allocated);
	stat_i64(r, "allocator.active", (int64_t)a->active);
	stat_i64(r, "allocator.resident", (int64_t)a->resident);
	stat_double(r, "allocator-fragmentation.ratio", ratio(a->active, a->allocated));
	stat_i64(r, "allocator-fragmentation.bytes", minus(a->active, a->allocated));
	stat_double(r, "allocator-rss.ratio", ratio(a->resident, a->active));
	stat_i64(r, "allocator-rss.bytes", minus(a->resident, a->active));
	stat_double(r, "rss-overhead.ratio", ratio(v->rss, a->resident));
	stat_i64(r, "rss-overhead.bytes", minus(v->rss, a->resident));
	stat_double(r, "fragmentation", ratio(v->rss, v->used));
	stat_i64(r, "fragmentation.bytes", minus(v->rss, v->used));
}

static enum outcome memory_stats(struct call *call)
{
	const struct keyspace *k = call->exec->keyspace;
	struct reply *r = call->reply;
	struct memory_view v;
	size_t net_used;
	int64_t databases = 0;

	view_take(call, &v);
	const struct memory_parts *p = &v.parts;
	net_used = v.used > p->startup ? v.used - p->startup : 0;
	for (int i = 0; i < k->db_count; i++)
		databases += db_size(&k->dbs[i]) > 0;
	reply_map(r, MEMORY_STATS_FIELDS + databases);
	stat_i64(r, "peak.allocated", (int64_t)v.peak);
	stat_i64(r, "total.allocated", (int64_t)v.used);
	stat_i64(r, "startup.allocated", (int64_t)p->startup);
	stat_i64(r, "replication.backlog", 0);
	stat_i64(r, "clients.slaves", (int64_t)p->replica_clients);
	stat_i64(r, "clients.normal", (int64_t)p->normal_clients);
	stat_i64(r, "cluster.links", 0);
	stat_i64(r, "aof.buffer", (int64_t)p->aof_buffer);
	stat_i64(r, "lua.caches", (int64_t)p->scripts);
	stat_i64(r, "functions.caches", (int64_t)p->functions);
	reply_databases(r, k);
	stat_i64(r, "overhead.total", (int64_t)p->overhead);
	stat_i64(r, "keys.count", (int64_t)v.keys);
	stat_i64(r, "keys.bytes-per-key", v.keys == 0 ? 0 : (int64_t)(net_used / v.keys));
	stat_i64(r, "dataset.bytes", (int64_t)p->dataset);
	stat_double(r, "dataset.percentage", 100 * ratio(p->dataset, net_used));
	stat_double(r, "peak.percentage", 100 * ratio(v.used, v.peak));
	reply_allocator(r, &v);
	return DONE;
}

/* --- the rest --------------------------------------------------------------------------------- */

static void doctor_look(const struct memory_view *v, struct buf *out)
{
	if (ratio(v->peak, v->used) > 1.5)
		buf_add_text(out,
			" * Peak: more than 1.5 times of what is used now was used before; the "
			"allocator may not have given all of it back. Fragmentation figures count "
			"it. MEMORY "
			"PURGE gives back what it can.\n");
	if (ratio(v->allocator.active, v->allocator.allocated) > 1.1 &&
		minus(v->allocator.active, v->allocator.allocated) > (10 << 20))
		buf_add_text(out,
			" * Fragmentation inside the allocator: over 10 %. Values that grow and "
			"shrink are the usual cause; a restart from a snapshot packs them anew.\n");
	if (ratio(v->allocator.resident, v->allocator.active) > 1.1 &&
		minus(v->allocator.resident, v->allocator.active) > (10 << 20))
		buf_add_text(out,
			" * The allocator holds pages that nobody uses. MEMORY PURGE gives them "
			"back.\n");
	if (ratio(v->rss, v->allocator.resident) > 1.1 &&
		minus(v->rss, v->allocator.resident) > (10 << 20))
		buf_add_text(out,
			" * The process holds memory besides the allocator's: stacks, mapped "
			"files, "
			"rings.\n");
	if (v->parts.normal_clients > v->used / 4)
		buf_add_text(out,
			" * Buffers of clients take a quarter of all memory: look at CLIENT LIST "
			"for "
			"those that don't read their replies, and at "
			"client-output-buffer-limit.\n");
}

static enum outcome memory_doctor(struct call *call)
{
	struct memory_view v;
	struct buf text = {0};

	view_take(call, &v);
	if (v.used < SMALL_BYTES) {
		buf_add_text(&text,
			"This instance holds next to nothing: there is no memory problem to be "
			"found in it yet.\n");
	} else {
		doctor_look(&v, &text);
		if (text.len == 0)
			buf_add_text(&text, "Memory is in good order.\n");
	}
	reply_verbatim(call->reply, buf_bytes(&text), "txt");
	buf_release(&text);
	return DONE;
}

static enum outcome memory_malloc_stats(struct call *call)
{
	struct buf text = {0};
	if (!mem_stats_report(&text))
		buf_add_text(&text, "Stats not supported for the current allocator");
	reply_verbatim(call->reply, buf_bytes(&text), "txt");
	buf_release(&text);
	return DONE;
}

static enum outcome memory_purge(struct call *call)
{
	mem_purge();
	reply_ok(call->reply);
	return DONE;
}

static enum outcome memory_help(struct call *call)
{
	static const char *const lines[] = {
		"DOCTOR",
		"    Return a report on memory problems.",
		"MALLOC-STATS",
		"    Return the allocator's own report.",
		"PURGE",
		"    Ask the allocator to give unused pages back.",
		"STATS",
		"    Return where the server's memory is.",
		"USAGE <key> [SAMPLES <count>]",
		"    Return the bytes that <key> and its value take. Of containers <count> members "
		"are",
		"    measured (default: 5, 0 means all).",
		NULL,
	};
	return help_reply(call, lines);
}

#define MEMORY_ROW .group = "server", .since = "4.0.0"

static const struct command_row memory_subcommands[] = {
	{.name = "DOCTOR",
		.run = memory_doctor,
		MEMORY_ROW,
		.complexity = "O(1)",
		.syntax = "",
		.tips = "nondeterministic_output|request_policy:all_shards|response_policy:special",
		.summary = "Reports memory problems."},
	{.name = "HELP",
		.run = memory_help,
		MEMORY_ROW,
		.flags = CMD_LOADING | CMD_STALE,
		.complexity = "O(1)",
		.syntax = "",
		.summary = "Explains the subcommands."},
	{.name = "MALLOC-STATS",
		.run = memory_malloc_stats,
		MEMORY_ROW,
		.complexity = "Depends on how much memory is allocated, could be slow",
		.syntax = "",
		.tips = "nondeterministic_output|request_policy:all_shards|response_policy:special",
		.summary = "Shows the allocator's own report."},
	{.name = "PURGE",
		.run = memory_purge,
		MEMORY_ROW,
		.complexity = "Depends on how much memory is allocated, could be slow",
		.syntax = "",
		.tips = "request_policy:all_shards|response_policy:all_succeeded",
		.summary = "Gives unused memory back to the system."},
	{.name = "STATS",
		.run = memory_stats,
		MEMORY_ROW,
		.complexity = "O(1)",
		.syntax = "",
		.tips = "nondeterministic_output|request_policy:all_shards|response_policy:special",
		.summary = "Tells where the memory is."},
	{.name = "USAGE",
		.run = memory_usage,
		MEMORY_ROW,
		.flags = CMD_READONLY,
		.complexity = "O(N) where N is the number of samples.",
		.syntax = "key:key:RO [SAMPLES count:integer]",
		.summary = "Estimates the memory of a key."},
	{.name = NULL},
};

const struct command_row memory_commands[] = {
	{.name = "MEMORY", MEMORY_ROW, .complexity = "Depends on subcommand.",
		.summary = "Holds the commands on memory.", .subcommands = memory_subcommands},
	{.name = NULL},
};
