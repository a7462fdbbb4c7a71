/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The command table: rows become registered commands, names find them. Subcommands hang off their
 * container in one array and are found by a scan; every command has a dense id.
 *
 * Invariant: a command's address never changes; a renamed or removed one keeps its id.
 */
#include "exec/command.h"
#include "base/mem.h"
#include "exec/command_table.h"
#include "exec/syntax.h"

#include <stdio.h>
#include <stdlib.h>

const struct command_flag_name command_flag_names[] = {
	{CMD_WRITE, "write"},
	{CMD_READONLY, "readonly"},
	{CMD_DENY_OOM, "denyoom"},
	{CMD_ADMIN, "admin"},
	{CMD_PUBSUB, "pubsub"},
	{CMD_NOSCRIPT, "noscript"},
	{CMD_BLOCKING, "blocking"},
	{CMD_LOADING, "loading"},
	{CMD_STALE, "stale"},
	{CMD_SKIP_MONITOR, "skip_monitor"},
	{CMD_SKIP_SLOWLOG, "skip_slowlog"},
	{CMD_ASKING, "asking"},
	{CMD_FAST, "fast"},
	{CMD_NO_AUTH, "no_auth"},
	{CMD_NO_MANDATORY_KEYS, "no_mandatory_keys"},
	{CMD_NO_ASYNC_LOADING, "no_async_loading"},
	{CMD_NO_MULTI, "no_multi"},
	{CMD_MOVABLE_KEYS, "movablekeys"},
	{CMD_ALLOW_BUSY, "allow_busy"},
	{0, NULL},
};

/* A row that the program itself got wrong. */
static void __attribute__((noreturn))
row_is_wrong(const char *name, const char *what, const char *where)
{
	fprintf(stderr, "Command row '%s': %s near '%.40s'\n", name, what, where);
	abort();
}

static char *full_name(const char *name, const struct command *parent)
{
	size_t prefix = parent != NULL ? parent->name_len + 1u : 0;
	size_t len = strlen(name);
	char *full = mem_alloc(prefix + len + 1);
	if (parent != NULL) {
		memcpy(full, parent->name, prefix - 1);
		full[prefix - 1] = '|';
	}
	for (size_t i = 0; i <= len; i++)
		full[prefix + i] = ascii_lower(name[i]);
	return full;
}

/* COMMAND INFO's three numbers: the fixed ranges from the left, joined where they touch. */
static void derive_range(struct command *c)
{
	for (int i = 0; i < c->syntax->key_spec_count; i++) {
		const struct key_spec *spec = &c->syntax->key_specs[i];
		if (spec->begin != KEY_BEGIN_INDEX || spec->find != KEY_FIND_RANGE)
			continue;
		int last = spec->last >= 0 ? spec->index + spec->last : spec->last;
		if (c->first_key == 0) {
			c->first_key = spec->index;
			c->last_key = (int16_t)last;
			c->key_step = spec->step;
		} else if (c->last_key >= 0 && spec->index == c->last_key + 1 &&
			spec->step == c->key_step) {
			c->last_key = (int16_t)last;
		}
	}
}

static void derive_movable(struct command *c)
{
	for (int i = 0; i < c->syntax->key_spec_count; i++) {
		const struct key_spec *spec = &c->syntax->key_specs[i];
		if (spec->begin != KEY_BEGIN_INDEX || spec->find != KEY_FIND_RANGE)
			c->flags |= CMD_MOVABLE_KEYS;
	}
}

static int count_rows(const struct command_row *rows)
{
	int n = 0;
	while (rows != NULL && rows[n].name != NULL)
		n++;
	return n;
}

static void command_init(struct command_table *t, struct command *c, const struct command_row *row,
	struct command *parent)
{
	const char *error = NULL;
	const char *line = row->syntax != NULL ? row->syntax : "";

	c->run = row->run;
	c->flags = row->flags;
	c->row = row;
	c->parent = parent;
	c->name = full_name(row->name, parent);
	c->name_len = (uint16_t)strlen(c->name);
	c->syntax = syntax_parse(line, parent != NULL ? 2 : 1, &error);
	if (c->syntax == NULL)
		row_is_wrong(c->name, "bad syntax line", error);
	if (t->id_count == COMMAND_IDS_MAX)
		row_is_wrong(c->name, "too many commands", "");
	c->id = (uint16_t)t->id_count;
	t->commands[t->id_count++] = c;
	c->arity = (int16_t)c->syntax->arity;
	c->subcommand_count = count_rows(row->subcommands);
	if (c->subcommand_count > 0 && row->run == NULL)
		c->arity = -2;
	derive_range(c);
	derive_movable(c);
	if (c->subcommand_count == 0)
		return;
	c->subcommands = mem_calloc((size_t)c->subcommand_count, sizeof(*c->subcommands));
	for (int i = 0; i < c->subcommand_count; i++)
		command_init(t, &c->subcommands[i], &row->subcommands[i], c);
}

/* False when the name is taken or the table is as full as it may be. */
static bool slot_take(struct command_table *t, struct command *c, struct bytes name)
{
	if (command_lookup(t, name) != NULL || t->used_slots >= COMMAND_SLOTS / 2)
		return false;
	uint64_t word = command_word(name);
	size_t i = command_slot_of(word, name.len);
	while (t->slots[i].command != NULL)
		i = (i + 1) % COMMAND_SLOTS;
	t->slots[i] = (struct command_slot){
		word, c, mem_dup_bytes_text(name.ptr, name.len), name.len};
	t->top_count++;
	t->used_slots++;
	return true;
}

struct command_table *command_table_new(void)
{
	return mem_calloc(1, sizeof(struct command_table));
}

static void command_release(struct command *c)
{
	mem_free((void *)(uintptr_t)c->name);
	mem_free(c->latency);
	mem_free(c->phases);
	syntax_free((struct syntax *)(uintptr_t)c->syntax);
	mem_free(c->subcommands);
	if (c->parent == NULL)
		mem_free(c);
}

void command_table_free(struct command_table *t)
{
	/* Subcommands have higher ids than their container and live in its array. */
	for (int i = t->id_count - 1; i >= 0; i--)
		command_release(t->commands[i]);
	for (int i = 0; i < COMMAND_SLOTS; i++)
		mem_free((void *)(uintptr_t)t->slots[i].name);
	mem_free(t);
}

void command_table_add(struct command_table *t, const struct command_row *rows)
{
	for (; rows->name != NULL; rows++) {
		struct command *c = mem_calloc(1, sizeof(*c));
		command_init(t, c, rows, NULL);
		if (!slot_take(t, c, bytes_text(c->name)))
			row_is_wrong(c->name, "name taken", "");
	}
}

struct command *command_find(const struct command_table *t, struct bytes name)
{
	return command_lookup(t, name);
}

const char *command_short_name(const struct command *c)
{
	return c->parent != NULL ? c->name + c->parent->name_len + 1 : c->name;
}

static struct command *subcommand_find(const struct command *container, struct bytes name)
{
	for (int i = 0; i < container->subcommand_count; i++) {
		struct command *sub = &container->subcommands[i];
		if (sub->name_len - container->name_len - 1u == name.len &&
			bytes_is(name, command_short_name(sub)))
			return sub;
	}
	return NULL;
}

HOT struct command *command_resolve(const struct command_table *t, const struct bytes *argv,
	int argc,
	struct command **container)
{
	struct command *c = command_lookup(t, argv[0]);
	if (container != NULL)
		*container = NULL;
	if (c == NULL || c->subcommand_count == 0 || argc < 2)
		return c;
	struct command *sub = subcommand_find(c, argv[1]);
	if (sub == NULL && container != NULL)
		*container = c;
	return sub;
}

struct command *command_find_full(const struct command_table *t, struct bytes name)
{
	const char *bar = name.len > 0 ? memchr(name.ptr, '|', name.len) : NULL;
	if (bar == NULL)
		return command_lookup(t, name);
	size_t len = (size_t)(bar - name.ptr);
	struct command *c = command_lookup(t, bytes_of(name.ptr, len));
	if (c == NULL)
		return NULL;
	return subcommand_find(c, bytes_of(bar + 1, name.len - len - 1));
}

bool command_table_rename(struct command_table *t, struct bytes name, struct bytes new_name)
{
	uint64_t word = command_word(name);
	struct command *c = command_lookup(t, name);
	if (c != NULL && new_name.len == name.len && command_lookup(t, new_name) == c)
		return true; /* its own name */
	if (c == NULL || (new_name.len > 0 && !slot_take(t, c, new_name)))
		return false;
	for (size_t i = command_slot_of(word, name.len);; i = (i + 1) % COMMAND_SLOTS) {
		struct command_slot *slot = &t->slots[i];
		if (!command_slot_is(slot, word, name))
			continue;
		mem_free((void *)(uintptr_t)slot->name);
		slot->name = NULL;
		t->top_count--;
		return true;
	}
}

int command_table_count(const struct command_table *t)
{
	return t->top_count;
}

int command_table_ids(const struct command_table *t)
{
	return t->id_count;
}

struct command *command_by_id(const struct command_table *t, int id)
{
	return id >= 0 && id < t->id_count ? t->commands[id] : NULL;
}

/* Is it still reachable by some name? */
static bool command_is_named(const struct command_table *t, const struct command *c)
{
	if (command_lookup(t, bytes_of(c->name, c->name_len)) == c)
		return true;
	for (int i = 0; i < COMMAND_SLOTS; i++)
		if (t->slots[i].command == c && t->slots[i].name != NULL)
			return true;
	return false;
}

void command_table_each(const struct command_table *t,
	void (*visit)(struct command *c, void *context), void *context)
{
	for (int i = 0; i < t->id_count; i++) {
		struct command *c = t->commands[i];
		const struct command *top = c;
		while (top->parent != NULL)
			top = top->parent;
		if (command_is_named(t, top))
			visit(c, context);
	}
}
