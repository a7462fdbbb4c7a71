/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The entrance: what the program is depends on nothing but its arguments. Under the names of
 * Redis's check tools (links, or copies) it is these.
 */
#include "io/clock.h"
#include "persist/aof_check.h"
#include "persist/rdb_check.h"
#include "server/server.h"
#include "types/config.h"

static const struct tool {
	const char *name; /* what the program's name ends with */
	int (*run)(int argc, char **argv);
} tools[] = {
	{"check-rdb", rdb_check_main},
	{"check-aof", aof_check_main},
};

static bool text_ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);
	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

static int tool_main(const struct tool *tool, int argc, char **argv)
{
	clock_init();
	wiring_types();
	param_set_defaults(types_params, &types_config);
	return tool->run(argc, argv);
}

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 0 && i < sizeof(tools) / sizeof(tools[0]); i++)
		if (text_ends_with(argv[0], tools[i].name))
			return tool_main(&tools[i], argc, argv);
	return server_main(argc, argv);
}
