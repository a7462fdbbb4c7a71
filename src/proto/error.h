/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Every error text a client can see, once: the rows of error.def. Texts with % are formats for
 * call_failf.
 */
#ifndef RINGLET_PROTO_ERROR_H
#define RINGLET_PROTO_ERROR_H

#include "base/bytes.h"

enum error {
	E_NONE,
#define ERROR(name, text) name,
#include "proto/error.def"
#undef ERROR
	E_COUNT
};

/* "WRONGTYPE Operation against …" (NUL-terminated; a format where it has %). */
const char *error_text(enum error error);
/* The first word of an error text ("WRONGTYPE", "ERR"). */
struct bytes error_code(struct bytes text);

#endif
