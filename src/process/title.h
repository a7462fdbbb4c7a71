/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The process title, as ps and top show it: rewritten in the memory where the kernel keeps argv.
 */
#ifndef RINGLET_PROCESS_TITLE_H
#define RINGLET_PROCESS_TITLE_H

#include "base/param.h"

/* What the variables of proc-title-template stand for. */
struct title_values {
	const char *title; /* {title}: absolute path of the executable */
	const char
		*listen_addr; /* {listen-addr}: first bind address and port, or the Unix socket */
	const char *server_mode; /* {server-mode}: "", "[cluster]", "[sentinel]" */
	const char *config_file; /* "" = none, which is shown as "-" */
	const char *unixsocket;
	int port, tls_port;
};

/* Takes over argv and the environment behind it (the environment is copied away). Before getenv's
 * results are kept anywhere. */
void title_init(int argc, char **argv);
/* Expands the template; false when it is malformed or names an unknown variable. */
bool title_expand(struct bytes template, const struct title_values *values, struct buf *out);
/* The check of the parameter row. */
bool title_check(struct bytes template, struct param_error *error);
/* Shows it; cut to the room there is. False when the template is bad or there is no room. */
bool title_set(const char *template, const struct title_values *values);

#endif
