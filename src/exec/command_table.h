/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The command table's inside, for the dispatcher's inline lookup: open addressing over one word,
 * the name's first eight bytes in upper case plus its length. Names of at most eight bytes, nearly
 * all that are hot, are compared by that word alone.
 *
 * Only exec/ includes this; all others use exec/command.h.
 */
#ifndef RINGLET_EXEC_COMMAND_TABLE_H
#define RINGLET_EXEC_COMMAND_TABLE_H

#include "base/assert.h"
#include "base/hash.h"
#include "exec/command.h"

#define COMMAND_SLOTS 1024 /* about 250 names: a quarter full */
#define COMMAND_IDS_MAX 1024

struct command_slot {
	uint64_t word;
	struct command *command; /* NULL = free; never freed again: removal keeps `name` */
	const char *name;        /* as it is called, upper case, after renames; NULL = removed */
	size_t len;
};

struct command_table {
	struct command_slot slots[COMMAND_SLOTS];
	struct command *commands[COMMAND_IDS_MAX]; /* by id; subcommands too */
	int id_count;
	int top_count;
	int used_slots;            /* never given back: a lookup always meets a free one */
};

/* ASCII upper case of eight bytes at once. */
static inline uint64_t command_word_upper(uint64_t word)
{
	const uint64_t each = 0x0101010101010101u;
	uint64_t low7 = word & 0x7f * each;
	uint64_t is_ge_a = low7 + (0x80 - 'a') * each;
	uint64_t is_gt_z = low7 + (0x80 - 'z' - 1) * each;
	uint64_t is_lower = is_ge_a & ~is_gt_z & ~word & 0x80 * each;
	return word ^ (is_lower >> 2);
}

static inline uint64_t command_word(struct bytes name)
{
	if (name.len >= 8)
		return command_word_upper(hash_load64(name.ptr));
	return command_word_upper(hash_load_tail(name.ptr, name.len));
}

static inline size_t command_slot_of(uint64_t word, size_t len)
{
	return ((word + len) * 0x9e3779b97f4a7c15u) >> 54;
}

static inline bool command_slot_is(
	const struct command_slot *slot, uint64_t word, struct bytes name)
{
	if (slot->word != word || slot->len != name.len || slot->name == NULL)
		return false;
	return LIKELY(name.len <= 8) || bytes_is(name, slot->name);
}

/* The dispatcher's lookup; NULL = unknown. */
static inline struct command *command_lookup(const struct command_table *t, struct bytes name)
{
	uint64_t word = command_word(name);
	for (size_t i = command_slot_of(word, name.len);; i = (i + 1) % COMMAND_SLOTS) {
		const struct command_slot *slot = &t->slots[i];
		if (command_slot_is(slot, word, name))
			return slot->command;
		if (slot->command == NULL)
			return NULL;
	}
}

#endif
