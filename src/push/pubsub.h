/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Publish and subscribe: channels, patterns and shard channels, and who listens to them.
 */
#ifndef RINGLET_PUSH_PUBSUB_H
#define RINGLET_PUSH_PUBSUB_H

#include "exec/exec.h"

enum channel_kind { CHANNEL_PLAIN, CHANNEL_PATTERN, CHANNEL_SHARD, CHANNEL_KINDS };

struct pubsub;

/* Registers the gate of RESP2 subscribers and the close and reset sinks; exec->pubsub is set. */
void pubsub_init(struct exec *exec);
void pubsub_free(struct exec *exec);

/* False when the session had (or had not) this subscription already. */
bool pubsub_subscribe(struct session *s, enum channel_kind kind, struct bytes name);
bool pubsub_unsubscribe(struct session *s, enum channel_kind kind, struct bytes name);
/* How many subscriptions of this kind the session has; plain and pattern ones together is what the
 * confirmations count. */
int pubsub_session_count(const struct session *s, enum channel_kind kind);
/* Calls visit with each name the session is subscribed to; visit may unsubscribe that name. */
void pubsub_session_each(struct session *s, enum channel_kind kind,
	void (*visit)(struct session *s, struct bytes name, void *context), void *context);

/* Sends a message to all who listen (CHANNEL_PLAIN: by pattern as well); returns to how many. */
int64_t pubsub_publish(
	struct exec *exec, enum channel_kind kind, struct bytes channel, struct bytes message);

/* Subscribers of one channel; number of names in use; calls visit with each. */
size_t pubsub_channel_subscribers(struct exec *exec, enum channel_kind kind, struct bytes name);
size_t pubsub_count(const struct exec *exec, enum channel_kind kind);
void pubsub_each(struct exec *exec, enum channel_kind kind,
	void (*visit)(struct bytes name, size_t subscribers, void *context), void *context);
/* Sessions that have any subscription (INFO pubsub_clients). */
size_t pubsub_session_total(const struct exec *exec);
/* Memory that the session's subscriptions hold. */
size_t pubsub_memory_bytes(const struct session *s);

#endif
