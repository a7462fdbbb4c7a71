/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Shared by the files of the CLIENT command.
 */
#ifndef RINGLET_CMD_CLIENT_INTERNAL_H
#define RINGLET_CMD_CLIENT_INTERNAL_H

#include "cmd/services.h"
#include "exec/exec.h"

enum outcome client_info(struct call *call);
enum outcome client_list(struct call *call);
enum outcome client_kill(struct call *call);
enum outcome client_tracking(struct call *call);
enum outcome client_caching(struct call *call);
enum outcome client_getredir(struct call *call);
enum outcome client_trackinginfo(struct call *call);
/* "normal", "replica", "slave", "pubsub", "master" → enum session_class; -1 = none of them. */
int client_class_parse(struct bytes word);

#endif
