/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A change sink that publishes __keyspace@<db>__:<key> and __keyevent@<db>__:<event>, as far as
 * notify-keyspace-events asks for the class. One test of two integers while it is off.
 */
#include "push/notify.h"

#include "base/buf.h"
#include "push/pubsub.h"

static void notify_publish(struct notify *n, const struct change *change)
{
	struct buf channel = {0};
	struct bytes event = bytes_text(change->event);

	if (n->config->notify & NOTIFY_KEYSPACE) {
		buf_printf(&channel, "__keyspace@%d__:", change->db->id);
		buf_add_bytes(&channel, change->key);
		pubsub_publish(n->exec, CHANNEL_PLAIN, buf_bytes(&channel), event);
	}
	if (n->config->notify & NOTIFY_KEYEVENT) {
		buf_clear(&channel);
		buf_printf(&channel, "__keyevent@%d__:", change->db->id);
		buf_add_bytes(&channel, event);
		pubsub_publish(n->exec, CHANNEL_PLAIN, buf_bytes(&channel), change->key);
	}
	buf_release(&channel);
}

static void notify_on_change(const struct change *change, void *context)
{
	struct notify *n = context;

	if (!((uint32_t)n->config->notify & change->event_class))
		return;
	if (change->cause == CHANGE_FLUSHED || change->event == NULL ||
		change->event_class & EVENT_SILENT)
		return;
	notify_publish(n, change);
}

void notify_configure(struct notify *n)
{
	struct keyspace *k = n->exec->keyspace;

	keyspace_arm_sink(k, n->sink, n->config->notify != 0);
	/* EVENT_STREAM: what happens to groups is no modification of the key. */
	k->notices = (uint32_t)n->config->notify & (EVENT_NEW | EVENT_KEY_MISS | EVENT_STREAM);
}

void notify_init(struct notify *n, struct exec *exec, const struct push_config *config)
{
	n->exec = exec;
	n->config = config;
	n->sink = keyspace_add_sink(exec->keyspace, (struct change_sink){notify_on_change, n});
	notify_configure(n);
}
