/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Are two replies the same? Byte by byte, except where order or time is nobody's promise.
 */
#ifndef DIFF_COMPARE_H
#define DIFF_COMPARE_H

#include "grammar.h"

/* Replies are complete RESP. May reorder neither; returns whether they count as equal. */
int replies_equal(enum compare how, struct text a, struct text b);

#endif
