/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The configuration file: one parameter or directive a line, '#' begins a comment line, `include`
 * reads other files in its place. The first error ends it with a block on stderr that names the
 * line, in the form that Redis's users know.
 */
#include "base/log.h"
#include "base/mem.h"
#include "base/version.h"
#include "process/config_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <unistd.h>

#define CONFIG_READ_STEP 16384

bool config_fatal(int line_number, struct bytes line, const char *why)
{
	fprintf(stderr, "\n*** FATAL CONFIG FILE ERROR (Ringlet %s, Redis %s) ***\n",
		RINGLET_VERSION, REDIS_VERSION);
	if (line_number > 0) {
		fprintf(stderr, "Reading the configuration file, at line %d\n", line_number);
		fprintf(stderr, ">>> '%.*s'\n", (int)line.len, line.ptr);
	}
	fprintf(stderr, "%s\n", why);
	return false;
}

int config_line_number(const struct config *c)
{
	return c->line_number;
}

bool config_read_fd(int fd, struct buf *out)
{
	for (;;) {
		char *room = buf_reserve(out, CONFIG_READ_STEP);
		ssize_t got = read(fd, room, CONFIG_READ_STEP);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got == 0;
		out->len += (size_t)got;
		if (out->len > CONFIG_FILE_MAX_BYTES) {
			errno = EFBIG;
			return false;
		}
	}
}

bool config_read_file(struct config *c, const char *path, struct buf *out)
{
	(void)c;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool is_read = fd >= 0 && config_read_fd(fd, out);
	if (!is_read)
		log_line(LOG_WARNING, "Fatal error, can't open config file '%s': %s", path,
			strerror(errno));
	if (fd >= 0)
		close(fd);
	return is_read;
}

static bool config_include_one(struct config *c, const char *path)
{
	struct buf text = {0};
	bool is_good = config_read_file(c, path, &text) && config_parse(c, buf_bytes(&text));
	buf_release(&text);
	return is_good;
}

/* A name with wildcards may match nothing; a plain one must exist. False: the error was printed. */
static bool config_include(struct config *c, struct bytes pattern)
{
	glob_t found;
	char *path = mem_dup_bytes_text(pattern.ptr, pattern.len);
	bool is_good = true;
	if (strpbrk(path, "*?[") == NULL) {
		is_good = config_include_one(c, path);
	} else if (glob(path, 0, NULL, &found) == 0) {
		for (size_t i = 0; is_good && i < found.gl_pathc; i++)
			is_good = config_include_one(c, found.gl_pathv[i]);
		globfree(&found);
	}
	mem_free(path);
	return is_good;
}

/* A parameter's line. Where lines add up, the second one stands for all that was said before, and
 * more. */
static bool config_parameter(struct config *c, struct config_item item,
	const struct param_words *words, struct param_error *error)
{
	const struct bytes *argv = words->argv + 1;
	int argc = words->argc - 1;
	bool is_reset = argc == 0 || (argc == 1 && argv[0].len == 0);
	if (!(item.row->flags & PARAM_ADDS_UP) || is_reset)
		return config_take(item, argv, argc, error) != PARAM_REFUSED;
	bool was_seen = false;
	for (int i = 0; i < c->adding_count; i++)
		was_seen |= c->adding[i] == item.row;
	struct buf all = {0};
	if (was_seen)
		param_print(item.row, item.group->owner, &all);
	else if (c->adding_count < CONFIG_ADDING_MAX)
		c->adding[c->adding_count++] = item.row;
	for (int i = 0; i < argc; i++) {
		buf_add_text(&all, all.len > 0 ? " " : "");
		buf_add_bytes(&all, argv[i]);
	}
	struct bytes text = buf_bytes(&all);
	bool is_taken = config_take(item, &text, 1, error) != PARAM_REFUSED;
	buf_release(&all);
	return is_taken;
}

/* One line that is neither blank nor comment, in words. NULL = taken; "" = an error that was
 * printed already; else the error. */
static const char *config_line(
	struct config *c, const struct param_words *words, struct param_error *error)
{
	static const char *bad = "Bad directive or wrong number of arguments";
	struct bytes name = words->argv[0];
	const struct bytes *argv = words->argv + 1;
	int argc = words->argc - 1;
	struct config_item item = config_item_find(c, name);
	if (item.row != NULL)
		return config_parameter(c, item, words, error) ? NULL : error->text;
	if (bytes_is(name, "include")) {
		if (argc != 1)
			return bad;
		if (c->include_depth >= CONFIG_INCLUDE_DEPTH_MAX)
			return "too many levels of include";
		c->include_depth++;
		bool is_good = config_include(c, argv[0]);
		c->include_depth--;
		return is_good ? NULL : "";
	}
	const struct config_directive *directive = config_directive_find(c, name);
	if (directive == NULL || argc < directive->min_args ||
		(directive->max_args >= 0 && argc > directive->max_args))
		return bad;
	return directive->take(directive->context, argv, argc, error) ? NULL : error->text;
}

static struct bytes config_trim(struct bytes line)
{
	static const char blanks[] = " \t\r\n";
	while (line.len > 0 && memchr(blanks, line.ptr[0], 4) != NULL)
		line = bytes_of(line.ptr + 1, line.len - 1);
	while (line.len > 0 && memchr(blanks, line.ptr[line.len - 1], 4) != NULL)
		line.len--;
	return line;
}

bool config_parse(struct config *c, struct bytes text)
{
	int number = 0;
	while (text.len > 0) {
		const char *end = memchr(text.ptr, '\n', text.len);
		size_t len = end == NULL ? text.len : (size_t)(end - text.ptr);
		struct bytes line = config_trim(bytes_of(text.ptr, len));
		size_t skip = end == NULL ? len : len + 1;
		text = bytes_of(text.ptr + skip, text.len - skip);
		c->line_number = ++number;
		if (line.len == 0 || line.ptr[0] == '#')
			continue;
		struct param_words words;
		struct param_error error;
		if (!param_split(line, &words))
			return config_fatal(
				number, line, "Unbalanced quotes in configuration line");
		const char *why = words.argc == 0 ? NULL : config_line(c, &words, &error);
		param_words_release(&words);
		if (why != NULL)
			return why[0] != '\0' && config_fatal(number, line, why);
	}
	return true;
}
