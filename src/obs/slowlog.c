/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Entries of the slow log: made in two passes over the arguments, measured and then written.
 */
#include "obs/slowlog.h"

#include "base/mem.h"
#include "exec/call.h"

#include <stdio.h>

#define NOTE_MAX_BYTES 64 /* "... (N more bytes)" */

/* An argument as it is shown: its beginning, and a note of what is left out. */
struct shown {
	struct bytes head;
	size_t note_len;
	char note[NOTE_MAX_BYTES];
};

static void show_note(struct shown *shown, size_t left_out, const char *of_what)
{
	int len = snprintf(
		shown->note, sizeof(shown->note), "... (%zu more %s)", left_out, of_what);
	shown->note_len = (size_t)len;
}

static void show_arg(const struct slowlog_call *call, int i, struct shown *shown)
{
	*shown = (struct shown){.head = call->argv[i]};
	if (i == SLOWLOG_ARGS_MAX - 1 && call->argc > SLOWLOG_ARGS_MAX) {
		shown->head.len = 0;
		show_note(shown, (size_t)(call->argc - SLOWLOG_ARGS_MAX + 1), "arguments");
	} else if (call_is_redacted(call->redacted, i)) {
		shown->head = BYTES("(redacted)");
	} else if (shown->head.len > SLOWLOG_ARG_MAX_BYTES) {
		show_note(shown, shown->head.len - SLOWLOG_ARG_MAX_BYTES, "bytes");
		shown->head.len = SLOWLOG_ARG_MAX_BYTES;
	}
}

static struct bytes write_view(char **at, struct bytes bytes, const char *note, size_t note_len)
{
	struct bytes view = {*at, bytes.len + note_len};
	if (bytes.len > 0)
		memcpy(*at, bytes.ptr, bytes.len);
	if (note_len > 0)
		memcpy(*at + bytes.len, note, note_len);
	*at += view.len;
	return view;
}

static struct slowlog_entry *slowlog_entry_new(const struct slowlog_call *call)
{
	int argc = call->argc < SLOWLOG_ARGS_MAX ? call->argc : SLOWLOG_ARGS_MAX;
	size_t head = sizeof(struct slowlog_entry) + (size_t)argc * sizeof(struct bytes);
	size_t size = head + call->peer.len + call->name.len;
	struct shown shown;

	for (int i = 0; i < argc; i++) {
		show_arg(call, i, &shown);
		size += shown.head.len + shown.note_len;
	}
	struct slowlog_entry *entry = mem_alloc(size);
	char *at = (char *)entry + head;
	entry->argc = argc;
	for (int i = 0; i < argc; i++) {
		show_arg(call, i, &shown);
		entry->argv[i] = write_view(&at, shown.head, shown.note, shown.note_len);
	}
	entry->peer = write_view(&at, call->peer, NULL, 0);
	entry->name = write_view(&at, call->name, NULL, 0);
	entry->time_s = call->time_s;
	entry->duration_us = call->duration_us;
	return entry;
}

void slowlog_init(struct slowlog *log)
{
	*log = (struct slowlog){0};
	link_init(&log->entries);
}

void slowlog_release(struct slowlog *log)
{
	slowlog_trim(log, 0);
}

void slowlog_add(struct slowlog *log, const struct slowlog_call *call, int64_t max_len)
{
	struct slowlog_entry *entry = slowlog_entry_new(call);
	entry->id = log->next_id++;
	link_add_head(&log->entries, &entry->link);
	log->count++;
	log->memory_bytes += mem_usable_size(entry);
	slowlog_trim(log, max_len);
}

void slowlog_trim(struct slowlog *log, int64_t max_len)
{
	while (log->count > max_len) {
		struct slowlog_entry *oldest = LINK_OWNER(
			log->entries.prev, struct slowlog_entry, link);
		link_remove(&oldest->link);
		log->memory_bytes -= mem_usable_size(oldest);
		log->count--;
		mem_free(oldest);
	}
}
