/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The graveyard: values and whole dictionaries on their way out, freed a slice at a time, so that
 * no deletion stalls a turn however large it is.
 */
#ifndef RINGLET_STORE_GRAVEYARD_H
#define RINGLET_STORE_GRAVEYARD_H

#include "store/keyspace.h"

/* Values whose free_effort is above this are never freed in one go. */
#define GRAVE_EFFORT 64

/* Frees what `v` owns, now or in slices. `lazy`: the user asked for it (lazyfreed_objects). */
void grave_bury_value(struct keyspace *k, struct value *v, bool lazy);
/* Takes the tables of `d`, which is initialised anew. `owns_entries`: its entries are freed too. */
void grave_bury_dict(struct keyspace *k, struct dict *d, bool owns_entries, bool lazy);
/* Frees one small part of the oldest grave; true while more is left. */
bool grave_dig(struct keyspace *k);

#endif
