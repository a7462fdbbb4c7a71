/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The glob matcher. Only the last '*' is ever tried again: whatever the pieces before it matched, a
 * later start of them cannot help, so two saved positions replace the recursion and the time is
 * at most |pattern| x |text|, whatever a client sends.
 */
#include "base/match.h"

static inline uint8_t match_fold(char c, bool ignore_case)
{
	return (uint8_t)(ignore_case ? ascii_lower(c) : c);
}

/* One character against the class that begins behind '['. *end becomes the position behind the
 * class; a class that is never closed ends with the pattern. */
static bool match_class(struct bytes pattern, size_t at, char c, bool ignore_case, size_t *end)
{
	uint8_t wanted = match_fold(c, ignore_case);
	bool is_negated = at < pattern.len && pattern.ptr[at] == '^';
	bool found = false;
	if (is_negated)
		at++;
	while (at < pattern.len && pattern.ptr[at] != ']') {
		size_t left = pattern.len - at;
		const char *p = pattern.ptr + at;
		if (p[0] == '\\' && left >= 2) {
			found |= match_fold(p[1], ignore_case) == wanted;
			at += 2;
		} else if (left >= 3 && p[1] == '-') {
			uint8_t low = match_fold(p[0], ignore_case);
			uint8_t high = match_fold(p[2], ignore_case);
			found |= low <= high ? wanted >= low && wanted <= high
					     : wanted >= high && wanted <= low;
			at += 3;
		} else {
			found |= match_fold(p[0], ignore_case) == wanted;
			at++;
		}
	}
	*end = at < pattern.len ? at + 1 : at;
	return found != is_negated;
}

/* One character against the piece of the pattern at *at (not a '*'); moves *at behind it. */
static bool match_piece(struct bytes pattern, size_t *at, char c, bool ignore_case)
{
	char p = pattern.ptr[*at];
	if (p == '[')
		return match_class(pattern, *at + 1, c, ignore_case, at);
	if (p == '\\' && *at + 1 < pattern.len)
		p = pattern.ptr[++*at];
	else if (p == '?')
		return ++*at, true;
	++*at;
	return match_fold(p, ignore_case) == match_fold(c, ignore_case);
}

bool match_glob(struct bytes pattern, struct bytes text, bool ignore_case)
{
	size_t p = 0, t = 0;
	size_t star_p = 0, star_t = 0; /* behind the last star; where its rest begins next */
	unsigned stars = 0;

	while (t < text.len) {
		if (p < pattern.len && pattern.ptr[p] == '*') {
			while (p < pattern.len && pattern.ptr[p] == '*')
				p++;
			if (p == pattern.len)
				return true;
			if (++stars > MATCH_STARS_MAX)
				return false;
			star_p = p;
			star_t = t;
			continue;
		}
		if (p < pattern.len && match_piece(pattern, &p, text.ptr[t], ignore_case)) {
			t++;
			continue;
		}
		if (stars == 0)
			return false;
		p = star_p;
		t = ++star_t;
	}
	while (p < pattern.len && pattern.ptr[p] == '*')
		p++;
	return p == pattern.len;
}
