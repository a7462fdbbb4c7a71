/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Assertions about the program itself. Never about bytes from a client, a peer or a disk: those
 * return errors. ASSERT is always on; ASSERT_SLOW only in builds with -DCHECK_SLOW.
 */
#ifndef RINGLET_BASE_ASSERT_H
#define RINGLET_BASE_ASSERT_H

void assert_failed(const char *what, const char *file, int line) __attribute__((noreturn, cold));

/* Called with the text of a failed assertion before the process aborts; NULL for none. */
extern void (*assert_hook)(const char *what, const char *file, int line);

#define ASSERT(condition)                                                                          \
	(__builtin_expect(!!(condition), 1) ? (void)0                                              \
					    : assert_failed(#condition, __FILE__, __LINE__))

#ifdef CHECK_SLOW
#define ASSERT_SLOW(condition) ASSERT(condition)
#else
#define ASSERT_SLOW(condition) ((void)sizeof(!!(condition)))
#endif

#define UNREACHABLE() assert_failed("unreachable", __FILE__, __LINE__)
/* On the path of every request: such functions lie together in the program, so that they cost few
 * pages and cache lines (1.5 % of a lone GET). */
#define HOT __attribute__((hot))
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

#endif
