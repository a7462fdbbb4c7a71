/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The tables of channels. A subscription is linked into its channel's list (in order of arrival)
 * and found in its session's dictionary.
 *
 * Invariants: a channel exists while somebody is subscribed to it; a message is encoded once per
 * protocol, however many listen. It must not know sockets: it writes to sessions' output and says
 * so.
 */
#include "push/pubsub.h"

#include "base/buf.h"
#include "base/match.h"
#include "base/mem.h"
#include "store/value.h"

struct channel {
	uint64_t hash;
	struct link subscribers;
	struct link by_kind; /* patterns: all of them in order */
	size_t count;
	size_t len;
	char name[];
};

struct subscription {
	struct link by_channel;
	struct channel *channel;
	struct session *session;
};

struct subscriptions {
	struct dict sets[CHANNEL_KINDS];
	size_t memory_bytes;
};

struct pubsub {
	struct dict channels[CHANNEL_KINDS];
	struct link patterns;
	size_t sessions;
};

static uint64_t channel_hash(const void *item)
{
	return ((const struct channel *)item)->hash;
}

static uint64_t subscription_hash(const void *item)
{
	return ((const struct subscription *)item)->channel->hash;
}

static const struct dict_ops channel_ops = {channel_hash};
static const struct dict_ops subscription_ops = {subscription_hash};

static struct bytes channel_name(const struct channel *c)
{
	return bytes_of(c->name, c->len);
}

static bool channel_is(const void *item, const void *key)
{
	return bytes_equal(channel_name(item), *(const struct bytes *)key);
}

static bool subscription_is(const void *item, const void *key)
{
	return bytes_equal(channel_name(((const struct subscription *)item)->channel),
		*(const struct bytes *)key);
}

static struct channel *channel_find(struct exec *exec, enum channel_kind kind, struct bytes name)
{
	return dict_find(
		&exec->pubsub->channels[kind], hash_bytes(name.ptr, name.len), channel_is, &name);
}

/* --- sessions ------------------------------------------------------------------------------------
 */

int pubsub_session_count(const struct session *s, enum channel_kind kind)
{
	return s->subscriptions == NULL ? 0 : (int)dict_count(&s->subscriptions->sets[kind]);
}

static void session_update(struct session *s)
{
	bool was = (s->flags & SESSION_PUBSUB) != 0;
	bool is = false;

	for (int kind = 0; kind < CHANNEL_KINDS; kind++)
		is |= pubsub_session_count(s, (enum channel_kind)kind) > 0;
	if (is == was)
		return;
	s->exec->pubsub->sessions += is ? 1 : (size_t)-1;
	if (is) {
		s->flags |= SESSION_PUBSUB;
		s->gates |= GATE_BIT(GATE_SUBSCRIBER);
	} else {
		s->flags &= ~(uint32_t)SESSION_PUBSUB;
		s->gates &= ~GATE_BIT(GATE_SUBSCRIBER);
	}
}

static struct subscriptions *subscriptions_of(struct session *s)
{
	if (s->subscriptions == NULL) {
		s->subscriptions = mem_calloc(1, sizeof(*s->subscriptions));
		for (int kind = 0; kind < CHANNEL_KINDS; kind++)
			dict_init(&s->subscriptions->sets[kind], &subscription_ops);
	}
	return s->subscriptions;
}

static struct channel *channel_new(
	struct pubsub *p, enum channel_kind kind, struct bytes name, uint64_t hash)
{
	struct channel *c = mem_alloc(sizeof(*c) + name.len);

	c->hash = hash;
	c->count = 0;
	c->len = name.len;
	memcpy(c->name, name.ptr, name.len);
	link_init(&c->subscribers);
	link_init(&c->by_kind);
	if (kind == CHANNEL_PATTERN)
		link_add_tail(&p->patterns, &c->by_kind);
	dict_insert(&p->channels[kind], hash, c);
	return c;
}

bool pubsub_subscribe(struct session *s, enum channel_kind kind, struct bytes name)
{
	struct pubsub *p = s->exec->pubsub;
	struct subscriptions *own = subscriptions_of(s);
	uint64_t hash = hash_bytes(name.ptr, name.len);

	if (dict_find(&own->sets[kind], hash, subscription_is, &name) != NULL)
		return false;
	struct channel *c = channel_find(s->exec, kind, name);
	if (c == NULL)
		c = channel_new(p, kind, name, hash);
	struct subscription *sub = mem_alloc(sizeof(*sub));
	sub->channel = c;
	sub->session = s;
	link_add_tail(&c->subscribers, &sub->by_channel);
	c->count++;
	dict_insert(&own->sets[kind], hash, sub);
	own->memory_bytes += sizeof(*sub) + sizeof(*c) + name.len;
	session_update(s);
	return true;
}

static void subscription_end(struct session *s, enum channel_kind kind, struct subscription *sub)
{
	struct pubsub *p = s->exec->pubsub;
	struct channel *c = sub->channel;

	dict_remove_place(&s->subscriptions->sets[kind], c->hash,
		dict_find_pointer(&s->subscriptions->sets[kind], c->hash, sub));
	s->subscriptions->memory_bytes -= sizeof(*sub) + sizeof(*c) + c->len;
	link_remove(&sub->by_channel);
	mem_free(sub);
	if (--c->count > 0)
		return;
	link_remove(&c->by_kind);
	dict_remove_place(
		&p->channels[kind], c->hash, dict_find_pointer(&p->channels[kind], c->hash, c));
	mem_free(c);
}

bool pubsub_unsubscribe(struct session *s, enum channel_kind kind, struct bytes name)
{
	if (s->subscriptions == NULL)
		return false;
	struct subscription *sub = dict_find(&s->subscriptions->sets[kind],
		hash_bytes(name.ptr, name.len), subscription_is, &name);
	if (sub == NULL)
		return false;
	subscription_end(s, kind, sub);
	session_update(s);
	return true;
}

struct session_walk {
	struct subscription **subs;
	size_t count;
};

static void walk_collect(void *item, void *context)
{
	struct session_walk *walk = context;
	walk->subs[walk->count++] = item;
}

void pubsub_session_each(struct session *s, enum channel_kind kind,
	void (*visit)(struct session *s, struct bytes name, void *context), void *context)
{
	size_t total = (size_t)pubsub_session_count(s, kind);
	uint64_t cursor = 0;

	if (total == 0)
		return;
	struct session_walk walk = {mem_alloc(total * sizeof(struct subscription *)), 0};
	do {
		cursor = dict_scan(&s->subscriptions->sets[kind], cursor, walk_collect, &walk);
	} while (cursor != 0);
	for (size_t i = 0; i < walk.count; i++)
		visit(s, channel_name(walk.subs[i]->channel), context);
	mem_free(walk.subs);
}

static void session_end_all(struct session *s)
{
	if (s->subscriptions == NULL)
		return;
	for (int kind = 0; kind < CHANNEL_KINDS; kind++) {
		struct dict *set = &s->subscriptions->sets[kind];
		struct subscription *sub;
		while ((sub = dict_random(set)) != NULL)
			subscription_end(s, (enum channel_kind)kind, sub);
		dict_release(set);
	}
	session_update(s);
	mem_free(s->subscriptions);
	s->subscriptions = NULL;
}

/* --- messages
 * ---------------------------------------------------------------------------------------- */

/* One message in both protocols, made when first needed. */
struct message {
	enum channel_kind kind;
	struct bytes pattern; /* of a pmessage; ptr NULL = none */
	struct bytes channel, payload;
	struct blob *encoded[2];
};

static void message_add_bulk(struct buf *out, struct bytes bytes)
{
	buf_printf(out, "$%zu\r\n", bytes.len);
	buf_add_bytes(out, bytes);
	buf_add_text(out, "\r\n");
}

static struct blob *message_encode(struct message *m, int resp)
{
	struct blob **slot = &m->encoded[resp == 3];
	struct buf text = {0};

	if (*slot != NULL)
		return *slot;
	bool by_pattern = m->pattern.ptr != NULL;
	buf_printf(&text, "%c%d\r\n", resp == 3 ? '>' : '*', by_pattern ? 4 : 3);
	message_add_bulk(&text, by_pattern                 ? BYTES("pmessage")
				: m->kind == CHANNEL_SHARD ? BYTES("smessage")
							   : BYTES("message"));
	if (by_pattern)
		message_add_bulk(&text, m->pattern);
	message_add_bulk(&text, m->channel);
	message_add_bulk(&text, m->payload);
	*slot = blob_of(buf_bytes(&text));
	buf_release(&text);
	return *slot;
}

static void message_send(struct message *m, struct session *s)
{
	struct blob *encoded = message_encode(m, s->reply.resp);

	if (s->flags & SESSION_CLOSE_ASAP)
		return;
	struct out *out = exec_push_out(s->exec, s);
	if (encoded->len >= OUT_LEND_MIN_BYTES)
		out_lend(out, blob_bytes(encoded), blob_drop, blob_hold(encoded));
	else
		out_add(out, encoded->data, encoded->len);
	if (s->exec->want_flush != NULL)
		s->exec->want_flush(s);
}

static int64_t message_send_all(struct message *m, struct channel *c)
{
	int64_t receivers = 0;

	LINK_EACH(it, after, &c->subscribers)
	{
		message_send(m, LINK_OWNER(it, struct subscription, by_channel)->session);
		receivers++;
	}
	for (int i = 0; i < 2; i++)
		if (m->encoded[i] != NULL)
			blob_drop(m->encoded[i]);
	return receivers;
}

int64_t pubsub_publish(
	struct exec *exec, enum channel_kind kind, struct bytes channel, struct bytes payload)
{
	struct pubsub *p = exec->pubsub;
	struct channel *c = channel_find(exec, kind, channel);
	int64_t receivers = 0;

	if (c != NULL) {
		struct message m = {.kind = kind, .channel = channel, .payload = payload};
		receivers += message_send_all(&m, c);
	}
	if (kind != CHANNEL_PLAIN)
		return receivers;
	LINK_EACH(it, after, &p->patterns)
	{
		c = LINK_OWNER(it, struct channel, by_kind);
		if (!match_glob(channel_name(c), channel, false))
			continue;
		struct message m = {.kind = kind,
			.pattern = channel_name(c),
			.channel = channel,
			.payload = payload};
		receivers += message_send_all(&m, c);
	}
	return receivers;
}

/* --- looking around
 * ------------------------------------------------------------------------------------ */

size_t pubsub_channel_subscribers(struct exec *exec, enum channel_kind kind, struct bytes name)
{
	const struct channel *c = channel_find(exec, kind, name);
	return c == NULL ? 0 : c->count;
}

size_t pubsub_count(const struct exec *exec, enum channel_kind kind)
{
	return dict_count(&exec->pubsub->channels[kind]);
}

struct channel_walk {
	void (*visit)(struct bytes name, size_t subscribers, void *context);
	void *context;
};

static void channel_visit(void *item, void *context)
{
	const struct channel *c = item;
	struct channel_walk *walk = context;
	walk->visit(channel_name(c), c->count, walk->context);
}

void pubsub_each(struct exec *exec, enum channel_kind kind,
	void (*visit)(struct bytes name, size_t subscribers, void *context), void *context)
{
	struct channel_walk walk = {visit, context};
	uint64_t cursor = 0;

	do {
		cursor = dict_scan(&exec->pubsub->channels[kind], cursor, channel_visit, &walk);
	} while (cursor != 0);
}

size_t pubsub_session_total(const struct exec *exec)
{
	return exec->pubsub->sessions;
}

size_t pubsub_memory_bytes(const struct session *s)
{
	size_t sum = 0;

	if (s->subscriptions == NULL)
		return 0;
	for (int kind = 0; kind < CHANNEL_KINDS; kind++)
		sum += dict_memory_bytes(&s->subscriptions->sets[kind]);
	return sum + sizeof(*s->subscriptions) + s->subscriptions->memory_bytes;
}

/* --- the gate of RESP2 subscribers
 * ------------------------------------------------------------------------ */

static enum gate_answer subscriber_check(struct call *call, void *context)
{
	(void)context;
	if (call->reply->resp != 2)
		return GATE_PASS;
	call_failf(call, E_SUBSCRIBER, call->command->name);
	return GATE_REFUSED;
}

static bool subscriber_concerns(const struct command *command)
{
	static const char *const allowed[] = {"ping", "quit", "reset", "subscribe", "unsubscribe",
		"psubscribe", "punsubscribe", "ssubscribe", "sunsubscribe"};
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
		if (bytes_is(bytes_text(command->row->name), allowed[i]))
			return false;
	return true;
}

void pubsub_init(struct exec *exec)
{
	struct pubsub *p = mem_calloc(1, sizeof(*p));

	for (int kind = 0; kind < CHANNEL_KINDS; kind++)
		dict_init(&p->channels[kind], &channel_ops);
	link_init(&p->patterns);
	exec->pubsub = p;
	gate_register(exec, &(struct gate_row){.gate = GATE_SUBSCRIBER,
				    .name = "subscriber",
				    .check = subscriber_check,
				    .concerns = subscriber_concerns});
	exec_sink_close(exec, session_end_all);
	exec_sink_reset(exec, session_end_all);
}

void pubsub_free(struct exec *exec)
{
	for (int kind = 0; kind < CHANNEL_KINDS; kind++) {
		ASSERT(dict_count(&exec->pubsub->channels[kind]) == 0);
		dict_release(&exec->pubsub->channels[kind]);
	}
	mem_free(exec->pubsub);
	exec->pubsub = NULL;
}
