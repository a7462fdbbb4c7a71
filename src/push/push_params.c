/* SPDX-License-Identifier: BSD-3-Clause
 *
 * notify-keyspace-events: one letter per class of events, A for all that are not opt-in.
 */
#include "push/push_params.h"

#include "store/change.h"

static const struct {
	char letter;
	int flag;
} notify_classes[] = {
	{'g', EVENT_GENERIC},
	{'$', EVENT_STRING},
	{'l', EVENT_LIST},
	{'s', EVENT_SET},
	{'h', EVENT_HASH},
	{'z', EVENT_ZSET},
	{'x', EVENT_EXPIRED},
	{'e', EVENT_EVICTED},
	{'t', EVENT_STREAM},
	{'d', EVENT_MODULE},
};
#define NOTIFY_CLASSES (sizeof(notify_classes) / sizeof(notify_classes[0]))

static int notify_all(void)
{
	int all = 0;
	for (size_t i = 0; i < NOTIFY_CLASSES; i++)
		all |= notify_classes[i].flag;
	return all;
}

static int notify_letter(char letter)
{
	switch (letter) {
	case 'A':
		return notify_all();
	case 'K':
		return NOTIFY_KEYSPACE;
	case 'E':
		return NOTIFY_KEYEVENT;
	case 'm':
		return EVENT_KEY_MISS;
	case 'n':
		return EVENT_NEW;
	default:
		break;
	}
	for (size_t i = 0; i < NOTIFY_CLASSES; i++)
		if (notify_classes[i].letter == letter)
			return notify_classes[i].flag;
	return -1;
}

int notify_parse(struct bytes letters)
{
	int flags = 0;

	for (size_t i = 0; i < letters.len; i++) {
		int flag = notify_letter(letters.ptr[i]);
		if (flag < 0)
			return -1;
		flags |= flag;
	}
	return flags;
}

void notify_print(int flags, struct buf *out)
{
	if ((flags & notify_all()) == notify_all()) {
		buf_add_char(out, 'A');
	} else {
		for (size_t i = 0; i < NOTIFY_CLASSES; i++)
			if (flags & notify_classes[i].flag)
				buf_add_char(out, notify_classes[i].letter);
	}
	if (flags & NOTIFY_KEYSPACE)
		buf_add_char(out, 'K');
	if (flags & NOTIFY_KEYEVENT)
		buf_add_char(out, 'E');
	if (flags & EVENT_KEY_MISS)
		buf_add_char(out, 'm');
	if (flags & EVENT_NEW)
		buf_add_char(out, 'n');
}

static bool notify_set(const struct param_row *row, void *owner, const struct bytes *argv, int argc,
	struct param_error *error)
{
	struct push_config *config = owner;
	(void)row;
	if (argc != 1)
		return param_fail(error, "wrong number of arguments");
	int flags = notify_parse(argv[0]);
	if (flags < 0)
		return param_fail(error, "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
	config->notify = flags;
	return true;
}

static void notify_get(const struct param_row *row, const void *owner, struct buf *out)
{
	(void)row;
	notify_print(((const struct push_config *)owner)->notify, out);
}

static const struct param_special notify_special = {.set = notify_set, .get = notify_get};

const struct param_row push_params[] = {
	{.type = PARAM_SECTION,
		.name = "EVENTS",
		.help = "What clients can be told without asking: events of keys as messages, and "
			"invalidations for their caches."},
	{"notify-keyspace-events", PARAM_SPECIAL, 0, "", .special = &notify_special,
		.example = "Ex",
		.help = "Publish what happens to keys. K: channels by key, E: channels by event, "
			"and the "
			"classes g (DEL, EXPIRE, RENAME …) $ (strings) l (lists) s (sets) h "
			"(hashes) z "
			"(sorted sets) t (streams) d (modules) x (expired) e (evicted), A for all "
			"of these; m (a "
			"read missed) and n (a new key) only when named. \"\" publishes nothing."},
	{"tracking-table-max-keys", PARAM_I64,
		PARAM_FIELD(struct push_config, tracking_table_max_keys), "1000000",
		.max = INT64_MAX,
		.help = "Keys remembered for client-side caching; beyond it random ones are "
			"invalidated."},
	{0},
};
