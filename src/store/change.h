/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A change: the store's word that a key is no longer what it was. Every edit, expiry, eviction and
 * flush publishes exactly one per key and event; watchers, tracking, notifications, blocked clients
 * and snapshots listen. The store does not know who they are.
 */
#ifndef RINGLET_STORE_CHANGE_H
#define RINGLET_STORE_CHANGE_H

#include "base/bytes.h"

struct db;

enum change_cause {
	CHANGE_COMMAND,
	CHANGE_EXPIRED,
	CHANGE_EVICTED,
	CHANGE_FLUSHED,
	CHANGE_MIGRATED,
	CHANGE_PART_EXPIRED, /* of a value: a field of a hash, and the key with its last one */
};

/* Classes of keyspace notifications (notify-keyspace-events' letters). */
enum event_class {
	EVENT_GENERIC = 1 << 2, /* g */
	EVENT_STRING = 1 << 3,  /* $ */
	EVENT_LIST = 1 << 4,    /* l */
	EVENT_SET = 1 << 5,     /* s */
	EVENT_HASH = 1 << 6,    /* h */
	EVENT_ZSET = 1 << 7,    /* z */
	EVENT_EXPIRED = 1 << 8, /* x */
	EVENT_EVICTED = 1 << 9, /* e */
	EVENT_STREAM = 1 << 10, /* t */
	EVENT_KEY_MISS = 1 << 11, /* m */
	EVENT_MODULE = 1 << 13, /* d */
	EVENT_NEW = 1 << 14,    /* n */
	EVENT_SILENT = 1 << 30, /* a change without a notification */
};

struct change {
	struct db *db;
	struct bytes key;      /* empty name with cause FLUSHED: the whole database */
	uint64_t hash;
	enum change_cause cause;
	uint32_t event_class;
	const char *event;     /* "set", "del", "expired" … */
	bool is_notice_only;   /* an event without a modification (keymiss, new) */
};

struct change_sink {
	void (*changed)(const struct change *change, void *context);
	void *context;
};

#endif
