/* SPDX-License-Identifier: BSD-3-Clause
 *
 * COMMAND INFO and COMMAND DOCS of one command. The shapes are Redis's to the last set and map:
 * client libraries and redis-cli's hints read them by position and by name.
 *
 * Recursion follows the nesting of the program's own rows, not a client's words.
 */
#include "cmd/command_reply.h"

#include <stdio.h>

static void reply_word(struct reply *r, const char *mark, const char *word)
{
	char text[64];
	snprintf(text, sizeof(text), "%s%s", mark, word);
	reply_simple(r, text);
}

/* "a|b|c" as a set of strings. */
static void reply_words(struct reply *r, const char *words)
{
	int64_t count = words != NULL && *words != '\0';
	for (const char *at = words; count > 0 && *at != '\0'; at++)
		count += *at == '|';
	reply_set(r, count);
	for (; count > 0; count--) {
		size_t len = strcspn(words, "|");
		reply_bulk(r, bytes_of(words, len));
		words += len + 1;
	}
}

/* --- INFO ------------------------------------------------------------------------------------- */

static void reply_flags(struct reply *r, const struct command *c)
{
	int64_t count = 0;
	for (int i = 0; command_flag_names[i].name != NULL; i++)
		count += (c->flags & command_flag_names[i].flag) != 0;
	reply_set(r, count);
	for (int i = 0; command_flag_names[i].name != NULL; i++)
		if (c->flags & command_flag_names[i].flag)
			reply_simple(r, command_flag_names[i].name);
}

static void reply_categories(struct reply *r, const struct command *c)
{
	uint32_t bits = command_categories(c);
	reply_set(r, __builtin_popcount(bits));
	for (int i = 0; i < CATEGORY_COUNT; i++)
		if (bits >> i & 1)
			reply_word(r, "@", category_name((enum category)i));
}

void command_reply_key_flags(struct reply *r, uint32_t flags)
{
	reply_set(r, __builtin_popcount(flags));
	for (int bit = 0; key_flag_names[bit] != NULL; bit++)
		if (flags >> bit & 1)
			reply_simple(r, key_flag_names[bit]);
}

static void reply_field_i64(struct reply *r, const char *name, int64_t value)
{
	reply_bulk_text(r, name);
	reply_i64(r, value);
}

static void reply_field_text(struct reply *r, const char *name, const char *value)
{
	reply_bulk_text(r, name);
	reply_bulk_text(r, value);
}

/* {type, spec}: the spec's `count` fields follow. */
static void open_spec(struct reply *r, const char *field, const char *type, int64_t count)
{
	reply_bulk_text(r, field);
	reply_map(r, 2);
	reply_field_text(r, "type", type);
	reply_bulk_text(r, "spec");
	reply_map(r, count);
}

static void reply_begin_search(struct reply *r, const struct key_spec *spec)
{
	switch (spec->begin) {
	case KEY_BEGIN_INDEX:
		open_spec(r, "begin_search", "index", 1);
		reply_field_i64(r, "index", spec->index);
		return;
	case KEY_BEGIN_KEYWORD:
		open_spec(r, "begin_search", "keyword", 2);
		reply_field_text(r, "keyword", spec->keyword);
		reply_field_i64(r, "startfrom", spec->index);
		return;
	default:
		open_spec(r, "begin_search", "unknown", 0);
	}
}

static void reply_find_keys(struct reply *r, const struct key_spec *spec)
{
	switch (spec->find) {
	case KEY_FIND_RANGE:
		open_spec(r, "find_keys", "range", 3);
		reply_field_i64(r, "lastkey", spec->last);
		reply_field_i64(r, "keystep", spec->step);
		reply_field_i64(r, "limit", spec->limit);
		return;
	case KEY_FIND_KEYNUM:
		open_spec(r, "find_keys", "keynum", 3);
		reply_field_i64(r, "keynumidx", spec->keynum_index);
		reply_field_i64(r, "firstkey", spec->first_key);
		reply_field_i64(r, "keystep", spec->step);
		return;
	default:
		open_spec(r, "find_keys", "unknown", 0);
	}
}

static void reply_key_specs(struct reply *r, const struct command *c)
{
	const struct syntax *syntax = c->syntax;
	const char *notes = c->row->key_notes != NULL ? c->row->key_notes : "";

	reply_set(r, syntax->key_spec_count);
	for (int i = 0; i < syntax->key_spec_count; i++) {
		const struct key_spec *spec = &syntax->key_specs[i];
		size_t len = strcspn(notes, "|");
		reply_map(r, 3 + (len > 0));
		if (len > 0) {
			reply_bulk_text(r, "notes");
			reply_bulk(r, bytes_of(notes, len));
		}
		notes += len + (notes[len] == '|');
		reply_bulk_text(r, "flags");
		command_reply_key_flags(r, spec->flags);
		reply_begin_search(r, spec);
		reply_find_keys(r, spec);
	}
}

void command_reply_info(struct reply *r, const struct command *c)
{
	reply_array(r, 10);
	reply_bulk(r, bytes_of(c->name, c->name_len));
	reply_i64(r, c->arity);
	reply_flags(r, c);
	reply_i64(r, c->first_key);
	reply_i64(r, c->last_key);
	reply_i64(r, c->key_step);
	reply_categories(r, c);
	reply_words(r, c->row->tips);
	reply_key_specs(r, c);
	if (c->subcommand_count == 0) {
		reply_set(r, 0);
		return;
	}
	reply_array(r, c->subcommand_count);
	for (int i = 0; i < c->subcommand_count; i++)
		command_reply_info(r, &c->subcommands[i]);
}

/* --- DOCS ------------------------------------------------------------------------------------- */

static bool arg_is_group(const struct syntax_arg *arg)
{
	return arg->type == SYNTAX_ONEOF || arg->type == SYNTAX_BLOCK;
}

static void reply_arg_flags(struct reply *r, unsigned flags)
{
	flags &= SYNTAX_OPTIONAL | SYNTAX_MULTIPLE | SYNTAX_MULTIPLE_TOKEN;
	reply_set(r, __builtin_popcount(flags));
	if (flags & SYNTAX_OPTIONAL)
		reply_simple(r, "optional");
	if (flags & SYNTAX_MULTIPLE)
		reply_simple(r, "multiple");
	if (flags & SYNTAX_MULTIPLE_TOKEN)
		reply_simple(r, "multiple_token");
}

static void reply_args(struct reply *r, const struct syntax_arg *first);

static void reply_arg(struct reply *r, const struct syntax_arg *arg)
{
	bool is_group = arg_is_group(arg);
	reply_map(r, 2 + 1 + (!is_group && arg->key_spec >= 0) + (arg->token != NULL) +
		(arg->since != NULL) + (arg->deprecated_since != NULL) + (arg->flags != 0));
	reply_field_text(r, "name", arg->name);
	reply_field_text(r, "type", syntax_type_name(arg->type));
	if (!is_group)
		reply_field_text(
			r, "display_text", arg->display != NULL ? arg->display : arg->name);
	if (!is_group && arg->key_spec >= 0)
		reply_field_i64(r, "key_spec_index", arg->key_spec);
	if (arg->token != NULL)
		reply_field_text(r, "token", arg->token);
	if (arg->since != NULL)
		reply_field_text(r, "since", arg->since);
	if (arg->deprecated_since != NULL)
		reply_field_text(r, "deprecated_since", arg->deprecated_since);
	if (arg->flags != 0) {
		reply_bulk_text(r, "flags");
		reply_arg_flags(r, arg->flags);
	}
	if (is_group) {
		reply_bulk_text(r, "arguments");
		reply_args(r, arg->children);
	}
}

static int64_t shown_args(const struct syntax_arg *arg)
{
	int64_t count = 0;
	for (; arg != NULL; arg = arg->next)
		count += !(arg->flags & SYNTAX_HIDDEN);
	return count;
}

static void reply_args(struct reply *r, const struct syntax_arg *first)
{
	reply_array(r, shown_args(first));
	for (const struct syntax_arg *arg = first; arg != NULL; arg = arg->next)
		if (!(arg->flags & SYNTAX_HIDDEN))
			reply_arg(r, arg);
}

/* Entries "version=text" end at a '|' that a digit follows: texts may hold one themselves. */
static size_t history_entry_len(const char *text)
{
	const char *at = text;
	while (*at != '\0' && !(at[0] == '|' && at[1] >= '0' && at[1] <= '9'))
		at++;
	return (size_t)(at - text);
}

static void reply_history(struct reply *r, const char *history)
{
	int64_t count = 0;
	reply_bulk_text(r, "history");
	struct reply_hole hole = reply_open(r);
	while (*history != '\0') {
		size_t len = history_entry_len(history), version = strcspn(history, "=");
		reply_array(r, 2);
		reply_bulk(r, bytes_of(history, version));
		reply_bulk(r, bytes_of(history + version + 1, len - version - 1));
		history += len + (history[len] == '|');
		count++;
	}
	reply_close_set(r, hole, count);
}

static void reply_doc_flags(struct reply *r, const struct command *c)
{
	bool is_deprecated = c->row->deprecated != NULL, is_system = (c->flags & CMD_SYSCMD) != 0;
	reply_bulk_text(r, "doc_flags");
	reply_set(r, is_deprecated + is_system);
	if (is_deprecated)
		reply_simple(r, "deprecated");
	if (is_system)
		reply_simple(r, "syscmd");
}

static void reply_subcommand_docs(struct reply *r, const struct command *c)
{
	reply_bulk_text(r, "subcommands");
	reply_map(r, c->subcommand_count);
	for (int i = 0; i < c->subcommand_count; i++) {
		const struct command *sub = &c->subcommands[i];
		reply_bulk(r, bytes_of(sub->name, sub->name_len));
		command_reply_docs(r, sub);
	}
}

void command_reply_docs(struct reply *r, const struct command *c)
{
	const struct command_row *row = c->row;
	bool has_doc_flags = row->deprecated != NULL || c->flags & CMD_SYSCMD;
	bool has_args = shown_args(c->syntax->args) > 0;

	reply_map(r, 3 + (row->complexity != NULL) + (row->history != NULL) + has_doc_flags +
		2 * (row->deprecated != NULL) + has_args + (c->subcommand_count > 0));
	reply_field_text(r, "summary", row->summary != NULL ? row->summary : "");
	reply_field_text(r, "since", row->since != NULL ? row->since : "");
	reply_field_text(r, "group", row->group);
	if (row->complexity != NULL)
		reply_field_text(r, "complexity", row->complexity);
	if (row->history != NULL)
		reply_history(r, row->history);
	if (has_doc_flags)
		reply_doc_flags(r, c);
	if (row->deprecated != NULL) {
		size_t version = strcspn(row->deprecated, "=");
		reply_bulk_text(r, "deprecated_since");
		reply_bulk(r, bytes_of(row->deprecated, version));
		reply_field_text(r, "replaced_by",
			row->deprecated + version + (row->deprecated[version] == '='));
	}
	if (has_args) {
		reply_bulk_text(r, "arguments");
		reply_args(r, c->syntax->args);
	}
	if (c->subcommand_count > 0)
		reply_subcommand_docs(r, c);
}
