/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What of the keyspace can be configured: how much memory, what goes when it is full, how hard
 * expired keys are looked for, what is freed in the background.
 */
#include "store/store_params.h"

#include "base/log.h"
#include "base/mem.h"
#include "store/keyspace.h"

#define AT(field) PARAM_FIELD(struct keyspace_config, field)

static const struct param_choice store_policies[] = {
	{"volatile-lru", POLICY_VOLATILE_LRU},
	{"volatile-lfu", POLICY_VOLATILE_LFU},
	{"volatile-random", POLICY_VOLATILE_RANDOM},
	{"volatile-ttl", POLICY_VOLATILE_TTL},
	{"allkeys-lru", POLICY_ALLKEYS_LRU},
	{"allkeys-lfu", POLICY_ALLKEYS_LFU},
	{"allkeys-random", POLICY_ALLKEYS_RANDOM},
	{"noeviction", POLICY_NOEVICTION},
	{NULL, 0},
};

/* Nothing to do: every write looks at the limit. Only a surprise is worth a word. */
static bool store_apply_maxmemory(void *owner, void *context, struct param_error *error)
{
	const struct keyspace_config *config = owner;
	(void)context;
	(void)error;
	if (config->maxmemory != 0 && config->maxmemory < mem_used_bytes())
		log_line(LOG_WARNING,
			"WARNING: the new maxmemory value set via CONFIG SET (%llu) is smaller "
			"than the "
			"current memory usage (%zu). This will result in key eviction and/or the "
			"inability "
			"to accept new write commands depending on the maxmemory-policy.",
			(unsigned long long)config->maxmemory, mem_used_bytes());
	return true;
}

const struct param_row store_params[] = {
	{.type = PARAM_SECTION,
		.name = "MEMORY",
		.help = "How much memory the data may take and what happens then. used_memory is "
			"exact: the sum of "
			"what the allocator really reserved. Leave room beside it for clients' "
			"buffers and, "
			"while saving, for the old versions of keys that change."},
	{"maxmemory", PARAM_MEMORY, AT(maxmemory), "0", .apply = store_apply_maxmemory,
		.example = "4gb",
		.help = "Memory limit in bytes; 0 sets none. At the limit keys are evicted by "
			"maxmemory-policy; if "
			"nothing may be evicted, commands that need memory are refused."},
	{"maxmemory-policy", PARAM_ENUM, AT(policy), "noeviction", .choices = store_policies,
		.help = "Which keys go: among those with an expiry (volatile-) or all (allkeys-), "
			"the least recently "
			"used (lru), the least often used (lfu), any (random), or those that "
			"expire first "
			"(volatile-ttl). noeviction refuses writes instead."},
	{"maxmemory-samples", PARAM_INT, AT(maxmemory_samples), "5", .min = 1, .max = INT_MAX,
		.help = "How many keys are compared to find the one to evict. 10 comes close to "
			"true LRU and "
			"costs more."},
	{"maxmemory-eviction-tenacity", PARAM_INT, AT(eviction_tenacity), "10", .max = 100,
		.help = "How long a write may be held up by evicting: 0 is hardly, 100 until it "
			"fits."},
	{"lfu-log-factor", PARAM_INT, AT(lfu_log_factor), "10", .max = INT_MAX,
		.help = "How slowly the access counter of the lfu policies grows: with 10 it tells "
			"apart keys of a "
			"hundred and of a million hits."},
	{"lfu-decay-time", PARAM_INT, AT(lfu_decay_minutes), "1", .max = INT_MAX,
		.help = "Minutes after which the counter falls by one; 0 never lets it fall."},
	{"active-expire-effort", PARAM_INT, AT(active_expire_effort), "1", .min = 1, .max = 10,
		.help = "How much work goes into finding expired keys that nobody asks for: 10 "
			"leaves fewer of them "
			"in memory and takes more of the idle time."},
	{.type = PARAM_SECTION,
		.name = "LAZY FREEING",
		.help = "Values of many elements take long to free. What is freed lazily is taken "
			"out of the keyspace at "
			"once and given back in slices between commands, so that no client waits "
			"for it."},
	{"lazyfree-lazy-eviction", PARAM_BOOL, AT(lazy_eviction), "no",
		.help = "Keys that are evicted."},
	{"lazyfree-lazy-expire", PARAM_BOOL, AT(lazy_expire), "no", .help = "Keys that expired."},
	{"lazyfree-lazy-server-del", PARAM_BOOL, AT(lazy_server_del), "no",
		.help = "Old values that a command replaces, as RENAME and SET do."},
	{"lazyfree-lazy-user-del", PARAM_BOOL, AT(lazy_user_del), "no",
		.help = "DEL works as UNLINK."},
	{"lazyfree-lazy-user-flush", PARAM_BOOL, AT(lazy_user_flush), "no",
		.help = "FLUSHDB, FLUSHALL and SCRIPT FLUSH work as ASYNC unless they say SYNC."},
	{0},
};
