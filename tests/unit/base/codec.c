/* SPDX-License-Identifier: BSD-3-Clause
 *
 * base/codec: known encodings byte for byte, round trips at every border, and hostile input.
 */
#include "../../../src/base/codec.c"

#include "../unit.h"

#define assert_wrote(b, literal)                                                                   \
	do {                                                                                       \
		assert_int_equal((b)->len, sizeof(literal) - 1);                                   \
		assert_memory_equal((b)->ptr, literal, sizeof(literal) - 1);                       \
		buf_clear(b);                                                                      \
	} while (0)

static void test_known(void **state)
{
	struct buf b = {0};
	struct codec_writer w = {.out = &b, .compress = true};
	(void)state;
	codec_write_length(&w, 0);
	assert_wrote(&b, "\x00");
	codec_write_length(&w, 63);
	assert_wrote(&b, "\x3f");
	codec_write_length(&w, 64);
	assert_wrote(&b, "\x40\x40");
	codec_write_length(&w, 16383);
	assert_wrote(&b, "\x7f\xff");
	codec_write_length(&w, 16384);
	assert_wrote(&b, "\x80\x00\x00\x40\x00");
	codec_write_length(&w, UINT32_MAX);
	assert_wrote(&b, "\x80\xff\xff\xff\xff");
	codec_write_length(&w, (uint64_t)UINT32_MAX + 1);
	assert_wrote(&b, "\x81\x00\x00\x00\x01\x00\x00\x00\x00");
	codec_write_string(&w, BYTES(""));
	assert_wrote(&b, "\x00");
	codec_write_string(&w, BYTES("-1"));
	assert_wrote(&b, "\xc0\xff");
	codec_write_string(&w, BYTES("128"));
	assert_wrote(&b, "\xc1\x80\x00");
	codec_write_string(&w, BYTES("-32769"));
	assert_wrote(&b, "\xc2\xff\x7f\xff\xff");
	codec_write_string(&w, BYTES("2147483648"));
	assert_wrote(&b, "\x0a" "2147483648");
	codec_write_string(&w, BYTES("01"));
	assert_wrote(&b, "\x02" "01");
	codec_write_string_i64(&w, 127);
	assert_wrote(&b, "\xc0\x7f");
	codec_write_string_i64(&w, -2147483649);
	assert_wrote(&b, "\x0b-2147483649");
	codec_write_double(&w, 1.5);
	assert_wrote(&b, "\x00\x00\x00\x00\x00\x00\xf8\x3f");
	codec_write_u8(&w, 200);
	codec_write_u32_le(&w, 0x01020304);
	codec_write_u64_le(&w, 0x0102030405060708);
	assert_wrote(&b, "\xc8\x04\x03\x02\x01\x08\x07\x06\x05\x04\x03\x02\x01");
	/* 100 times 'a', by any LZF: shorter than it was, and marked. */
	char as[100];
	memset(as, 'a', sizeof(as));
	codec_write_string(&w, bytes_of(as, sizeof(as)));
	assert_true(b.len < 30);
	assert_int_equal((uint8_t)b.ptr[0], 0xc3);
	buf_clear(&b);
	codec_write_string(&w, bytes_of(as, CODEC_COMPRESS_MIN));
	assert_int_equal(b.len, 1 + CODEC_COMPRESS_MIN);
	buf_release(&b);
}

static void test_numbers(void **state)
{
	struct buf b = {0};
	struct codec_writer w = {.out = &b};
	uint64_t seed = 1;
	(void)state;
	for (int i = 0; i < 3000; i++) {
		uint64_t length = unit_random(&seed) >> (unit_random(&seed) % 64);
		double number = (double)(int64_t)unit_random(&seed) / 3;
		uint64_t got64;
		uint32_t got32;
		uint8_t got8;
		double got_double;
		buf_clear(&b);
		codec_write_length(&w, length);
		codec_write_u32_le(&w, (uint32_t)length);
		codec_write_u64_le(&w, length);
		codec_write_double(&w, number);
		codec_write_u8(&w, (uint8_t)length);
		struct codec_reader r = codec_reader_of(buf_bytes(&b));
		assert_true(codec_read_length(&r, &got64));
		assert_true(got64 == length);
		assert_true(codec_read_u32_le(&r, &got32));
		assert_int_equal(got32, (uint32_t)length);
		assert_true(codec_read_u64_le(&r, &got64));
		assert_true(got64 == length);
		assert_true(codec_read_double(&r, &got_double));
		assert_true(got_double == number);
		assert_true(codec_read_u8(&r, &got8));
		assert_int_equal(got8, (uint8_t)length);
		assert_int_equal(codec_left(&r), 0);
		assert_false(codec_read_u8(&r, &got8));
		assert_string_equal(r.error, "unexpected end of data");
	}
	buf_release(&b);
}

static void test_text_doubles(void **state)
{
	double d;
	struct codec_reader r = codec_reader_of(BYTES("\x04" "-1.5\xfd\xfe\xff\x03" "1x5"));
	(void)state;
	assert_true(codec_read_double_text(&r, &d));
	assert_true(d == -1.5);
	assert_true(codec_read_double_text(&r, &d));
	assert_true(__builtin_isnan(d));
	assert_true(codec_read_double_text(&r, &d));
	assert_true(d > 0 && __builtin_isinf(d));
	assert_true(codec_read_double_text(&r, &d));
	assert_true(d < 0 && __builtin_isinf(d));
	assert_false(codec_read_double_text(&r, &d));
	assert_non_null(r.error);
	/* The first error stays. */
	const char *first = r.error;
	assert_false(codec_fail(&r, "another"));
	assert_ptr_equal(r.error, first);
}

/* A source that hands out few bytes at a time, and a sink that is drained. */
struct stream {
	struct bytes all;
	size_t given;
	struct buf window;
	size_t step;
};

static bool stream_refill(struct codec_reader *r, size_t need)
{
	struct stream *s = r->context;
	size_t left = codec_left(r);
	memmove(s->window.ptr, r->at, left);
	s->window.len = left;
	while (s->window.len < need && s->given < s->all.len) {
		size_t n = s->all.len - s->given < s->step ? s->all.len - s->given : s->step;
		buf_add(&s->window, s->all.ptr + s->given, n);
		s->given += n;
	}
	r->at = s->window.ptr;
	r->end = r->at + s->window.len;
	return s->window.len >= need;
}

static void stream_flush(struct codec_writer *w)
{
	buf_add_bytes(w->context, buf_bytes(w->out));
	buf_clear(w->out);
}

static void make_text(struct buf *text, size_t len, uint64_t *seed)
{
	bool is_noise = unit_random(seed) % 2;
	buf_clear(text);
	for (size_t i = 0; i < len; i++)
		buf_add_char(text, is_noise ? (char)unit_random(seed) : (char)('a' + i / 50 % 20));
}

static void test_strings(void **state)
{
	static const size_t lens[] = {0, 1, 11, 20, 21, 63, 64, 65, 16383, 16384, 100000, 3000000};
	struct buf text = {0}, small = {0}, all = {0}, got, scratch = {0};
	uint64_t seed = 9;
	struct bytes view;
	(void)state;
	for (size_t i = 0; i < 2 * sizeof(lens) / sizeof(lens[0]); i++) {
		make_text(&text, lens[i / 2], &seed);
		for (int compress = 0; compress < 2; compress++) {
			struct codec_writer w = {.out = &small, .compress = compress,
				.flush = stream_flush, .flush_at = 1000, .context = &all};
			buf_clear(&small);
			buf_clear(&all);
			codec_write_string(&w, buf_bytes(&text));
			assert_true(small.len < 1000);
			stream_flush(&w);
			struct codec_reader r = codec_reader_of(buf_bytes(&all));
			assert_true(codec_read_string(&r, &got));
			assert_true(bytes_equal(buf_bytes(&got), buf_bytes(&text)));
			assert_int_equal(codec_left(&r), 0);
			buf_release(&got);

			struct stream s = {.all = buf_bytes(&all), .step = 777};
			buf_reserve(&s.window, 1);
			r = (struct codec_reader){.at = s.window.ptr, .end = s.window.ptr,
				.refill = stream_refill, .context = &s};
			assert_true(codec_read_string_view(&r, &scratch, &view));
			assert_true(bytes_equal(view, buf_bytes(&text)));
			buf_release(&s.window);

			/* Every cut is an error, and nothing leaks (the sanitizer looks). */
			for (size_t cut = 0; cut < all.len; cut += 1 + all.len / 50) {
				r = codec_reader_of(bytes_of(all.ptr, cut));
				assert_false(codec_read_string(&r, &got));
				assert_null(got.ptr);
				s = (struct stream){.all = bytes_of(all.ptr, cut), .step = 3001};
				buf_reserve(&s.window, 1);
				r = (struct codec_reader){.at = s.window.ptr, .end = s.window.ptr,
					.refill = stream_refill, .context = &s};
				assert_false(codec_read_string(&r, &got));
				buf_release(&s.window);
			}
		}
	}
	buf_release(&text);
	buf_release(&small);
	buf_release(&all);
	buf_release(&scratch);
}

static void refuse(struct bytes input)
{
	struct codec_reader r = codec_reader_of(input);
	struct buf got, scratch = {0};
	struct bytes view;
	size_t before = mem_used_bytes();
	assert_false(codec_read_string(&r, &got));
	assert_non_null(r.error);
	r = codec_reader_of(input);
	assert_false(codec_read_string_view(&r, &scratch, &view));
	buf_release(&scratch);
	assert_int_equal(mem_used_bytes(), before);
}

static void test_hostile(void **state)
{
	uint64_t length;
	(void)state;
	refuse(BYTES(""));
	refuse(BYTES("\x81\xff\xff\xff\xff\xff\xff\xff\xff"));
	refuse(BYTES("\x80\xff\xff\xff\xff" "abc"));
	refuse(BYTES("\x82\x01" "a"));
	refuse(BYTES("\xc4\x01"));
	refuse(BYTES("\xff"));
	refuse(BYTES("\xc2\x01\x02\x03"));
	/* LZF: claims of gigabytes, of nothing, more than the input can make, garbage. */
	refuse(BYTES("\xc3\x03\x80\x7f\xff\xff\xff" "abc"));
	refuse(BYTES("\xc3\x00\x00"));
	refuse(BYTES("\xc3\x03\x00" "abc"));
	refuse(BYTES("\xc3\x81\xff\xff\xff\xff\xff\xff\xff\xff\x01" "abc"));
	refuse(BYTES("\xc3\x03\x44\x00" "\xff\xff\xff"));
	struct codec_reader r = codec_reader_of(BYTES("\xc0\x01"));
	assert_false(codec_read_length(&r, &length));
	assert_non_null(r.error);
}

static void test_noise(void **state)
{
	uint64_t seed = 77;
	char noise[64];
	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct buf got;
		size_t len = unit_random(&seed) % sizeof(noise);
		for (size_t j = 0; j < len; j++)
			noise[j] = (char)(unit_random(&seed) % 4 ? unit_random(&seed) : 0xc3);
		struct codec_reader r = codec_reader_of(bytes_of(noise, len));
		if (codec_read_string(&r, &got)) {
			assert_null(r.error);
			buf_release(&got);
		} else {
			assert_non_null(r.error);
		}
		assert_true(r.at >= noise && r.at <= noise + len);
	}
}

UNIT_MAIN(test_known, test_numbers, test_text_doubles, test_strings, test_hostile, test_noise)
