/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The module `struct`: values to and from binary records, by the format letters of Roberto
 * Ierusalimschy's library of that name: < > ! byte order and alignment, x, b B h H l L T i I n-byte
 * integers, f d, s zero-terminated, c fixed strings (c0: as long as the number before says).
 */
#include "base/assert.h"
#include "script/vm.h"

#include <ctype.h>
#include <limits.h>

#define INTEGER_BYTES_MAX 32
#define ALIGN_DEFAULT 8

struct format {
	lua_State *lua;
	const char *at;
	bool is_little;
	size_t align;
	/* The option. */
	char letter;
	size_t size;
	size_t padding; /* in front of it */
};

static int format_number(struct format *f, int fallback)
{
	int n = 0;

	if (!isdigit((unsigned char)*f->at))
		return fallback;
	for (; isdigit((unsigned char)*f->at); f->at++) {
		int digit = *f->at - '0';
		if (n > INT_MAX / 10 || n * 10 > INT_MAX - digit)
			luaL_error(f->lua, "integral size overflow");
		n = n * 10 + digit;
	}
	return n;
}

static size_t format_size(struct format *f)
{
	switch (f->letter) {
	case 'b':
	case 'B':
	case 'x':
		return 1;
	case 'h':
	case 'H':
		return sizeof(short);
	case 'l':
	case 'L':
		return sizeof(long);
	case 'T':
		return sizeof(size_t);
	case 'f':
		return sizeof(float);
	case 'd':
		return sizeof(double);
	case 'c':
		return (size_t)format_number(f, 1);
	case 'i':
	case 'I': {
		int size = format_number(f, sizeof(int));
		if (size > INTEGER_BYTES_MAX)
			luaL_error(f->lua, "integral size %d is larger than limit of %d", size,
				INTEGER_BYTES_MAX);
		return (size_t)size;
	}
	default:
		return 0;
	}
}

/* Byte order and alignment; false: the letter is none of these. */
static bool format_control(struct format *f)
{
	switch (f->letter) {
	case ' ':
		return true;
	case '<':
	case '>':
		f->is_little = f->letter == '<';
		return true;
	case '!': {
		int align = format_number(f, ALIGN_DEFAULT);
		if (align <= 0 || (align & (align - 1)) != 0)
			luaL_error(f->lua, "alignment %d is not a power of 2", align);
		f->align = (size_t)align;
		return true;
	}
	default:
		return false;
	}
}

/* The next option that stands for bytes, `done` bytes into the record; false at the end. */
static bool format_next(struct format *f, size_t done)
{
	while (*f->at != '\0') {
		f->letter = *f->at++;
		f->size = format_size(f);
		if (format_control(f))
			continue;
		if (strchr("xbBhHlLTfdiIsc", f->letter) == NULL)
			luaL_argerror(f->lua, 1,
				lua_pushfstring(f->lua, "invalid format option '%c'", f->letter));
		size_t align = f->size < f->align ? f->size : f->align;
		bool is_aligned = f->size > 0 && f->letter != 'c';
		f->padding = is_aligned ? (align - (done & (align - 1))) & (align - 1) : 0;
		return true;
	}
	return false;
}

static struct format format_open(lua_State *lua)
{
	return (struct format){
		.lua = lua, .at = luaL_checkstring(lua, 1), .is_little = true, .align = 1};
}

static bool is_unsigned(char letter)
{
	return strchr("BHLTI", letter) != NULL;
}

/* --- packing --- */

static void put_integer(struct format *f, struct buf *out, double value)
{
	uint64_t bits = 0;
	char *to = buf_reserve(out, f->size);

	if (value < 0)
		bits = (uint64_t)(value >= -9223372036854775808.0 ? (int64_t)value : INT64_MIN);
	else if (value < 18446744073709551616.0)
		bits = (uint64_t)value;
	for (size_t i = 0; i < f->size; i++, bits >>= 8)
		to[f->is_little ? i : f->size - 1 - i] = (char)bits;
	out->len += f->size;
}

static void put_float(struct format *f, struct buf *out, double value)
{
	char *to = buf_reserve(out, sizeof(double));
	float narrow = (float)value;

	memcpy(to, f->size == sizeof(float) ? (void *)&narrow : (void *)&value, f->size);
	for (size_t i = 0; !f->is_little && i < f->size / 2; i++) {
		char c = to[i];
		to[i] = to[f->size - 1 - i];
		to[f->size - 1 - i] = c;
	}
	out->len += f->size;
}

static void put_string(struct format *f, struct buf *out, int arg)
{
	size_t len;
	const char *text = luaL_checklstring(f->lua, arg, &len);
	size_t size = f->size == 0 ? len : f->size;

	luaL_argcheck(f->lua, len >= size, arg + 1, "string too short");
	vm_check_text(f->lua, out, size);
	buf_add(out, text, size);
	if (f->letter == 's')
		buf_add_char(out, '\0');
}

static int struct_pack(lua_State *lua)
{
	struct format f = format_open(lua);
	struct buf *out = &vm_of(lua)->text;
	int arg = 2;

	lua_pushnil(lua); /* what a missing argument is called in errors */
	buf_clear(out);
	while (format_next(&f, out->len)) {
		for (; f.padding > 0; f.padding--)
			buf_add_char(out, '\0');
		switch (f.letter) {
		case 'x':
			buf_add_char(out, '\0');
			break;
		case 'f':
		case 'd':
			put_float(&f, out, luaL_checknumber(lua, arg++));
			break;
		case 's':
		case 'c':
			put_string(&f, out, arg++);
			break;
		default:
			put_integer(&f, out, luaL_checknumber(lua, arg++));
			break;
		}
	}
	lua_pushlstring(lua, out->len == 0 ? "" : out->ptr, out->len);
	return 1;
}

/* --- unpacking --- */

static double get_integer(const struct format *f, const char *from)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < f->size; i++)
		bits = bits << 8 | (uint8_t)from[f->is_little ? f->size - 1 - i : i];
	if (is_unsigned(f->letter))
		return (double)bits;
	if (f->size > 0 && f->size < 8 && bits >> (f->size * 8 - 1) & 1)
		bits |= ~0ull << (f->size * 8);
	return (double)(int64_t)bits;
}

static double get_float(const struct format *f, const char *from)
{
	char bytes[sizeof(double)];
	float narrow;
	double value;

	for (size_t i = 0; i < f->size; i++)
		bytes[i] = from[f->is_little ? i : f->size - 1 - i];
	memcpy(&narrow, bytes, sizeof(narrow));
	if (f->size == sizeof(float))
		return (double)narrow;
	memcpy(&value, bytes, sizeof(value));
	return value;
}

static void check_room(lua_State *lua, size_t size, size_t at, size_t len)
{
	luaL_argcheck(lua, size <= len && at <= len - size, 2, "data string too short");
}

/* The bytes of a 'c' option; c0 takes its size from the number that was read before. */
static size_t chars_size(const struct format *f, int count)
{
	lua_State *lua = f->lua;

	if (f->size > 0)
		return f->size;
	if (count == 0 || !lua_isnumber(lua, -1))
		luaL_error(lua, "format 'c0' needs a previous size");
	double size = lua_tonumber(lua, -1);
	lua_pop(lua, 1);
	return size >= 0 && size < 9007199254740992.0 ? (size_t)size : SIZE_MAX;
}

static int struct_unpack(lua_State *lua)
{
	struct format f = format_open(lua);
	size_t len;
	const char *data = luaL_checklstring(lua, 2, &len);
	lua_Integer first = luaL_optinteger(lua, 3, 1);
	int count = 0;

	luaL_argcheck(lua, first != 0, 3, "offset must be 1 or greater");
	size_t at = (size_t)first - 1;
	lua_settop(lua, 2);
	while (format_next(&f, at)) {
		bool is_sized_later = f.letter == 'c' && f.size == 0;
		check_room(lua, f.padding + f.size, at, len);
		at += f.padding;
		luaL_checkstack(lua, 2, "too many results");
		if (f.letter == 's') {
			const char *end = memchr(data + at, '\0', len - at);
			if (end == NULL)
				return luaL_error(lua, "unfinished string in data");
			f.size = (size_t)(end - (data + at)) + 1;
			lua_pushlstring(lua, data + at, f.size - 1);
		} else if (f.letter == 'c') {
			f.size = chars_size(&f, count);
			check_room(lua, f.size, at, len);
			lua_pushlstring(lua, data + at, f.size);
		} else if (f.letter == 'f' || f.letter == 'd') {
			lua_pushnumber(lua, get_float(&f, data + at));
		} else if (f.letter != 'x') {
			lua_pushnumber(lua, get_integer(&f, data + at));
		}
		count += f.letter != 'x' && !is_sized_later;
		at += f.size;
	}
	lua_pushinteger(lua, (lua_Integer)at + 1);
	return count + 1;
}

static int struct_size(lua_State *lua)
{
	struct format f = format_open(lua);
	size_t sum = 0;

	while (format_next(&f, sum)) {
		if (f.letter == 's' || (f.letter == 'c' && f.size == 0))
			return luaL_argerror(lua, 1,
				f.letter == 's' ? "option 's' has no fixed size"
						: "option 'c0' has no fixed size");
		sum += f.padding + f.size;
		luaL_argcheck(lua, sum <= INT_MAX, 1, "record too large");
	}
	lua_pushinteger(lua, (lua_Integer)sum);
	return 1;
}

int struct_open(lua_State *lua)
{
	static const luaL_Reg functions[] = {{"pack", struct_pack}, {"unpack", struct_unpack},
		{"size", struct_size}, {NULL, NULL}};

	lua_newtable(lua);
	luaL_register(lua, NULL, functions);
	return 1;
}
