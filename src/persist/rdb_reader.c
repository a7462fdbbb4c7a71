/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The reader of RDB files. Bytes pass through one buffer, which grows only as far as the file has
 * bytes for it: a length that lies costs nothing. The checksum follows behind, a buffer at a time.
 */
#include "persist/rdb_reader.h"

#include "base/crc.h"
#include "base/mem.h"
#include "io/file.h"

#include <stdarg.h>
#include <stdio.h>

#define READ_BYTES ((size_t)128 << 10)
#define CRC_BYTES 8

/* What a module may write about itself; each value is preceded by its kind. */
enum module_kind {
	MODULE_EOF,
	MODULE_SINT,
	MODULE_UINT,
	MODULE_FLOAT,
	MODULE_DOUBLE,
	MODULE_STRING
};

bool rdb_fail(struct rdb_reader *r, const char *format, ...)
{
	va_list args;
	if (r->error[0] != '\0')
		return false;
	r->error_at = rdb_offset(r);
	va_start(args, format);
	vsnprintf(r->error, sizeof(r->error), format, args);
	va_end(args);
	return false;
}

/* --- bytes ---------------------------------------------------------------------------------- */

static void reader_sum(struct rdb_reader *r)
{
	if (r->checksum)
		r->crc = crc64_update(r->crc, r->crc_at, (size_t)(r->codec.at - r->crc_at));
	r->crc_at = r->codec.at;
}

static bool reader_refill(struct codec_reader *codec, size_t need)
{
	struct rdb_reader *r = codec->context;
	size_t left = codec_left(codec);
	reader_sum(r);
	if (r->visitor->progress != NULL && !r->visitor->progress(r)) {
		r->is_stopped = true;
		return false;
	}
	if (need - left > r->size - r->taken)
		return false;
	size_t cap = need > READ_BYTES ? need : READ_BYTES;
	if (cap + left > r->cap) {
		char *wider = mem_try_alloc(cap + left);
		if (wider == NULL)
			return false;
		if (left > 0)
			memcpy(wider, codec->at, left);
		mem_free(r->buf);
		r->buf = wider;
		r->cap = cap + left;
	} else if (left > 0) {
		memmove(r->buf, codec->at, left);
	}
	codec->at = r->crc_at = r->buf;
	codec->end = r->buf + left;
	uint64_t more = r->size - r->taken;
	size_t room = r->cap - left;
	ssize_t got = file_read(r->fd, r->buf + left, more < room ? (size_t)more : room);
	if (got < 0)
		return rdb_fail(r, "reading failed: %s", strerror((int)-got));
	r->taken += (size_t)got;
	codec->end += got;
	return codec_left(codec) >= need;
}

void rdb_reader_init(struct rdb_reader *r, int fd, uint64_t size, struct bytes bytes)
{
	*r = (struct rdb_reader){.fd = fd, .size = size, .checksum = true};
	if (fd >= 0) {
		r->codec = (struct codec_reader){.refill = reader_refill, .context = r};
		return;
	}
	r->codec = codec_reader_of(bytes);
	r->crc_at = bytes.ptr;
	r->size = r->taken = bytes.len;
}

void rdb_reader_release(struct rdb_reader *r)
{
	mem_free(r->buf);
	buf_release(&r->name);
	buf_release(&r->scratch);
}

/* --- opcodes -------------------------------------------------------------------------------- */

static bool read_header(struct rdb_reader *r)
{
	struct bytes head;
	int version = 0;
	if (!codec_read_view(&r->codec, RDB_HEADER_BYTES, &head))
		return false;
	if (memcmp(head.ptr, RDB_MAGIC, RDB_MAGIC_BYTES) != 0) {
		r->codec.at -= RDB_HEADER_BYTES;
		return rdb_fail(r, "Wrong signature trying to load DB from file");
	}
	for (int i = RDB_MAGIC_BYTES; i < RDB_HEADER_BYTES; i++) {
		char digit = head.ptr[i];
		if (digit < '0' || digit > '9')
			return rdb_fail(r, "Can't handle RDB format version %.4s",
				head.ptr + RDB_MAGIC_BYTES);
		version = version * 10 + (digit - '0');
	}
	r->version = version;
	if (version < RDB_VERSION_MIN || version > RDB_VERSION_MAX)
		return rdb_fail(r, "Can't handle RDB format version %d", version);
	return r->visitor->header == NULL || r->visitor->header(r);
}

/* A string that stays while others are read. */
static bool read_kept(struct rdb_reader *r, struct buf *keep)
{
	struct bytes view;
	if (!codec_read_string_view(&r->codec, &r->scratch, &view))
		return false;
	buf_clear(keep);
	buf_add_bytes(keep, view);
	return true;
}

static bool read_aux(struct rdb_reader *r)
{
	struct bytes value;
	r->doing = "read-aux";
	if (!read_kept(r, &r->name) || !codec_read_string_view(&r->codec, &r->scratch, &value))
		return false;
	return r->visitor->aux == NULL || r->visitor->aux(r, buf_bytes(&r->name), value);
}

static bool read_function(struct rdb_reader *r)
{
	struct bytes source;
	r->doing = "read-functions";
	if (!codec_read_string_view(&r->codec, &r->scratch, &source))
		return false;
	return r->visitor->function == NULL || r->visitor->function(r, source);
}

static bool skip_module_value(struct rdb_reader *r, uint64_t kind)
{
	struct bytes view;
	uint64_t number;
	switch (kind) {
	case MODULE_SINT:
	case MODULE_UINT:
		return codec_read_length(&r->codec, &number);
	case MODULE_FLOAT:
		return codec_read_view(&r->codec, 4, &view);
	case MODULE_DOUBLE:
		return codec_read_view(&r->codec, 8, &view);
	case MODULE_STRING:
		return codec_read_string_view(&r->codec, &r->scratch, &view);
	default:
		return rdb_fail(r, "unknown kind of a module's value");
	}
}

/* Up to the mark of the end. */
static bool skip_module_values(struct rdb_reader *r)
{
	uint64_t kind;
	for (;;) {
		if (!codec_read_length(&r->codec, &kind))
			return false;
		if (kind == MODULE_EOF)
			return true;
		if (!skip_module_value(r, kind))
			return false;
	}
}

bool rdb_skip_module(struct rdb_reader *r)
{
	uint64_t id;
	return codec_read_length(&r->codec, &id) && skip_module_values(r);
}

static bool read_module_aux(struct rdb_reader *r)
{
	uint64_t id, kind, when;
	char name[10];
	r->doing = "read-module-aux";
	if (!codec_read_length(&r->codec, &id) || !codec_read_length(&r->codec, &kind) ||
		!codec_read_length(&r->codec, &when))
		return false;
	rdb_module_name(id, name);
	if (r->visitor->module_aux != NULL && !r->visitor->module_aux(r, name))
		return false;
	return skip_module_values(r);
}

static bool read_resize(struct rdb_reader *r)
{
	uint64_t keys, expires;
	if (!codec_read_length(&r->codec, &keys) || !codec_read_length(&r->codec, &expires))
		return false;
	return r->visitor->resize_db == NULL || r->visitor->resize_db(r, keys, expires);
}

/* What only a cluster makes use of: it can be told from the keys. */
static bool skip_slot_info(struct rdb_reader *r)
{
	uint64_t number;
	return codec_read_length(&r->codec, &number) && codec_read_length(&r->codec, &number) &&
	       codec_read_length(&r->codec, &number);
}

static bool read_select(struct rdb_reader *r)
{
	uint64_t id;
	if (!codec_read_length(&r->codec, &id))
		return false;
	return r->visitor->select_db == NULL || r->visitor->select_db(r, id);
}

static bool read_expiry(struct rdb_reader *r, bool is_ms, struct rdb_key *key)
{
	uint64_t at;
	uint32_t seconds;
	r->doing = "read-expire";
	if (is_ms && !codec_read_u64_le(&r->codec, &at))
		return false;
	if (!is_ms) {
		if (!codec_read_u32_le(&r->codec, &seconds))
			return false;
		at = (uint64_t)seconds * 1000;
	}
	if (at > INT64_MAX)
		return rdb_fail(r, "an expiry out of range");
	key->expiry_ms = (int64_t)at;
	return true;
}

static bool read_access(struct rdb_reader *r, uint8_t opcode, struct rdb_key *key)
{
	uint64_t idle;
	uint8_t frequency;
	if (opcode == RDB_FREQ) {
		if (!codec_read_u8(&r->codec, &frequency))
			return false;
		key->frequency = frequency;
		return true;
	}
	if (!codec_read_length(&r->codec, &idle))
		return false;
	key->idle_s = idle > INT32_MAX ? INT32_MAX : (int64_t)idle;
	return true;
}

static const struct rdb_key key_unknown = {.expiry_ms = -1, .idle_s = -1, .frequency = -1};

static bool read_entry(struct rdb_reader *r, uint8_t tag, struct rdb_key *key)
{
	r->doing = "read-key";
	if (!read_kept(r, &r->name))
		return false;
	if (r->name.len > ENTRY_KEY_MAX_BYTES)
		return rdb_fail(r, "a key of %zu bytes", r->name.len);
	key->tag = tag;
	key->name = buf_bytes(&r->name);
	r->doing = "read-object-value";
	if (!r->visitor->entry(r, key))
		return false;
	*key = key_unknown;
	return true;
}

static bool read_opcode(struct rdb_reader *r, uint8_t opcode, struct rdb_key *key)
{
	switch (opcode) {
	case RDB_EXPIRE_MS:
	case RDB_EXPIRE_S:
		return read_expiry(r, opcode == RDB_EXPIRE_MS, key);
	case RDB_IDLE:
	case RDB_FREQ:
		return read_access(r, opcode, key);
	case RDB_SELECT_DB:
		return read_select(r);
	case RDB_RESIZE_DB:
		return read_resize(r);
	case RDB_AUX:
		return read_aux(r);
	case RDB_FUNCTION:
		return read_function(r);
	case RDB_FUNCTION_OLD:
		return rdb_fail(r, "Pre-release function format not supported.");
	case RDB_MODULE_AUX:
		return read_module_aux(r);
	case RDB_SLOT_INFO:
		return skip_slot_info(r);
	default:
		if (r->visitor->tag != NULL && !r->visitor->tag(r, opcode))
			return false;
		return read_entry(r, opcode, key);
	}
}

static bool read_end(struct rdb_reader *r)
{
	uint64_t expected = 0;
	r->doing = "check-sum";
	if (r->version >= RDB_VERSION_CRC) {
		reader_sum(r);
		uint64_t crc = r->crc;
		if (!codec_read_u64_le(&r->codec, &expected))
			return false;
		if (r->checksum && expected != 0 && expected != crc)
			return rdb_fail(r,
				"RDB CRC error: the checksum is %llx, the data make %llx",
				(unsigned long long)expected, (unsigned long long)crc);
	}
	return r->visitor->end == NULL || r->visitor->end(r, expected != 0);
}

static bool read_all(struct rdb_reader *r)
{
	struct rdb_key key = key_unknown;
	uint8_t opcode;
	if (!read_header(r))
		return false;
	for (;;) {
		r->doing = "read-type";
		if (!codec_read_u8(&r->codec, &opcode))
			return false;
		if (opcode == RDB_EOF)
			return read_end(r);
		if (!read_opcode(r, opcode, &key))
			return false;
	}
}

bool rdb_read(struct rdb_reader *r, const struct rdb_visitor *visitor, void *context)
{
	r->visitor = visitor;
	r->context = context;
	r->doing = "start";
	if (read_all(r))
		return true;
	if (!r->is_stopped)
		rdb_fail(r, "%s", r->codec.error != NULL ? r->codec.error : "damaged");
	return false;
}

/* --- names ---------------------------------------------------------------------------------- */

const char *rdb_tag_title(uint8_t tag)
{
	static const char *const titles[] = {"String", "List", "Set", "Zset", "Hash", "Zset",
		"Module", "Module", NULL, "Zipmap", "List ziplist", "Intset", "Zset ziplist",
		"Hash ziplist", "Quicklist ziplist", "Stream listpack", "Hash listpack",
		"Zset listpack", "Quicklist listpack", "Stream listpack", "Set listpack",
		"Stream listpack", "Hash", "Hash listpack", "Hash", "Hash listpack"};
	if (tag >= sizeof(titles) / sizeof(titles[0]) || titles[tag] == NULL)
		return "Unknown type";
	return titles[tag];
}

void rdb_module_name(uint64_t id, char *out)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	for (int i = 0; i < 9; i++)
		out[i] = letters[(id >> (64 - 6 * (i + 1))) & 63];
	out[9] = '\0';
}
