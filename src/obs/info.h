/* SPDX-License-Identifier: BSD-3-Clause
 *
 * INFO: a registry of rows that the owners of figures hand up, and the rendering of chosen
 *sections.
 *
 *	static void memory_used(struct info_out *out, void *context) { info_u64(out,
 *mem_used_bytes()); } static const struct info_row memory_rows[] = { { "Memory", "used_memory",
 *memory_used }, { "Memory", NULL, memory_lines },      - writes whole lines with info_line { 0 },
 *	};
 *
 * Sections appear in the order of INFO_SECTIONS, rows in the order of registration.
 * It must not know what any row means.
 */
#ifndef RINGLET_OBS_INFO_H
#define RINGLET_OBS_INFO_H

#include "base/buf.h"

#define INFO_GROUPS_MAX 48

struct info_out {
	struct buf *buf;
};

/* The value of one field: exactly one of these per row with a name. */
void info_i64(struct info_out *out, int64_t value);
void info_u64(struct info_out *out, uint64_t value);
void info_text(struct info_out *out, const char *text);
void info_printf(struct info_out *out, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* A whole line "name:value" of a row without a name (families: db0, cmdstat_x). */
void info_line(struct info_out *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

struct info_row {
	const char *section; /* as shown: "Server"; an array ends with NULL here */
	const char *name;    /* NULL: the function writes lines of its own, maybe none */
	void (*write)(struct info_out *out, void *context);
};

struct info_registry;
struct info_registry *info_new(void);
void info_free(struct info_registry *r);
/* Rows of one owner; `context` is handed to each write. */
void info_add(struct info_registry *r, const struct info_row *rows, void *context);

/* Which sections. Names ignore case; "default" and no name: all but Commandstats, Latencystats,
 * Debug and Modules' own; "all": also Commandstats and Latencystats; "everything": as all; Debug
 * only by name. Unknown names are ignored. */
void info_render(
	const struct info_registry *r, const struct bytes *sections, int count, struct buf *out);

#endif
