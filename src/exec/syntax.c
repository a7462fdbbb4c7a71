/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Reads a syntax line into the argument tree. The tree is built in a scratch area on the stack and
 * then moved into one exact allocation: nodes, then texts.
 *
 * Recursion follows the nesting of lines that the program itself holds, bounded by
 * SYNTAX_DEPTH_MAX; no client's byte comes here. Key specs: exec/syntax_keys.c.
 */
#include "exec/syntax.h"
#include "exec/syntax_keys.h"
#include "base/mem.h"

#include <stdio.h>

#define TEXT_MAX 4096
#define WORD_MAX 128

struct scratch {
	struct syntax_arg args[SYNTAX_ARGS_MAX];
	char text[TEXT_MAX];
	int arg_count;
	size_t text_len;
	struct syntax_key_notes keys;
};

struct parser {
	const char *at;
	const char *error; /* where it went wrong; NULL = fine so far */
	int depth;
	struct scratch *scratch;
};

struct arg_list {
	struct syntax_arg *first, *last;
	int count;
};

static const char *const type_names[] = {
	"string", "integer", "double", "key", "pattern", "unix-time", "pure-token", "oneof",
	"block",
};

const char *syntax_type_name(enum syntax_type type)
{
	return type_names[type];
}

static struct syntax_arg *parse_item(struct parser *p);

static void *parse_fail(struct parser *p)
{
	if (p->error == NULL)
		p->error = p->at;
	return NULL;
}

static struct syntax_arg *arg_new(struct parser *p, enum syntax_type type)
{
	struct scratch *s = p->scratch;
	if (s->arg_count == SYNTAX_ARGS_MAX)
		return parse_fail(p);
	struct syntax_arg *arg = &s->args[s->arg_count++];
	*arg = (struct syntax_arg){.type = (uint8_t)type, .key_spec = -1};
	return arg;
}

/* A NUL-terminated copy that lives with the tree. */
static const char *text_keep(struct parser *p, const char *ptr, size_t len)
{
	struct scratch *s = p->scratch;
	if (len + 1 > TEXT_MAX - s->text_len)
		return parse_fail(p);
	char *copy = s->text + s->text_len;
	memcpy(copy, ptr, len);
	copy[len] = '\0';
	s->text_len += len + 1;
	return copy;
}

static const char *text_lower(struct parser *p, const char *word)
{
	char lower[WORD_MAX];
	size_t n = strlen(word);
	if (n > sizeof(lower))
		return parse_fail(p);
	for (size_t i = 0; i < n; i++)
		lower[i] = ascii_lower(word[i]);
	return text_keep(p, lower, n);
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool at_token(const struct parser *p)
{
	return is_upper(*p->at) || *p->at == '\'';
}

static void skip_blanks(struct parser *p)
{
	while (*p->at == ' ')
		p->at++;
}

/* A word ends at a blank, at structure or at a suffix. */
static bool ends_word(const char *at)
{
	return *at == '\0' || strchr(" |[]{}<>=@!~", *at) != NULL || strncmp(at, "...", 3) == 0;
}

static const char *read_word(struct parser *p)
{
	const char *start = p->at;
	while (!ends_word(p->at))
		p->at++;
	if (p->at == start)
		return parse_fail(p);
	return text_keep(p, start, (size_t)(p->at - start));
}

static const char *read_token(struct parser *p)
{
	if (*p->at != '\'')
		return read_word(p);
	const char *start = ++p->at;
	while (*p->at != '\0' && *p->at != '\'')
		p->at++;
	if (*p->at == '\0')
		return parse_fail(p);
	return text_keep(p, start, (size_t)(p->at++ - start));
}

/* A version or display text behind its mark. */
static const char *read_mark(struct parser *p)
{
	p->at++;
	return read_word(p);
}

static void mark_repeated(struct syntax_arg *arg, bool with_token)
{
	arg->flags |= SYNTAX_MULTIPLE;
	if (with_token && arg->token != NULL && arg->type != SYNTAX_PURE_TOKEN)
		arg->flags |= SYNTAX_MULTIPLE_TOKEN;
}

/* `with_token`: the suffix stands behind a group that encloses the token too. */
static void read_suffixes(struct parser *p, struct syntax_arg *arg, bool with_token)
{
	while (p->error == NULL) {
		if (strncmp(p->at, "...", 3) == 0) {
			p->at += 3;
			mark_repeated(arg, with_token);
		} else if (*p->at == '@') {
			arg->since = read_mark(p);
		} else if (*p->at == '!') {
			arg->deprecated_since = read_mark(p);
		} else if (*p->at == '~') {
			arg->display = read_mark(p);
		} else {
			return;
		}
	}
}

/* "score_member": the default name of a group. */
static const char *join_names(struct parser *p, const struct syntax_arg *first)
{
	char joined[WORD_MAX];
	size_t n = 0;
	for (const struct syntax_arg *arg = first; arg != NULL; arg = arg->next) {
		size_t len = strlen(arg->name);
		if (n + len + 1 > sizeof(joined))
			return parse_fail(p);
		if (n > 0)
			joined[n++] = '_';
		memcpy(joined + n, arg->name, len);
		n += len;
	}
	return text_keep(p, joined, n);
}

static void list_add(struct arg_list *list, struct syntax_arg *arg)
{
	if (list->first == NULL)
		list->first = arg;
	else
		list->last->next = arg;
	list->last = arg;
	list->count++;
}

/* Items up to `|`, a closing mark or the end. */
static bool parse_list(struct parser *p, struct arg_list *list)
{
	for (;;) {
		skip_blanks(p);
		if (*p->at == '\0' || strchr("|]}>", *p->at) != NULL)
			return true;
		struct syntax_arg *arg = parse_item(p);
		if (arg == NULL)
			return false;
		list_add(list, arg);
	}
}

static struct syntax_arg *make_group(struct parser *p, enum syntax_type type, const char *name,
	struct syntax_arg *first)
{
	struct syntax_arg *group = arg_new(p, type);
	if (group == NULL)
		return NULL;
	group->children = first;
	group->name = name != NULL ? name : join_names(p, first);
	return group->name == NULL ? NULL : group;
}

/* One alternative of a oneof: an item, or a block of several. */
static struct syntax_arg *make_alternative(struct parser *p, struct arg_list *list)
{
	if (list->count == 0)
		return parse_fail(p);
	if (list->count == 1)
		return list->first;
	return make_group(p, SYNTAX_BLOCK, NULL, list->first);
}

static struct syntax_arg *parse_group_body(struct parser *p, const char *name, char close)
{
	struct arg_list items = {0}, alternatives = {0};
	if (!parse_list(p, &items))
		return NULL;
	if (*p->at != '|') {
		if (*p->at != close || items.count == 0)
			return parse_fail(p);
		p->at++;
		if (items.count == 1 && name == NULL && close != '>')
			return items.first;
		return make_group(p, SYNTAX_BLOCK, name, items.first);
	}
	for (;;) {
		struct syntax_arg *alternative = make_alternative(p, &items);
		if (alternative == NULL)
			return NULL;
		list_add(&alternatives, alternative);
		if (*p->at == close)
			break;
		if (*p->at != '|')
			return parse_fail(p);
		p->at++;
		items = (struct arg_list){0};
		if (!parse_list(p, &items))
			return NULL;
	}
	p->at++;
	return make_group(p, SYNTAX_ONEOF, name, alternatives.first);
}

static struct syntax_arg *parse_group(struct parser *p, const char *name)
{
	char open = *p->at;
	char close = open == '[' ? ']' : open == '{' ? '}' : '>';
	if (++p->depth > SYNTAX_DEPTH_MAX)
		return parse_fail(p);
	p->at++;
	struct syntax_arg *group = parse_group_body(p, name, close);
	p->depth--;
	if (group == NULL)
		return NULL;
	if (open == '[')
		group->flags |= SYNTAX_OPTIONAL;
	if (open == '<')
		group->flags |= SYNTAX_HIDDEN;
	read_suffixes(p, group, true);
	return p->error == NULL ? group : NULL;
}

static struct syntax_arg *parse_pure_token(struct parser *p, const char *name, const char *token)
{
	struct syntax_arg *arg = arg_new(p, SYNTAX_PURE_TOKEN);
	if (arg == NULL || token == NULL)
		return NULL;
	arg->token = token;
	arg->name = name != NULL ? name : text_lower(p, token);
	if (arg->name == NULL)
		return NULL;
	read_suffixes(p, arg, false);
	return p->error == NULL ? arg : NULL;
}

static struct syntax_arg *parse_token(struct parser *p)
{
	const char *token = read_token(p);
	if (token == NULL)
		return NULL;
	const char *after = p->at;
	skip_blanks(p);
	if (p->at == after || !(is_lower(*p->at) || *p->at == '{')) {
		p->at = after;
		return parse_pure_token(p, NULL, token);
	}
	struct syntax_arg *arg = parse_item(p);
	if (arg == NULL)
		return NULL;
	if (arg->token != NULL)
		return parse_fail(p);
	arg->token = token;
	return arg;
}

/* `name:type:flags`; a colon that no type follows belongs to the name. */
static bool split_type(struct parser *p, struct syntax_arg *arg, const char *word)
{
	arg->name = word;
	for (const char *colon = strchr(word, ':'); colon != NULL; colon = strchr(colon + 1, ':')) {
		size_t len = strcspn(colon + 1, ":");
		for (unsigned type = SYNTAX_STRING; type <= SYNTAX_UNIX_TIME; type++) {
			if (len != strlen(type_names[type]) ||
				memcmp(colon + 1, type_names[type], len) != 0)
				continue;
			arg->type = (uint8_t)type;
			arg->name = text_keep(p, word, (size_t)(colon - word));
			if (arg->name == NULL)
				return false;
			if (colon[1 + len] == ':' &&
				!syntax_keys_note(&p->scratch->keys, arg, colon + len + 2))
				return parse_fail(p) != NULL;
			return type != SYNTAX_KEY || colon[1 + len] == ':' || parse_fail(p) != NULL;
		}
	}
	return true;
}

static struct syntax_arg *parse_item(struct parser *p)
{
	if (*p->at == '[' || *p->at == '{' || *p->at == '<')
		return parse_group(p, NULL);
	if (at_token(p))
		return parse_token(p);
	const char *word = read_word(p);
	if (word == NULL)
		return NULL;
	if (*p->at == '=') {
		p->at++;
		if (*p->at == '[' || *p->at == '{')
			return parse_group(p, word);
		return at_token(p) ? parse_pure_token(p, word, read_token(p)) : parse_fail(p);
	}
	struct syntax_arg *arg = arg_new(p, SYNTAX_STRING);
	if (arg == NULL || !split_type(p, arg, word))
		return NULL;
	read_suffixes(p, arg, false);
	return p->error == NULL ? arg : NULL;
}

/* The fewest words of a group's members, and whether it never takes more. */
static void measure_members(struct syntax_arg *group)
{
	int words = 0;
	bool fixed = true;
	for (struct syntax_arg *arg = group->children; arg != NULL; arg = arg->next) {
		bool is_optional = (arg->flags & SYNTAX_OPTIONAL) != 0;
		fixed = fixed && arg->is_fixed;
		if (group->type == SYNTAX_BLOCK) {
			words += is_optional ? 0 : arg->min_words;
			continue;
		}
		if (arg != group->children && arg->min_words != words)
			fixed = false;
		if (arg == group->children || arg->min_words < words)
			words = arg->min_words;
	}
	group->min_words = (uint16_t)words;
	group->is_fixed = fixed;
}

/* Children stand before their group in the pool: one pass from the front measures all. */
static void measure(struct scratch *s)
{
	for (int i = 0; i < s->arg_count; i++) {
		struct syntax_arg *arg = &s->args[i];
		arg->min_words = 1;
		arg->is_fixed = true;
		if (arg->children != NULL)
			measure_members(arg);
		if (arg->token != NULL && arg->type != SYNTAX_PURE_TOKEN)
			arg->min_words++;
		if (arg->flags & (SYNTAX_OPTIONAL | SYNTAX_MULTIPLE))
			arg->is_fixed = false;
	}
}

static int arity_of(const struct syntax_arg *args, int words)
{
	bool fixed = true;
	for (; args != NULL; args = args->next) {
		words += args->flags & SYNTAX_OPTIONAL ? 0 : args->min_words;
		fixed = fixed && args->is_fixed;
	}
	return fixed ? words : -words;
}

static const char *text_moved(const char *text, const struct scratch *from, char *to)
{
	return text == NULL ? NULL : to + (text - from->text);
}

static struct syntax_arg *arg_moved(struct syntax_arg *arg, struct scratch *from, struct syntax *to)
{
	return arg == NULL ? NULL : to->pool + (arg - from->args);
}

/* Moves the scratch into one allocation. */
static struct syntax *syntax_settle(struct scratch *s, struct syntax_arg *first, int words)
{
	size_t pool = (size_t)s->arg_count * sizeof(struct syntax_arg);
	struct syntax *syntax = mem_calloc(1, sizeof(*syntax) + pool + s->text_len);
	char *text = (char *)(syntax->pool + s->arg_count);

	memcpy(text, s->text, s->text_len);
	syntax->arity = arity_of(first, words);
	syntax_keys_derive(syntax, &s->keys, first, words);
	for (int i = 0; i < syntax->key_spec_count; i++)
		syntax->key_specs[i].keyword = text_moved(syntax->key_specs[i].keyword, s, text);
	for (int i = 0; i < s->arg_count; i++) {
		struct syntax_arg *arg = &syntax->pool[i];
		*arg = s->args[i];
		arg->next = arg_moved(arg->next, s, syntax);
		arg->children = arg_moved(arg->children, s, syntax);
		arg->name = text_moved(arg->name, s, text);
		arg->token = text_moved(arg->token, s, text);
		arg->display = text_moved(arg->display, s, text);
		arg->since = text_moved(arg->since, s, text);
		arg->deprecated_since = text_moved(arg->deprecated_since, s, text);
	}
	syntax->args = arg_moved(first, s, syntax);
	return syntax;
}

struct syntax *syntax_parse(const char *line, int words, const char **error)
{
	struct scratch scratch;
	struct parser p = {.at = line, .scratch = &scratch};
	struct arg_list list = {0};

	scratch.arg_count = 0;
	scratch.text_len = 0;
	scratch.keys.count = 0;
	if (!parse_list(&p, &list) || *p.at != '\0') {
		*error = p.error != NULL ? p.error : p.at;
		return NULL;
	}
	measure(&scratch);
	return syntax_settle(&scratch, list.first, words);
}

void syntax_free(struct syntax *syntax)
{
	mem_free(syntax);
}
