/* SPDX-License-Identifier: BSD-3-Clause
 *
 * bench MODE OPTIONS: measures servers that speak the Redis protocol against each other. See
 * README.md.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "modes.h"
#include "options.h"

int main(int argc, char **argv)
{
	static const struct { const char *name; void (*run)(struct options *options); } modes[] = {
		{ "lockstep", lockstep_run }, { "saturated", saturated_run },
		{ "memory", memory_run }, { "connections", connections_run },
		{ "turns", turns_run }, { "snapshot", snapshot_run },
	};
	static struct options options;

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; argc > 1 && i < sizeof modes / sizeof *modes; i++) {
		if (strcmp(argv[1], modes[i].name))
			continue;
		options_parse(&options, argc - 2, argv + 2);
		modes[i].run(&options);
		return 0;
	}
	options_help();
	return argc > 1 && !strcmp(argv[1], "--help") ? 0 : 2;
}
