/* SPDX-License-Identifier: BSD-3-Clause
 *
 * HELP of container commands: one shape for all of them.
 */
#include "cmd/help.h"

#include <stdio.h>

enum outcome help_reply(struct call *call, const char *const *lines)
{
	char title[128];
	int count = 0;

	while (lines[count] != NULL)
		count++;
	snprintf(title, sizeof(title),
		"%s <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
		call->command->parent->row->name);
	reply_array(call->reply, count + 3);
	reply_simple(call->reply, title);
	for (int i = 0; i < count; i++)
		reply_simple(call->reply, lines[i]);
	reply_simple(call->reply, "HELP");
	reply_simple(call->reply, "    Prints this help.");
	return DONE;
}

enum outcome help_fail_usage(struct call *call)
{
	return call_failf(call, E_SUBCOMMAND_USAGE, bytes_clip_text(call->argv[1], 128).text,
		call->command->parent->row->name);
}
