/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The table of all parameters at run time: lookups, CONFIG GET, and CONFIG SET as a transaction.
 *
 * A transaction is three passes. Everything is checked and parsed first; every old value is kept as
 * the text that CONFIG GET would show; then each owner's apply runs once. Whatever fails, the texts
 * are set again, and the applies that had run already run again.
 */
#include "base/assert.h"
#include "base/match.h"
#include "base/mem.h"
#include "process/config_internal.h"

struct config *config_new(const struct param_group *groups, int count)
{
	ASSERT(count > 0 && count <= CONFIG_GROUPS_MAX);
	struct config *c = mem_calloc(1, sizeof(*c));
	memcpy(c->groups, groups, (size_t)count * sizeof(*groups));
	c->group_count = count;
	for (int i = 0; i < count; i++)
		param_set_defaults(groups[i].rows, groups[i].owner);
	return c;
}

void config_free(struct config *c)
{
	for (int i = 0; i < c->group_count; i++)
		param_release(c->groups[i].rows, c->groups[i].owner);
	mem_free(c->file);
	mem_free(c);
}

void config_add_directive(struct config *c, const struct config_directive *directive)
{
	ASSERT(c->directive_count < CONFIG_DIRECTIVES_MAX);
	c->directives[c->directive_count++] = *directive;
}

void config_bind(struct config *c, const void *old_owner, void *owner, void *context)
{
	for (int i = 0; i < c->group_count; i++) {
		if (c->groups[i].owner != old_owner)
			continue;
		c->groups[i].owner = owner;
		c->groups[i].context = context;
	}
}

void config_on_change(struct config *c, void (*changed)(const struct param_row *row, void *context),
	void *context)
{
	c->changed = changed;
	c->changed_context = context;
}

const char *config_file(const struct config *c)
{
	return c->file == NULL ? "" : c->file;
}

struct config_item config_item_find(const struct config *c, struct bytes name)
{
	for (int i = 0; i < c->group_count; i++) {
		const struct param_row *row = param_find(c->groups[i].rows, name);
		if (row != NULL)
			return (struct config_item){row, &c->groups[i]};
	}
	return (struct config_item){NULL, NULL};
}

const struct config_directive *config_directive_find(const struct config *c, struct bytes name)
{
	for (int i = 0; i < c->directive_count; i++)
		if (bytes_is(name, c->directives[i].name))
			return &c->directives[i];
	return NULL;
}

const struct param_row *config_find(const struct config *c, struct bytes name, void **owner)
{
	struct config_item item = config_item_find(c, name);
	if (item.row != NULL && owner != NULL)
		*owner = item.group->owner;
	return item.row;
}

bool config_is_sensitive(const struct config *c, struct bytes name)
{
	struct config_item item = config_item_find(c, name);
	return item.row != NULL && (item.row->flags & PARAM_SENSITIVE);
}

void config_each(const struct config *c,
	void (*visit)(const struct param_row *row, const void *owner, void *context), void *context)
{
	CONFIG_ITEMS (c, item)
		visit(item.row, item.group->owner, context);
}

/* Words separated by exactly one blank each, as CONFIG SET has it: two blanks enclose an empty
 * word. */
static int config_split_blanks(struct bytes text, struct bytes **out)
{
	int count = 1;
	for (size_t i = 0; i < text.len; i++)
		count += text.ptr[i] == ' ';
	struct bytes *argv = mem_alloc((size_t)count * sizeof(*argv));
	size_t start = 0;
	int filled = 0;
	for (size_t i = 0; i <= text.len; i++) {
		if (i < text.len && text.ptr[i] != ' ')
			continue;
		argv[filled++] = bytes_of(text.ptr + start, i - start);
		start = i + 1;
	}
	*out = argv;
	return count;
}

enum param_result config_take(
	struct config_item item, const struct bytes *argv, int argc, struct param_error *error)
{
	if (argc != 1 || !(item.row->flags & PARAM_MULTI_ARG))
		return param_set(item.row, item.group->owner, argv, argc, error);
	struct bytes *words;
	int count = config_split_blanks(argv[0], &words);
	enum param_result result = param_set(item.row, item.group->owner, words, count, error);
	mem_free(words);
	return result;
}

/* --- CONFIG GET --- */

struct config_query {
	const struct config *config;
	const struct bytes *patterns;
	int count;
	void (*emit)(struct bytes name, struct bytes value, void *context);
	void *context;
};

static bool config_is_glob(struct bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] == '*' || text.ptr[i] == '?' || text.ptr[i] == '[')
			return true;
	return false;
}

/* Was `name` emitted because of a pattern before `end`? */
static bool config_was_emitted(
	const struct config_query *q, const char *name, bool is_hidden, int end)
{
	for (int i = 0; i < end; i++) {
		bool is_glob = config_is_glob(q->patterns[i]);
		if (is_glob && !is_hidden && match_glob(q->patterns[i], bytes_text(name), true))
			return true;
		if (!is_glob && bytes_is(q->patterns[i], name))
			return true;
	}
	return false;
}

static void config_emit(const struct config_query *q, struct config_item item, struct bytes name)
{
	struct buf value = {0};
	param_print(item.row, item.group->owner, &value);
	q->emit(name, value.len == 0 ? BYTES("") : buf_bytes(&value), q->context);
	buf_release(&value);
}

static void config_get_glob(const struct config_query *q, int index)
{
	CONFIG_ITEMS (q->config, item) {
		const char *names[] = {item.row->name, item.row->alias};
		if (item.row->flags & PARAM_HIDDEN)
			continue;
		for (int i = 0; i < 2; i++) {
			if (names[i] == NULL ||
				!match_glob(q->patterns[index], bytes_text(names[i]), true))
				continue;
			if (!config_was_emitted(q, names[i], false, index))
				config_emit(q, item, bytes_text(names[i]));
		}
	}
}

void config_get(const struct config *c, const struct bytes *patterns, int count,
	void (*emit)(struct bytes name, struct bytes value, void *context), void *context)
{
	struct config_query q = {c, patterns, count, emit, context};
	for (int i = 0; i < count; i++) {
		if (config_is_glob(patterns[i])) {
			config_get_glob(&q, i);
			continue;
		}
		struct config_item item = config_item_find(c, patterns[i]);
		if (item.row == NULL)
			continue;
		const char *name =
			bytes_is(patterns[i], item.row->name) ? item.row->name : item.row->alias;
		if (!config_was_emitted(&q, name, item.row->flags & PARAM_HIDDEN, i))
			config_emit(&q, item, patterns[i]);
	}
}

/* --- CONFIG SET --- */

/* One parameter of a running CONFIG SET. */
struct config_step {
	struct config_item item;
	struct buf before; /* the old value as text */
	bool is_set;	   /* the new value is in its field */
	bool is_changed;
	bool is_applied; /* this step's apply was run by it */
};

static enum config_status config_refuse(
	struct config_error *error, enum config_status status, struct bytes name, const char *text)
{
	error->name = name;
	if (text != NULL)
		param_fail(&error->text, "%s", text);
	return status;
}

/* A running CONFIG SET. */
struct config_change {
	const struct bytes *pairs;
	int count;
	struct config_step *steps;
	struct config_error *error;
};

/* The same parameter twice, by the same one of its names. */
static bool config_is_twice(const struct config_change *t, int index)
{
	const struct param_row *row = t->steps[index].item.row;
	for (int i = 0; i < index; i++)
		if (t->steps[i].item.row == row &&
			bytes_is(t->pairs[2 * i], row->name) ==
				bytes_is(t->pairs[2 * index], row->name))
			return true;
	return false;
}

/* Everything that can be said against it before looking at values. */
static enum config_status config_set_check(
	struct config *c, const struct config_change *t, struct config_caller caller)
{
	for (int i = 0; i < t->count; i++) {
		struct bytes name = t->pairs[2 * i];
		t->steps[i].item = config_item_find(c, name);
		if (t->steps[i].item.row == NULL)
			return config_refuse(t->error, CONFIG_UNKNOWN, name, NULL);
	}
	for (int i = 0; i < t->count; i++) {
		const struct param_row *row = t->steps[i].item.row;
		struct bytes name = t->pairs[2 * i];
		if (row->flags & PARAM_IMMUTABLE)
			return config_refuse(
				t->error, CONFIG_REFUSED, name, "can't set immutable config");
		if ((row->flags & PARAM_PROTECTED) && !caller.may_set_protected)
			return config_refuse(
				t->error, CONFIG_REFUSED, name, "can't set protected config");
		if ((row->flags & PARAM_DENY_LOADING) && caller.is_loading)
			return config_refuse(t->error, CONFIG_LOADING, name, NULL);
		if (config_is_twice(t, i))
			return config_refuse(t->error, CONFIG_REFUSED, name, "duplicate parameter");
	}
	return CONFIG_OK;
}

static bool config_same_apply(const struct config_step *a, const struct config_step *b)
{
	return a->item.row->apply == b->item.row->apply &&
		a->item.group->context == b->item.group->context &&
		a->item.group->owner == b->item.group->owner;
}

static bool config_apply_ran(const struct config_step *steps, int index)
{
	for (int i = 0; i < index; i++)
		if (steps[i].is_applied && config_same_apply(&steps[i], &steps[index]))
			return true;
	return false;
}

/* Puts the old values back, newest first, then runs the applies again that had run. */
static void config_roll_back(struct config_step *steps, int count)
{
	struct param_error ignored;
	for (int i = count - 1; i >= 0; i--) {
		if (!steps[i].is_set)
			continue;
		struct bytes text =
			steps[i].before.len == 0 ? BYTES("") : buf_bytes(&steps[i].before);
		/* What was printed is accepted: a field never holds what its row would refuse. */
		(void)config_take(steps[i].item, &text, 1, &ignored);
	}
	for (int i = 0; i < count; i++)
		if (steps[i].is_applied)
			(void)steps[i].item.row->apply(
				steps[i].item.group->owner, steps[i].item.group->context, &ignored);
}

static enum config_status config_set_run(const struct config_change *t)
{
	for (int i = 0; i < t->count; i++) {
		struct config_step *step = &t->steps[i];
		param_print(step->item.row, step->item.group->owner, &step->before);
		enum param_result result =
			config_take(step->item, &t->pairs[2 * i + 1], 1, &t->error->text);
		if (result == PARAM_REFUSED)
			return config_refuse(t->error, CONFIG_REFUSED, t->pairs[2 * i], NULL);
		step->is_set = true;
		step->is_changed = result == PARAM_CHANGED;
	}
	for (int i = 0; i < t->count; i++) {
		struct config_step *step = &t->steps[i];
		const struct param_row *row = step->item.row;
		if (row->apply == NULL || config_apply_ran(t->steps, i))
			continue;
		if (!step->is_changed && !(row->flags & PARAM_ALWAYS_APPLY))
			continue;
		step->is_applied = true;
		t->error->text.text[0] = '\0';
		if (!row->apply(
			    step->item.group->owner, step->item.group->context, &t->error->text))
			return config_refuse(t->error, CONFIG_REFUSED, t->pairs[2 * i], NULL);
	}
	return CONFIG_OK;
}

enum config_status config_set(struct config *c, const struct bytes *pairs, int count,
	struct config_caller caller, struct config_error *error)
{
	struct config_step *steps = mem_calloc((size_t)count, sizeof(*steps));
	struct config_change t = {pairs, count, steps, error};
	enum config_status status = config_set_check(c, &t, caller);
	if (status == CONFIG_OK) {
		status = config_set_run(&t);
		if (status != CONFIG_OK)
			config_roll_back(steps, count);
	}
	for (int i = 0; i < count; i++) {
		buf_release(&steps[i].before);
		if (status == CONFIG_OK && steps[i].is_changed && c->changed != NULL)
			c->changed(steps[i].item.row, c->changed_context);
	}
	mem_free(steps);
	return status;
}
