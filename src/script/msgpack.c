/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The module `cmsgpack`: MessagePack as the library lua_cmsgpack writes and reads it (no extension
 * types; integers beyond 64 bits and deep tables as there). Tables are walked and built with a
 * stack of our own.
 */
#include "base/assert.h"
#include "script/vm.h"

#include <math.h>

#define PACK_DEPTH_MAX 16 /* tables further inside become nil */
#define PACK_SCRATCH_KEPT_BYTES (64 * 1024)

/* --- packing ------------------------------------------------------------------------------------
 */

static void put(struct buf *out, uint8_t tag, uint64_t value, int bytes)
{
	char *to = buf_reserve(out, 9);

	to[0] = (char)tag;
	for (int i = 0; i < bytes; i++)
		to[1 + i] = (char)(value >> (8 * (bytes - 1 - i)));
	out->len += 1 + (size_t)bytes;
}

static void pack_integer(struct buf *out, int64_t n)
{
	if (n >= -32 && n <= 127)
		put(out, (uint8_t)n, 0, 0);
	else if (n >= 0 && n <= UINT8_MAX)
		put(out, 0xcc, (uint64_t)n, 1);
	else if (n >= 0 && n <= UINT16_MAX)
		put(out, 0xcd, (uint64_t)n, 2);
	else if (n >= 0 && n <= UINT32_MAX)
		put(out, 0xce, (uint64_t)n, 4);
	else if (n >= 0)
		put(out, 0xcf, (uint64_t)n, 8);
	else if (n >= INT8_MIN)
		put(out, 0xd0, (uint64_t)n, 1);
	else if (n >= INT16_MIN)
		put(out, 0xd1, (uint64_t)n, 2);
	else if (n >= INT32_MIN)
		put(out, 0xd2, (uint64_t)n, 4);
	else
		put(out, 0xd3, (uint64_t)n, 8);
}

static void pack_number(struct buf *out, double value)
{
	if (value >= -9223372036854775808.0 && value < 9223372036854775808.0 &&
		floor(value) == value) {
		pack_integer(out, (int64_t)value);
		return;
	}
	float narrow = fabs(value) <= 3.4028234663852886e38 || isinf(value) ? (float)value : 0;
	if ((double)narrow == value) {
		uint32_t bits;
		memcpy(&bits, &narrow, sizeof(bits));
		put(out, 0xca, bits, 4);
	} else {
		uint64_t bits;
		memcpy(&bits, &value, sizeof(bits));
		put(out, 0xcb, bits, 8);
	}
}

static void pack_string(struct buf *out, struct bytes s)
{
	if (s.len < 32)
		put(out, (uint8_t)(0xa0 | s.len), 0, 0);
	else if (s.len <= UINT8_MAX)
		put(out, 0xd9, s.len, 1);
	else if (s.len <= UINT16_MAX)
		put(out, 0xda, s.len, 2);
	else
		put(out, 0xdb, s.len, 4);
	buf_add(out, s.ptr, s.len);
}

static void pack_head(struct buf *out, bool is_array, uint64_t count)
{
	if (count <= 15)
		put(out, (uint8_t)((is_array ? 0x90 : 0x80) | count), 0, 0);
	else if (count <= UINT16_MAX)
		put(out, is_array ? 0xdc : 0xde, count, 2);
	else
		put(out, is_array ? 0xdd : 0xdf, count, 4);
}

struct pack_frame {
	bool is_array;
	bool has_value; /* of a map: the key is packed, its value waits on the stack */
	int index, count;
};

struct packer {
	lua_State *lua;
	struct buf *out;
	struct pack_frame frames[PACK_DEPTH_MAX];
	int depth;
};

/* Counts the pairs of the table on top; an array's keys are 1 to n, all of them. */
static bool table_is_array(lua_State *lua, int *count)
{
	double max = 0;
	bool is_array = true;

	*count = 0;
	lua_pushnil(lua);
	while (lua_next(lua, -2)) {
		lua_pop(lua, 1);
		double key = lua_type(lua, -1) == LUA_TNUMBER ? lua_tonumber(lua, -1) : 0;
		is_array &= key >= 1 && key <= INT32_MAX && floor(key) == key;
		max = key > max ? key : max;
		(*count)++;
	}
	return is_array && max == *count;
}

static void pack_open(struct packer *p)
{
	int count;

	luaL_checkstack(p->lua, 8, "in function mp_encode_lua_table");
	bool is_array = table_is_array(p->lua, &count);
	pack_head(p->out, is_array, (uint64_t)count);
	p->frames[p->depth++] = (struct pack_frame){.is_array = is_array, .count = count};
	if (!is_array)
		lua_pushnil(p->lua);
}

/* The value on top is packed and popped, or opened. */
static void pack_value(struct packer *p)
{
	lua_State *lua = p->lua;
	struct bytes string;

	switch (lua_type(lua, -1)) {
	case LUA_TSTRING:
		string.ptr = lua_tolstring(lua, -1, &string.len);
		vm_check_text(lua, p->out, string.len);
		pack_string(p->out, string);
		break;
	case LUA_TBOOLEAN:
		put(p->out, lua_toboolean(lua, -1) ? 0xc3 : 0xc2, 0, 0);
		break;
	case LUA_TNUMBER:
		pack_number(p->out, lua_tonumber(lua, -1));
		break;
	case LUA_TTABLE:
		if (p->depth < PACK_DEPTH_MAX) {
			pack_open(p);
			return;
		}
		/* fall through */
	default:
		put(p->out, 0xc0, 0, 0);
		break;
	}
	lua_pop(lua, 1);
}

/* Pushes the innermost table's next element; false: it is at its end, and popped. */
static bool pack_next(struct packer *p)
{
	lua_State *lua = p->lua;
	struct pack_frame *f = &p->frames[p->depth - 1];

	vm_check_text(lua, p->out, 0);
	if (f->is_array && f->index < f->count) {
		lua_rawgeti(lua, -1, ++f->index);
		return true;
	}
	if (!f->is_array && f->has_value) { /* table, value, key */
		f->has_value = false;
		lua_insert(lua, -2);
		return true;
	}
	if (!f->is_array && lua_next(lua, -2)) {
		lua_insert(lua, -2);
		lua_pushvalue(lua, -1);
		f->has_value = true;
		return true;
	}
	lua_pop(lua, 1);
	p->depth--;
	return false;
}

static int msgpack_pack(lua_State *lua)
{
	int argc = lua_gettop(lua);
	struct packer p = {.lua = lua, .out = &vm_of(lua)->text};

	if (argc == 0)
		return luaL_argerror(lua, 0, "MessagePack pack needs input.");
	buf_clear(p.out);
	for (int i = 1; i <= argc; i++) {
		luaL_checkstack(lua, 2, "too many values to pack");
		lua_pushvalue(lua, i);
		pack_value(&p);
		while (p.depth > 0)
			if (pack_next(&p))
				pack_value(&p);
	}
	lua_pushlstring(lua, p.out->ptr, p.out->len);
	if (p.out->cap > PACK_SCRATCH_KEPT_BYTES)
		buf_release(p.out);
	return 1;
}

/* --- unpacking -----------------------------------------------------------------------------------
 */

struct unpack_frame {
	bool is_array;
	uint64_t left; /* elements to come; of a map keys and values */
	int index;
};

struct unpacker {
	lua_State *lua;
	const uint8_t *at;
	size_t left;
	struct buf *frames;
};

static const uint8_t *take(struct unpacker *u, size_t bytes)
{
	if (bytes > u->left)
		luaL_error(u->lua, "Missing bytes in input.");
	const uint8_t *at = u->at;
	u->at += bytes;
	u->left -= bytes;
	return at;
}

static uint64_t take_integer(struct unpacker *u, int bytes)
{
	const uint8_t *at = take(u, (size_t)bytes);
	uint64_t value = 0;

	for (int i = 0; i < bytes; i++)
		value = value << 8 | at[i];
	return value;
}

static void unpack_string(struct unpacker *u, uint64_t len)
{
	const char *at = (const char *)take(u, len);
	lua_pushlstring(u->lua, at, len);
}

static void unpack_open(struct unpacker *u, bool is_array, uint64_t count)
{
	struct unpack_frame f = {is_array, is_array ? count : count * 2, 0};

	luaL_checkstack(u->lua, 4,
		is_array ? "in function mp_decode_to_lua_array"
			 : "in function mp_decode_to_lua_hash");
	buf_add(u->frames, &f, sizeof(f));
	lua_newtable(u->lua);
}

static double unpack_double(struct unpacker *u)
{
	uint64_t bits = take_integer(u, 8);
	double value;
	memcpy(&value, &bits, sizeof(value));
	return value;
}

static float unpack_float(struct unpacker *u)
{
	uint32_t bits = (uint32_t)take_integer(u, 4);
	float value;
	memcpy(&value, &bits, sizeof(value));
	return value;
}

/* Tags from 0xc0 to 0xdf; true: a table was opened. */
static bool unpack_tagged(struct unpacker *u, uint8_t tag)
{
	lua_State *lua = u->lua;

	switch (tag) {
	case 0xc0:
		lua_pushnil(lua);
		return false;
	case 0xc2:
	case 0xc3:
		lua_pushboolean(lua, tag == 0xc3);
		return false;
	case 0xc4:
	case 0xd9:
		unpack_string(u, take_integer(u, 1));
		return false;
	case 0xc5:
	case 0xda:
		unpack_string(u, take_integer(u, 2));
		return false;
	case 0xc6:
	case 0xdb:
		unpack_string(u, take_integer(u, 4));
		return false;
	case 0xca:
		lua_pushnumber(lua, (double)unpack_float(u));
		return false;
	case 0xcb:
		lua_pushnumber(lua, unpack_double(u));
		return false;
	case 0xcc:
	case 0xcd:
	case 0xce:
		lua_pushnumber(lua, (double)take_integer(u, 1 << (tag - 0xcc)));
		return false;
	case 0xd0:
		lua_pushnumber(lua, (int8_t)take_integer(u, 1));
		return false;
	case 0xd1:
		lua_pushnumber(lua, (int16_t)take_integer(u, 2));
		return false;
	case 0xd2:
		lua_pushnumber(lua, (int32_t)take_integer(u, 4));
		return false;
	case 0xcf: /* as a signed one, as scripts know it */
	case 0xd3:
		lua_pushnumber(lua, (double)(int64_t)take_integer(u, 8));
		return false;
	case 0xdc:
	case 0xdd:
		unpack_open(u, true, take_integer(u, tag == 0xdc ? 2 : 4));
		return true;
	case 0xde:
	case 0xdf:
		unpack_open(u, false, take_integer(u, tag == 0xde ? 2 : 4));
		return true;
	default:
		luaL_error(lua, "Bad data format in input.");
		return false;
	}
}

static bool unpack_value(struct unpacker *u)
{
	uint8_t tag = *take(u, 1);

	if (tag < 0x80 || tag >= 0xe0) {
		lua_pushnumber(u->lua, (int8_t)tag);
		return false;
	}
	if (tag < 0xa0) {
		unpack_open(u, tag >= 0x90, tag & 15);
		return true;
	}
	if (tag < 0xc0) {
		unpack_string(u, tag & 31);
		return false;
	}
	return unpack_tagged(u, tag);
}

/* A value stands on top; it goes into its table, and tables that are complete into theirs. True:
 * the outermost one stands on top. */
static bool unpack_store(struct unpacker *u, bool is_value)
{
	lua_State *lua = u->lua;

	while (u->frames->len > 0) {
		struct unpack_frame *f =
			(struct unpack_frame *)(void *)(u->frames->ptr + u->frames->len) - 1;
		if (is_value) {
			f->left--;
			if (f->is_array)
				lua_rawseti(lua, -2, ++f->index);
			else if (f->left % 2 == 0)
				lua_settable(lua, -3); /* refuses nil and NaN as keys */
		}
		if (f->left > 0)
			return false;
		u->frames->len -= sizeof(*f);
		is_value = true;
	}
	return is_value;
}

static void unpack_one_value(struct unpacker *u)
{
	buf_clear(u->frames);
	while (!unpack_store(u, !unpack_value(u)))
		continue;
}

static int unpack_some(lua_State *lua, int limit, int offset)
{
	size_t len;
	const char *text = luaL_checklstring(lua, 1, &len);
	bool is_all = limit == 0 && offset == 0;
	int count = 0;

	if (offset < 0 || limit < 0)
		return luaL_error(lua,
			"Invalid request to unpack with offset of %d and limit of %d.", offset,
			(int)len);
	if ((size_t)offset > len)
		return luaL_error(
			lua, "Start offset %d greater than input length %d.", offset, (int)len);
	if (is_all)
		limit = INT32_MAX;
	struct unpacker u = {
		lua, (const uint8_t *)text + offset, len - (size_t)offset, &vm_of(lua)->frames};
	for (; u.left > 0 && count < limit; count++) {
		luaL_checkstack(lua, 4, "too many values to unpack");
		unpack_one_value(&u);
	}
	if (is_all)
		return count;
	lua_pushinteger(lua, u.left == 0 ? -1 : (lua_Integer)(len - u.left));
	lua_insert(lua, -1 - count);
	return count + 1;
}

static int msgpack_unpack(lua_State *lua)
{
	return unpack_some(lua, 0, 0);
}

static int msgpack_unpack_one(lua_State *lua)
{
	int offset = luaL_optint(lua, 2, 0);
	lua_settop(lua, 1);
	return unpack_some(lua, 1, offset);
}

static int msgpack_unpack_limit(lua_State *lua)
{
	int limit = luaL_checkint(lua, 2);
	int offset = luaL_optint(lua, 3, 0);
	lua_settop(lua, 1);
	return unpack_some(lua, limit, offset);
}

int msgpack_open(lua_State *lua)
{
	static const luaL_Reg functions[] = {{"pack", msgpack_pack}, {"unpack", msgpack_unpack},
		{"unpack_one", msgpack_unpack_one}, {"unpack_limit", msgpack_unpack_limit},
		{NULL, NULL}};

	lua_newtable(lua);
	luaL_register(lua, NULL, functions);
	lua_pushliteral(lua, "cmsgpack");
	lua_setfield(lua, -2, "_NAME");
	lua_pushliteral(lua, "lua-cmsgpack 0.4.0");
	lua_setfield(lua, -2, "_VERSION");
	lua_pushliteral(lua, "MessagePack C implementation for Lua");
	lua_setfield(lua, -2, "_DESCRIPTION");
	return 1;
}
