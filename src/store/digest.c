/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The digests of DEBUG DIGEST, the same number that Redis computes for the same data. A part is
 * hashed and xored to the sum; where order matters the sum is then hashed itself. A key's digest is
 * made of its name, type, value and whether it expires (not when); the whole is that of the
 * databases that have keys, in their order, and of the keys in any order.
 */
#include "store/digest.h"

#include "base/sha1.h"

#include <arpa/inet.h>

_Static_assert(sizeof(((struct digest *)0)->sha) == SHA1_BYTES, "a digest is a SHA-1");

void digest_xor(struct digest *d, struct bytes part)
{
	struct sha1 s;
	unsigned char sum[SHA1_BYTES];
	sha1_init(&s);
	if (part.len > 0)
		sha1_update(&s, part.ptr, part.len);
	sha1_finish(&s, sum);
	for (size_t i = 0; i < sizeof(sum); i++)
		d->sha[i] ^= sum[i];
}

void digest_xor_digest(struct digest *d, const struct digest *other)
{
	digest_xor(d, bytes_of(other->sha, sizeof(other->sha)));
}

void digest_mix(struct digest *d, struct bytes part)
{
	struct sha1 s;
	digest_xor(d, part);
	sha1_init(&s);
	sha1_update(&s, d->sha, sizeof(d->sha));
	sha1_finish(&s, d->sha);
}

void digest_mix_digest(struct digest *d, const struct digest *other)
{
	digest_mix(d, bytes_of(other->sha, sizeof(other->sha)));
}

/* Redis's numbers of types: 5 are modules. */
static uint32_t digest_type(const struct value *v)
{
	return htonl(v->type == TYPE_STREAM ? 6 : v->type);
}

static void digest_add_value(struct digest *d, const struct entry *e)
{
	struct value v = entry_value(e);
	uint32_t type = digest_type(&v);
	digest_mix(d, bytes_of(&type, sizeof(type)));
	type_ops_of(&v)->digest(&v, d);
	if (entry_expiry_ms(e) >= 0)
		digest_xor(d, BYTES("!!expire!!"));
}

void entry_digest(const struct entry *e, unsigned char out[20])
{
	struct digest d = {{0}};
	digest_add_value(&d, e);
	memcpy(out, d.sha, sizeof(d.sha));
}

static void digest_visit(void *item, void *context)
{
	struct digest *total = context;
	const struct entry *e = item;
	struct digest d = {{0}};
	digest_mix(&d, entry_key(e));
	digest_add_value(&d, e);
	digest_xor_digest(total, &d);
}

void keyspace_digest(struct keyspace *k, unsigned char out[20])
{
	struct digest total = {{0}};
	for (int i = 0; i < k->db_count; i++) {
		uint64_t cursor = 0;
		uint32_t id = htonl((uint32_t)i);
		if (db_size(&k->dbs[i]) == 0)
			continue;
		digest_mix(&total, bytes_of(&id, sizeof(id)));
		/* dict_scan sees an item once where nothing is resized between two calls. */
		do {
			cursor = dict_scan(&k->dbs[i].entries, cursor, digest_visit, &total);
		} while (cursor != 0);
	}
	memcpy(out, total.sha, sizeof(total.sha));
}
