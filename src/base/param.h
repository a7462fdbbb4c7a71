/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Parameters: the rows by which every module declares what of it can be configured. A row names a
 * field of the owner's config struct; this file parses, checks, prints and compares such fields.
 * CONFIG GET/SET/REWRITE, the command line and redis.conf itself are loops over rows
 *(server/config).
 *
 *	const struct param_row thing_params[] = {
 *		{ .type = PARAM_SECTION, .name = "THINGS", .help = "An essay for redis.conf." },
 *		{ "thing-limit", PARAM_INT, PARAM_FIELD(struct thing_config, limit), .fallback =
 *"10", .min = 0, .max = INT_MAX, .apply = thing_limit_changed, .help = "How many …" }, { 0 },
 *	};
 *
 * Invariant: a field always holds a value that its row would accept; PARAM_STRING and PARAM_PATH
 * fields are never NULL and own their text (mem_free).
 * It must not know where values come from nor what they mean.
 */
#ifndef RINGLET_BASE_PARAM_H
#define RINGLET_BASE_PARAM_H

#include "base/buf.h"

#include <limits.h>

#define PARAM_ERROR_MAX_BYTES 256

enum param_type {
	PARAM_END,     /* ends an array: { 0 } */
	PARAM_SECTION, /* not a parameter: a title (name) and essay (help) in redis.conf */
	PARAM_BOOL,    /* bool */
	PARAM_INT,     /* int, .min .max */
	PARAM_I64,     /* int64_t, .min .max */
	PARAM_MEMORY,  /* uint64_t, units allowed (10mb), .min .max (max 0 = none) */
	PARAM_PERCENT_OR_MEMORY, /* int64_t, "5%" is stored as -5 */
	PARAM_ENUM,		 /* int, one of .choices */
	PARAM_FLAGS,		 /* int, several of .choices or'ed together */
	PARAM_STRING,		 /* char *, "" allowed, never NULL */
	PARAM_STRING_OR_NULL,	 /* char *, "" is stored as NULL */
	PARAM_PATH,		 /* as PARAM_STRING; a file name or directory */
	PARAM_OCTAL,		 /* int, .min .max */
	PARAM_SPECIAL,		 /* .special does everything */
};

enum param_flag {
	PARAM_IMMUTABLE = 1 << 0, /* only at start */
	PARAM_HIDDEN = 1 << 1, /* CONFIG GET finds it by its exact name only; not in redis.conf */
	PARAM_SENSITIVE = 1 << 2, /* its value must not reach a log or MONITOR */
	PARAM_PROTECTED = 1 << 3, /* at run time only with enable-protected-configs */
	PARAM_MULTI_ARG =
		1 << 4, /* several words: "a b c" in CONFIG SET, several arguments in a file */
	PARAM_DENY_LOADING = 1 << 5, /* not while data is being loaded */
	PARAM_ALWAYS_APPLY = 1 << 6, /* apply runs even where the value did not change */
	PARAM_ADDS_UP = 1 << 7,	     /* several lines of a file add up (save) */
};

/* Ended by a NULL name. For PARAM_FLAGS a choice of value 0 is the word for "none". */
struct param_choice {
	const char *name;
	int value;
};

struct param_error {
	char text[PARAM_ERROR_MAX_BYTES]; /* without prefix or final dot rule: as the client sees it
					   */
};
/* Writes the text; returns false so that callers can `return param_fail(error, "…")`. */
bool param_fail(struct param_error *error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

struct param_row;

/* For values that are no plain field. `owner` is the config struct, `context` the module (see
 * struct param_group). */
struct param_special {
	/* Takes the words, exactly one unless the row is PARAM_MULTI_ARG (then maybe none); changes
	 * nothing when it fails. */
	bool (*set)(const struct param_row *row, void *owner, const struct bytes *argv, int argc,
		struct param_error *error);
	/* Appends the value as CONFIG GET shows it. */
	void (*get)(const struct param_row *row, const void *owner, struct buf *out);
	/* Optional. Appends whole lines ("save 900 1\n") for CONFIG REWRITE; none = leave the
	 * parameter out. Without it one line is made of get, left out when get equals .fallback. */
	void (*rewrite)(const struct param_row *row, const void *owner, struct buf *lines);
	/* Optional: frees what the field owns. */
	void (*release)(const struct param_row *row, void *owner);
};

struct param_row {
	const char *name;
	enum param_type type;
	size_t offset;	      /* of the field in the owner's struct: PARAM_FIELD */
	const char *fallback; /* the default, as text; "" where it is empty */
	uint32_t flags;	      /* PARAM_* */
	int64_t min, max;     /* PARAM_MEMORY reads them as uint64_t */
	const struct param_choice *choices;
	const char *alias; /* an old name, found and shown under the name asked for */
	/* Further checks of a text that is otherwise well-formed. */
	bool (*check)(struct bytes text, struct param_error *error);
	/* After a change at run time (CONFIG SET), never at start: the module puts it into effect.
	 * False with a text: the old value is restored and apply is called again. Rows that share
	 * one apply get one call for one CONFIG SET. `context` is the group's. */
	bool (*apply)(void *owner, void *context, struct param_error *error);
	const struct param_special *special;
	const char *conf;    /* redis.conf sets this value (others appear as comments) */
	const char *example; /* shown in the comment instead of the default */
	const char *help;    /* redis.conf: what it does, when to change it; lines are wrapped */
};

#define PARAM_FIELD(type, field) offsetof(type, field)

/* Rows bound to where their values live. server/wiring.c lists the groups. */
struct param_group {
	const struct param_row *rows;
	void *owner;   /* the config struct */
	void *context; /* handed to apply; may be NULL */
};

#define PARAM_EACH(row, all)                                                                       \
	for (const struct param_row *row = (all); row->type != PARAM_END; row++)                   \
		if (row->type != PARAM_SECTION)

/* Sets every field to its default. The struct must be zeroed or hold valid values. */
void param_set_defaults(const struct param_row *rows, void *owner);
/* Frees what the fields own and zeroes the owned pointers. */
void param_release(const struct param_row *rows, void *owner);

enum param_result {
	PARAM_SAME, /* accepted; the value was that already */
	PARAM_CHANGED,
	PARAM_REFUSED, /* `error` says why, in Redis's words; nothing changed */
};
/* Parses the words and stores the value. Does not look at IMMUTABLE, PROTECTED nor apply: those are
 * the caller's. */
enum param_result param_set(const struct param_row *row, void *owner, const struct bytes *argv,
	int argc, struct param_error *error);
/* Appends the value as CONFIG GET shows it. */
void param_print(const struct param_row *row, const void *owner, struct buf *out);
bool param_is_default(const struct param_row *row, const void *owner);
/* Appends the lines of CONFIG REWRITE ("name value\n", quoted where needed); nothing when the value
 * is the default and `force` is off. */
void param_rewrite(const struct param_row *row, const void *owner, bool force, struct buf *lines);
/* Finds a row by name or alias, ignoring case; NULL = none. */
const struct param_row *param_find(const struct param_row *rows, struct bytes name);
/* The words of the choices that make `value` ("nosave now"); for enums one word. */
void param_print_choice(
	const struct param_choice *choices, int value, bool is_flags, struct buf *out);

/* A line or a CONFIG SET value taken apart into words: blanks separate, "…" with escapes (\n \r \t
 * \a \b \xHH \" \\) and '…' (\' only) group. All words share one allocation; words_release frees.
 */
struct param_words {
	struct bytes *argv;
	int argc;
	char *storage;
};
/* False: quotes that don't close, or that something follows without a blank. */
bool param_split(struct bytes line, struct param_words *out);
void param_words_release(struct param_words *words);

#endif
