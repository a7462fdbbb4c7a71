/* SPDX-License-Identifier: BSD-3-Clause
 *
 * ACL categories of a command: from its flags, its group, and the row's exceptions. The same bits
 * answer COMMAND INFO, COMMAND LIST FILTERBY ACLCAT and the ACL rules.
 */
#include "exec/command.h"

static const char *const names[CATEGORY_COUNT] = {
	"keyspace",
	"read",
	"write",
	"set",
	"sortedset",
	"list",
	"hash",
	"string",
	"bitmap",
	"hyperloglog",
	"geo",
	"stream",
	"pubsub",
	"admin",
	"fast",
	"slow",
	"blocking",
	"dangerous",
	"connection",
	"transaction",
	"scripting",
};

static const struct {
	const char *group;
	enum category category;
} groups[] = {
	{"generic", CATEGORY_KEYSPACE},
	{"string", CATEGORY_STRING},
	{"list", CATEGORY_LIST},
	{"set", CATEGORY_SET},
	{"sorted-set", CATEGORY_SORTEDSET},
	{"hash", CATEGORY_HASH},
	{"bitmap", CATEGORY_BITMAP},
	{"hyperloglog", CATEGORY_HYPERLOGLOG},
	{"geo", CATEGORY_GEO},
	{"stream", CATEGORY_STREAM},
	{"connection", CATEGORY_CONNECTION},
	{"transactions", CATEGORY_TRANSACTION},
	{"scripting", CATEGORY_SCRIPTING},
};

const char *category_name(enum category category)
{
	return names[category];
}

int category_find(struct bytes name)
{
	for (int i = 0; i < CATEGORY_COUNT; i++)
		if (bytes_is(name, names[i]))
			return i;
	return -1;
}

static uint32_t bit(enum category category)
{
	return 1u << category;
}

static uint32_t of_group(const struct command *c)
{
	/* A container does nothing itself. */
	if (c->row->run == NULL && c->subcommand_count > 0)
		return 0;
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (strcmp(groups[i].group, c->row->group) == 0)
			return bit(groups[i].category);
	return 0;
}

static uint32_t of_text(const char *text)
{
	uint32_t bits = 0;
	while (*text != '\0') {
		size_t len = strcspn(text, " ");
		int found = category_find(bytes_of(text, len));
		if (found >= 0)
			bits |= bit((enum category)found);
		text += len + (text[len] == ' ');
	}
	return bits;
}

uint32_t command_categories(const struct command *c)
{
	const char *more = c->row->categories != NULL ? c->row->categories : "";
	uint32_t bits = *more == '=' ? 0 : of_group(c);

	bits |= of_text(more + (*more == '='));
	if (c->flags & CMD_WRITE)
		bits |= bit(CATEGORY_WRITE);
	/* A read-only script is not @read: what it reads is unknown. */
	if (c->flags & CMD_READONLY && !(bits & bit(CATEGORY_SCRIPTING)))
		bits |= bit(CATEGORY_READ);
	if (c->flags & CMD_ADMIN)
		bits |= bit(CATEGORY_ADMIN) | bit(CATEGORY_DANGEROUS);
	if (c->flags & CMD_DANGEROUS)
		bits |= bit(CATEGORY_DANGEROUS);
	if (c->flags & CMD_KEYSPACE_CATEGORY)
		bits |= bit(CATEGORY_KEYSPACE);
	if (c->flags & CMD_PUBSUB)
		bits |= bit(CATEGORY_PUBSUB);
	if (c->flags & CMD_BLOCKING)
		bits |= bit(CATEGORY_BLOCKING);
	return bits | bit(c->flags & CMD_FAST ? CATEGORY_FAST : CATEGORY_SLOW);
}
