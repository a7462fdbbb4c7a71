/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Libraries as bytes: FUNCTION DUMP's payload (an RDB opcode and the text, for each; then version
 * and checksum as behind DUMP) and RESTORE, which does all of it or nothing.
 */
#include "base/codec.h"
#include "base/crc.h"
#include "base/mem.h"
#include "script/run.h"

#include <stdio.h>

#define FUNCTION_OPCODE 245
#define FOOTER_BYTES 10
#define FOOTER_CRC_BYTES 8
#define FUNCTIONS_RDB_VERSION 11
#define FUNCTIONS_RDB_VERSION_MAX 12

void script_functions_each(
	const struct exec *exec, void (*visit)(struct bytes source, void *context), void *context)
{
	if (exec->scripts == NULL)
		return;
	LINK_EACH(it, after, library_list(exec))
	{
		const struct library *l = LINK_OWNER(it, struct library, all);
		visit(bytes_of(l->source, l->source_len), context);
	}
}

bool script_function_load(
	struct exec *exec, struct bytes source, bool replaces, struct library_error *error)
{
	struct library_options options = {.replaces = replaces, .is_trusted = true};
	return library_load(exec, source, options, NULL, error);
}

static void dump_one(struct bytes source, void *context)
{
	struct codec_writer *w = context;
	codec_write_u8(w, FUNCTION_OPCODE);
	codec_write_string(w, source);
}

void library_dump(const struct exec *exec, struct buf *out)
{
	struct codec_writer w = {.out = out, .compress = true};
	size_t start = out->len;
	uint8_t version[2] = {FUNCTIONS_RDB_VERSION, 0};

	script_functions_each(exec, dump_one, &w);
	codec_write_raw(&w, version, sizeof(version));
	codec_write_u64_le(&w, crc64_update(0, out->ptr + start, out->len - start));
}

static bool restore_fail(struct library_error *error, enum error why)
{
	snprintf(error->text, sizeof(error->text), "%s", error_text(why));
	return false;
}

static bool payload_is_whole(struct bytes payload)
{
	uint64_t crc = 0;

	if (payload.len < FOOTER_BYTES)
		return false;
	const uint8_t *footer = (const uint8_t *)payload.ptr + payload.len - FOOTER_BYTES;
	for (int i = 0; i < FOOTER_CRC_BYTES; i++)
		crc |= (uint64_t)footer[2 + i] << (8 * i);
	return (footer[0] | footer[1] << 8) <= FUNCTIONS_RDB_VERSION_MAX &&
	       crc64_update(0, payload.ptr, payload.len - FOOTER_CRC_BYTES) == crc;
}

/* The texts of a payload, each behind its length, or of all libraries that there are. */
struct texts {
	struct buf bytes;
};

static void texts_add(struct bytes source, void *context)
{
	struct texts *t = context;
	buf_add(&t->bytes, &source.len, sizeof(source.len));
	buf_add_bytes(&t->bytes, source);
}

static bool texts_next(const struct texts *t, size_t *at, struct bytes *source)
{
	if (*at == t->bytes.len)
		return false;
	memcpy(&source->len, t->bytes.ptr + *at, sizeof(source->len));
	source->ptr = t->bytes.ptr + *at + sizeof(source->len);
	*at += sizeof(source->len) + source->len;
	return true;
}

static bool texts_read(struct texts *t, struct bytes payload, struct library_error *error)
{
	struct codec_reader r = codec_reader_of(bytes_of(payload.ptr, payload.len - FOOTER_BYTES));
	struct buf scratch = {0};
	bool is_good = true;

	while (is_good && codec_left(&r) > 0) {
		uint8_t opcode;
		struct bytes source;
		if (!codec_read_u8(&r, &opcode) || opcode != FUNCTION_OPCODE)
			is_good = restore_fail(error, E_RESTORE_NOT_FUNCTION);
		else if (!codec_read_string_view(&r, &scratch, &source))
			is_good = restore_fail(error, E_RESTORE_FUNCTION);
		else
			texts_add(source, t);
	}
	buf_release(&scratch);
	return is_good;
}

/* Every library anew from these texts: they were all loaded before. */
static void libraries_reset(struct exec *exec, const struct texts *t)
{
	struct library_error ignored;
	struct bytes source;
	size_t at = 0;

	library_flush(exec);
	while (texts_next(t, &at, &source))
		script_function_load(exec, source, true, &ignored);
}

bool library_restore(struct exec *exec, struct bytes payload, enum library_policy policy,
	struct library_error *error)
{
	struct texts before = {{0}}, wanted = {{0}};
	struct bytes source;
	size_t at = 0;

	if (!payload_is_whole(payload))
		return restore_fail(error, E_DUMP_CHECKSUM);
	bool is_good = texts_read(&wanted, payload, error);
	if (is_good) {
		script_functions_each(exec, texts_add, &before);
		if (policy == LIBRARY_FLUSH)
			library_flush(exec);
		struct library_options options = {
			.replaces = policy == LIBRARY_REPLACE, .is_restored = true};
		while (is_good && texts_next(&wanted, &at, &source))
			is_good = library_load(exec, source, options, NULL, error);
		if (!is_good)
			libraries_reset(exec, &before);
	}
	buf_release(&wanted.bytes);
	buf_release(&before.bytes);
	return is_good;
}
