/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Glob patterns as KEYS, SCAN, PSUBSCRIBE and CONFIG GET know them: ? * [a-z] [^x] and \ escapes.
 * Iterative, without recursion; the time is bounded by |pattern| x |text|.
 */
#ifndef RINGLET_BASE_MATCH_H
#define RINGLET_BASE_MATCH_H

#include "base/bytes.h"

#define MATCH_STARS_MAX 1000 /* runs of stars that may matter: with more, nothing matches */

bool match_glob(struct bytes pattern, struct bytes text, bool ignore_case);

#endif
