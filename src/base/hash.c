/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The process's hash key. It is drawn from the kernel at every start and never leaves the process
 * (not in DEBUG, not in a snapshot), else a client could choose keys that collide.
 */
#include "base/hash.h"

#include "base/rand.h"

uint64_t hash_key[2];

void hash_seed_random(void)
{
	rand_secret(hash_key, sizeof(hash_key));
}
