/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The kernel reads a process's title from where it put argv at exec: one run of strings, followed
 * by the environment. title_init copies the environment elsewhere, so that the whole run can be
 * overwritten; titles are cut to its length.
 */
#include "process/title.h"

#include "base/mem.h"
#include "base/num.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

extern char **environ;

/* Process-wide, as argv is. */
static char *title_room;
static size_t title_room_bytes;

/* Behind the last string of `list` that continues the run ending at `end`. */
static char *title_run_end(char **list, char *end)
{
	for (; *list != NULL; list++) {
		if (*list != end)
			break;
		end = *list + strlen(*list) + 1;
	}
	return end;
}

void title_init(int argc, char **argv)
{
	size_t count = 0;
	if (title_room != NULL || argc < 1 || argv[0] == NULL)
		return;
	char *end = title_run_end(environ, title_run_end(argv, argv[0]));
	while (environ[count] != NULL)
		count++;
	/* Never freed: the environment lives as long as the process. */
	char **copy = mem_calloc(count + 1, sizeof(*copy));
	for (size_t i = 0; i < count; i++)
		copy[i] = mem_dup_text(environ[i]);
	copy[count] = NULL;
	environ = copy;
	title_room = argv[0];
	title_room_bytes = (size_t)(end - argv[0]);
}

static bool title_add_variable(struct bytes name, const struct title_values *v, struct buf *out)
{
	if (bytes_is(name, "title"))
		buf_add_text(out, v->title);
	else if (bytes_is(name, "listen-addr"))
		buf_add_text(out, v->listen_addr);
	else if (bytes_is(name, "server-mode"))
		buf_add_text(out, v->server_mode);
	else if (bytes_is(name, "config-file"))
		buf_add_text(out, v->config_file[0] == '\0' ? "-" : v->config_file);
	else if (bytes_is(name, "unixsocket"))
		buf_add_text(out, v->unixsocket);
	else if (bytes_is(name, "port"))
		buf_printf(out, "%d", v->port);
	else if (bytes_is(name, "tls-port"))
		buf_printf(out, "%d", v->tls_port);
	else
		return false;
	return true;
}

bool title_expand(struct bytes template, const struct title_values *values, struct buf *out)
{
	size_t at = 0;
	while (at < template.len) {
		const char *p = template.ptr + at;
		if (*p != '{') {
			buf_add_char(out, *p);
			at++;
			continue;
		}
		const char *end = memchr(p, '}', template.len - at);
		if (end == NULL ||
			!title_add_variable(bytes_of(p + 1, (size_t)(end - p) - 1), values, out))
			return false;
		at += (size_t)(end - p) + 1;
	}
	while (out->len > 0 && out->ptr[out->len - 1] == ' ')
		out->len--;
	return out->len > 0;
}

static const struct title_values title_example = {
	"title", "*:6379", "[cluster]", "/file", "/socket", 1, 2};

bool title_check(struct bytes template, struct param_error *error)
{
	struct buf out = {0};
	bool is_good = title_expand(template, &title_example, &out);
	buf_release(&out);
	return is_good ||
		param_fail(error, "template format is invalid or contains unknown variables");
}

bool title_set(const char *template, const struct title_values *values)
{
	struct buf out = {0};
	bool is_set = title_room_bytes > 1 && title_expand(bytes_text(template), values, &out);
	if (is_set) {
		size_t len = out.len < title_room_bytes - 1 ? out.len : title_room_bytes - 1;
		memset(title_room, 0, title_room_bytes);
		memcpy(title_room, out.ptr, len);
	}
	buf_release(&out);
	return is_set;
}
