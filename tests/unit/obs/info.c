/* SPDX-License-Identifier: BSD-3-Clause
 *
 * obs/info: which words bring in which sections, in which order, once each.
 */
#include "../../../src/obs/info.c"

#include "../unit.h"

static void write_seven(struct info_out *out, void *context)
{
	(void)context;
	info_i64(out, -7);
}

static void write_text(struct info_out *out, void *context)
{
	info_printf(out, "%s", (const char *)context);
}

static void write_lines(struct info_out *out, void *context)
{
	(void)context;
	info_line(out, "a:%d", 1);
	info_line(out, "b:%d", 2);
}

static void write_none(struct info_out *out, void *context)
{
	(void)out;
	(void)context;
}

static const struct info_row first[] = {
	{"Keyspace", NULL, write_lines},
	{"Server", "seven", write_seven},
	{"Commandstats", NULL, write_lines},
	{"Debug", "deep", write_seven},
	{0},
};
static const struct info_row second[] = {
	{"Server", "text", write_text},
	{"Modules", NULL, write_none},
	{0},
};

static struct info_registry *registry;

static void expect(const char *words, const char *expected)
{
	struct buf out = {0};
	struct bytes names[8];
	int count = 0;
	while (*words != '\0') {
		size_t len = strcspn(words, " ");
		names[count++] = bytes_of(words, len);
		words += len + (words[len] == ' ');
	}
	info_render(registry, names, count, &out);
	assert_string_equal(buf_text(&out), expected);
	buf_release(&out);
}

#define SERVER "# Server\r\nseven:-7\r\ntext:hi\r\n"
#define MODULES "\r\n# Modules\r\n"
#define STATS "\r\n# Commandstats\r\na:1\r\nb:2\r\n"
#define KEYSPACE "\r\n# Keyspace\r\na:1\r\nb:2\r\n"

static void test_sections(void **state)
{
	static char hi[] = "hi";
	(void)state;
	registry = info_new();
	expect("", "");
	info_add(registry, first, NULL);
	info_add(registry, second, hi);
	expect("", SERVER MODULES KEYSPACE);
	expect("default", SERVER MODULES KEYSPACE);
	expect("all", SERVER MODULES STATS KEYSPACE);
	expect("EVERYTHING", SERVER MODULES STATS KEYSPACE);
	expect("server", SERVER);
	expect("commandstats SERVER server", SERVER STATS);
	expect("debug", "# Debug\r\ndeep:-7\r\n");
	expect("keyspace default", SERVER MODULES KEYSPACE);
	expect("nothing", "");
	expect("memory", "");
	info_free(registry);
}

UNIT_MAIN(test_sections)
