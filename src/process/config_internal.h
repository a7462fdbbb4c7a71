/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the files of the configuration know of each other. Nobody outside process/config*.c includes
 * this.
 */
#ifndef RINGLET_PROCESS_CONFIG_INTERNAL_H
#define RINGLET_PROCESS_CONFIG_INTERNAL_H

#include "process/config.h"

#define CONFIG_ADDING_MAX 8

struct config {
	struct param_group groups[CONFIG_GROUPS_MAX];
	int group_count;
	struct config_directive directives[CONFIG_DIRECTIVES_MAX];
	int directive_count;
	void (*changed)(const struct param_row *row, void *context);
	void *changed_context;
	char *file; /* absolute, NULL = none */
	int include_depth;
	int line_number; /* of the line that is being taken, in its file */
	const struct param_row
		*adding[CONFIG_ADDING_MAX]; /* PARAM_ADDS_UP rows seen in the files so far */
	int adding_count;
};

/* A row and where it lives. */
struct config_item {
	const struct param_row *row; /* NULL = not found */
	const struct param_group *group;
};
struct config_item config_item_find(const struct config *c, struct bytes name);
const struct config_directive *config_directive_find(const struct config *c, struct bytes name);

/* param_set with one more rule: a lone word for a parameter of several words is split at blanks. */
enum param_result config_take(
	struct config_item item, const struct bytes *argv, int argc, struct param_error *error);

/* config_file.c. Each prints its error itself. */
bool config_read_file(struct config *c, const char *path, struct buf *out);
bool config_read_fd(int fd, struct buf *out);

#define CONFIG_ITEMS(c, item)                                                                      \
	for (struct config_item item = {(c)->groups[0].rows, (c)->groups};                         \
		item.group < (c)->groups + (c)->group_count; item.group++,                         \
				item.row = item.group < (c)->groups + (c)->group_count             \
			? item.group->rows                                                         \
			: NULL)                                                                    \
		for (; item.row->type != PARAM_END; item.row++)                                    \
			if (item.row->type != PARAM_SECTION)

#endif
