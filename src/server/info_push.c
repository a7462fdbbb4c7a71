/* SPDX-License-Identifier: BSD-3-Clause
 *
 * INFO's figures of what is pushed: channels, patterns, subscribers, tracked keys. They belong to
 * the section Stats.
 */
#include "push/pubsub.h"
#include "push/tracking.h"
#include "server/figures.h"

static void write_channels(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_u64(out, pubsub_count(f->exec, CHANNEL_PLAIN));
}

static void write_patterns(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_u64(out, pubsub_count(f->exec, CHANNEL_PATTERN));
}

static void write_shard_channels(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_u64(out, pubsub_count(f->exec, CHANNEL_SHARD));
}

static void write_tracked(struct info_out *out, void *context)
{
	const struct figures *f = context;
	size_t sessions, keys, items, prefixes;

	tracking_figures(f->exec, &sessions, &keys, &items, &prefixes);
	info_line(out, "tracking_total_keys:%zu", keys);
	info_line(out, "tracking_total_items:%zu", items);
	info_line(out, "tracking_total_prefixes:%zu", prefixes);
}

const struct info_row info_push_rows[] = {
	{"Stats", "pubsub_channels", write_channels},
	{"Stats", "pubsub_patterns", write_patterns},
	{"Stats", "pubsubshard_channels", write_shard_channels},
	{"Stats", NULL, write_tracked},
	{0},
};
