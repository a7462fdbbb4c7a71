/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Between RESP and Lua. Replies of nested calls are our own and complete: they are read without
 * doubt, but never behind their end. What a script returns may be anything: it is walked with a
 * stack of our own, as deep as Lua's stack lets it.
 */
#include "script/run.h"

#include "base/num.h"

#include <math.h>

/* --- to Lua --- */

#define CONVERT_DEPTH_MAX 64 /* our own replies nest less than that */

enum frame_kind { FRAME_ARRAY, FRAME_MAP, FRAME_SET, FRAME_SKIP };

struct to_lua_frame {
	enum frame_kind kind;
	int64_t left; /* elements to come; of a map keys and values */
	int index;
};

struct to_lua {
	const char *at, *end;
	struct to_lua_frame frames[CONVERT_DEPTH_MAX];
	int depth;
	int resp;
};

/* The text up to the line's end; `at` goes behind it. */
static struct bytes to_lua_line(struct to_lua *c)
{
	const char *start = c->at;
	const char *end = memchr(start, '\r', (size_t)(c->end - start));

	if (end == NULL)
		end = c->end;
	c->at = c->end - end >= 2 ? end + 2 : c->end;
	return bytes_of(start, (size_t)(end - start));
}

static int64_t to_lua_number(struct to_lua *c)
{
	int64_t n = 0;
	return num_parse_i64(to_lua_line(c), &n) ? n : 0;
}

static struct bytes to_lua_bulk(struct to_lua *c, int64_t len)
{
	const char *start = c->at;

	if (len > c->end - c->at)
		len = c->end - c->at;
	c->at += len;
	c->at += c->end - c->at >= 2 ? 2 : 0;
	return bytes_of(start, (size_t)len);
}

/* {name = text} */
static void push_named(lua_State *lua, const char *name, struct bytes text)
{
	lua_createtable(lua, 0, 1);
	lua_pushlstring(lua, text.ptr, text.len);
	lua_setfield(lua, -2, name);
}

static void push_verbatim(lua_State *lua, struct bytes text)
{
	size_t head = text.len < 4 ? text.len : 4;

	lua_createtable(lua, 0, 1);
	lua_createtable(lua, 0, 2);
	lua_pushlstring(lua, text.ptr + head, text.len - head);
	lua_setfield(lua, -2, "string");
	lua_pushlstring(lua, text.ptr, text.len < 3 ? text.len : 3);
	lua_setfield(lua, -2, "format");
	lua_setfield(lua, -2, "verbatim_string");
}

static void push_null(lua_State *lua, int resp)
{
	if (resp == 3)
		lua_pushnil(lua);
	else
		lua_pushboolean(lua, 0);
}

/* A container's head: its table (for maps and sets the inner one above the outer) and a frame. */
static void to_lua_open(lua_State *lua, struct to_lua *c, char kind, int64_t count)
{
	if (c->depth == CONVERT_DEPTH_MAX)
		luaL_error(lua, "a reply nests too deep");
	luaL_checkstack(lua, 6, "a reply nests too deep");
	struct to_lua_frame *f = &c->frames[c->depth++];
	*f = (struct to_lua_frame){FRAME_ARRAY, count, 0};
	if (kind == '%' || kind == '|') {
		f->kind = kind == '%' ? FRAME_MAP : FRAME_SKIP;
		f->left = count * 2;
	} else if (kind == '~') {
		f->kind = FRAME_SET;
	}
	if (f->kind == FRAME_MAP || f->kind == FRAME_SET)
		lua_createtable(lua, 0, 1);
	if (f->kind != FRAME_SKIP)
		lua_createtable(lua, f->kind == FRAME_ARRAY && count < 1024 ? (int)count : 0, 0);
}

/* One value on the stack; true: a container was opened instead. */
static bool to_lua_value(lua_State *lua, struct to_lua *c)
{
	char kind = *c->at++;
	int64_t n;

	switch (kind) {
	case '+':
		push_named(lua, "ok", to_lua_line(c));
		return false;
	case '-':
		script_push_error(lua, to_lua_line(c), true);
		return false;
	case ':':
		lua_pushnumber(lua, (lua_Number)to_lua_number(c));
		return false;
	case '$':
	case '=':
		n = to_lua_number(c);
		if (n < 0) {
			push_null(lua, c->resp);
			return false;
		}
		struct bytes text = to_lua_bulk(c, n);
		if (kind == '=')
			push_verbatim(lua, text);
		else
			lua_pushlstring(lua, text.ptr, text.len);
		return false;
	case '_':
		to_lua_line(c);
		push_null(lua, c->resp);
		return false;
	case '#':
		lua_pushboolean(lua, to_lua_line(c).ptr[0] == 't');
		return false;
	case ',': {
		double value = 0;
		struct bytes digits = to_lua_line(c);
		if (!num_parse_double(digits, &value))
			value = NAN;
		lua_createtable(lua, 0, 1);
		lua_pushnumber(lua, value);
		lua_setfield(lua, -2, "double");
		return false;
	}
	case '(':
		push_named(lua, "big_number", to_lua_line(c));
		return false;
	default:
		break;
	}
	n = to_lua_number(c);
	if (n < 0) {
		push_null(lua, c->resp);
		return false;
	}
	to_lua_open(lua, c, kind, n);
	return true;
}

/* The value on top goes to its place in the innermost container. */
static void to_lua_store(lua_State *lua, struct to_lua_frame *f)
{
	f->left--;
	switch (f->kind) {
	case FRAME_ARRAY:
		lua_rawseti(lua, -2, ++f->index);
		break;
	case FRAME_MAP:
		if (f->left % 2 != 0)
			break; /* a key: it waits for its value */
		if (lua_isnil(lua, -2))
			lua_pop(lua, 2);
		else
			lua_rawset(lua, -3);
		break;
	case FRAME_SET:
		lua_pushboolean(lua, 1);
		if (lua_isnil(lua, -2))
			lua_pop(lua, 2);
		else
			lua_rawset(lua, -3);
		break;
	case FRAME_SKIP:
		lua_pop(lua, 1);
		break;
	}
}

/* Closes what is complete; true: the outermost value stands on the stack. */
static bool to_lua_close(lua_State *lua, struct to_lua *c)
{
	while (c->depth > 0) {
		struct to_lua_frame *f = &c->frames[c->depth - 1];
		if (f->left > 0)
			return false;
		c->depth--;
		if (f->kind == FRAME_SKIP)
			return false; /* the value that the attribute belongs to follows */
		if (f->kind != FRAME_ARRAY)
			lua_setfield(lua, -2, f->kind == FRAME_MAP ? "map" : "set");
		if (c->depth > 0)
			to_lua_store(lua, &c->frames[c->depth - 1]);
	}
	return true;
}

void convert_to_lua(lua_State *lua, struct bytes reply)
{
	struct to_lua c = {.at = reply.ptr, .end = reply.ptr + reply.len};

	c.resp = vm_of(lua)->scripts->session.reply.resp;
	do {
		if (c.at == c.end) {
			if (c.depth > 0)
				luaL_error(lua, "a reply ends too early");
			lua_pushboolean(lua, 0);
			return;
		}
		if (!to_lua_value(lua, &c) && c.depth > 0)
			to_lua_store(lua, &c.frames[c.depth - 1]);
	} while (!to_lua_close(lua, &c));
}

/* --- from Lua ----------------------------------------------------------------------------------
 */

enum walk_kind { WALK_ARRAY, WALK_MAP, WALK_SET };

/* A container being replied; its table is on the Lua stack, of a map or set the key above it. */
struct walk {
	enum walk_kind kind;
	bool has_value; /* a map's key was replied, its value is next */
	int64_t count;
	struct reply_hole hole;
};

struct from_lua {
	lua_State *lua;
	struct reply *reply;
	struct buf *walks;
	int resp;     /* as the script chose by redis.setresp */
	size_t bytes; /* replied, about */
};

#define FROM_LUA_VALUE_BYTES 8

static struct walk *walk_top(struct from_lua *c)
{
	return (struct walk *)(void *)(c->walks->ptr + c->walks->len) - 1;
}

static void walk_push(struct from_lua *c, enum walk_kind kind)
{
	struct walk w = {.kind = kind, .hole = reply_open(c->reply)};
	buf_add(c->walks, &w, sizeof(w));
}

static void reply_lua_number(struct reply *reply, double value)
{
	/* 2^63 and above, and what is no number, have no integer: always the same one then. */
	bool fits = value >= -9223372036854775808.0 && value < 9223372036854775808.0;
	reply_i64(reply, fits ? (int64_t)value : INT64_MIN);
}

static struct bytes lua_bytes(lua_State *lua, int index)
{
	struct bytes b;
	b.ptr = lua_tolstring(lua, index, &b.len);
	return b;
}

/* "<kind><text>\r\n", line ends as blanks. */
static void reply_lua_line(struct reply *reply, char kind, struct bytes text)
{
	char *to = out_room(reply->out, text.len + 3);

	to[0] = kind;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		to[1 + i] = c == '\r' || c == '\n' ? ' ' : c;
	}
	memcpy(to + 1 + text.len, "\r\n", 2);
	out_advance(reply->out, text.len + 3);
}

/* Pushes table[name]; true when it is of this type, else nothing stays on the stack. */
static bool from_lua_field(lua_State *lua, const char *name, int type)
{
	lua_pushstring(lua, name);
	lua_rawget(lua, -2);
	if (lua_type(lua, -1) == type)
		return true;
	lua_pop(lua, 1);
	return false;
}

/* The error was counted when it happened, inside the script. */
static bool is_counted(lua_State *lua)
{
	lua_pushliteral(lua, "ignore_error_stats_update");
	lua_rawget(lua, -3);
	bool is_so = lua_toboolean(lua, -1);
	lua_pop(lua, 1);
	return is_so;
}

static bool from_lua_error(struct from_lua *c)
{
	lua_State *lua = c->lua;
	struct exec *exec = vm_of(lua)->scripts->exec;

	if (!from_lua_field(lua, "err", LUA_TSTRING))
		return false;
	struct bytes text = lua_bytes(lua, -1);
	if (!is_counted(lua))
		exec_count_error(exec, text);
	reply_error_text(c->reply, text);
	return true;
}

static bool from_lua_verbatim(struct from_lua *c)
{
	lua_State *lua = c->lua;

	if (!from_lua_field(lua, "verbatim_string", LUA_TTABLE))
		return false;
	if (from_lua_field(lua, "format", LUA_TSTRING)) {
		struct bytes format = lua_bytes(lua, -1);
		char ext[4] = "txt";
		memcpy(ext, format.ptr, format.len < 3 ? format.len : 3);
		lua_pop(lua, 1);
		if (from_lua_field(lua, "string", LUA_TSTRING)) {
			reply_verbatim(c->reply, lua_bytes(lua, -1), ext);
			return true;
		}
	}
	lua_pop(lua, 1);
	return false;
}

/* A table that stands for one reply of another kind: replied, and true. */
static bool from_lua_special(struct from_lua *c)
{
	lua_State *lua = c->lua;

	if (from_lua_error(c))
		return true;
	if (from_lua_field(lua, "ok", LUA_TSTRING)) {
		reply_lua_line(c->reply, '+', lua_bytes(lua, -1));
		return true;
	}
	if (from_lua_field(lua, "double", LUA_TNUMBER)) {
		reply_double(c->reply, lua_tonumber(lua, -1));
		return true;
	}
	if (from_lua_field(lua, "big_number", LUA_TSTRING)) {
		struct buf *digits = &vm_of(lua)->text;
		buf_clear(digits);
		buf_add_bytes(digits, lua_bytes(lua, -1));
		for (size_t at = 0; at < digits->len; at++)
			if (digits->ptr[at] == '\r' || digits->ptr[at] == '\n')
				digits->ptr[at] = ' ';
		reply_big_number(c->reply, digits->len == 0 ? BYTES("") : buf_bytes(digits));
		return true;
	}
	return from_lua_verbatim(c);
}

/* A value that occurs many times in a table is replied as often. */
static void from_lua_count(struct from_lua *c, size_t bytes)
{
	bytes += FROM_LUA_VALUE_BYTES;
	if (bytes > VM_TEXT_BYTES_MAX - c->bytes)
		luaL_error(c->lua, "not enough memory");
	c->bytes += bytes;
}

/* The table on top is opened, or replied and popped. */
static void from_lua_table(struct from_lua *c)
{
	lua_State *lua = c->lua;
	int top = lua_gettop(lua);

	if (!lua_checkstack(lua, 8)) {
		struct bytes text = bytes_text(error_text(E_LUA_STACK));
		exec_count_error(vm_of(lua)->scripts->exec, text);
		reply_error_text(c->reply, text);
		lua_settop(lua, top - 1);
		return;
	}
	if (from_lua_special(c)) {
		lua_settop(lua, top - 1);
		return;
	}
	if (from_lua_field(lua, "map", LUA_TTABLE)) {
		lua_replace(lua, top);
		walk_push(c, WALK_MAP);
	} else if (from_lua_field(lua, "set", LUA_TTABLE)) {
		lua_replace(lua, top);
		walk_push(c, WALK_SET);
	} else {
		walk_push(c, WALK_ARRAY);
		return;
	}
	lua_pushnil(lua);
}

/* The value on top is replied and popped, or opened. */
static void from_lua_value(struct from_lua *c)
{
	lua_State *lua = c->lua;

	switch (lua_type(lua, -1)) {
	case LUA_TSTRING:
		from_lua_count(c, lua_objlen(lua, -1));
		reply_bulk(c->reply, lua_bytes(lua, -1));
		break;
	case LUA_TNUMBER:
		reply_lua_number(c->reply, lua_tonumber(lua, -1));
		break;
	case LUA_TBOOLEAN:
		if (c->resp == 3)
			reply_bool(c->reply, lua_toboolean(lua, -1));
		else if (lua_toboolean(lua, -1))
			reply_i64(c->reply, 1);
		else
			reply_null(c->reply);
		break;
	case LUA_TTABLE:
		from_lua_table(c);
		return;
	default:
		reply_null(c->reply);
		break;
	}
	lua_pop(lua, 1);
}

static void walk_end(struct from_lua *c)
{
	const struct walk *w = walk_top(c);

	switch (w->kind) {
	case WALK_ARRAY:
		reply_close_array(c->reply, w->hole, w->count);
		break;
	case WALK_MAP:
		reply_close_map(c->reply, w->hole, w->count);
		break;
	case WALK_SET:
		reply_close_set(c->reply, w->hole, w->count);
		break;
	}
	lua_pop(c->lua, 1);
	c->walks->len -= sizeof(struct walk);
}

/* Pushes the innermost container's next element; false: it is at its end, and closed. */
static bool walk_next(struct from_lua *c)
{
	lua_State *lua = c->lua;
	struct walk *w = walk_top(c);

	if (w->kind == WALK_ARRAY) {
		lua_rawgeti(lua, -1, (int)w->count + 1);
		if (!lua_isnil(lua, -1)) {
			w->count++;
			return true;
		}
		lua_pop(lua, 1);
		walk_end(c);
		return false;
	}
	if (w->has_value) { /* table, value, key: the value comes first off the stack */
		w->has_value = false;
		lua_insert(lua, -2);
		return true;
	}
	if (!lua_next(lua, -2)) {
		walk_end(c);
		return false;
	}
	w->count++;
	if (w->kind == WALK_SET) {
		lua_pop(lua, 1);
		lua_pushvalue(lua, -1);
		return true;
	}
	/* table, key, value → table, value, key, key: the copy on top is replied now. */
	lua_insert(lua, -2);
	lua_pushvalue(lua, -1);
	w->has_value = true;
	return true;
}

void convert_from_lua(lua_State *lua, struct reply *reply, int resp)
{
	struct from_lua c = {lua, reply, &vm_of(lua)->frames, resp, 0};

	buf_clear(c.walks);
	from_lua_value(&c);
	while (c.walks->len > 0)
		if (walk_next(&c)) {
			from_lua_count(&c, 0);
			from_lua_value(&c);
		}
}
