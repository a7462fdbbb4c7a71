/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The table of error texts. Invariant: every value of the enum has a text, in one line, that begins
 * with its code. It must not know who is told.
 */
#include "proto/error.h"

#include "base/assert.h"

static const char *const texts[E_COUNT] = {
	[E_NONE] = "",
#define ERROR(name, text) [name] = text,
#include "proto/error.def"
#undef ERROR
};

const char *error_text(enum error error)
{
	ASSERT((unsigned)error < E_COUNT);
	return texts[error];
}

struct bytes error_code(struct bytes text)
{
	const char *blank = text.len == 0 ? NULL : memchr(text.ptr, ' ', text.len);
	return blank == NULL ? text : bytes_of(text.ptr, (size_t)(blank - text.ptr));
}
