/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Key specs out of an argument tree: where in argv the keys of a call stand, and how each is used.
 * Part of the reading of a syntax line (exec/syntax.c); nothing else includes this.
 */
#ifndef RINGLET_EXEC_SYNTAX_KEYS_H
#define RINGLET_EXEC_SYNTAX_KEYS_H

#include "exec/syntax.h"

#define SYNTAX_KEY_NOTES_MAX 8

/* What the line says behind `:key:`, kept until the tree is complete. */
struct syntax_key_note {
	struct syntax_arg *arg;
	uint32_t flags;
	bool is_unknown;
	int shares_spec; /* of `#N`, -1 = has its own */
};

struct syntax_key_notes {
	struct syntax_key_note notes[SYNTAX_KEY_NOTES_MAX];
	int count;
};

/* Notes the flags text ("RW+access", "#0") of `arg`; false when it is malformed. */
bool syntax_keys_note(struct syntax_key_notes *notes, struct syntax_arg *arg, const char *flags);
/* Fills syntax->key_specs and the nodes' key_spec. `words`: argv words before the first argument.
 */
void syntax_keys_derive(
	struct syntax *syntax, struct syntax_key_notes *notes, struct syntax_arg *args, int words);

#endif
