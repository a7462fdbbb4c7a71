/* SPDX-License-Identifier: BSD-3-Clause
 *
 * How trimming is asked for: by XTRIM, and by XADD among its options.
 */
#ifndef RINGLET_CMD_STREAM_TRIM_H
#define RINGLET_CMD_STREAM_TRIM_H

#include "cmd/stream.h"

struct trim_args {
	struct stream_trim how;
	bool is_given; /* MAXLEN or MINID */
	bool has_limit;
	int threshold_at; /* in argv */
	int operator_at;  /* 0 = none */
};

enum trim_word {
	TRIM_TAKEN, /* *i stands on the last word taken */
	TRIM_OTHER, /* a word that is none of ours */
	TRIM_WRONG, /* the error is written */
};
/* Takes the option at argv[*i]. */
enum trim_word trim_parse_word(struct call *call, int *i, struct trim_args *t);
/* What only the whole can tell; `is_needed`: without a strategy it is an error. */
bool trim_check(struct call *call, struct trim_args *t, bool is_needed);

/* Puts into argv what approximate trimming has come to, for the time of an effect. */
struct trim_effect {
	struct bytes operator_word, threshold_word;
	struct stream_text threshold;
};
void trim_effect_begin(struct call *call, const struct trim_args *t, const struct stream_body *s,
	struct trim_effect *e);
void trim_effect_end(struct call *call, const struct trim_args *t, const struct trim_effect *e);

#endif
