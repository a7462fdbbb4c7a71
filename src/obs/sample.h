/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What is done with the calls that the sampler picks: their keys are fed to the lists of hot and
 * big keys, and their replies followed until they are sent (obs/phases). A call that was not picked
 * pays for counting down.
 *
 * Invariant: exec->samples_open is the number of picked calls that run; while it is not 0,
 * observe->threshold_ticks is 0, so that their ends are not missed.
 */
#ifndef RINGLET_OBS_SAMPLE_H
#define RINGLET_OBS_SAMPLE_H

#include "obs/observe.h"

#define SAMPLE_KEYS_MAX 16 /* of a call with more, so many are taken in the place of all */

void sample_init(struct observe *o);
/* The end of a picked call. */
void sample_end(struct observe *o, struct call *call, uint64_t ticks);
/* A call was slow: what it wrote may be large. */
void sample_offer_written(struct observe *o, const struct call *call);

#endif
