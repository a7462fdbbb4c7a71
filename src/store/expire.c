/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Expiry. A key past its deadline is deleted by whoever meets it (db_find), and by the active
 * sweep for those that nobody meets. The sweep walks each database's `expiring` in hash order, from
 * where it stopped; a round visits a share of it, and goes on for as long as more of what it sees
 * is expired than `stale` percent or the budget ends.
 */
#include "store/keyspace.h"

#include "store/parts.h"
#include "store/slice.h"

/* What one round visits even where nothing is expired: a whole sweep every 256 rounds, within
 * these. */
#define SWEEP_SHARE 256
#define SWEEP_MIN 64
#define SWEEP_MAX 4096
/* Keys seen between two verdicts. */
#define SWEEP_SAMPLE 64
/* Empty buckets are passed cheaply, but not without end. */
#define SWEEP_BUCKETS_MAX 1024
/* Above this percentage of expired keys the sweep goes on; each point of effort takes one off. */
#define SWEEP_STALE_PERCENT 10
#define TTL_AVERAGE_WEIGHT 50

struct sweep {
	struct db *db;
	int64_t now_ms;
	uint64_t seen;
	uint64_t expired;
	int64_t ttl_sum;
	int64_t lag_ms;
};

static void expire_now(struct db *db, struct key key, struct entry *e)
{
	static const struct change why = {
		.cause = CHANGE_EXPIRED,
		.event_class = EVENT_EXPIRED,
		.event = "expired",
	};
	struct keyspace *k = db->keyspace;
	k->stats.expired++;
	db_remove_because(db, key, e, &why, k->config.lazy_expire);
}

struct entry *db_expire_entry(struct db *db, struct key key, struct entry *e)
{
	if (db->keyspace->shows_expired)
		return e;
	if (db->keyspace->allow_expiry)
		expire_now(db, key, e);
	return NULL;
}

static void sweep_visit(void *item, void *context)
{
	struct sweep *s = context;
	struct entry *e = item;
	int64_t left_ms = entry_expiry_ms(e) - s->now_ms;
	s->seen++;
	if (left_ms > 0) {
		s->ttl_sum += left_ms < INT64_MAX / (1 << 20) ? left_ms : INT64_MAX / (1 << 20);
		return;
	}
	s->expired++;
	if (-left_ms > s->lag_ms)
		s->lag_ms = -left_ms;
	expire_now(s->db, key_of(entry_key(e)), e);
}

/* Visits some keys; false when the budget is used up. */
static bool sweep_some(struct sweep *s, struct slice *slice)
{
	struct db *db = s->db;
	uint64_t end = s->seen + SWEEP_SAMPLE;
	for (int buckets = 0; s->seen < end && buckets < SWEEP_BUCKETS_MAX; buckets++) {
		uint64_t before = s->expired;
		db->expire_cursor = dict_scan(&db->expiring, db->expire_cursor, sweep_visit, s);
		if (slice_spend(slice, 1 + (int64_t)(s->expired - before)))
			return false;
		if (db->expire_cursor == 0)
			break;
	}
	return true;
}

static void sweep_note_ttl(struct db *db, const struct sweep *s)
{
	uint64_t live = s->seen - s->expired;
	if (live == 0)
		return;
	int64_t average = s->ttl_sum / (int64_t)live;
	if (db->avg_ttl_ms == 0)
		db->avg_ttl_ms = average;
	else
		db->avg_ttl_ms += (average - db->avg_ttl_ms) / TTL_AVERAGE_WEIGHT;
}

/* One database's round; true when the budget ended it. */
static bool sweep_db(struct db *db, struct slice *slice, struct sweep *total)
{
	const struct keyspace *k = db->keyspace;
	int effort = k->config.active_expire_effort;
	uint64_t stale =
		SWEEP_STALE_PERCENT - (uint64_t)(effort >= 1 && effort <= 10 ? effort - 1 : 0);
	uint64_t share = dict_count(&db->expiring) / SWEEP_SHARE;
	uint64_t least = share < SWEEP_MIN ? SWEEP_MIN : share > SWEEP_MAX ? SWEEP_MAX : share;
	struct sweep s = {.db = db, .now_ms = k->now_ms};
	bool has_time = true;
	for (bool goes_on = true; goes_on && has_time && dict_count(&db->expiring) > 0;) {
		struct sweep before = s;
		has_time = sweep_some(&s, slice);
		uint64_t seen = s.seen - before.seen;
		uint64_t expired = s.expired - before.expired;
		/* A round that came to the end of the hash space has seen all that it can. */
		goes_on =
			expired * 100 > seen * stale || (s.seen < least && db->expire_cursor != 0);
	}
	if (dict_count(&db->expiring) == 0)
		db->avg_ttl_ms = 0;
	else
		sweep_note_ttl(db, &s);
	total->seen += s.seen;
	total->expired += s.expired;
	if (s.lag_ms > total->lag_ms)
		total->lag_ms = s.lag_ms;
	return !has_time;
}

bool keyspace_expire_slice(struct keyspace *k, int64_t budget_us)
{
	if (!k->config.active_expire || !k->allow_expiry)
		return false;
	struct slice slice = slice_begin(k, budget_us);
	struct sweep total = {.now_ms = k->now_ms};
	bool is_cut = false;
	for (int i = 0; i < k->db_count && !is_cut; i++) {
		struct db *db = &k->dbs[k->expire_db];
		if (dict_count(&db->expiring) > 0)
			is_cut = sweep_db(db, &slice, &total);
		else
			db->avg_ttl_ms = 0;
		if (!is_cut)
			k->expire_db = (k->expire_db + 1) % k->db_count;
	}
	if (!is_cut)
		is_cut = parts_sweep(k, &slice);
	double ratio = total.seen == 0 ? 0 : (double)total.expired / (double)total.seen;
	k->expire_stale = k->expire_stale * 0.95 + ratio * 0.05;
	k->stats.expired_stale_perc = (uint64_t)(k->expire_stale * 10000);
	k->stats.expire_lag_ms = total.lag_ms;
	k->stats.expire_time_cap_reached += is_cut;
	return is_cut;
}
