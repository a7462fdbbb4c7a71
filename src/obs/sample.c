/* SPDX-License-Identifier: BSD-3-Clause
 *
 * From a picked call to what is kept of it.
 */
#include "obs/sample.h"

#include "base/rand.h"
#include "base/ticks.h"
#include "obs/phases.h"

static void sample_begin(struct call *call, void *context)
{
	struct observe *o = context;

	call->sample_weight = sampler_take(&o->sampler, &o->exec->sample_left);
	call->sample_position = out_pending_bytes(call->reply->out);
	o->threshold_ticks = 0;
}

void sample_init(struct observe *o)
{
	sampler_init(&o->sampler);
	o->exec->sample_begin = sample_begin;
	o->exec->sample_context = o;
	o->exec->sample_left = 1;
	probe_init(o->exec, phases_on_probe, NULL);
}

/* --- keys ------------------------------------------------------------------------------------- */

/* The keys of a call, at most SAMPLE_KEYS_MAX of them. */
struct sample_keys {
	struct key keys[SAMPLE_KEYS_MAX];
	unsigned count;
	unsigned of; /* how many there are */
};

static void keys_take_some(
	struct sample_keys *keys, const struct call *call, const struct key_refs *refs)
{
	unsigned of = (unsigned)refs->count;
	unsigned count = of < SAMPLE_KEYS_MAX ? of : SAMPLE_KEYS_MAX;
	/* Evenly over all of them, from a random place. */
	unsigned first = of > count ? (unsigned)rand_below(of) : 0;

	for (unsigned i = 0; i < count; i++) {
		uint64_t at = (first + (uint64_t)i * of / count) % of;
		keys->keys[i] = key_of(call->argv[refs->refs[at].index]);
	}
	keys->count = count;
	keys->of = of;
}

static void keys_of(const struct call *call, struct sample_keys *keys)
{
	const struct command *c = call->command;
	bool is_movable = (c->flags & CMD_MOVABLE_KEYS) != 0;
	struct key_refs refs = {0};

	keys->count = keys->of = 0;
	if (c->first_key <= 0 && !is_movable)
		return;
	if (c->first_key > 0 && c->last_key == c->first_key && !is_movable) {
		struct bytes name = call->argv[c->first_key];
		keys->keys[0] =
			call->has_hash ? (struct key){name, call->key_hash} : key_of(name);
		keys->count = keys->of = 1;
		return;
	}
	if (command_keys(c, call->argv, call->argc, &refs) && refs.count > 0)
		keys_take_some(keys, call, &refs);
	key_refs_release(&refs);
}

static void keys_offer(
	struct observe *o, const struct call *call, const struct sample_keys *keys)
{
	for (unsigned i = 0; i < keys->count; i++) {
		const struct entry *e = db_peek(call->db, keys->keys[i]);
		if (e != NULL && !entry_is_expired(e, o->exec->now_ms))
			bigkeys_offer(o->bigkeys, call->db, e);
	}
}

void sample_offer_written(struct observe *o, const struct call *call)
{
	struct sample_keys keys;

	if (!(call->command->flags & CMD_WRITE))
		return;
	keys_of(call, &keys);
	keys_offer(o, call, &keys);
}

static uint64_t bytes_of_call(const struct call *call)
{
	size_t pending = out_pending_bytes(call->reply->out);
	uint64_t bytes = pending > call->sample_position ? pending - call->sample_position : 0;

	for (int i = 0; i < call->argc; i++)
		bytes += call->argv[i].len;
	return bytes;
}

static void sample_keys(struct observe *o, const struct call *call, uint64_t ticks)
{
	struct sample_keys keys;

	keys_of(call, &keys);
	if (keys.count == 0)
		return;
	uint64_t weight = call->sample_weight, bytes = bytes_of_call(call);
	uint16_t db = call->db->id;
	for (unsigned i = 0; i < keys.count; i++) {
		/* An operation on each key; bytes and time are shared among them. */
		hotkeys_add(o->hotkeys, HOT_OPS, db, keys.keys[i], weight * keys.of / keys.count);
		hotkeys_add(o->hotkeys, HOT_BYTES, db, keys.keys[i], weight * bytes / keys.count);
		hotkeys_add(o->hotkeys, HOT_TICKS, db, keys.keys[i], weight * ticks / keys.count);
	}
	if (call->command->flags & CMD_WRITE)
		keys_offer(o, call, &keys);
}

/* --- phases ----------------------------------------------------------------------------------- */

static void sample_phases(struct observe *o, const struct call *call, uint64_t ticks)
{
	struct exec *exec = o->exec;
	struct session *s = call->session;

	/* Only what came from a socket and is answered there, and did not wait for a key. */
	if (!exec->latency_tracking || exec->depth > 0 || s->conn == NULL ||
		s->received_ticks == 0 || call->is_blocked_retry || call->reply->out != &s->out)
		return;
	const struct probe p = {
		.command = call->command,
		.received = s->received_ticks,
		.begun = exec->ticks - ticks,
		.ended = exec->ticks,
		.weight = call->sample_weight,
		.may_hold = exec->hold != NULL,
	};
	probe_add(exec, s, &p);
}

void sample_end(struct observe *o, struct call *call, uint64_t ticks)
{
	sample_phases(o, call, ticks);
	sample_keys(o, call, ticks);
	o->exec->samples_open--;
	call->sample_weight = 0;
	/* The next call is not charged for this. */
	o->exec->ticks = ticks_now();
}
