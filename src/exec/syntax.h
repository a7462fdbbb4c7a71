/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The syntax line: one readable synopsis per command, from which follow its arity, its key specs,
 * the argument tree of COMMAND DOCS, COMMAND GETKEYS and the fuzzer's grammar.
 *
 *   SET      key:key:RW+access+update+variable_flags value condition=[NX|XX]@2.6.12 [GET]@6.2.0
 *            expiration=[EX seconds:integer@2.6.12|PX milliseconds:integer|KEEPTTL@6.0.0]
 *   ZUNION   numkeys:integer key:key:RO+access... [WEIGHTS weight:integer...]
 *            [AGGREGATE aggregate={SUM|MIN|MAX}] [WITHSCORES]
 *   XREAD    [COUNT count:integer] [BLOCK milliseconds:integer]
 *            STREAMS streams={key:key:RO+access... id...}
 *   BITFIELD_RO  key:key:RO+access [GET {encoding offset:integer}]...
 *   MSET     {key:key:OW+update value}...
 *   XADD     ... id_or_auto={auto_id='*'|id} {field value}...
 *
 * The language. Items are separated by blanks:
 *   name                 an argument of type string
 *   name:TYPE            string integer double pattern unix-time key (a colon that none of these
 *                        follows belongs to the name: `ip:port`)
 *   name:key:FLAGS       a key; FLAGS joined by `+` out of RO RW OW RM access update insert delete
 *                        not_key incomplete variable_flags, and `unknown` = no key spec can find it
 *                        (row->find_keys does). Each makes one key spec, in the order of the line.
 *   name:key:#N          belongs to key spec N of this line (its neighbour: the range grows)
 *   name:pattern:FLAGS   a pattern from which key names derive (SORT BY): an `unknown` spec
 *   name:string:not_key  a channel that is routed like a key: spec, but no key_spec_index
 *   WORD or 'x'          a literal token (capitals, or in quotes). Before an argument or a
 *                        {group} it is that one's token; else it stands alone, a pure-token named
 *                        in lower case
 *   name=WORD name='x'   a pure-token with a name of its own
 *   [ ... ]  { ... }     optional, required group. With `|` in it a oneof, with several items a
 *                        block, with a single item just that item. An alternative of several
 *                        items is a block. name=[ ... ] names it (and makes a block even of one
 *                        item); else the name is its members' names joined by `_`
 *   < ... >              hidden: counts for arity and the fuzzer, is not shown in COMMAND DOCS
 * Suffixes, without a blank, in any order, of an argument, token or group:
 *   ...                  may be repeated. `[PREFIX prefix]...` repeats the token,
 *                        `[KEYS key...]` does not
 *   @6.2.0               since            !2.8.12  deprecated since
 *   ~text                display text where it differs from the name
 *
 * Derived: a key at a fixed place gives begin_search index; one after the argument `numkeys` gives
 * find_keys keynum; one behind a token at no fixed place gives begin_search keyword, searched from
 * the first place it can have, or backwards (-2) where it is the optional end of the line. `key...`
 * runs to the end of the arguments, less what must follow. `{key... id...}` shares the rest evenly
 * (limit 2).
 *
 * What it must not know: sessions, calls, handlers.
 */
#ifndef RINGLET_EXEC_SYNTAX_H
#define RINGLET_EXEC_SYNTAX_H

#include "base/bytes.h"

#define SYNTAX_KEY_SPECS_MAX 4
#define SYNTAX_DEPTH_MAX 8
#define SYNTAX_ARGS_MAX 64

enum syntax_type {
	SYNTAX_STRING, SYNTAX_INTEGER, SYNTAX_DOUBLE, SYNTAX_KEY, SYNTAX_PATTERN, SYNTAX_UNIX_TIME,
	SYNTAX_PURE_TOKEN, SYNTAX_ONEOF, SYNTAX_BLOCK,
};

enum syntax_arg_flag {
	SYNTAX_OPTIONAL = 1 << 0,
	SYNTAX_MULTIPLE = 1 << 1,
	SYNTAX_MULTIPLE_TOKEN = 1 << 2,
	SYNTAX_HIDDEN = 1 << 3,
};

/* A node of the argument tree. Texts are NUL-terminated and live as long as the syntax. */
struct syntax_arg {
	struct syntax_arg *next;     /* sibling */
	struct syntax_arg *children; /* of a oneof or block */
	const char *name;
	const char *token;           /* NULL = none; of a pure-token: the word itself */
	const char *display;         /* NULL = the name */
	const char *since;           /* NULL = as the command */
	const char *deprecated_since;
	uint8_t type;
	uint8_t flags;
	int8_t key_spec;             /* -1 = none */
	bool is_fixed;               /* always takes exactly min_words words */
	uint16_t min_words;          /* the fewest words it can take when present, token included */
};

enum key_begin { KEY_BEGIN_INDEX, KEY_BEGIN_KEYWORD, KEY_BEGIN_UNKNOWN };
enum key_find { KEY_FIND_RANGE, KEY_FIND_KEYNUM, KEY_FIND_UNKNOWN };

struct key_spec {
	uint32_t flags;      /* KEY_* of exec/command.h */
	uint8_t begin;
	uint8_t find;
	int16_t index;       /* begin index: place in argv; keyword: start_from */
	const char *keyword;
	int16_t last;        /* range: relative to begin; negative: from the end, -1 = the last */
	int16_t step;
	int16_t limit;       /* range to the end: only 1/limit of what is left; 0 = all */
	int16_t keynum_index, first_key; /* keynum, relative to begin */
};

struct syntax {
	struct syntax_arg *args; /* NULL = none */
	int arity;               /* as COMMAND shows it, name (and subcommand's name) counted */
	int key_spec_count;
	struct key_spec key_specs[SYNTAX_KEY_SPECS_MAX];
	struct syntax_arg pool[];
};

/* NULL when the line is malformed: *error then points at the place in `line`. `words` are those of
 * the command's own name: 1, or 2 for a subcommand. */
struct syntax *syntax_parse(const char *line, int words, const char **error);
void syntax_free(struct syntax *syntax);
const char *syntax_type_name(enum syntax_type type);

#endif
