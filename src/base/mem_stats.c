/* SPDX-License-Identifier: BSD-3-Clause
 *
 * jemalloc's mallctl tree, and what stands in for it without jemalloc.
 */
#include "base/mem_stats.h"
#include "base/mem.h"

#include <errno.h>
#ifndef NO_JEMALLOC
#include <jemalloc/jemalloc.h>
#include <stdio.h>
#endif

#ifdef NO_JEMALLOC

void mem_stats_read(struct mem_stats *stats)
{
	size_t used = mem_used_bytes();
	*stats = (struct mem_stats){used, used, used};
}

bool mem_purge(void)
{
	return false;
}

bool mem_background_thread(bool is_on)
{
	return !is_on;
}

bool mem_stats_report(struct buf *out)
{
	(void)out;
	return false;
}

int mem_knob_i64(const char *name, int64_t *value, const int64_t *set)
{
	(void)name;
	(void)value;
	(void)set;
	return ENOENT;
}

int mem_knob_text(const char *name, const char **value, const char *set)
{
	(void)name;
	(void)value;
	(void)set;
	return ENOENT;
}

int mem_knob_call(const char *name)
{
	(void)name;
	return ENOENT;
}

#else

static size_t read_size(const char *name)
{
	size_t value = 0, len = sizeof(value);
	return mallctl(name, &value, &len, NULL, 0) == 0 ? value : 0;
}

void mem_stats_read(struct mem_stats *stats)
{
	uint64_t epoch = 1;
	size_t len = sizeof(epoch);
	mallctl("epoch", &epoch, &len, &epoch, len);
	stats->allocated = read_size("stats.allocated");
	stats->active = read_size("stats.active");
	stats->resident = read_size("stats.resident");
}

bool mem_purge(void)
{
	char name[64];
	snprintf(name, sizeof(name), "arena.%u.purge", (unsigned)MALLCTL_ARENAS_ALL);
	return mallctl(name, NULL, NULL, NULL, 0) == 0;
}

bool mem_background_thread(bool is_on)
{
	return mallctl("background_thread", NULL, NULL, &is_on, sizeof(is_on)) == 0;
}

static void add_text(void *out, const char *text)
{
	buf_add_text(out, text);
}

bool mem_stats_report(struct buf *out)
{
	malloc_stats_print(add_text, out, NULL);
	return true;
}

/* Knobs are of 1, 4 or 8 bytes; the one that fits answers. */
static int knob_read(const char *name, int64_t *value, size_t *size)
{
	static const size_t sizes[] = {8, 4, 1};
	int error = 0;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		union {
			uint64_t wide;
			uint32_t half;
			uint8_t byte;
		} raw = {0};
		*size = sizes[i];
		error = mallctl(name, &raw, size, NULL, 0);
		if (error != 0)
			continue;
		*value = sizes[i] == 8 ? (int64_t)raw.wide : sizes[i] == 4 ? raw.half : raw.byte;
		return 0;
	}
	return error;
}

int mem_knob_i64(const char *name, int64_t *value, const int64_t *set)
{
	size_t size = 0;
	int error = knob_read(name, value, &size);
	if (error != 0 || set == NULL)
		return error;
	uint64_t raw = (uint64_t)*set; /* little endian: the low bytes are the narrow value */
	return mallctl(name, NULL, NULL, &raw, size);
}

int mem_knob_text(const char *name, const char **value, const char *set)
{
	size_t len = sizeof(*value);
	int error = mallctl(name, value, &len, NULL, 0);
	if (error != 0 || set == NULL)
		return error;
	return mallctl(name, NULL, NULL, &set, sizeof(set));
}

int mem_knob_call(const char *name)
{
	return mallctl(name, NULL, NULL, NULL, 0);
}

#endif
