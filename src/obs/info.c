/* SPDX-License-Identifier: BSD-3-Clause
 *
 * INFO is rendered section by section; within one, groups of rows in the order they were added. A
 * section appears only if somebody added rows to it.
 */
#include "obs/info.h"

#include "base/assert.h"
#include "base/mem.h"

#include <stdarg.h>

enum info_set { INFO_DEFAULT = 1, INFO_ALL = 2, INFO_NAMED = 4 };

/* The order of sections, and the widest word that brings them in. */
static const struct {
	const char *name;
	unsigned sets;
} info_sections[] = {
	{"Server", INFO_DEFAULT | INFO_ALL},
	{"Clients", INFO_DEFAULT | INFO_ALL},
	{"Memory", INFO_DEFAULT | INFO_ALL},
	{"Persistence", INFO_DEFAULT | INFO_ALL},
	{"Stats", INFO_DEFAULT | INFO_ALL},
	{"Replication", INFO_DEFAULT | INFO_ALL},
	{"CPU", INFO_DEFAULT | INFO_ALL},
	{"Modules", INFO_DEFAULT | INFO_ALL},
	{"Commandstats", INFO_ALL},
	{"Errorstats", INFO_DEFAULT | INFO_ALL},
	{"Latencystats", INFO_ALL},
	{"Cluster", INFO_DEFAULT | INFO_ALL},
	{"Keyspace", INFO_DEFAULT | INFO_ALL},
	{"Debug", INFO_NAMED},
};
#define INFO_SECTIONS (sizeof(info_sections) / sizeof(info_sections[0]))

struct info_registry {
	struct {
		const struct info_row *rows;
		void *context;
	} groups[INFO_GROUPS_MAX];
	int count;
};

struct info_registry *info_new(void)
{
	return mem_calloc(1, sizeof(struct info_registry));
}

void info_free(struct info_registry *r)
{
	mem_free(r);
}

static bool info_is_section(const char *name)
{
	for (size_t i = 0; i < INFO_SECTIONS; i++)
		if (strcmp(info_sections[i].name, name) == 0)
			return true;
	return false;
}

void info_add(struct info_registry *r, const struct info_row *rows, void *context)
{
	ASSERT(r->count < INFO_GROUPS_MAX);
	for (const struct info_row *row = rows; row->section != NULL; row++)
		ASSERT(info_is_section(row->section));
	r->groups[r->count].rows = rows;
	r->groups[r->count++].context = context;
}

void info_i64(struct info_out *out, int64_t value)
{
	buf_printf(out->buf, "%lld", (long long)value);
}

void info_u64(struct info_out *out, uint64_t value)
{
	buf_printf(out->buf, "%llu", (unsigned long long)value);
}

void info_text(struct info_out *out, const char *text)
{
	buf_add_text(out->buf, text);
}

void info_printf(struct info_out *out, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	buf_vprintf(out->buf, format, args);
	va_end(args);
}

void info_line(struct info_out *out, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	buf_vprintf(out->buf, format, args);
	va_end(args);
	buf_add_text(out->buf, "\r\n");
}

static void info_render_row(const struct info_row *row, void *context, struct info_out *out)
{
	if (row->name == NULL) {
		row->write(out, context);
		return;
	}
	buf_printf(out->buf, "%s:", row->name);
	row->write(out, context);
	buf_add_text(out->buf, "\r\n");
}

static void info_render_section(const struct info_registry *r, const char *name, struct buf *buf)
{
	struct info_out out = {buf};
	bool has_head = false;
	for (int i = 0; i < r->count; i++) {
		for (const struct info_row *row = r->groups[i].rows; row->section != NULL; row++) {
			if (strcmp(row->section, name) != 0)
				continue;
			if (!has_head)
				buf_printf(buf, "%s# %s\r\n", buf->len > 0 ? "\r\n" : "", name);
			has_head = true;
			info_render_row(row, r->groups[i].context, &out);
		}
	}
}

static bool info_is_wanted(size_t section, const struct bytes *names, int count)
{
	unsigned sets = info_sections[section].sets;
	if (count == 0)
		return sets & INFO_DEFAULT;
	for (int i = 0; i < count; i++) {
		if (bytes_is(names[i], info_sections[section].name))
			return true;
		if (bytes_is(names[i], "default") && (sets & INFO_DEFAULT))
			return true;
		if ((bytes_is(names[i], "all") || bytes_is(names[i], "everything")) &&
			(sets & INFO_ALL))
			return true;
	}
	return false;
}

void info_render(
	const struct info_registry *r, const struct bytes *sections, int count, struct buf *out)
{
	for (size_t i = 0; i < INFO_SECTIONS; i++)
		if (info_is_wanted(i, sections, count))
			info_render_section(r, info_sections[i].name, out);
}
