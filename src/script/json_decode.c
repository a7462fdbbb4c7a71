/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The decoder of the module `cjson`. Tables under construction stand on the Lua stack, one frame
 * for each in the interpreter's scratch; no C recursion. Lua ends every string with a NUL, which is
 * what tells the end of the text.
 */
#include "script/json.h"

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

enum token {
	T_OBJ_BEGIN,
	T_OBJ_END,
	T_ARR_BEGIN,
	T_ARR_END,
	T_STRING,
	T_NUMBER,
	T_BOOLEAN,
	T_NULL,
	T_COLON,
	T_COMMA,
	T_END,
	T_ERROR
};

static const char *const token_names[] = {"T_OBJ_BEGIN", "T_OBJ_END", "T_ARR_BEGIN", "T_ARR_END",
	"T_STRING", "T_NUMBER", "T_BOOLEAN", "T_NULL", "T_COLON", "T_COMMA", "T_END"};

struct decode_frame {
	bool is_object;
	int count;
};

struct decoder {
	lua_State *lua;
	const struct json_config *config;
	const char *text, *at;
	struct buf *string, *frames;
	/* The token. */
	enum token token;
	const char *begin;
	const char *error; /* of T_ERROR */
	double number;
	bool boolean;
};

static int decode_refuse(struct decoder *d, const char *wanted)
{
	const char *found = d->token == T_ERROR ? d->error : token_names[d->token];
	return luaL_error(d->lua, "Expected %s but found %s at character %d", wanted, found,
		(int)(d->begin - d->text) + 1);
}

static void token_fail(struct decoder *d, const char *at, const char *why)
{
	d->token = T_ERROR;
	d->begin = at;
	d->error = why;
}

/* --- strings --- */

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 32);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Four digits; -1: they are not. */
static int hex_four(const char *at)
{
	int value = 0;
	for (int i = 0; i < 4; i++) {
		int digit = hex_value(at[i]);
		if (digit < 0)
			return -1;
		value = value << 4 | digit;
	}
	return value;
}

static void add_utf8(struct buf *out, unsigned code)
{
	if (code < 0x80) {
		buf_add_char(out, (char)code);
		return;
	}
	if (code < 0x800) {
		buf_add_char(out, (char)(0xc0 | code >> 6));
	} else {
		if (code < 0x10000) {
			buf_add_char(out, (char)(0xe0 | code >> 12));
		} else {
			buf_add_char(out, (char)(0xf0 | code >> 18));
			buf_add_char(out, (char)(0x80 | (code >> 12 & 63)));
		}
		buf_add_char(out, (char)(0x80 | (code >> 6 & 63)));
	}
	buf_add_char(out, (char)(0x80 | (code & 63)));
}

/* \uXXXX at d->at, a surrogate with its second half. */
static bool token_unicode(struct decoder *d)
{
	int code = hex_four(d->at + 2);

	if (code < 0)
		return false;
	size_t len = 6;
	if ((code & 0xf800) == 0xd800) {
		if (code & 0x400 || d->at[6] != '\\' || d->at[7] != 'u')
			return false;
		int low = hex_four(d->at + 8);
		if (low < 0 || (low & 0xfc00) != 0xdc00)
			return false;
		code = (((code & 0x3ff) << 10) | (low & 0x3ff)) + 0x10000;
		len = 12;
	}
	add_utf8(d->string, (unsigned)code);
	d->at += len;
	return true;
}

/* The escape at d->at into the string; false: the token is an error. */
static bool token_escape(struct decoder *d)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	char c = d->at[1];

	if (c == 'u') {
		if (token_unicode(d))
			return true;
		token_fail(d, d->at, "invalid unicode escape code");
		return false;
	}
	const char *which = c == '\0' ? NULL : strchr(from, c);
	if (which == NULL) {
		token_fail(d, d->at, "invalid escape code");
		return false;
	}
	buf_add_char(d->string, to[which - from]);
	d->at += 2;
	return true;
}

static void token_string(struct decoder *d)
{
	buf_clear(d->string);
	d->token = T_STRING;
	d->at++;
	for (;;) {
		size_t plain = strcspn(d->at, "\"\\");
		buf_add(d->string, d->at, plain);
		d->at += plain;
		if (*d->at == '"')
			break;
		if (*d->at == '\0') {
			token_fail(d, d->at, "unexpected end of string");
			return;
		}
		if (!token_escape(d))
			return;
	}
	d->at++;
}

/* --- other tokens --- */

/* Numbers that strtod takes and JSON does not. */
static bool number_is_invalid(const char *p)
{
	if (*p == '+')
		return true;
	if (*p == '-')
		p++;
	if (*p == '0') {
		int c = p[1] | 32;
		return c == 'x' || (p[1] >= '0' && p[1] <= '9');
	}
	if (*p >= '1' && *p <= '9')
		return false;
	return strncasecmp(p, "inf", 3) == 0 || strncasecmp(p, "nan", 3) == 0;
}

static void token_number(struct decoder *d)
{
	char *end;

	if (!d->config->decode_invalid && number_is_invalid(d->at)) {
		token_fail(d, d->at, "invalid number");
		return;
	}
	d->token = T_NUMBER;
	d->number = strtod(d->at, &end);
	if (end == d->at)
		token_fail(d, d->at, "invalid number");
	else
		d->at = end;
}

static bool token_word(struct decoder *d, const char *word, enum token token)
{
	size_t len = strlen(word);

	if (strncmp(d->at, word, len) != 0)
		return false;
	d->token = token;
	d->at += len;
	return true;
}

static void token_next(struct decoder *d)
{
	static const char single[] = "{}[]:,";
	static const enum token singles[] = {
		T_OBJ_BEGIN, T_OBJ_END, T_ARR_BEGIN, T_ARR_END, T_COLON, T_COMMA};

	d->at += strspn(d->at, " \t\n\r");
	d->begin = d->at;
	char c = *d->at;
	if (c == '\0') {
		d->token = T_END;
		return;
	}
	const char *which = strchr(single, c);
	if (which != NULL) {
		d->token = singles[which - single];
		d->at++;
		return;
	}
	if (c == '"') {
		token_string(d);
		return;
	}
	d->boolean = c == 't';
	if (c == '-' || c == '+' || (c >= '0' && c <= '9'))
		token_number(d);
	else if (token_word(d, "true", T_BOOLEAN) || token_word(d, "false", T_BOOLEAN) ||
		 token_word(d, "null", T_NULL))
		return;
	else if (d->config->decode_invalid && number_is_invalid(d->at))
		token_number(d);
	else
		token_fail(d, d->at, "invalid token");
}

/* --- values --- */

static struct decode_frame *decode_top(const struct decoder *d)
{
	return (struct decode_frame *)(void *)(d->frames->ptr + d->frames->len) - 1;
}

static void decode_open(struct decoder *d, bool is_object)
{
	struct decode_frame f = {is_object, 0};
	int depth = (int)(d->frames->len / sizeof(f)) + 1;

	if (depth > d->config->decode_max_depth || !lua_checkstack(d->lua, 4))
		luaL_error(d->lua, "Found too many nested data structures (%d) at character %d",
			depth, (int)(d->at - d->text));
	buf_add(d->frames, &f, sizeof(f));
	lua_newtable(d->lua);
}

/* The token begins a value: pushed. True: a table was opened. */
static bool decode_value(struct decoder *d)
{
	lua_State *lua = d->lua;

	switch (d->token) {
	case T_STRING:
		lua_pushlstring(lua, d->string->len == 0 ? "" : d->string->ptr, d->string->len);
		return false;
	case T_NUMBER:
		lua_pushnumber(lua, d->number);
		return false;
	case T_BOOLEAN:
		lua_pushboolean(lua, d->boolean);
		return false;
	case T_NULL:
		lua_pushlightuserdata(lua, NULL);
		return false;
	case T_OBJ_BEGIN:
	case T_ARR_BEGIN:
		decode_open(d, d->token == T_OBJ_BEGIN);
		return true;
	default:
		decode_refuse(d, "value");
		return false;
	}
}

/* Behind '{' or a comma in an object: the key and its colon. */
static void decode_key(struct decoder *d)
{
	if (d->token != T_STRING)
		decode_refuse(d, "object key string");
	decode_value(d);
	token_next(d);
	if (d->token != T_COLON)
		decode_refuse(d, "colon");
	token_next(d);
}

/* Behind '[' or '{'. True: it is empty, and closed. */
static bool decode_begin(struct decoder *d)
{
	bool is_object = decode_top(d)->is_object;

	token_next(d);
	if (d->token == (is_object ? T_OBJ_END : T_ARR_END)) {
		d->frames->len -= sizeof(struct decode_frame);
		return true;
	}
	if (is_object)
		decode_key(d);
	return false;
}

/* A value is complete on the stack: it goes to its table. True: that table is complete as well. */
static bool decode_store(struct decoder *d)
{
	struct decode_frame *f = decode_top(d);

	if (f->is_object)
		lua_rawset(d->lua, -3);
	else
		lua_rawseti(d->lua, -2, ++f->count);
	token_next(d);
	if (d->token == (f->is_object ? T_OBJ_END : T_ARR_END)) {
		d->frames->len -= sizeof(*f);
		return true;
	}
	if (d->token != T_COMMA)
		decode_refuse(d, f->is_object ? "comma or object end" : "comma or array end");
	token_next(d);
	if (f->is_object)
		decode_key(d);
	return false;
}

int json_decode(lua_State *lua)
{
	struct script_vm *vm = vm_of(lua);
	struct decoder d = {.lua = lua,
		.config = json_config_of(lua),
		.string = &vm->text,
		.frames = &vm->frames};
	size_t len;

	luaL_argcheck(lua, lua_gettop(lua) == 1, 1, "expected 1 argument");
	d.text = d.at = luaL_checklstring(lua, 1, &len);
	if (len >= 2 && (d.text[0] == '\0' || d.text[1] == '\0'))
		return luaL_error(lua, "JSON parser does not support UTF-16 or UTF-32");
	buf_clear(d.frames);
	token_next(&d);
	for (;;) {
		bool is_complete = !decode_value(&d) || decode_begin(&d);
		while (is_complete && d.frames->len > 0)
			is_complete = decode_store(&d);
		if (is_complete)
			break;
	}
	token_next(&d);
	if (d.token != T_END)
		decode_refuse(&d, "the end");
	if (d.string->cap > JSON_SCRATCH_KEPT_BYTES)
		buf_release(d.string);
	return 1;
}
