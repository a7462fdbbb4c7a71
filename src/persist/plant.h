/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Planted faults: builds of this server that are wrong on purpose (make CPPFLAGS=-DPLANT=1 OBJ=…),
 * with which the crash tests are tested: each must be found. 0, the default, is the real server,
 * and costs nothing.
 */
#ifndef RINGLET_PERSIST_PLANT_H
#define RINGLET_PERSIST_PLANT_H

#ifndef PLANT
#define PLANT 0
#endif

enum plant {
	PLANT_NO_FSYNC = 1,     /* the log's fsyncs are not made, but reported */
	PLANT_EARLY_REPLY = 2,  /* a write's reply leaves before the log has it */
	PLANT_NO_DIR_FSYNC = 3, /* directories are not synced */
	PLANT_RENAME_FIRST = 4, /* a file is renamed before it is synced */
	PLANT_EARLY_READ = 5,   /* a read shows what is not yet durable */
};

#define PLANTED(which) (PLANT == (which))

#endif
