/* SPDX-License-Identifier: BSD-3-Clause
 *
 * types/string: growth against a naive buffer, encodings, and the type's row: what goes out through
 * encode comes back through decode, whole or not at all.
 */
#include "../../../src/types/string.c"

#include "../store/fixture.h"

#include "store/dump.h"

static struct entry *find(struct fixture *f, const char *key)
{
	return db_find(f->db, key_text(key));
}

static const char *encoding_of(const struct entry *e)
{
	struct value v = entry_value(e);
	return string_ops.encoding(&v);
}

static void open_strings(struct fixture *f)
{
	fixture_open(f);
	type_register(TYPE_STRING, &string_ops);
}

static void test_encodings(void **state)
{
	struct fixture f;
	char text[64];
	(void)state;
	open_strings(&f);
	assert_string_equal(encoding_of(set_text(f.db, "k", "12", EXPIRY_NONE)), "int");
	assert_string_equal(
		encoding_of(set_text(f.db, "k", "9223372036854775807", EXPIRY_NONE)), "int");
	assert_string_equal(
		encoding_of(set_text(f.db, "k", "9223372036854775808", EXPIRY_NONE)), "embstr");
	memset(text, 'x', sizeof(text));
	text[44] = '\0';
	assert_string_equal(encoding_of(set_text(f.db, "k", text, EXPIRY_NONE)), "embstr");
	text[44] = 'x';
	text[45] = '\0';
	assert_string_equal(encoding_of(set_text(f.db, "k", text, EXPIRY_NONE)), "raw");
	set_text(f.db, "k", "ab", EXPIRY_NONE);
	size_t len;
	struct entry *e = string_append(f.db, key_text("k"), find(&f, "k"), BYTES("c"), &len);
	assert_string_equal(encoding_of(e), "raw");
	assert_int_equal(len, 3);
	assert_entry_text(e, "abc");
	e = set_text(f.db, "k", "abc", EXPIRY_NONE);
	assert_string_equal(encoding_of(e), "embstr");
	fixture_close(&f);
}

static void test_growth_model(void **state)
{
	struct fixture f;
	size_t cap = 3u << 20;
	char *model = calloc(1, cap);
	char *noise = malloc(1u << 20);
	char scratch[NUM_I64_MAX_CHARS];
	uint64_t seed = 11;
	(void)state;
	open_strings(&f);
	for (size_t i = 0; i < 1u << 20; i++)
		noise[i] = (char)unit_random(&seed);
	for (int round = 0; round < 30; round++) {
		size_t len = 0;
		struct key key = key_text("growing");
		struct entry *e = NULL;
		memset(model, 0, cap);
		if (round % 3 == 1) {
			e = set_text(
				f.db, "growing", "12345", round % 2 ? NOW_MS + 9 : EXPIRY_NONE);
			memcpy(model, "12345", len = 5);
		}
		for (int step = 0; step < 60; step++) {
			uint64_t size_of = unit_random(&seed) % 5;
			size_t more = unit_random(&seed) %
				(size_of == 4                  ? 200000
						: size_of == 3 ? 3000
							       : 40);
			size_t now = 0;
			if (e != NULL && step % 2 == 0) {
				if (len + more > cap)
					break;
				e = string_append(f.db, key, e, bytes_of(noise, more), &now);
				memcpy(model + len, noise, more);
				len += more;
			} else {
				size_t offset = unit_random(&seed) % (len + 100);
				if (offset + more > cap)
					break;
				e = string_set_range(f.db, key, e, offset, bytes_of(noise, more));
				now = string_length(e);
				memcpy(model + offset, noise, more);
				if (offset + more > len)
					len = offset + more;
			}
			assert_int_equal(now, len);
			assert_true(bytes_equal(string_bytes(e, scratch), bytes_of(model, len)));
			assert_ptr_equal(find(&f, "growing"), e);
			assert_int_equal(string_length(e), len);
			/* A reader holds the blob for a while: what it sees must not change. */
			struct value v = entry_value(e);
			if (e->encoding == ENC_BLOB && step % 7 == 0) {
				struct blob *b = blob_hold(v.ptr);
				char first = b->data[0];
				char *data;
				e = string_make_writable(f.db, key, e, 1, &data);
				data[0] = (char)(first + 1);
				model[0] = data[0];
				assert_int_equal(b->data[0], first);
				blob_drop(b);
			}
		}
		if (e != NULL)
			db_delete_entry(f.db, key, e, false);
	}
	free(noise);
	free(model);
	fixture_close(&f);
}

static void test_make_writable(void **state)
{
	struct fixture f;
	char *data;
	(void)state;
	open_strings(&f);
	struct entry *e = string_make_writable(f.db, key_text("new"), NULL, 3, &data);
	assert_memory_equal(data, "\0\0\0", 3);
	assert_string_equal(encoding_of(e), "raw");
	e = string_make_writable(f.db, key_text("big"), NULL, 100000, &data);
	assert_int_equal(string_length(e), 100000);
	for (size_t i = 0; i < 100000; i++)
		assert_int_equal(data[i], 0);
	/* Shorter than it is: it stays as long as it was. */
	set_text(f.db, "n", "-55", NOW_MS + 3);
	e = string_make_writable(f.db, key_text("n"), find(&f, "n"), 1, &data);
	assert_memory_equal(data, "-55", 3);
	assert_int_equal(entry_expiry_ms(e), NOW_MS + 3);
	data[0] = '+';
	assert_entry_text(find(&f, "n"), "+55");
	fixture_close(&f);
}

/* Appending byte by byte must not copy the whole each time: few moves, room at most doubled. */
static void test_growth_rate(void **state)
{
	struct fixture f;
	size_t len = 0;
	int moves = 0;
	void *last = NULL;
	(void)state;
	open_strings(&f);
	struct entry *e = set_text(f.db, "k", "", EXPIRY_NONE);
	static char chunk[1000];
	memset(chunk, 'c', sizeof(chunk));
	for (int i = 0; i < 6000; i++) {
		e = string_append(f.db, key_text("k"), e, bytes_of(chunk, sizeof(chunk)), &len);
		if (e->encoding == ENC_BLOB) {
			struct blob *b = entry_value_blob(e);
			moves += b != last;
			last = b;
			assert_true(b->cap <= 2 * len + 2 * STRING_GROWTH_MAX);
		}
	}
	assert_int_equal(len, 6000 * 1000);
	assert_true(moves < 40);
	fixture_close(&f);
}

static void round_trip(struct value *v)
{
	char a[NUM_I64_MAX_CHARS], b[NUM_I64_MAX_CHARS];
	struct digest da = {{0}}, db = {{0}};
	for (int compress = 0; compress < 2; compress++) {
		struct buf payload = {0};
		struct value back;
		dump_write(v, compress, &payload);
		assert_int_equal(dump_read(buf_bytes(&payload), true, &back), DUMP_OK);
		string_ops.check(&back);
		assert_true(bytes_equal(value_string(v, a), value_string(&back, b)));
		string_ops.digest(v, &da);
		string_ops.digest(&back, &db);
		assert_memory_equal(da.sha, db.sha, 20);
		value_release(&back);
		buf_release(&payload);
	}
	struct value copy;
	string_ops.copy(v, &copy);
	assert_true(bytes_equal(value_string(v, a), value_string(&copy, b)));
	assert_int_equal(string_ops.length(&copy), string_ops.length(v));
	value_release(&copy);
}

static void test_row(void **state)
{
	struct fixture f;
	uint64_t seed = 3;
	(void)state;
	open_strings(&f);
	for (int i = 0; i < 300; i++) {
		struct value v = {.type = TYPE_STRING,
			.encoding = ENC_INT,
			.integer = (int64_t)unit_random(&seed) >> (unit_random(&seed) % 64)};
		round_trip(&v);
		size_t len = i < 40 ? (size_t)i : unit_random(&seed) % 20000;
		struct blob *b = blob_new(len, len);
		for (size_t j = 0; j < len; j++)
			b->data[j] =
				(char)(i % 2 ? unit_random(&seed) : 'a' + unit_random(&seed) % 3);
		v = (struct value){.type = TYPE_STRING, .encoding = ENC_BLOB, .ptr = b};
		round_trip(&v);
		v = (struct value){
			.type = TYPE_STRING, .encoding = ENC_INLINE, .string = blob_bytes(b)};
		round_trip(&v);
		assert_int_equal(b->refs, 1);
		blob_drop(b);
	}
	fixture_close(&f);
}

/* Numbers and text are one value: their digests are equal. */
static void test_digest(void **state)
{
	struct digest a = {{0}}, b = {{0}};
	struct value number = {.type = TYPE_STRING, .encoding = ENC_INT, .integer = 42};
	struct value text = {.type = TYPE_STRING, .encoding = ENC_INLINE, .string = BYTES("42")};
	(void)state;
	string_ops.digest(&number, &a);
	string_ops.digest(&text, &b);
	assert_memory_equal(a.sha, b.sha, 20);
}

static void expect_set(const struct bytes *argv, int argc, void *context)
{
	assert_int_equal(argc, 3);
	assert_text_equal(argv[0].ptr, argv[0].len, "SET");
	assert_text_equal(argv[1].ptr, argv[1].len, "key");
	assert_text_equal(argv[2].ptr, argv[2].len, "-7");
	++*(int *)context;
}

static void test_rewrite(void **state)
{
	int calls = 0;
	struct value v = {.type = TYPE_STRING, .encoding = ENC_INT, .integer = -7};
	(void)state;
	string_ops.rewrite(BYTES("key"), &v, expect_set, &calls);
	assert_int_equal(calls, 1);
	assert_int_equal(string_ops.memory(&v, 0), 0);
	assert_int_equal(string_ops.free_effort(&v), 1);
}

UNIT_MAIN(test_encodings, test_growth_model, test_make_writable, test_growth_rate, test_row,
	test_digest, test_rewrite)
