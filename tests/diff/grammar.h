/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the differential test says to the servers: a table of command templates by group, out of
 * which random valid and almost valid commands are made. The table knows the public protocol only,
 * nothing of our sources.
 *
 *   WORD      a literal, sometimes in another case        [a|b]  one of them or none
 *   (a|b)     one of them                                 {a b}  one to four times
 *   %k key   %v value   %m member or field   %i integer   %n small count   %x index   %f float
 *   %t %T seconds, milliseconds to live      %e %E absolute times        %p pattern   %s score
 *   %S score bound   %l lex bound   %b bit offset   %u byte offset   %d database   %I stream ID
 *   %g longitude and latitude   %r radius        %L Lua script   %F library   %A ACL rule
 *   %R Lua script that judges what is picked at random
 *   %w arguments of CONFIG SET   %P the port of the twin   %z an empty word
 *   ! in front: never spoilt, since what remained would write at random; @ in front: for the twin
 *
 * No command may depend on the instant at which it is run: times to live are past or minutes away.
 */
#ifndef DIFF_GRAMMAR_H
#define DIFF_GRAMMAR_H

#include <stddef.h>
#include <stdint.h>

/* How two replies to the same command are compared. */
enum compare {
	COMPARE_EXACT,
	COMPARE_SORTED, /* elements in any order */
	COMPARE_PAIRS, /* pairs in any order */
	COMPARE_SCAN, /* cursor, then elements in any order */
	COMPARE_NEAR, /* integers, a little apart: seconds or milliseconds to live */
	COMPARE_ENCODING, /* names that 7.2 changed count as equal */
	COMPARE_KIND, /* the type byte */
	COMPARE_TIMES, /* but for how long entries of a stream have been pending */
	COMPARE_SHAPE, /* how many of which kind: random picks */
	COMPARE_SCORES, /* numbers, of which 7.0 writes more digits than are needed */
	COMPARE_USER, /* but for the order of its commands, which 7.2 keeps */
	COMPARE_NOTHING, /* what only one of the servers knows */
	COMPARE_CROSS, /* each server restores what the other dumps */
};

struct row {
	const char *group;
	char prefix;                   /* of the keys that most of its commands use; '*' for any */
	const char *template;
	enum compare compare;
};

enum {
	WORDS_MAX = 64,
	KEYS_PER_TYPE = 6,
};

/* One command: RESP bytes and how its replies are compared. */
struct command {
	char *bytes;
	size_t len;
	enum compare compare;
	int at_twin;                   /* to the server's twin */
};

struct text {
	const char *data;
	size_t len;
};

/* Stands for the port of the twin in the bytes of a command. */
#define PORT_MARK "@@@@@"

/* Chooses rows by a comma-separated list; ends the program at an unknown name. Returns how many. */
int grammar_choose(const char *groups);
struct command grammar_next(uint64_t *random);
/* The number-th command of a fixed list that reads all that random commands may have written; bytes
 * is NULL past the end. */
struct command grammar_look(int number, int has_twin);
/* The number-th word of a command that has it; data is NULL for a dump of all functions. */
struct text command_word(const struct command *command, int number);
/* As a person would type it, at most `room` bytes with the NUL. */
void command_print(const struct command *command, char *out, size_t room);
/* Bytes with what is not printable escaped; returns the length without the NUL. room >= 8. */
size_t text_print(const char *data, size_t len, char *out, size_t room);
const struct row *grammar_rows(size_t *count);

uint64_t random_next(uint64_t *state);
uint64_t random_below(uint64_t *state, uint64_t limit);

#endif
