/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A few commands for the tests of acl/: keys that are read, written and both, subcommands,
 * channels.
 */
#ifndef RINGLET_TESTS_UNIT_ACL_COMMANDS_H
#define RINGLET_TESTS_UNIT_ACL_COMMANDS_H

#include "exec/exec.h"

static enum outcome run_ok(struct call *call)
{
	reply_ok(call->reply);
	return DONE;
}

static const struct command_row config_rows[] = {
	{.name = "GET",
		.run = run_ok,
		.flags = CMD_ADMIN,
		.group = "server",
		.syntax = "parameter..."},
	{.name = "SET",
		.run = run_ok,
		.flags = CMD_ADMIN,
		.group = "server",
		.syntax = "{parameter value}..."},
	{.name = NULL},
};

static const struct command_row rows[] = {
	{.name = "GET",
		.run = run_ok,
		.flags = CMD_READONLY | CMD_FAST,
		.group = "string",
		.syntax = "key:key:RO+access"},
	{.name = "SET",
		.run = run_ok,
		.flags = CMD_WRITE,
		.group = "string",
		.syntax = "key:key:OW+update value"},
	{.name = "COPY",
		.run = run_ok,
		.flags = CMD_WRITE,
		.group = "generic",
		.syntax = "source:key:RO+access destination:key:OW+update"},
	{.name = "EXISTS",
		.run = run_ok,
		.flags = CMD_READONLY | CMD_FAST,
		.group = "generic",
		.syntax = "key:key:RO..."},
	{.name = "SELECT",
		.run = run_ok,
		.flags = CMD_FAST,
		.group = "connection",
		.syntax = "index:integer"},
	{.name = "AUTH",
		.run = run_ok,
		.flags = CMD_NO_AUTH | CMD_FAST,
		.group = "connection",
		.syntax = "[username] password"},
	{.name = "PUBLISH",
		.run = run_ok,
		.flags = CMD_PUBSUB | CMD_FAST,
		.group = "pubsub",
		.syntax = "channel message"},
	{.name = "PSUBSCRIBE",
		.run = run_ok,
		.flags = CMD_PUBSUB,
		.group = "pubsub",
		.syntax = "pattern..."},
	{.name = "SUBSCRIBE",
		.run = run_ok,
		.flags = CMD_PUBSUB,
		.group = "pubsub",
		.syntax = "channel..."},
	{.name = "CONFIG", .group = "server", .syntax = "", .subcommands = config_rows},
	{.name = NULL},
};

#endif
