/* SPDX-License-Identifier: BSD-3-Clause
 *
 * redis.conf, printed from the rows: sections with their essays, each parameter with its help and
 * its default as a comment. A parameter is set in the file only where the row says so (.conf), so
 * that a diff of the file shows what an operator really changed.
 */
#include "base/version.h"
#include "process/config_internal.h"

#include <stdio.h>

#define TEMPLATE_COLUMNS 92

/* Prints `text` as comment lines, wrapped at blanks; a newline in it begins a new paragraph line.
 */
static void template_comment(const char *text)
{
	size_t column = 0;
	while (*text != '\0') {
		size_t word = strcspn(text, " \n");
		if (column > 0 && column + 1 + word > TEMPLATE_COLUMNS) {
			putchar('\n');
			column = 0;
		}
		column += (size_t)printf("%s%.*s", column == 0 ? "# " : " ", (int)word, text);
		text += word;
		if (*text == '\n') {
			putchar('\n');
			column = 0;
			if (text[1] == '\n')
				printf("#");
		}
		text += *text != '\0';
	}
	if (column > 0)
		putchar('\n');
}

static void template_section(const struct param_row *row)
{
	size_t dashes = TEMPLATE_COLUMNS - strlen(row->name) - 5;
	printf("\n# --- %s ", row->name);
	while (dashes-- > 0)
		putchar('-');
	printf("\n\n");
	template_comment(row->help);
}

static void template_row(const struct param_row *row)
{
	const char *value = row->fallback == NULL ? "" : row->fallback;
	putchar('\n');
	if (row->help != NULL)
		template_comment(row->help);
	if (row->conf != NULL)
		printf("%s %s\n", row->name, row->conf);
	else if (row->example != NULL)
		printf("# %s %s\n", row->name, row->example);
	else
		printf("# %s %s\n", row->name, value[0] == '\0' ? "\"\"" : value);
}

void config_print_template(const struct config *c)
{
	printf("# Configuration of Ringlet, in the format of redis.conf.\n"
	       "#\n"
	       "# Start the server with it: ringlet-server /path/to/redis.conf\n"
	       "#\n"
	       "# Lines that begin with '#' are comments. Behind \"# name value\" stands the "
	       "default, or\n"
	       "# an example where the default is nothing.\n"
	       "# Sizes take units: 1k is 1000 bytes, 1kb 1024, then m, mb, g and gb; upper or "
	       "lower case.\n"
	       "# A value with blanks is quoted: \"two words\". Other files can be read in the "
	       "place of a\n"
	       "# line: include /path/to/local.conf (wildcards allowed); the last setting wins.\n"
	       "#\n"
	       "# This file is generated from the server's own parameter table:\n"
	       "# ringlet-server --print-config-template\n");
	for (int i = 0; i < c->group_count; i++) {
		for (const struct param_row *row = c->groups[i].rows; row->type != PARAM_END;
			row++) {
			if (row->type == PARAM_SECTION)
				template_section(row);
			else if (!(row->flags & PARAM_HIDDEN))
				template_row(row);
		}
	}
}
