/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The module `cjson`: what the module lua-cjson does, as scripts know it, with its texts of errors.
 * This file has its settings and the encoder; json_decode.c the decoder.
 *
 * Tables are walked with a stack of our own, so that depth costs no C stack; the text is built in
 * the interpreter's scratch, which survives errors.
 */
#include "script/json.h"

#include "base/num.h"

#include <math.h>
#include <stdio.h>

struct json_config *json_config_of(lua_State *lua)
{
	return lua_touserdata(lua, lua_upvalueindex(1));
}

/* --- encoding ----------------------------------------------------------------------------------
 */

struct json_frame {
	bool is_array;
	bool has_element;
	int index, count; /* of an array */
};

struct encoder {
	lua_State *lua;
	const struct json_config *config;
	struct buf *text, *frames;
};

static struct json_frame *frame_top(const struct encoder *e)
{
	return (struct json_frame *)(void *)(e->frames->ptr + e->frames->len) - 1;
}

static int encode_refuse(lua_State *lua, int index, const char *why)
{
	return luaL_error(lua, "Cannot serialise %s: %s", luaL_typename(lua, index), why);
}

static void encode_string(struct buf *text, struct bytes string)
{
	static const char hex[] = "0123456789abcdef";
	char *to = buf_reserve(text, string.len * 6 + 2), *start = to;

	*to++ = '"';
	for (size_t i = 0; i < string.len; i++) {
		unsigned char c = (unsigned char)string.ptr[i];
		if (LIKELY(c >= 32 && c != '"' && c != '\\' && c != '/' && c != 127)) {
			*to++ = (char)c;
			continue;
		}
		*to++ = '\\';
		switch (c) {
		case '"':
		case '\\':
		case '/':
			*to++ = (char)c;
			break;
		case '\b':
			*to++ = 'b';
			break;
		case '\f':
			*to++ = 'f';
			break;
		case '\n':
			*to++ = 'n';
			break;
		case '\r':
			*to++ = 'r';
			break;
		case '\t':
			*to++ = 't';
			break;
		default:
			memcpy(to, "u00", 3);
			to[3] = hex[c >> 4];
			to[4] = hex[c & 15];
			to += 5;
			break;
		}
	}
	*to++ = '"';
	text->len += (size_t)(to - start);
}

static void encode_number(struct encoder *e, int index)
{
	double value = lua_tonumber(e->lua, index);
	char digits[64];

	if (!isfinite(value)) {
		if (e->config->encode_invalid == JSON_INVALID_REFUSED)
			encode_refuse(e->lua, index, "must not be NaN or Inf");
		if (e->config->encode_invalid == JSON_INVALID_NULL) {
			buf_add_text(e->text, "null");
			return;
		}
		buf_add_text(e->text, isnan(value) ? "nan" : value > 0 ? "inf" : "-inf");
		return;
	}
	if (e->config->precision == 14 && value == (double)(int)value && value != 0) {
		buf_add(e->text, digits, num_print_i64(digits, (int64_t)value));
		return;
	}
	snprintf(digits, sizeof(digits), "%.*g", e->config->precision, value);
	buf_add_text(e->text, digits);
}

/* The largest index if all keys are positive integers; -1: an object, or too sparse for an array.
 */
static int encode_array_length(struct encoder *e)
{
	lua_State *lua = e->lua;
	const struct json_config *config = e->config;
	double max = 0, items = 0;

	lua_pushnil(lua);
	while (lua_next(lua, -2)) {
		double key = lua_type(lua, -2) == LUA_TNUMBER ? lua_tonumber(lua, -2) : 0;
		lua_pop(lua, 1);
		if (!(key >= 1 && key <= INT32_MAX && floor(key) == key)) {
			lua_pop(lua, 1);
			return -1;
		}
		max = key > max ? key : max;
		items++;
	}
	if (config->sparse_ratio > 0 && max > items * config->sparse_ratio &&
		max > config->sparse_safe) {
		if (!config->sparse_convert)
			encode_refuse(lua, -1, "excessively sparse array");
		return -1;
	}
	return (int)max;
}

/* The table on top is opened. */
static void encode_open(struct encoder *e)
{
	int depth = (int)(e->frames->len / sizeof(struct json_frame)) + 1;

	if (depth > e->config->encode_max_depth || !lua_checkstack(e->lua, 6))
		luaL_error(e->lua, "Cannot serialise, excessive nesting (%d)", depth);
	int count = encode_array_length(e);
	struct json_frame f = {.is_array = count > 0, .count = count};
	buf_add(e->frames, &f, sizeof(f));
	buf_add_char(e->text, f.is_array ? '[' : '{');
	if (!f.is_array)
		lua_pushnil(e->lua);
}

/* The value on top is written and popped, or opened. */
static void encode_value(struct encoder *e)
{
	lua_State *lua = e->lua;
	struct bytes string;

	switch (lua_type(lua, -1)) {
	case LUA_TSTRING:
		string.ptr = lua_tolstring(lua, -1, &string.len);
		vm_check_text(lua, e->text, string.len);
		encode_string(e->text, string);
		break;
	case LUA_TNUMBER:
		encode_number(e, -1);
		break;
	case LUA_TBOOLEAN:
		buf_add_text(e->text, lua_toboolean(lua, -1) ? "true" : "false");
		break;
	case LUA_TTABLE:
		encode_open(e);
		return;
	case LUA_TNIL:
		buf_add_text(e->text, "null");
		break;
	case LUA_TLIGHTUSERDATA:
		if (lua_touserdata(lua, -1) == NULL) {
			buf_add_text(e->text, "null");
			break;
		}
		/* fall through */
	default:
		encode_refuse(lua, -1, "type not supported");
	}
	lua_pop(lua, 1);
}

/* The key below the value on top, and the colon. */
static void encode_key(struct encoder *e)
{
	lua_State *lua = e->lua;
	struct bytes string;

	if (lua_type(lua, -2) == LUA_TSTRING) {
		string.ptr = lua_tolstring(lua, -2, &string.len);
		vm_check_text(lua, e->text, string.len);
		encode_string(e->text, string);
	} else if (lua_type(lua, -2) == LUA_TNUMBER) {
		buf_add_char(e->text, '"');
		encode_number(e, -2);
		buf_add_char(e->text, '"');
	} else {
		encode_refuse(lua, -2, "table key must be a number or string");
	}
	buf_add_char(e->text, ':');
}

/* Pushes the innermost table's next element; false: it is at its end, and closed. */
static bool encode_next(struct encoder *e)
{
	lua_State *lua = e->lua;
	struct json_frame *f = frame_top(e);

	vm_check_text(lua, e->text, 0);
	if (f->is_array ? f->index < f->count : lua_next(lua, -2)) {
		if (f->has_element)
			buf_add_char(e->text, ',');
		f->has_element = true;
		if (f->is_array)
			lua_rawgeti(lua, -1, ++f->index);
		else
			encode_key(e);
		return true;
	}
	buf_add_char(e->text, f->is_array ? ']' : '}');
	lua_pop(lua, 1);
	e->frames->len -= sizeof(*f);
	return false;
}

static int json_encode(lua_State *lua)
{
	struct script_vm *vm = vm_of(lua);
	struct encoder e = {lua, json_config_of(lua), &vm->text, &vm->frames};

	luaL_argcheck(lua, lua_gettop(lua) == 1, 1, "expected 1 argument");
	buf_clear(e.text);
	buf_clear(e.frames);
	encode_value(&e);
	while (e.frames->len > 0)
		if (encode_next(&e))
			encode_value(&e);
	lua_pushlstring(lua, e.text->ptr, e.text->len);
	if (e.text->cap > JSON_SCRATCH_KEPT_BYTES)
		buf_release(e.text);
	return 1;
}

/* --- settings
 * ------------------------------------------------------------------------------------- */

static void json_check_arguments(lua_State *lua, int max)
{
	if (lua_gettop(lua) > max)
		luaL_argerror(lua, max + 1, "found too many arguments");
	lua_settop(lua, max);
}

/* Sets *field from an argument that is given; pushes what it is now. */
static int json_integer(lua_State *lua, int index, int *field, int min, int max)
{
	char why[64];

	if (!lua_isnil(lua, index)) {
		double value = luaL_checknumber(lua, index);
		snprintf(why, sizeof(why), "expected integer between %d and %d", min, max);
		luaL_argcheck(
			lua, value >= min && value <= max && floor(value) == value, index, why);
		*field = (int)value;
	}
	lua_pushinteger(lua, *field);
	return 1;
}

/* false, true, and where `word` is given a third state by that name. */
static int json_choice(lua_State *lua, int index, int *field, const char *word)
{
	if (lua_type(lua, index) == LUA_TBOOLEAN) {
		*field = lua_toboolean(lua, index);
	} else if (!lua_isnil(lua, index)) {
		const char *got = luaL_checkstring(lua, index);
		if (strcmp(got, "on") == 0 || strcmp(got, "off") == 0)
			*field = got[1] == 'n';
		else if (word != NULL && strcmp(got, word) == 0)
			*field = JSON_INVALID_NULL;
		else
			return luaL_argerror(
				lua, index, lua_pushfstring(lua, "invalid option '%s'", got));
	}
	if (*field == JSON_INVALID_NULL)
		lua_pushstring(lua, word);
	else
		lua_pushboolean(lua, *field);
	return 1;
}

static int json_encode_sparse_array(lua_State *lua)
{
	struct json_config *config = json_config_of(lua);

	json_check_arguments(lua, 3);
	json_choice(lua, 1, &config->sparse_convert, NULL);
	json_integer(lua, 2, &config->sparse_ratio, 0, INT32_MAX);
	json_integer(lua, 3, &config->sparse_safe, 0, INT32_MAX);
	return 3;
}

static int json_encode_max_depth(lua_State *lua)
{
	json_check_arguments(lua, 1);
	return json_integer(lua, 1, &json_config_of(lua)->encode_max_depth, 1, INT32_MAX);
}

static int json_decode_max_depth(lua_State *lua)
{
	json_check_arguments(lua, 1);
	return json_integer(lua, 1, &json_config_of(lua)->decode_max_depth, 1, INT32_MAX);
}

static int json_encode_number_precision(lua_State *lua)
{
	json_check_arguments(lua, 1);
	return json_integer(lua, 1, &json_config_of(lua)->precision, 1, 14);
}

static int json_encode_keep_buffer(lua_State *lua)
{
	json_check_arguments(lua, 1);
	return json_choice(lua, 1, &json_config_of(lua)->keeps_buffer, NULL);
}

static int json_encode_invalid_numbers(lua_State *lua)
{
	json_check_arguments(lua, 1);
	return json_choice(lua, 1, &json_config_of(lua)->encode_invalid, "null");
}

static int json_decode_invalid_numbers(lua_State *lua)
{
	json_check_arguments(lua, 1);
	return json_choice(lua, 1, &json_config_of(lua)->decode_invalid, NULL);
}

/* A table of the module with settings of its own. */
static int json_new(lua_State *lua)
{
	static const luaL_Reg functions[] = {{"encode", json_encode}, {"decode", json_decode},
		{"encode_sparse_array", json_encode_sparse_array},
		{"encode_max_depth", json_encode_max_depth},
		{"decode_max_depth", json_decode_max_depth},
		{"encode_number_precision", json_encode_number_precision},
		{"encode_keep_buffer", json_encode_keep_buffer},
		{"encode_invalid_numbers", json_encode_invalid_numbers},
		{"decode_invalid_numbers", json_decode_invalid_numbers}, {"new", json_new},
		{NULL, NULL}};

	lua_newtable(lua);
	struct json_config *config = lua_newuserdata(lua, sizeof(*config));
	*config = (struct json_config){.sparse_ratio = 2,
		.sparse_safe = 10,
		.encode_max_depth = 1000,
		.decode_max_depth = 1000,
		.precision = 14,
		.keeps_buffer = true,
		.encode_invalid = JSON_INVALID_REFUSED,
		.decode_invalid = JSON_INVALID_TAKEN};
	for (const luaL_Reg *f = functions; f->name != NULL; f++) {
		lua_pushvalue(lua, -1);
		lua_pushcclosure(lua, f->func, 1);
		lua_setfield(lua, -3, f->name);
	}
	lua_pop(lua, 1);
	lua_pushlightuserdata(lua, NULL);
	lua_setfield(lua, -2, "null");
	lua_pushliteral(lua, "cjson");
	lua_setfield(lua, -2, "_NAME");
	lua_pushliteral(lua, "2.1.0");
	lua_setfield(lua, -2, "_VERSION");
	return 1;
}

int json_open(lua_State *lua)
{
	return json_new(lua);
}
