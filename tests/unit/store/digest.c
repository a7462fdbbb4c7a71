/* SPDX-License-Identifier: BSD-3-Clause
 *
 * store/digest: equal for equal data whatever its history, different for any difference.
 */
#include "../../../src/store/digest.c"

#include "fixture.h"

#include "types/string.h"

static void digest_of_keyspace(struct fixture *f, unsigned char out[20])
{
	type_register(TYPE_STRING, &string_ops);
	keyspace_digest(f->k, out);
}

static void test_keyspace(void **state)
{
	struct fixture a, b;
	unsigned char da[20], db[20], zero[20] = {0};
	char name[16], value[16];
	(void)state;
	fixture_open(&a);
	fixture_open(&b);
	digest_of_keyspace(&a, da);
	assert_memory_equal(da, zero, 20);
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "k%d", i);
		snprintf(value, sizeof(value), "%d", i * 7);
		set_text(a.db, name, value, i % 3 ? EXPIRY_NONE : NOW_MS + i + 1);
		set_text(b.db, "passing by", value, EXPIRY_NONE);
		snprintf(name, sizeof(name), "k%d", 999 - i);
		snprintf(value, sizeof(value), "%d", (999 - i) * 7);
		set_text(b.db, name, value, (999 - i) % 3 ? EXPIRY_NONE : NOW_MS + 999 - i + 1);
	}
	db_delete_entry(b.db, key_text("passing by"), db_find(b.db, key_text("passing by")), false);
	digest_of_keyspace(&a, da);
	digest_of_keyspace(&b, db);
	assert_memory_equal(da, db, 20);
	assert_memory_not_equal(da, zero, 20);

	/* A value, an expiry, a key's database: each counts. */
	set_text(b.db, "k1", "8", EXPIRY_NONE);
	digest_of_keyspace(&b, db);
	assert_memory_not_equal(da, db, 20);
	set_text(b.db, "k1", "7", NOW_MS + 50);
	digest_of_keyspace(&b, db);
	assert_memory_not_equal(da, db, 20);
	set_text(b.db, "k1", "7", EXPIRY_NONE);
	digest_of_keyspace(&b, db);
	assert_memory_equal(da, db, 20);
	keyspace_swap(b.k, 0, 1);
	digest_of_keyspace(&b, db);
	assert_memory_not_equal(da, db, 20);
	keyspace_flush(b.k, -1, false);
	digest_of_keyspace(&b, db);
	assert_memory_equal(db, zero, 20);
	keyspace_free(a.k);
	keyspace_free(b.k);
}

static void test_entry(void **state)
{
	struct fixture f;
	unsigned char a[20], b[20];
	(void)state;
	fixture_open(&f);
	type_register(TYPE_STRING, &string_ops);
	entry_digest(set_text(f.db, "one", "v", EXPIRY_NONE), a);
	entry_digest(set_text(f.db, "two", "v", EXPIRY_NONE), b);
	assert_memory_equal(a, b, 20);
	entry_digest(set_text(f.db, "two", "w", EXPIRY_NONE), b);
	assert_memory_not_equal(a, b, 20);
	entry_digest(set_text(f.db, "two", "v", NOW_MS + 1), b);
	assert_memory_not_equal(a, b, 20);
	fixture_close(&f);
}

static void test_parts(void **state)
{
	struct digest a = {{0}}, b = {{0}}, zero = {{0}};
	(void)state;
	digest_mix(&a, BYTES("x"));
	digest_mix(&a, BYTES("y"));
	digest_mix(&b, BYTES("y"));
	digest_mix(&b, BYTES("x"));
	assert_memory_not_equal(a.sha, b.sha, 20);
	a = b = zero;
	digest_xor(&a, BYTES("x"));
	digest_xor(&a, BYTES("y"));
	digest_xor(&b, BYTES("y"));
	digest_xor(&b, BYTES("x"));
	assert_memory_equal(a.sha, b.sha, 20);
	digest_xor_digest(&a, &b);
	assert_memory_not_equal(a.sha, b.sha, 20);
	digest_xor_digest(&a, &b);
	assert_memory_equal(a.sha, b.sha, 20);
	digest_mix_digest(&a, &b);
	assert_memory_not_equal(a.sha, zero.sha, 20);
}

UNIT_MAIN(test_keyspace, test_entry, test_parts)
