/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Derives key specs. A walk over the argument tree carries the first place that a node can have in
 * argv, whether that place is certain, and how many words must still follow; at each key these
 * decide between an index, a keyword, a key count and "unknown".
 */
#include "exec/syntax_keys.h"
#include "exec/command.h"
#include "base/num.h"

struct walk {
	struct syntax *syntax;
	struct syntax_key_notes *notes;
};

/* What a node's surroundings say about it. */
struct place {
	int at;               /* the first place in argv it can have */
	bool is_certain;      /* … and the only one */
	int after;            /* words that must follow it */
	bool is_last;         /* nothing optional follows */
	bool is_optional;     /* it or something around it is */
	const char *token;    /* the word right before it, if a token */
	int step;             /* words of the repeated block it begins, 0 = none */
	int after_block;      /* words that must follow that block */
	int sharers;          /* `key... id...`: how many repeated siblings share what is left */
	const struct syntax_arg *previous;
};

const char *const key_flag_names[] = {
	"RO", "RW", "OW", "RM", "access", "update", "insert", "delete", "not_key", "incomplete",
	"variable_flags", NULL,
};

static bool note_flag(struct syntax_key_note *note, struct bytes word)
{
	if (bytes_is(word, "unknown")) {
		note->is_unknown = true;
		return true;
	}
	for (int bit = 0; key_flag_names[bit] != NULL; bit++)
		if (bytes_is(word, key_flag_names[bit])) {
			note->flags |= 1u << bit;
			return true;
		}
	return false;
}

bool syntax_keys_note(struct syntax_key_notes *notes, struct syntax_arg *arg, const char *flags)
{
	if (notes->count == SYNTAX_KEY_NOTES_MAX)
		return false;
	struct syntax_key_note *note = &notes->notes[notes->count++];
	*note = (struct syntax_key_note){.arg = arg, .shares_spec = -1,
		.is_unknown = arg->type == SYNTAX_PATTERN};
	if (flags[0] == '#') {
		note->shares_spec = flags[1] - '0';
		return note->shares_spec >= 0 && note->shares_spec < SYNTAX_KEY_SPECS_MAX &&
			flags[2] == '\0';
	}
	for (;;) {
		size_t len = strcspn(flags, "+");
		if (!note_flag(note, bytes_of(flags, len)))
			return false;
		if (flags[len] == '\0')
			return true;
		flags += len + 1;
	}
}

static struct syntax_key_note *note_of(const struct walk *w, const struct syntax_arg *arg)
{
	for (int i = 0; i < w->notes->count; i++)
		if (w->notes->notes[i].arg == arg)
			return &w->notes->notes[i];
	return NULL;
}

/* Where the search for the key begins. */
static bool spec_begin(
	struct key_spec *spec, const struct syntax_arg *arg, const struct place *place)
{
	bool is_optional = place->is_optional || (arg->flags & SYNTAX_OPTIONAL);
	if (place->token != NULL && (is_optional || !place->is_certain)) {
		bool runs_out = is_optional && place->is_last && (arg->flags & SYNTAX_MULTIPLE);
		spec->begin = KEY_BEGIN_KEYWORD;
		spec->keyword = place->token;
		/* An optional end of the line is looked for from there: what stands before it is
		 * free text that may look like the keyword. -2: at least one key follows. */
		spec->index = (int16_t)(runs_out ? -2 : place->at);
		return true;
	}
	if (!place->is_certain)
		return false;
	spec->begin = KEY_BEGIN_INDEX;
	spec->index = (int16_t)(place->at + (place->token != NULL));
	return true;
}

/* How many keys there are from there. */
static bool spec_find(
	struct key_spec *spec, const struct syntax_arg *arg, const struct place *place)
{
	const struct syntax_arg *previous = place->previous;
	bool is_repeated = (arg->flags & SYNTAX_MULTIPLE) || place->step > 0;

	spec->find = KEY_FIND_RANGE;
	spec->step = (int16_t)(place->step > 0 ? place->step : 1);
	if (!is_repeated)
		return true;
	if (previous != NULL && strcmp(previous->name, "numkeys") == 0) {
		spec->find = KEY_FIND_KEYNUM;
		spec->index--;
		spec->keynum_index = 0;
		spec->first_key = 1;
		return true;
	}
	if (place->sharers > 1) {
		spec->last = -1;
		spec->limit = (int16_t)place->sharers;
		return true;
	}
	spec->last = (int16_t)(-1 - (place->step > 0 ? place->after_block : place->after));
	return place->is_last;
}

static void add_spec(struct walk *w, struct syntax_arg *arg, const struct place *place)
{
	struct syntax *syntax = w->syntax;
	const struct syntax_key_note *note = note_of(w, arg);
	if (note == NULL)
		return;
	if (note->shares_spec >= 0) {
		arg->key_spec = (int8_t)note->shares_spec;
		if (note->shares_spec < syntax->key_spec_count && place->is_certain)
			syntax->key_specs[note->shares_spec].last++;
		return;
	}
	if (syntax->key_spec_count == SYNTAX_KEY_SPECS_MAX)
		return;
	struct key_spec *spec = &syntax->key_specs[syntax->key_spec_count];
	if (!(note->flags & KEY_NOT_KEY))
		arg->key_spec = (int8_t)syntax->key_spec_count;
	syntax->key_spec_count++;
	spec->flags = note->flags;
	if (note->is_unknown || !spec_begin(spec, arg, place) || !spec_find(spec, arg, place)) {
		spec->begin = KEY_BEGIN_UNKNOWN;
		spec->find = KEY_FIND_UNKNOWN;
	}
}

static int words_of(const struct syntax_arg *arg)
{
	return arg->flags & SYNTAX_OPTIONAL ? 0 : arg->min_words;
}

static int repeated_members(const struct syntax_arg *arg)
{
	int n = 0;
	for (; arg != NULL; arg = arg->next)
		n += (arg->flags & SYNTAX_MULTIPLE) != 0;
	return n;
}

static void walk_list(
	struct walk *w, struct syntax_arg *first, const struct place *around, bool is_oneof);

static void walk_group(struct walk *w, struct syntax_arg *group, const struct place *place)
{
	struct place inner = *place;
	inner.step = group->flags & SYNTAX_MULTIPLE && group->type == SYNTAX_BLOCK
		? group->min_words
		: 0;
	inner.after_block = place->after;
	inner.is_optional = place->is_optional || (group->flags & SYNTAX_OPTIONAL);
	inner.sharers = group->type == SYNTAX_BLOCK ? repeated_members(group->children) : 0;
	walk_list(w, group->children, &inner, group->type == SYNTAX_ONEOF);
}

/* Members one behind the other, or each in the same place. */
static void walk_list(
	struct walk *w, struct syntax_arg *first, const struct place *around, bool is_oneof)
{
	struct place place = *around;
	for (struct syntax_arg *arg = first; arg != NULL; arg = arg->next) {
		place.after = around->after;
		place.is_last = around->is_last;
		for (const struct syntax_arg *rest = is_oneof ? NULL : arg->next; rest != NULL;
			rest = rest->next) {
			place.after += words_of(rest);
			place.is_last = place.is_last && rest->is_fixed;
		}
		place.token = arg->token != NULL   ? arg->token
			: arg == first || is_oneof ? around->token
						   : NULL;
		if (arg->children != NULL)
			walk_group(w, arg, &place);
		else
			add_spec(w, arg, &place);
		if (is_oneof)
			continue;
		place.at += words_of(arg) + (place.token != NULL && arg->token == NULL);
		place.is_certain = place.is_certain && arg->is_fixed;
		place.step = 0;
		place.previous = arg;
	}
}

void syntax_keys_derive(
	struct syntax *syntax, struct syntax_key_notes *notes, struct syntax_arg *args, int words)
{
	struct walk w = {syntax, notes};
	struct place place = {.at = words, .is_certain = true, .is_last = true};
	walk_list(&w, args, &place, false);
}
