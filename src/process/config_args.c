/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The command line, with redis-server's rules: an optional file first, "-" first or last for
 * standard input, and options that are turned into lines as if they stood behind the file:
 *
 *	--port 7777 --save '' --bind "::1" 127.0.0.1   ->   port "7777"
 *	                                                    save ""
 *	                                                    bind "::1" "127.0.0.1"
 *
 * A word that begins with "--" opens a new line, except right behind an option that still has no
 * value: there it is the value ("--requirepass --secret"). `--save` alone means `save ""`.
 */
#include "base/log.h"
#include "base/mem.h"
#include "base/version.h"
#include "process/config_internal.h"
#include "process/self_test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char config_usage[] =
	"Usage: ./ringlet-server [/path/to/redis.conf] [options] [-]\n"
	"       ./ringlet-server - (read config from stdin)\n"
	"       ./ringlet-server -v or --version\n"
	"       ./ringlet-server -h or --help\n"
	"       ./ringlet-server --test-memory <megabytes>\n"
	"       ./ringlet-server --check-system\n"
	"       ./ringlet-server --print-config-template\n"
	"\n"
	"Examples:\n"
	"       ./ringlet-server (run the server with default conf)\n"
	"       echo 'maxmemory 128mb' | ./ringlet-server -\n"
	"       ./ringlet-server /etc/ringlet/redis.conf\n"
	"       ./ringlet-server --port 7777\n"
	"       ./ringlet-server --port 7777 --bind 127.0.0.1 ::1\n"
	"       ./ringlet-server /etc/ringlet/redis.conf --loglevel verbose -\n"
	"       ./ringlet-server /etc/ringlet/redis.conf --loglevel verbose\n";

static void config_print_version(void)
{
	printf("Ringlet server v=%s ringlet=%s sha=00000000:0 malloc=%s bits=%d build=%s\n",
		REDIS_VERSION, RINGLET_VERSION, mem_allocator_name(), (int)sizeof(void *) * 8,
		RINGLET_VERSION);
}

static enum config_start config_test_memory(int argc, char **argv)
{
	int megabytes = argc == 3 ? (int)strtol(argv[2], NULL, 10) : 0;
	if (megabytes <= 0) {
		fprintf(stderr,
			"Please specify the amount of memory to test in megabytes.\n"
			"Example: ./ringlet-server --test-memory 4096\n\n");
		return CONFIG_EXIT_BAD;
	}
	return self_test_memory((size_t)megabytes) ? CONFIG_EXIT_OK : CONFIG_EXIT_BAD;
}

/* Options that print something and end. CONFIG_RUN: none of them. */
static enum config_start config_one_shot(const struct config *c, int argc, char **argv)
{
	const char *first = argc > 1 ? argv[1] : "";
	if (strcmp(first, "-v") == 0 || strcmp(first, "--version") == 0) {
		config_print_version();
		return CONFIG_EXIT_OK;
	}
	if (strcmp(first, "-h") == 0 || strcmp(first, "--help") == 0) {
		fputs(config_usage, stderr);
		return CONFIG_EXIT_BAD; /* as redis-server does */
	}
	if (strcmp(first, "--test-memory") == 0)
		return config_test_memory(argc, argv);
	if (strcmp(first, "--check-system") == 0)
		return self_test_system() ? CONFIG_EXIT_OK : CONFIG_EXIT_BAD;
	if (strcmp(first, "--print-config-template") == 0) {
		config_print_template(c);
		return CONFIG_EXIT_OK;
	}
	return CONFIG_RUN;
}

static bool config_is_option(const char *word)
{
	return word[0] == '-' && word[1] == '-';
}

/* "--save" at the end, or before another option, is an empty value. */
static bool config_is_lone_save(int argc, char **argv, int i)
{
	return bytes_is(bytes_text(argv[i]), "--save") &&
		(i == argc - 1 || config_is_option(argv[i + 1]));
}

static void config_add_options(int argc, char **argv, int first, struct buf *out)
{
	bool wants_value = false;
	/* The first words may lack the dashes: "redis.conf port 7777". */
	if (first < argc && !config_is_option(argv[first]))
		buf_add_char(out, '\n');
	for (int i = first; i < argc; i++) {
		if (wants_value || !config_is_option(argv[i])) {
			buf_add_quoted(out, bytes_text(argv[i]));
			buf_add_char(out, ' ');
			wants_value = false;
			continue;
		}
		struct param_words words;
		bool is_lone_name = param_split(bytes_text(argv[i]), &words) && words.argc == 1;
		param_words_release(&words);
		buf_printf(out, "\n%s ", argv[i] + 2);
		wants_value = is_lone_name;
		if (wants_value && config_is_lone_save(argc, argv, i)) {
			buf_add_text(out, "\"\" ");
			wants_value = false;
		}
	}
}

static char *config_absolute(const char *path)
{
	char cwd[4096];
	struct buf out = {0};
	if (path[0] == '/' || getcwd(cwd, sizeof(cwd)) == NULL)
		return mem_dup_text(path);
	while (path[0] == '.' && path[1] == '/')
		path += 2;
	for (; strncmp(path, "../", 3) == 0; path += 3) {
		char *slash = strrchr(cwd, '/');
		slash[slash == cwd] = '\0';
	}
	buf_printf(&out, "%s%s%s", cwd, strcmp(cwd, "/") == 0 ? "" : "/", path);
	char *copy = mem_dup_text(buf_text(&out));
	buf_release(&out);
	return copy;
}

enum config_start config_start(struct config *c, int argc, char **argv)
{
	struct buf text = {0};
	enum config_start start = config_one_shot(c, argc, argv);
	if (start != CONFIG_RUN)
		return start;
	bool is_stdin_last = argc > 1 && strcmp(argv[argc - 1], "-") == 0;
	bool is_stdin_first = argc > 2 && strcmp(argv[1], "-") == 0;
	bool has_file = argc > 1 && argv[1][0] != '-' && argv[1][0] != '\0';
	int first = has_file || is_stdin_first || (argc > 1 && argv[1][0] == '\0') ? 2 : 1;
	int end = is_stdin_last ? argc - 1 : argc;
	log_role = 'C';
	start = CONFIG_EXIT_BAD;
	if (has_file) {
		c->file = config_absolute(argv[1]);
		if (!config_read_file(c, c->file, &text))
			goto out;
		if (text.len > 0 && text.ptr[text.len - 1] != '\n')
			buf_add_char(&text, '\n');
	}
	if (is_stdin_first || is_stdin_last) {
		log_line(LOG_NOTICE, "Reading config from stdin");
		if (!config_read_fd(STDIN_FILENO, &text)) {
			log_line(LOG_WARNING, "Fatal error, can't read standard input: %s",
				strerror(errno));
			goto out;
		}
	}
	config_add_options(end, argv, first, &text);
	if (config_parse(c, buf_bytes(&text)))
		start = CONFIG_RUN;
out:
	buf_release(&text);
	return start;
}
