/* SPDX-License-Identifier: BSD-3-Clause
 *
 * INFO's section Memory: our own exact counter, what the allocator knows of its pages, and what the
 * kernel knows of the process.
 */
#include "base/mem.h"
#include "base/num.h"
#include "cmd/memory.h"
#include "script/script.h"
#include "server/figures.h"
#include "store/evict.h"

#include <stdio.h>
#include <unistd.h>

/* jemalloc's control; weak, since the server can be built without it. */
extern int mallctl(const char *name, void *old, size_t *old_size, void *new, size_t new_size)
	__attribute__((weak));

struct allocator_figures {
	size_t allocated, active, resident;
};

static size_t allocator_read(const char *name, size_t otherwise)
{
	size_t value = 0, size = sizeof(value);
	return mallctl(name, &value, &size, NULL, 0) == 0 ? value : otherwise;
}

/* Without jemalloc nobody knows more than our own counter. */
static struct allocator_figures allocator_figures_get(void)
{
	uint64_t epoch = 1;
	size_t used = mem_used_bytes();
	if (mallctl == NULL)
		return (struct allocator_figures){used, used, used};
	(void)mallctl("epoch", NULL, NULL, &epoch, sizeof(epoch));
	return (struct allocator_figures){
		.allocated = allocator_read("stats.allocated", used),
		.active = allocator_read("stats.active", used),
		.resident = allocator_read("stats.resident", used),
	};
}

static size_t rss_bytes(void)
{
	unsigned long total = 0, resident = 0;
	FILE *file = fopen("/proc/self/statm", "re");
	if (file == NULL)
		return 0;
	int found = fscanf(file, "%lu %lu", &total, &resident);
	fclose(file);
	return found == 2 ? resident * (size_t)sysconf(_SC_PAGESIZE) : 0;
}

static size_t system_bytes(void)
{
	return (size_t)sysconf(_SC_PHYS_PAGES) * (size_t)sysconf(_SC_PAGESIZE);
}

static size_t peak_bytes(void)
{
	size_t peak = mem_peak_bytes(), used = mem_used_bytes();
	return peak > used ? peak : used;
}

static size_t above(size_t bytes, size_t base)
{
	return bytes > base ? bytes - base : 0;
}

static double ratio(size_t a, size_t b)
{
	return b == 0 ? 0 : (double)a / (double)b;
}

static double percent(size_t part, size_t whole)
{
	return ratio(part, whole) * 100;
}

static struct memory_parts parts_of(const struct figures *f)
{
	struct memory_parts parts;
	memory_parts_get(f->exec, &parts);
	return parts;
}

static void write_human(struct info_out *out, uint64_t bytes)
{
	char text[32];
	num_print_human_size(text, bytes);
	info_text(out, text);
}

static void write_zero(struct info_out *out, void *context)
{
	(void)context;
	info_text(out, "0");
}

static void write_used_memory(struct info_out *out, void *context)
{
	(void)context;
	info_u64(out, mem_used_bytes());
}

static void write_used_memory_human(struct info_out *out, void *context)
{
	(void)context;
	write_human(out, mem_used_bytes());
}

static void write_used_memory_rss(struct info_out *out, void *context)
{
	(void)context;
	info_u64(out, rss_bytes());
}

static void write_used_memory_rss_human(struct info_out *out, void *context)
{
	(void)context;
	write_human(out, rss_bytes());
}

static void write_used_memory_peak(struct info_out *out, void *context)
{
	(void)context;
	info_u64(out, peak_bytes());
}

static void write_used_memory_peak_human(struct info_out *out, void *context)
{
	(void)context;
	write_human(out, peak_bytes());
}

static void write_used_memory_peak_perc(struct info_out *out, void *context)
{
	(void)context;
	info_printf(out, "%.2f%%", percent(mem_used_bytes(), peak_bytes()));
}

static void write_used_memory_overhead(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_u64(out, parts_of(f).overhead);
}

static void write_used_memory_startup(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_u64(out, f->services->startup_bytes);
}

static void write_used_memory_dataset(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_u64(out, parts_of(f).dataset);
}

static void write_used_memory_dataset_perc(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_printf(out, "%.2f%%",
		percent(parts_of(f).dataset, above(mem_used_bytes(), f->services->startup_bytes)));
}

static void write_allocator_allocated(struct info_out *out, void *context)
{
	(void)context;
	struct allocator_figures a = allocator_figures_get();
	info_u64(out, a.allocated);
}

static void write_allocator_active(struct info_out *out, void *context)
{
	(void)context;
	struct allocator_figures a = allocator_figures_get();
	info_u64(out, a.active);
}

static void write_allocator_resident(struct info_out *out, void *context)
{
	(void)context;
	struct allocator_figures a = allocator_figures_get();
	info_u64(out, a.resident);
}

static void write_total_system_memory(struct info_out *out, void *context)
{
	(void)context;
	info_u64(out, system_bytes());
}

static void write_total_system_memory_human(struct info_out *out, void *context)
{
	(void)context;
	write_human(out, system_bytes());
}

static void write_maxmemory(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_u64(out, f->exec->keyspace->config.maxmemory);
}

static void write_maxmemory_human(struct info_out *out, void *context)
{
	const struct figures *f = context;
	write_human(out, f->exec->keyspace->config.maxmemory);
}

static void write_maxmemory_policy(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_text(out, evict_policy_name(f->exec->keyspace->config.policy));
}

static void write_allocator_frag_ratio(struct info_out *out, void *context)
{
	(void)context;
	struct allocator_figures a = allocator_figures_get();
	info_printf(out, "%.2f", ratio(a.active, a.allocated));
}

static void write_allocator_frag_bytes(struct info_out *out, void *context)
{
	(void)context;
	struct allocator_figures a = allocator_figures_get();
	info_i64(out, (int64_t)a.active - (int64_t)a.allocated);
}

static void write_allocator_rss_ratio(struct info_out *out, void *context)
{
	(void)context;
	struct allocator_figures a = allocator_figures_get();
	info_printf(out, "%.2f", ratio(a.resident, a.active));
}

static void write_allocator_rss_bytes(struct info_out *out, void *context)
{
	(void)context;
	struct allocator_figures a = allocator_figures_get();
	info_i64(out, (int64_t)a.resident - (int64_t)a.active);
}

static void write_rss_overhead_ratio(struct info_out *out, void *context)
{
	(void)context;
	struct allocator_figures a = allocator_figures_get();
	info_printf(out, "%.2f", ratio(rss_bytes(), a.resident));
}

static void write_rss_overhead_bytes(struct info_out *out, void *context)
{
	(void)context;
	struct allocator_figures a = allocator_figures_get();
	info_i64(out, (int64_t)rss_bytes() - (int64_t)a.resident);
}

static void write_mem_fragmentation_ratio(struct info_out *out, void *context)
{
	(void)context;
	info_printf(out, "%.2f", ratio(rss_bytes(), mem_used_bytes()));
}

static void write_mem_fragmentation_bytes(struct info_out *out, void *context)
{
	(void)context;
	info_i64(out, (int64_t)rss_bytes() - (int64_t)mem_used_bytes());
}

static void write_mem_not_counted_for_evict(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_u64(out, f->exec->memory_not_counted);
}

static void write_mem_clients_slaves(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_u64(out, net_memory_bytes(f->net, CLASS_REPLICA));
}

static void write_mem_clients_normal(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_u64(out,
		net_memory_bytes(f->net, CLASS_NORMAL) + net_memory_bytes(f->net, CLASS_PUBSUB));
}

static void write_mem_aof_buffer(struct info_out *out, void *context)
{
	info_u64(out, parts_of(context).aof_buffer);
}

static void write_mem_allocator(struct info_out *out, void *context)
{
	(void)context;
	info_text(out, mem_allocator_name());
}

static void write_lazyfree_pending_objects(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_u64(out, f->exec->keyspace->grave_count);
}

static void write_lazyfreed_objects(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_u64(out, f->exec->keyspace->stats.lazy_freed);
}

/* --- scripts --- */

static struct script_figures script_figures_get(void *context)
{
	const struct figures *figures = context;
	struct script_figures f;
	scripts_figures(figures->exec, &f);
	return f;
}

static void write_lua(struct info_out *out, void *context)
{
	struct script_figures f = script_figures_get(context);
	info_u64(out, f.vm_eval_bytes);
}

static void write_lua_human(struct info_out *out, void *context)
{
	struct script_figures f = script_figures_get(context);
	write_human(out, f.vm_eval_bytes);
}

static void write_scripts_eval(struct info_out *out, void *context)
{
	struct script_figures f = script_figures_get(context);
	info_u64(out, f.eval_bytes);
}

static void write_cached_scripts(struct info_out *out, void *context)
{
	struct script_figures f = script_figures_get(context);
	info_u64(out, f.scripts);
}

static void write_functions_count(struct info_out *out, void *context)
{
	struct script_figures f = script_figures_get(context);
	info_u64(out, f.functions);
}

static void write_libraries_count(struct info_out *out, void *context)
{
	struct script_figures f = script_figures_get(context);
	info_u64(out, f.libraries);
}

static void write_vm_functions(struct info_out *out, void *context)
{
	struct script_figures f = script_figures_get(context);
	info_u64(out, f.vm_functions_bytes);
}

static void write_vm_total(struct info_out *out, void *context)
{
	struct script_figures f = script_figures_get(context);
	info_u64(out, f.vm_eval_bytes + f.vm_functions_bytes);
}

static void write_vm_total_human(struct info_out *out, void *context)
{
	struct script_figures f = script_figures_get(context);
	write_human(out, f.vm_eval_bytes + f.vm_functions_bytes);
}

static void write_functions_bytes(struct info_out *out, void *context)
{
	struct script_figures f = script_figures_get(context);
	info_u64(out, f.functions_bytes);
}

static void write_scripts_total(struct info_out *out, void *context)
{
	struct script_figures f = script_figures_get(context);
	info_u64(out, f.eval_bytes + f.functions_bytes);
}

static void write_scripts_total_human(struct info_out *out, void *context)
{
	struct script_figures f = script_figures_get(context);
	write_human(out, f.eval_bytes + f.functions_bytes);
}

const struct info_row info_memory_rows[] = {
	{"Memory", "used_memory", write_used_memory},
	{"Memory", "used_memory_human", write_used_memory_human},
	{"Memory", "used_memory_rss", write_used_memory_rss},
	{"Memory", "used_memory_rss_human", write_used_memory_rss_human},
	{"Memory", "used_memory_peak", write_used_memory_peak},
	{"Memory", "used_memory_peak_human", write_used_memory_peak_human},
	{"Memory", "used_memory_peak_perc", write_used_memory_peak_perc},
	{"Memory", "used_memory_overhead", write_used_memory_overhead},
	{"Memory", "used_memory_startup", write_used_memory_startup},
	{"Memory", "used_memory_dataset", write_used_memory_dataset},
	{"Memory", "used_memory_dataset_perc", write_used_memory_dataset_perc},
	{"Memory", "allocator_allocated", write_allocator_allocated},
	{"Memory", "allocator_active", write_allocator_active},
	{"Memory", "allocator_resident", write_allocator_resident},
	{"Memory", "total_system_memory", write_total_system_memory},
	{"Memory", "total_system_memory_human", write_total_system_memory_human},
	{"Memory", "used_memory_lua", write_lua},
	{"Memory", "used_memory_vm_eval", write_lua},
	{"Memory", "used_memory_lua_human", write_lua_human},
	{"Memory", "used_memory_scripts_eval", write_scripts_eval},
	{"Memory", "number_of_cached_scripts", write_cached_scripts},
	{"Memory", "number_of_functions", write_functions_count},
	{"Memory", "number_of_libraries", write_libraries_count},
	{"Memory", "used_memory_vm_functions", write_vm_functions},
	{"Memory", "used_memory_vm_total", write_vm_total},
	{"Memory", "used_memory_vm_total_human", write_vm_total_human},
	{"Memory", "used_memory_functions", write_functions_bytes},
	{"Memory", "used_memory_scripts", write_scripts_total},
	{"Memory", "used_memory_scripts_human", write_scripts_total_human},
	{"Memory", "maxmemory", write_maxmemory},
	{"Memory", "maxmemory_human", write_maxmemory_human},
	{"Memory", "maxmemory_policy", write_maxmemory_policy},
	{"Memory", "allocator_frag_ratio", write_allocator_frag_ratio},
	{"Memory", "allocator_frag_bytes", write_allocator_frag_bytes},
	{"Memory", "allocator_rss_ratio", write_allocator_rss_ratio},
	{"Memory", "allocator_rss_bytes", write_allocator_rss_bytes},
	{"Memory", "rss_overhead_ratio", write_rss_overhead_ratio},
	{"Memory", "rss_overhead_bytes", write_rss_overhead_bytes},
	{"Memory", "mem_fragmentation_ratio", write_mem_fragmentation_ratio},
	{"Memory", "mem_fragmentation_bytes", write_mem_fragmentation_bytes},
	{"Memory", "mem_not_counted_for_evict", write_mem_not_counted_for_evict},
	{"Memory", "mem_replication_backlog", write_zero},
	{"Memory", "mem_total_replication_buffers", write_zero},
	{"Memory", "mem_clients_slaves", write_mem_clients_slaves},
	{"Memory", "mem_clients_normal", write_mem_clients_normal},
	{"Memory", "mem_cluster_links", write_zero},
	{"Memory", "mem_aof_buffer", write_mem_aof_buffer},
	{"Memory", "mem_allocator", write_mem_allocator},
	{"Memory", "active_defrag_running", write_zero},
	{"Memory", "lazyfree_pending_objects", write_lazyfree_pending_objects},
	{"Memory", "lazyfreed_objects", write_lazyfreed_objects},
	{0},
};
