/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The table of watched keys: (database, key) → the sessions that watch it. A change sink marks
 * them; EXEC then replies nil.
 *
 * Invariant: a watch is in its key's list and in its session's list, or freed. A key that was
 * already expired when watched may be deleted without disturbing anybody.
 */
#include "exec/watch.h"

#include "base/mem.h"
#include "exec/tx.h"

struct watched_key {
	uint64_t hash;
	uint16_t db;
	size_t len;
	struct link watches;
	char name[];
};

struct key_watch {
	struct link by_key;
	struct link by_session;
	struct watched_key *key;
	struct session *session;
	bool was_expired;
};

struct watch_table {
	struct dict keys;
	struct keyspace *keyspace;
	int sink; /* armed while there are keys */
	size_t sessions;
};

struct watch_name {
	struct bytes key;
	uint16_t db;
};

static uint64_t watched_key_hash(const void *item)
{
	return ((const struct watched_key *)item)->hash;
}

static const struct dict_ops watched_key_ops = {watched_key_hash};

static bool watched_key_is(const void *item, const void *key)
{
	const struct watched_key *k = item;
	const struct watch_name *want = key;
	return k->db == want->db && bytes_equal(bytes_of(k->name, k->len), want->key);
}

/* The same key in two databases must not share a chain on purpose. */
static uint64_t watch_hash(uint64_t key_hash, uint16_t db)
{
	return key_hash ^ ((uint64_t)db * 0x9e3779b97f4a7c15u);
}

static struct watched_key *watched_key_find(
	struct watch_table *t, const struct db *db, struct key key)
{
	struct watch_name want = {key.name, db->id};
	return dict_find(&t->keys, watch_hash(key.hash, db->id), watched_key_is, &want);
}

static void watched_key_touch(struct watched_key *k, struct db *db, bool is_deletion)
{
	struct key key = key_of(bytes_of(k->name, k->len));
	const struct entry *e = db_peek(db, key);
	bool is_expired = e != NULL && entry_is_expired(e, db->keyspace->now_ms);

	LINK_EACH(it, after, &k->watches)
	{
		struct key_watch *w = LINK_OWNER(it, struct key_watch, by_key);
		if (w->was_expired && (is_deletion || is_expired)) {
			w->was_expired =
				false; /* its delayed deletion; from now on changes count */
			continue;
		}
		w->session->flags |= SESSION_DIRTY_CAS;
	}
}

struct watch_flush {
	struct db *db;
	struct db *other; /* SWAPDB: the database that takes its place */
};

/* The database is replaced by another: a key that has expired counts as one that is not there. */
static void watched_key_swap(struct watched_key *k, struct db *db, struct db *other)
{
	struct key key = key_of(bytes_of(k->name, k->len));
	const struct entry *now = db_peek(db, key);
	const struct entry *then = db_peek(other, key);
	bool will_be_stale = then != NULL && entry_is_expired(then, db->keyspace->now_ms);

	if (now == NULL && then == NULL)
		return;
	LINK_EACH(it, after, &k->watches)
	{
		struct key_watch *w = LINK_OWNER(it, struct key_watch, by_key);
		bool stays_away = w->was_expired ? then == NULL || will_be_stale
						 : now == NULL && will_be_stale;
		if (stays_away)
			w->was_expired = will_be_stale;
		else
			w->session->flags |= SESSION_DIRTY_CAS;
	}
}

static void watch_on_flush_key(void *item, void *context)
{
	struct watched_key *k = item;
	struct watch_flush *flush = context;
	struct key key = key_of(bytes_of(k->name, k->len));

	if (k->db != flush->db->id)
		return;
	if (flush->other != NULL)
		watched_key_swap(k, flush->db, flush->other);
	else if (db_peek(flush->db, key) != NULL)
		watched_key_touch(k, flush->db, true);
}

static void watch_flush_run(struct watch_table *t, struct watch_flush *flush)
{
	uint64_t cursor = 0;
	do {
		cursor = dict_scan(&t->keys, cursor, watch_on_flush_key, flush);
	} while (cursor != 0);
}

static void watch_on_change(const struct change *change, void *context)
{
	struct watch_table *t = context;

	if (change->is_notice_only)
		return;
	if (change->cause == CHANGE_FLUSHED) {
		watch_flush_run(t, &(struct watch_flush){change->db, NULL});
		return;
	}
	struct watched_key *k =
		watched_key_find(t, change->db, (struct key){change->key, change->hash});
	bool is_removal = change->cause == CHANGE_EXPIRED || change->cause == CHANGE_EVICTED;
	if (k != NULL)
		watched_key_touch(k, change->db, is_removal);
}

void watch_on_swap(struct exec *exec, int a, int b)
{
	struct db *dbs = exec->keyspace->dbs;
	if (dict_count(&exec->watches->keys) == 0)
		return;
	watch_flush_run(exec->watches, &(struct watch_flush){&dbs[a], &dbs[b]});
	watch_flush_run(exec->watches, &(struct watch_flush){&dbs[b], &dbs[a]});
}

void watch_table_init(struct exec *exec)
{
	exec->watches = mem_calloc(1, sizeof(*exec->watches));
	dict_init(&exec->watches->keys, &watched_key_ops);
	exec->watches->keyspace = exec->keyspace;
	exec->watches->sink = keyspace_add_sink(
		exec->keyspace, (struct change_sink){watch_on_change, exec->watches});
	keyspace_arm_sink(exec->keyspace, exec->watches->sink, false);
}

void watch_table_release(struct exec *exec)
{
	ASSERT(dict_count(&exec->watches->keys) == 0);
	dict_release(&exec->watches->keys);
	mem_free(exec->watches);
}

void watch_add(struct session *s, struct db *db, struct bytes name)
{
	struct watch_table *t = s->exec->watches;
	struct transaction *tx = tx_of(s);
	struct key key = key_of(name);
	struct watched_key *k = watched_key_find(t, db, key);

	if (k == NULL) {
		k = mem_alloc(sizeof(*k) + name.len);
		k->hash = watch_hash(key.hash, db->id);
		k->db = db->id;
		k->len = name.len;
		memcpy(k->name, name.ptr, name.len);
		link_init(&k->watches);
		dict_insert(&t->keys, k->hash, k);
		keyspace_arm_sink(t->keyspace, t->sink, true);
	}
	LINK_EACH(it, after, &tx->watched)
	if (LINK_OWNER(it, struct key_watch, by_session)->key == k)
		return;
	if (link_is_empty(&tx->watched))
		t->sessions++;
	const struct entry *e = db_peek(db, key);
	struct key_watch *w = mem_alloc(sizeof(*w));
	*w = (struct key_watch){.key = k,
		.session = s,
		.was_expired = e != NULL && entry_is_expired(e, db->keyspace->now_ms)};
	link_add_tail(&k->watches, &w->by_key);
	link_add_tail(&tx->watched, &w->by_session);
}

void watch_drop(struct session *s)
{
	struct watch_table *t = s->exec->watches;

	if (s->tx == NULL || link_is_empty(&s->tx->watched))
		return;
	t->sessions--;
	LINK_EACH(it, after, &s->tx->watched)
	{
		struct key_watch *w = LINK_OWNER(it, struct key_watch, by_session);
		struct watched_key *k = w->key;
		link_remove(&w->by_key);
		link_remove(&w->by_session);
		mem_free(w);
		if (!link_is_empty(&k->watches))
			continue;
		dict_remove_place(&t->keys, k->hash, dict_find_pointer(&t->keys, k->hash, k));
		mem_free(k);
	}
	keyspace_arm_sink(t->keyspace, t->sink, dict_count(&t->keys) > 0);
}

bool watch_has_expired(const struct session *s)
{
	const struct keyspace *keyspace = s->exec->keyspace;

	if (s->tx == NULL)
		return false;
	LINK_EACH(it, after, &s->tx->watched)
	{
		const struct key_watch *w = LINK_OWNER(it, struct key_watch, by_session);
		const struct entry *e = db_peek(
			&keyspace->dbs[w->key->db], key_of(bytes_of(w->key->name, w->key->len)));
		if (!w->was_expired && e != NULL && entry_is_expired(e, keyspace->now_ms))
			return true;
	}
	return false;
}

size_t watch_memory_bytes(const struct session *s)
{
	size_t sum = 0;
	if (s->tx == NULL)
		return 0;
	LINK_EACH(it, after, &s->tx->watched)
	sum += sizeof(struct key_watch) + sizeof(struct watched_key) +
	       LINK_OWNER(it, struct key_watch, by_session)->key->len;
	return sum;
}

size_t watch_key_count(const struct exec *exec)
{
	return dict_count(&exec->watches->keys);
}

size_t watch_session_count(const struct exec *exec)
{
	return exec->watches->sessions;
}
