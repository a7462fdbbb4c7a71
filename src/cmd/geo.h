/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the files of the geo commands share: reading places and units, writing distances.
 */
#ifndef RINGLET_CMD_GEO_H
#define RINGLET_CMD_GEO_H

#include "cmd/container.h"
#include "types/geo.h"

/* Longitude and latitude at argv[index] and behind; false: the error is written. */
bool geo_arg_place(struct call *call, int index, struct geo_point *p);
/* How many metres the unit at argv[index] has; false: the error is written. */
bool geo_arg_unit(struct call *call, int index, double *metres);
/* Four digits behind the point, a text in RESP3, too. */
void geo_reply_distance(struct reply *r, double distance);
/* An array of longitude and latitude. */
void geo_reply_place(struct reply *r, struct geo_point p);

#endif
