/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The roof: one server, composed of all modules. Nothing below includes this.
 */
#ifndef RINGLET_SERVER_SERVER_H
#define RINGLET_SERVER_SERVER_H

#include "acl/acl.h"
#include "cmd/services.h"
#include "exec/exec.h"
#include "io/loop.h"
#include "net/net.h"
#include "persist/persist.h"
#include "obs/observe.h"
#include "process/shutdown.h"
#include "push/notify.h"
#include "server/figures.h"
#include "server/settings.h"

#define SERVER_SLICE_US 1000 /* background work of one turn */
#define SERVER_REST_FACTOR 3 /* it then rests for so many times what it took: a quarter of a core  \
			      */
#define SERVER_FREE_REST_FACTOR 1   /* freeing, which gives memory back: half a core */
#define SERVER_CLIENTS_PER_TICK 200 /* dynamic-hz: more than this and the tick gets faster */

struct server {
	struct loop *loop;
	struct keyspace *keyspace;
	struct exec *exec;
	struct acl *acl;
	struct net *net;
	struct persist *persist;
	struct observe *observe;
	struct services services;
	struct settings settings;
	struct figures figures;
	struct notify notify;
	struct timer tick;
	struct timer background;
	int64_t tick_at_us; /* when the last tick ran */
	bool is_expiring;   /* the sweep of this tick has not come around yet */
	bool is_resizing;
	int exit_code;
};

/* The whole life: reads the configuration, runs, ends. The result is the process's exit code. */
int server_main(int argc, char **argv);
/* The same server without listeners, signals and whatever concerns the process: for fuzzers, which
 * call its executor themselves. Zeroed before; the arguments are a command line. False: it said
 * why. */
bool server_open_detached(struct server *s, int argc, char **argv);
void server_close_detached(struct server *s);

/* wiring.c: every table of every module, in the order in which it is asked. */
void wiring_types(void);
void wiring_commands(struct command_table *commands);
void wiring_gates(struct exec *exec);

#endif
