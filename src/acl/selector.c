/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Rules of a selector: read into bits and patterns, printed, and asked.
 *
 * Invariant: an entry of first_args exists only for a command whose bit is off; all_keys and
 * all_channels go with empty pattern lists. Rules name commands by the names they were born with:
 * rename-command changes how clients call them, not who may.
 */
#include "acl/selector.h"

#include "base/match.h"
#include "base/mem.h"

const char *acl_rule_text(enum acl_rule why)
{
	static const char *const texts[] = {
		"",
		"Syntax error",
		"Unknown command or category name in ACL",
		"Allowing first-arg of a subcommand is not supported",
		"Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and "
		"does not have any effect. Try 'resetkeys' to start with an empty list of patterns",
		"Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and "
		"does not have any effect. Try 'resetchannels' to start with an empty list of "
		"channels",
		"The password you are trying to remove from the user does not exist",
		"The password hash must be exactly 64 characters and contain only lowercase "
		"hexadecimal characters",
		"Unmatched parenthesis in acl selector",
	};
	return texts[why];
}

/* --- patterns --- */

static void patterns_release(struct acl_patterns *p)
{
	for (int i = 0; i < p->count; i++)
		mem_free(p->items[i].text);
	mem_free(p->items);
	*p = (struct acl_patterns){0};
}

static struct bytes pattern_bytes(const struct acl_pattern *p)
{
	return bytes_of(p->text, p->len);
}

/* A pattern that is there already gains the access. */
static void patterns_add(struct acl_patterns *p, struct bytes text, uint8_t access)
{
	for (int i = 0; i < p->count; i++)
		if (bytes_equal(pattern_bytes(&p->items[i]), text)) {
			p->items[i].access |= access;
			return;
		}
	if (p->count == p->cap) {
		p->cap = p->cap == 0 ? 4 : p->cap * 2;
		p->items = mem_realloc(p->items, (size_t)p->cap * sizeof(p->items[0]));
	}
	p->items[p->count++] =
		(struct acl_pattern){mem_dup_bytes_text(text.ptr, text.len), text.len, access};
}

static void patterns_copy(struct acl_patterns *to, const struct acl_patterns *from)
{
	for (int i = 0; i < from->count; i++)
		patterns_add(to, pattern_bytes(&from->items[i]), from->items[i].access);
}

/* --- life --- */

void acl_selector_init(struct acl_selector *s)
{
	*s = (struct acl_selector){0};
}

static void first_args_drop(struct acl_selector *s, int command)
{
	int kept = 0;
	for (int i = 0; i < s->first_arg_count; i++) {
		if (command < 0 || s->first_args[i].command == command)
			mem_free(s->first_args[i].text);
		else
			s->first_args[kept++] = s->first_args[i];
	}
	s->first_arg_count = kept;
}

void acl_selector_release(struct acl_selector *s)
{
	patterns_release(&s->keys);
	patterns_release(&s->channels);
	first_args_drop(s, -1);
	mem_free(s->first_args);
	buf_release(&s->rules);
	*s = (struct acl_selector){0};
}

static void first_arg_add(struct acl_selector *s, int command, struct bytes text)
{
	for (int i = 0; i < s->first_arg_count; i++)
		if (s->first_args[i].command == command && bytes_is(text, s->first_args[i].text))
			return;
	s->first_args = mem_realloc(
		s->first_args, ((size_t)s->first_arg_count + 1) * sizeof(s->first_args[0]));
	s->first_args[s->first_arg_count++] =
		(struct acl_first_arg){(uint16_t)command, mem_dup_bytes_text(text.ptr, text.len)};
}

void acl_selector_copy(struct acl_selector *to, const struct acl_selector *from)
{
	*to = (struct acl_selector){.all_keys = from->all_keys,
		.all_channels = from->all_channels,
		.all_commands = from->all_commands};
	memcpy(to->commands, from->commands, sizeof(to->commands));
	patterns_copy(&to->keys, &from->keys);
	patterns_copy(&to->channels, &from->channels);
	for (int i = 0; i < from->first_arg_count; i++)
		first_arg_add(
			to, from->first_args[i].command, bytes_text(from->first_args[i].text));
	if (from->rules.len > 0)
		buf_add_bytes(&to->rules, buf_bytes(&from->rules));
}

/* --- commands --- */

static void commands_reset(struct acl_selector *s, bool allow)
{
	memset(s->commands, allow ? 0xff : 0, sizeof(s->commands));
	first_args_drop(s, -1);
	buf_clear(&s->rules);
	s->all_commands = allow;
}

void acl_selector_allow_all(struct acl_selector *s)
{
	commands_reset(s, true);
	patterns_release(&s->keys);
	patterns_release(&s->channels);
	s->all_keys = s->all_channels = true;
}

static void command_set_bit(struct acl_selector *s, int id, bool allow)
{
	uint64_t bit = (uint64_t)1 << (id % 64);
	if (allow)
		s->commands[id / 64] |= bit;
	else
		s->commands[id / 64] &= ~bit;
	first_args_drop(s, id);
}

static void command_set(struct acl_selector *s, const struct command *c, bool allow)
{
	command_set_bit(s, c->id, allow);
	for (int i = 0; i < c->subcommand_count; i++)
		command_set_bit(s, c->subcommands[i].id, allow);
}

static bool category_set(
	struct acl_selector *s, const struct command_table *commands, struct bytes name, bool allow)
{
	int category = category_find(name);
	if (category < 0)
		return false;
	for (int i = 0; i < command_table_ids(commands); i++) {
		const struct command *c = command_by_id(commands, i);
		if (command_categories(c) >> category & 1)
			command_set(s, c, allow);
	}
	return true;
}

/* By the full name that the row gave it. */
static const struct command *command_by_row_name(
	const struct command_table *commands, struct bytes name)
{
	for (int i = 0; i < command_table_ids(commands); i++) {
		const struct command *c = command_by_id(commands, i);
		if (c->name_len == name.len && bytes_is(name, c->name))
			return c;
	}
	return NULL;
}

static bool rule_is_about(struct bytes rule, struct bytes name)
{
	if (rule.len < name.len || memcmp(rule.ptr, name.ptr, name.len) != 0)
		return false;
	return rule.len == name.len || rule.ptr[name.len] == '|';
}

/* The text of the rules: what was said about this name, or a part of it, is void; this is the last
 * word. */
static void rules_note(struct acl_selector *s, struct bytes name, bool allow)
{
	struct buf kept = {0}, lower = {0};
	for (size_t i = 0; i < name.len; i++)
		buf_add_char(&lower, ascii_lower(name.ptr[i]));
	for (size_t at = 0; at < s->rules.len;) {
		const char *word = s->rules.ptr + at + 1;
		size_t left = s->rules.len - at - 1;
		const char *blank = memchr(word, ' ', left);
		size_t len = blank == NULL ? left : (size_t)(blank - word);
		if (!rule_is_about(bytes_of(word + 1, len - 1), buf_bytes(&lower)))
			buf_add(&kept, word - 1, len + 1);
		at += len + 1;
	}
	buf_add_text(&kept, allow ? " +" : " -");
	buf_add_bytes(&kept, buf_bytes(&lower));
	buf_release(&lower);
	buf_release(&s->rules);
	s->rules = kept;
}

/* "+select|0", where no such subcommand is known. */
static enum acl_rule rule_first_arg(
	struct acl_selector *s, const struct command_table *commands, struct bytes name, bool allow)
{
	const char *bar = memchr(name.ptr, '|', name.len);
	if (bar == NULL)
		return ACL_RULE_UNKNOWN;
	size_t len = (size_t)(bar - name.ptr);
	struct bytes arg = bytes_of(bar + 1, name.len - len - 1);
	const struct command *c = command_by_row_name(commands, bytes_of(name.ptr, len));
	const char *second = arg.len == 0 ? NULL : memchr(arg.ptr, '|', arg.len);
	if (c == NULL || !allow)
		return ACL_RULE_UNKNOWN;
	if (arg.len == 0)
		return ACL_RULE_SYNTAX;
	if (second != NULL) {
		size_t sub = (size_t)(second - name.ptr);
		bool is_sub = command_by_row_name(commands, bytes_of(name.ptr, sub)) != NULL;
		return is_sub ? ACL_RULE_FIRST_ARG : ACL_RULE_UNKNOWN;
	}
	if (c->subcommand_count > 0)
		return ACL_RULE_UNKNOWN;
	if (!acl_selector_has_command(s, c->id))
		first_arg_add(s, c->id, arg);
	rules_note(s, name, true);
	return ACL_RULE_OK;
}

/* "+get", "-config|set", "+@hash". */
static enum acl_rule rule_command(
	struct acl_selector *s, const struct command_table *commands, struct bytes rule)
{
	bool allow = rule.ptr[0] == '+';
	struct bytes name = bytes_of(rule.ptr + 1, rule.len - 1);
	if (name.len > 0 && name.ptr[0] == '@') {
		if (bytes_is(name, "@all")) {
			commands_reset(s, allow);
			return ACL_RULE_OK;
		}
		if (!category_set(s, commands, bytes_of(name.ptr + 1, name.len - 1), allow))
			return ACL_RULE_UNKNOWN;
		rules_note(s, name, allow);
		return ACL_RULE_OK;
	}
	const struct command *c = command_by_row_name(commands, name);
	if (c == NULL)
		return name.len == 0 ? ACL_RULE_UNKNOWN : rule_first_arg(s, commands, name, allow);
	command_set(s, c, allow);
	rules_note(s, name, allow);
	return ACL_RULE_OK;
}

/* --- keys and channels --- */

static bool has_blanks(struct bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] == '\0' || text.ptr[i] == ' ' ||
			(text.ptr[i] >= '\t' && text.ptr[i] <= '\r'))
			return true;
	return false;
}

static void keys_allow_all(struct acl_selector *s)
{
	patterns_release(&s->keys);
	s->all_keys = true;
}

/* "~pattern" and "%RW~pattern". */
static enum acl_rule rule_key(struct acl_selector *s, struct bytes rule)
{
	uint8_t access = 0;
	size_t at = 1;
	if (s->all_keys)
		return ACL_RULE_KEYS;
	for (; rule.ptr[0] == '%' && at < rule.len && rule.ptr[at] != '~'; at++) {
		char letter = ascii_lower(rule.ptr[at]);
		uint8_t bit = letter == 'r' ? ACL_READ : letter == 'w' ? ACL_WRITE : 0;
		if (bit == 0 || access & bit)
			return ACL_RULE_SYNTAX;
		access |= bit;
	}
	if (rule.ptr[0] == '%') {
		if (at == rule.len || access == 0)
			return ACL_RULE_SYNTAX;
		at++;
	} else {
		access = ACL_READ_WRITE;
	}
	struct bytes pattern = bytes_of(rule.ptr + at, rule.len - at);
	if (has_blanks(pattern))
		return ACL_RULE_SYNTAX;
	patterns_add(&s->keys, pattern, access);
	return ACL_RULE_OK;
}

static enum acl_rule rule_channel(struct acl_selector *s, struct bytes rule)
{
	struct bytes pattern = bytes_of(rule.ptr + 1, rule.len - 1);
	if (s->all_channels)
		return ACL_RULE_CHANNELS;
	if (has_blanks(pattern))
		return ACL_RULE_SYNTAX;
	patterns_add(&s->channels, pattern, 0);
	return ACL_RULE_OK;
}

enum acl_rule acl_selector_rule(
	struct acl_selector *s, const struct command_table *commands, struct bytes rule)
{
	if (bytes_is(rule, "allkeys") || bytes_is(rule, "~*")) {
		keys_allow_all(s);
	} else if (bytes_is(rule, "resetkeys")) {
		patterns_release(&s->keys);
		s->all_keys = false;
	} else if (bytes_is(rule, "allchannels") || bytes_is(rule, "&*")) {
		patterns_release(&s->channels);
		s->all_channels = true;
	} else if (bytes_is(rule, "resetchannels")) {
		patterns_release(&s->channels);
		s->all_channels = false;
	} else if (bytes_is(rule, "allcommands")) {
		commands_reset(s, true);
	} else if (bytes_is(rule, "nocommands")) {
		commands_reset(s, false);
	} else if (rule.len > 0 && (rule.ptr[0] == '~' || rule.ptr[0] == '%')) {
		return rule_key(s, rule);
	} else if (rule.len > 0 && rule.ptr[0] == '&') {
		return rule_channel(s, rule);
	} else if (rule.len > 0 && (rule.ptr[0] == '+' || rule.ptr[0] == '-')) {
		return rule_command(s, commands, rule);
	} else {
		return ACL_RULE_SYNTAX;
	}
	return ACL_RULE_OK;
}

/* --- printing --- */

void acl_selector_print_commands(const struct acl_selector *s, struct buf *out)
{
	buf_add_text(out, s->all_commands ? "+@all" : "-@all");
	if (s->rules.len > 0)
		buf_add_bytes(out, buf_bytes(&s->rules));
}

void acl_selector_print_keys(const struct acl_selector *s, struct buf *out)
{
	static const char *const prefixes[] = {"", "%R~", "%W~", "~"};
	if (s->all_keys)
		buf_add_text(out, "~*");
	for (int i = 0; i < s->keys.count; i++) {
		buf_add_text(out, i > 0 ? " " : "");
		buf_add_text(out, prefixes[s->keys.items[i].access]);
		buf_add_bytes(out, pattern_bytes(&s->keys.items[i]));
	}
}

void acl_selector_print_channels(const struct acl_selector *s, struct buf *out)
{
	if (s->all_channels)
		buf_add_text(out, "&*");
	for (int i = 0; i < s->channels.count; i++) {
		buf_add_text(out, i > 0 ? " &" : "&");
		buf_add_bytes(out, pattern_bytes(&s->channels.items[i]));
	}
}

void acl_selector_print(const struct acl_selector *s, struct buf *out)
{
	if (s->all_keys || s->keys.count > 0) {
		acl_selector_print_keys(s, out);
		buf_add_char(out, ' ');
	}
	if (!s->all_channels)
		buf_add_text(out, "resetchannels ");
	if (s->all_channels || s->channels.count > 0) {
		acl_selector_print_channels(s, out);
		buf_add_char(out, ' ');
	}
	acl_selector_print_commands(s, out);
}

/* --- asking --- */

bool acl_selector_is_unrestricted(const struct acl_selector *s)
{
	for (int i = 0; i < ACL_COMMAND_WORDS; i++)
		if (s->commands[i] != UINT64_MAX)
			return false;
	return s->all_keys && s->all_channels;
}

bool acl_selector_reads_all(const struct acl_selector *s)
{
	for (int i = 0; i < s->keys.count; i++)
		if (s->keys.items[i].access & ACL_READ &&
			bytes_is(pattern_bytes(&s->keys.items[i]), "*"))
			return true;
	return s->all_keys;
}

static bool command_is_allowed(const struct acl_selector *s, const struct acl_query *query)
{
	if (acl_selector_has_command(s, query->command->id))
		return true;
	for (int i = 0; query->argc > 1 && i < s->first_arg_count; i++)
		if (s->first_args[i].command == query->command->id &&
			bytes_is(query->argv[1], s->first_args[i].text))
			return true;
	return false;
}

static bool key_is_allowed(const struct acl_selector *s, struct bytes key, uint32_t flags)
{
	uint8_t wanted = 0;
	if (flags & KEY_ACCESS)
		wanted |= ACL_READ;
	if (flags & (KEY_INSERT | KEY_DELETE | KEY_UPDATE))
		wanted |= ACL_WRITE;
	for (int i = 0; i < s->keys.count; i++)
		if ((s->keys.items[i].access & wanted) == wanted &&
			match_glob(pattern_bytes(&s->keys.items[i]), key, false))
			return true;
	return false;
}

bool acl_selector_has_channel(const struct acl_selector *s, struct bytes channel, bool is_pattern)
{
	for (int i = 0; i < s->channels.count; i++) {
		struct bytes allowed = pattern_bytes(&s->channels.items[i]);
		if (is_pattern ? bytes_equal(allowed, channel)
			       : match_glob(allowed, channel, false))
			return true;
	}
	return s->all_channels;
}

enum acl_denial acl_selector_check(
	const struct acl_selector *s, const struct acl_query *query, int *index)
{
	*index = 0;
	if (!(query->command->flags & CMD_NO_AUTH) && !command_is_allowed(s, query))
		return ACL_DENIED_COMMAND;
	for (int i = 0; !s->all_keys && i < query->keys->count; i++) {
		const struct key_ref *ref = &query->keys->refs[i];
		if (ref->flags & KEY_NOT_KEY)
			continue;
		if (key_is_allowed(s, query->argv[ref->index], ref->flags))
			continue;
		*index = ref->index;
		return ACL_DENIED_KEY;
	}
	for (int i = 0; !s->all_channels && i < query->channel_count; i++) {
		*index = query->first_channel + i;
		if (!acl_selector_has_channel(s, query->argv[*index], query->channels_are_patterns))
			return ACL_DENIED_CHANNEL;
	}
	return ACL_ALLOWED;
}
