/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Planted faults: a build of this server that is wrong on purpose (make planted), with which the
 * crash tests are tested: each fault must be found. $RINGLET_PLANT says which one it has; 0 and
 * none: none. In the real server the question is a constant.
 */
#ifndef RINGLET_PERSIST_PLANT_H
#define RINGLET_PERSIST_PLANT_H

#include <stdbool.h>

enum plant {
	PLANT_NO_FSYNC = 1, /* the log's fsyncs are not made, but reported */
	PLANT_EARLY_REPLY,  /* a write's reply leaves before the log has it */
	PLANT_NO_DIR_FSYNC, /* directories are not synced */
	PLANT_RENAME_FIRST, /* files get their names without being synced */
	PLANT_EARLY_READ,   /* a read shows what is not yet durable */
	PLANT_NO_DSYNC,     /* the log's direct writes are not synced, but reported */
};

#ifdef PLANTS
#include <stdlib.h>

static inline bool is_planted(enum plant which)
{
	const char *chosen = getenv("RINGLET_PLANT");
	return chosen != NULL && chosen[0] == (char)('0' + which) && chosen[1] == '\0';
}
#define PLANTED(which) is_planted(which)
#else
#define PLANTED(which) false
#endif

#endif
