/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Ordered parts are chained (the sum so far is hashed with the part), unordered ones are hashed on
 * their own and xored. A key's digest chains database, key and value and xors its expiry; the whole
 * is the xor of all keys.
 */
#include "store/digest.h"

#include "base/sha1.h"

_Static_assert(sizeof(((struct digest *)0)->sha) == SHA1_BYTES, "a digest is a SHA-1");

void digest_xor_digest(struct digest *d, const struct digest *other)
{
	for (size_t i = 0; i < sizeof(d->sha); i++)
		d->sha[i] ^= other->sha[i];
}

static void digest_of(struct digest *out, const struct digest *before, struct bytes part)
{
	struct sha1 s;
	sha1_init(&s);
	if (before != NULL)
		sha1_update(&s, before->sha, sizeof(before->sha));
	if (part.len > 0)
		sha1_update(&s, part.ptr, part.len);
	sha1_finish(&s, out->sha);
}

void digest_mix(struct digest *d, struct bytes part)
{
	struct digest before = *d;
	digest_of(d, &before, part);
}

void digest_xor(struct digest *d, struct bytes part)
{
	struct digest one;
	digest_of(&one, NULL, part);
	digest_xor_digest(d, &one);
}

void digest_mix_digest(struct digest *d, const struct digest *other)
{
	digest_mix(d, bytes_of(other->sha, sizeof(other->sha)));
}

static void digest_add_value(struct digest *d, const struct entry *e)
{
	struct value v = entry_value(e);
	int64_t expiry_ms = entry_expiry_ms(e);
	type_ops_of(&v)->digest(&v, d);
	if (expiry_ms >= 0) {
		char text[8 + 8] = "!expiry!";
		memcpy(text + 8, &expiry_ms, 8);
		digest_xor(d, bytes_of(text, sizeof(text)));
	}
}

void entry_digest(const struct entry *e, unsigned char out[20])
{
	struct digest d = {{0}};
	digest_add_value(&d, e);
	memcpy(out, d.sha, sizeof(d.sha));
}

struct digest_sum {
	struct digest total;
	uint16_t db;
};

static void digest_visit(void *item, void *context)
{
	struct digest_sum *sum = context;
	const struct entry *e = item;
	struct digest d = {{0}};
	digest_mix(&d, bytes_of(&sum->db, sizeof(sum->db)));
	digest_mix(&d, entry_key(e));
	digest_add_value(&d, e);
	digest_xor_digest(&sum->total, &d);
}

void keyspace_digest(struct keyspace *k, unsigned char out[20])
{
	struct digest_sum sum = {.total = {{0}}};
	for (int i = 0; i < k->db_count; i++) {
		uint64_t cursor = 0;
		sum.db = (uint16_t)i;
		/* dict_scan sees an item once where nothing is resized between two calls. */
		do {
			cursor = dict_scan(&k->dbs[i].entries, cursor, digest_visit, &sum);
		} while (cursor != 0);
	}
	memcpy(out, sum.total.sha, sizeof(sum.total.sha));
}
