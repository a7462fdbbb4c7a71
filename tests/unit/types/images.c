/* SPDX-License-Identifier: BSD-3-Clause
 *
 * types/images: each type's body, written in pieces, is read back as the value that it was.
 */
#include "../../../src/types/images.c"

#include "store/type_ops.h"
#include "types/config.h"
#include "types/list_internal.h"
#include "types/string.h"

#include "../unit.h"

#define FAR_MS 1800000000000

static void register_types(void)
{
	type_register(TYPE_STRING, &string_ops);
	type_register(TYPE_LIST, &list_ops);
	type_register(TYPE_SET, &set_ops);
	type_register(TYPE_HASH, &hash_ops);
	type_register(TYPE_ZSET, &zset_ops);
	if (types_config.hash_max_listpack_value == 0)
		param_set_defaults(types_params, &types_config);
}

/* The next word of a command; moves behind it. */
static struct bytes take_word(struct bytes *rest, char kind, uint64_t *number)
{
	const char *end = memchr(rest->ptr, '\r', rest->len);
	struct bytes word = {NULL, 0};
	assert_true(rest->len > 3 && *rest->ptr == kind && end != NULL && end[1] == '\n');
	assert_true(num_parse_u64(bytes_of(rest->ptr + 1, (size_t)(end - rest->ptr) - 1), number));
	size_t head = (size_t)(end - rest->ptr) + 2;
	if (kind == '$') {
		word = bytes_of(end + 2, *number);
		head += *number + 2;
		assert_true(head <= rest->len && memcmp(rest->ptr + head - 2, "\r\n", 2) == 0);
	}
	*rest = bytes_of(rest->ptr + head, rest->len - head);
	return word;
}

static void obey_pair(struct value *v, struct bytes command, struct bytes a, struct bytes b)
{
	double score;
	if (bytes_equal(command, BYTES("HMSET"))) {
		hash_set(v, 0, a, b);
	} else {
		assert_true(bytes_equal(command, BYTES("ZADD")) && num_parse_double(a, &score));
		zset_set(v, b, score);
	}
}

static void obey_one(struct value *v, struct bytes command, struct bytes word)
{
	if (bytes_equal(command, BYTES("SADD"))) {
		set_add(v, word);
	} else if (bytes_equal(command, BYTES("RPUSH"))) {
		list_reserve(v, &word, 1);
		list_push(v, word, LIST_RIGHT);
	} else {
		assert_true(bytes_equal(command, BYTES("SET")));
		*v = (struct value){
			.type = TYPE_STRING, .encoding = ENC_BLOB, .ptr = blob_of(word)};
	}
}

/* Does what a command says. */
static void obey(struct value *v, const struct bytes *argv, uint64_t argc)
{
	int64_t at_ms;
	bool is_pairs = *argv[0].ptr == 'H' || *argv[0].ptr == 'Z';
	assert_true(argc > 2 && bytes_equal(argv[1], BYTES("the key")));
	if (bytes_equal(argv[0], BYTES("HPEXPIREAT"))) {
		assert_true(argc == 6 && num_parse_i64(argv[2], &at_ms));
		hash_set_expiry_ms(v, argv[5], at_ms);
		return;
	}
	for (uint64_t i = 2; i < argc; i += is_pairs ? 2 : 1)
		if (is_pairs)
			obey_pair(v, argv[0], argv[i], argv[i + 1]);
		else
			obey_one(v, argv[0], argv[i]);
}

/* The same as commands. */
static void check_words(const struct value *from, void (*change)(struct value *v, unsigned step))
{
	const struct type_ops *ops = type_ops_of(from);
	struct digest before = {{0}}, after = {{0}};
	struct buf said = {0};
	struct codec_writer w = {.out = &said};
	struct value v, orphan, back;
	struct bytes argv[128];
	uint64_t argc, len;
	unsigned step = 0;
	ops->copy(from, &v);
	ops->digest(&v, &before);
	struct image *im = image_new_words(&v, BYTES("the key"));
	assert_non_null(im);
	while (image_step(im, &w, 5))
		if (change != NULL)
			change(&v, step++);
	assert_true(image_is_sound(im));
	back = v.type == TYPE_HASH   ? hash_empty
	       : v.type == TYPE_SET  ? set_empty
	       : v.type == TYPE_ZSET ? zset_empty
				     : list_empty;
	for (struct bytes rest = buf_bytes(&said); rest.len > 0;) {
		take_word(&rest, '*', &argc);
		assert_true(argc <= 128);
		for (uint64_t i = 0; i < argc; i++)
			argv[i] = take_word(&rest, '$', &len);
		obey(&back, argv, argc);
	}
	ops->digest(&back, &after);
	assert_memory_equal(&before, &after, sizeof(before));
	assert_false(image_free(im, &orphan));
	ops->check(&v);
	value_release(&back);
	value_release(&v);
	buf_release(&said);
}

/* Writes the image, while `change` (may be NULL) changes the value between steps. */
static void check(struct value *v, void (*change)(struct value *v, unsigned step))
{
	const struct type_ops *ops = type_ops_of(v);
	struct digest before = {{0}}, after = {{0}};
	struct buf body = {0};
	struct codec_writer w = {.out = &body, .compress = true};
	struct value orphan, back;
	unsigned step = 0;
	check_words(v, change);
	ops->digest(v, &before);
	struct image *im = image_new(v, true);
	assert_non_null(im);
	while (image_step(im, &w, 5))
		if (change != NULL)
			change(v, step++);
	assert_true(image_is_sound(im));
	struct codec_reader r = codec_reader_of(buf_bytes(&body));
	assert_true(ops->decode(im->tag, &r, &back));
	assert_int_equal(codec_left(&r), 0);
	ops->digest(&back, &after);
	assert_memory_equal(&before, &after, sizeof(before));
	assert_false(image_free(im, &orphan));
	ops->check(v);
	value_release(&back);
	value_release(v);
	buf_release(&body);
}

static struct bytes word(char *room, unsigned i)
{
	return bytes_of(room, (size_t)snprintf(room, 32, "part:%u", i));
}

static void change_hash(struct value *v, unsigned step)
{
	char room[32];
	hash_set(v, FAR_MS, word(room, step * 37 % 2000), BYTES("changed"));
	hash_delete(v, word(room, step * 11 % 1000));
	if (hash_expiry_ms(v, word(room, 999)) != HASH_NO_FIELD)
		hash_set_expiry_ms(v, word(room, 999), FAR_MS / 2 + step);
}

static void test_hash(void **state)
{
	(void)state;
	register_types();
	for (int decays = 0; decays < 2; decays++) {
		char room[32];
		struct value v = hash_empty;
		for (unsigned i = 0; i < 1000; i++) {
			hash_set(&v, 0, word(room, i), word(room + 0, i));
			if (decays && i % 3 == 0)
				hash_set_expiry_ms(&v, word(room, i), FAR_MS + i * 7);
		}
		check(&v, change_hash);
	}
}

static void change_set(struct value *v, unsigned step)
{
	char room[32];
	set_add(v, word(room, 5000 + step));
	set_remove(v, word(room, step * 11 % 1000));
}

static void test_set(void **state)
{
	(void)state;
	register_types();
	char room[32];
	struct value v = set_empty;
	for (unsigned i = 0; i < 1000; i++)
		set_add(&v, word(room, i));
	check(&v, change_set);
}

static void change_list(struct value *v, unsigned step)
{
	char room[32];
	uint64_t middle = list_length(v) / 2;
	list_push(v, word(room, step), step % 2 ? LIST_LEFT : LIST_RIGHT);
	list_drop(v, step % 3 ? LIST_LEFT : LIST_RIGHT);
	list_replace(v, middle, word(room, step * 7));
	list_insert(v, middle / 2, word(room, step * 3));
	if (list_length(v) > 3000)
		list_delete_range(v, middle / 3, step % 300);
}

static void test_list(void **state)
{
	(void)state;
	static char huge[300000];
	register_types();
	for (int depth = 0; depth < 2; depth++) {
		char room[32];
		struct value v = list_empty;
		types_config.list_compress_depth = depth;
		list_to_quicklist(&v);
		for (unsigned i = 0; i < 20000; i++)
			list_push(&v, word(room, i), LIST_RIGHT);
		for (unsigned i = 0; i < 3; i++)
			list_insert(&v, i * 5000, bytes_of(huge, sizeof(huge) - i));
		check(&v, change_list);
	}
	types_config.list_compress_depth = 0;
	/* Given up in the middle, and gone before it ends. */
	struct value v = list_empty, orphan;
	struct buf body = {0};
	struct codec_writer w = {.out = &body};
	list_to_quicklist(&v);
	for (unsigned i = 0; i < 3; i++)
		list_push(&v, bytes_of(huge, sizeof(huge)), LIST_RIGHT);
	struct image *im = image_new(&v, false);
	assert_true(image_step(im, &w, 400));
	list_free(&v);
	assert_true(image_extra_bytes(im) > sizeof(huge));
	assert_false(image_free(im, &orphan));
	buf_release(&body);
}

static void change_zset(struct value *v, unsigned step)
{
	char room[32];
	struct value rest;
	zset_set(v, word(room, step * 11 % 1500), -3);
	zset_delete_range(v, (struct zset_range){0, 2}, &rest);
}

static void test_zset(void **state)
{
	(void)state;
	register_types();
	char room[32];
	struct value v = zset_empty;
	for (unsigned i = 0; i < 1000; i++)
		zset_set(&v, word(room, i), i / 8.0);
	check(&v, change_zset);
}

static void test_string(void **state)
{
	(void)state;
	register_types();
	struct blob *b = blob_new(IMAGE_BLOB_MIN_BYTES + 1234, IMAGE_BLOB_MIN_BYTES + 1234);
	for (size_t i = 0; i < b->len; i++)
		b->data[i] = (char)(i * i >> 3);
	struct value v = {.type = TYPE_STRING, .encoding = ENC_BLOB, .ptr = b};
	check(&v, NULL);
	v = (struct value){.type = TYPE_STRING, .encoding = ENC_INT, .integer = 5};
	assert_null(image_new(&v, false));
}

UNIT_MAIN(test_list, test_hash, test_set, test_zset, test_string)
