/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Libraries: loading runs a text that registers functions into a library still unknown to all; only
 * when it stands whole is it linked, in place of the one that it replaces. So a failed load leaves
 * everything as it was.
 *
 * Invariant: a function is in the dictionary exactly while its library is in the list.
 */
#include "script/library.h"

#include "base/hash.h"
#include "base/mem.h"
#include "script/run.h"

#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

#define LIBRARY_NAME_HASHED 64 /* bytes of a function's name that its hash looks at */

/* Functions are found by name whatever its case. */
static uint64_t name_hash(struct bytes name)
{
	char lower[LIBRARY_NAME_HASHED];
	size_t len = name.len < sizeof(lower) ? name.len : sizeof(lower);

	for (size_t i = 0; i < len; i++)
		lower[i] = ascii_lower(name.ptr[i]);
	return hash_bytes(lower, len);
}

static uint64_t function_hash(const void *item)
{
	return name_hash(bytes_text(((const struct function *)item)->name));
}

static const struct dict_ops function_ops = {function_hash};

static inline bool function_has_name(const void *item, const void *key)
{
	return bytes_is(*(const struct bytes *)key, ((const struct function *)item)->name);
}

struct function *function_find(const struct exec *exec, struct bytes name)
{
	return dict_find(&exec->scripts->functions, name_hash(name), function_has_name, &name);
}

static struct library *library_find(const struct scripts *s, struct bytes name)
{
	LINK_EACH(it, after, &s->libraries)
	{
		struct library *l = LINK_OWNER(it, struct library, all);
		if (bytes_equal(bytes_text(l->name), name))
			return l;
	}
	return NULL;
}

struct link *library_list(const struct exec *exec)
{
	return &exec->scripts->libraries;
}

static bool library_fail(struct library_error *error, enum error why, ...)
{
	va_list args;

	va_start(args, why);
	vsnprintf(error->text, sizeof(error->text), error_text(why), args);
	va_end(args);
	return false;
}

/* --- a library and its functions
 * ------------------------------------------------------------------- */

static size_t library_bytes(const struct library *l)
{
	size_t sum = mem_usable_size(l) + mem_usable_size(l->name) + mem_usable_size(l->source);

	LINK_EACH(it, after, &l->functions)
	{
		const struct function *f = LINK_OWNER(it, struct function, of_library);
		sum += mem_usable_size(f) + mem_usable_size(f->name);
		sum += f->description == NULL ? 0 : mem_usable_size(f->description);
	}
	return sum;
}

static void library_free(struct scripts *s, struct library *l)
{
	lua_State *lua = s->vms[VM_FUNCTIONS].lua;

	while (!link_is_empty(&l->functions)) {
		struct function *f = LINK_OWNER(l->functions.next, struct function, of_library);
		link_remove(&f->of_library);
		luaL_unref(lua, LUA_REGISTRYINDEX, f->ref);
		mem_free(f->name);
		mem_free(f->description);
		mem_free(f);
	}
	mem_free(l->name);
	mem_free(l->source);
	mem_free(l);
}

static void library_link(struct scripts *s, struct library *l)
{
	link_add_tail(&s->libraries, &l->all);
	s->library_count++;
	s->functions_bytes += library_bytes(l);
	LINK_EACH(it, after, &l->functions)
	{
		struct function *f = LINK_OWNER(it, struct function, of_library);
		dict_insert(&s->functions, function_hash(f), f);
	}
}

static void library_unlink(struct scripts *s, struct library *l)
{
	link_remove(&l->all);
	s->library_count--;
	s->functions_bytes -= library_bytes(l);
	LINK_EACH(it, after, &l->functions)
	{
		struct function *f = LINK_OWNER(it, struct function, of_library);
		uint64_t hash = function_hash(f);
		dict_remove_place(&s->functions, hash, dict_find_pointer(&s->functions, hash, f));
	}
}

static bool name_is_valid(struct bytes name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i], lower = ascii_lower(c);
		if (!((lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '_'))
			return false;
	}
	return name.len > 0;
}

/* --- redis.register_function
 * -------------------------------------------------------------------------- */

/* What a library's text says of a function, by place or by name. */
struct registration {
	struct bytes name, description;
	bool has_description, has_callback;
	int callback; /* its place on the stack */
	uint32_t flags;
};

static int register_flags(lua_State *lua, struct registration *r)
{
	enum error error = E_NONE;
	int table = lua_gettop(lua);

	if (lua_type(lua, table) != LUA_TTABLE)
		error = E_REGISTER_FLAGS;
	for (int i = 1; error == E_NONE; i++) {
		struct bytes name;
		lua_rawgeti(lua, table, i);
		if (lua_isnil(lua, -1))
			break;
		name.ptr =
			lua_type(lua, -1) == LUA_TSTRING ? lua_tolstring(lua, -1, &name.len) : NULL;
		uint32_t flag = name.ptr == NULL ? 0 : script_flag_find(name);
		if (flag == 0)
			error = E_REGISTER_FLAG;
		r->flags |= flag;
		lua_pop(lua, 1);
	}
	if (error != E_NONE)
		return script_raise(lua, error);
	lua_settop(lua, table);
	return 0;
}

/* One named argument; the value is on top and stays on the stack as long as it is needed. */
static int register_named(lua_State *lua, const char *key, struct registration *r)
{
	int value = lua_gettop(lua);

	if (strcasecmp(key, "function_name") == 0) {
		r->name.ptr = lua_tolstring(lua, value, &r->name.len);
		if (r->name.ptr == NULL)
			return script_raise(lua, E_REGISTER_NAME_TYPE);
	} else if (strcasecmp(key, "description") == 0) {
		r->description.ptr = lua_tolstring(lua, value, &r->description.len);
		r->has_description = true;
		if (r->description.ptr == NULL)
			return script_raise(lua, E_REGISTER_DESCRIPTION);
	} else if (strcasecmp(key, "callback") == 0) {
		if (!lua_isfunction(lua, value))
			return script_raise(lua, E_REGISTER_CALLBACK_TYPE);
		r->callback = value;
		r->has_callback = true;
	} else if (strcasecmp(key, "flags") == 0) {
		return register_flags(lua, r);
	} else {
		return script_raise(lua, E_REGISTER_ARGUMENT);
	}
	return 0;
}

static int register_read_table(lua_State *lua, struct registration *r)
{
	if (lua_type(lua, 1) != LUA_TTABLE)
		return script_raise(lua, E_REGISTER_TABLE);
	lua_pushnil(lua);
	while (lua_next(lua, 1)) {
		if (lua_type(lua, -2) != LUA_TSTRING)
			return script_raise(lua, E_REGISTER_KEY);
		register_named(lua, lua_tostring(lua, -2), r);
		/* The value stays below a copy of the key, so that what points into it lives. */
		luaL_checkstack(lua, 4, "too many named arguments");
		lua_pushvalue(lua, -2);
	}
	if (r->name.ptr == NULL)
		return script_raise(lua, E_REGISTER_NO_NAME);
	if (!r->has_callback)
		return script_raise(lua, E_REGISTER_NO_CALLBACK);
	return 0;
}

static int register_read(lua_State *lua, struct registration *r)
{
	int argc = lua_gettop(lua);

	if (argc < 1 || argc > 2)
		return script_raise(lua, E_REGISTER_ARGS);
	if (argc == 1)
		return register_read_table(lua, r);
	r->name.ptr = lua_tolstring(lua, 1, &r->name.len);
	if (r->name.ptr == NULL)
		return script_raise(lua, E_REGISTER_FIRST);
	if (!lua_isfunction(lua, 2))
		return script_raise(lua, E_REGISTER_SECOND);
	r->callback = 2;
	return 0;
}

static bool library_has(const struct library *l, struct bytes name)
{
	LINK_EACH(it, after, &l->functions)
	{
		const struct function *f = LINK_OWNER(it, struct function, of_library);
		if (bytes_equal(bytes_text(f->name), name))
			return true;
	}
	return false;
}

int library_register(lua_State *lua)
{
	struct library *l = vm_of(lua)->scripts->loading;
	struct registration r = {0};

	if (l == NULL)
		return script_raise(lua, E_REGISTER_OUTSIDE);
	register_read(lua, &r);
	if (!name_is_valid(r.name))
		return script_raise(lua, E_LIBRARY_NAME);
	if (library_has(l, r.name))
		return script_raise(lua, E_REGISTER_TWICE);
	if (l->function_count == LIBRARY_FUNCTIONS_MAX)
		return script_raise(lua, E_REGISTER_TOO_MANY);
	lua_pushvalue(lua, r.callback);
	int ref = luaL_ref(lua, LUA_REGISTRYINDEX);
	struct function *f = mem_calloc(1, sizeof(*f));
	f->library = l;
	f->name = mem_dup_bytes_text(r.name.ptr, r.name.len);
	if (r.has_description)
		f->description = mem_dup_bytes_text(r.description.ptr, r.description.len);
	f->flags = r.flags;
	f->ref = ref;
	link_add_tail(&l->functions, &f->of_library);
	l->function_count++;
	return 0;
}

/* --- loading
 * ------------------------------------------------------------------------------------------- */

/* The first line: "#!lua name=x". `code_at`: where Lua begins. The name is to be freed. */
static bool library_metadata(
	struct bytes source, struct bytes *name, size_t *code_at, struct library_error *error)
{
	struct param_words words;
	bool is_valid = false;

	*name = bytes_of(NULL, 0);
	if (source.len < 2 || source.ptr[0] != '#' || source.ptr[1] != '!')
		return library_fail(error, E_LIBRARY_NO_METADATA);
	const char *end = memchr(source.ptr, '\n', source.len);
	if (end == NULL)
		return library_fail(error, E_LIBRARY_METADATA);
	struct bytes line = bytes_of(source.ptr, (size_t)(end - source.ptr));
	*code_at = line.len;
	if (!param_split(line, &words))
		return library_fail(error, E_LIBRARY_METADATA);
	struct bytes engine = bytes_of(words.argv[0].ptr + 2, words.argv[0].len - 2);
	for (int i = 1; i < words.argc; i++) {
		struct bytes word = words.argv[i];
		if (word.len < 5 || strncasecmp(word.ptr, "name=", 5) != 0) {
			library_fail(error, E_LIBRARY_VALUE, (int)(word.len < 512 ? word.len : 512),
				word.ptr);
			goto out;
		}
		if (name->ptr != NULL) {
			library_fail(error, E_LIBRARY_NAME_TWICE);
			goto out;
		}
		*name = bytes_of(word.ptr + 5, word.len - 5);
	}
	if (name->ptr == NULL)
		library_fail(error, E_LIBRARY_NO_NAME);
	else if (!name_is_valid(*name))
		library_fail(error, E_LIBRARY_NAME);
	else if (!bytes_is(engine, "lua"))
		library_fail(error, E_LIBRARY_ENGINE, (int)(engine.len < 128 ? engine.len : 128),
			engine.ptr);
	else
		is_valid = true;
out:
	/* A view of the words becomes a text of its own: the caller's. */
	if (is_valid)
		name->ptr = mem_dup_bytes_text(name->ptr, name->len);
	param_words_release(&words);
	return is_valid;
}

struct library_text {
	struct bytes code;
	bool is_compiled;
};

static int library_run_protected(lua_State *lua)
{
	struct library_text *t = lua_touserdata(lua, 1);

	if (vm_compile(lua, t->code, "@user_function") != 0)
		return lua_error(lua);
	t->is_compiled = true;
	lua_call(lua, 0, 0);
	return 0;
}

/* What a failed text left on the stack, as words. */
static bool library_fail_lua(lua_State *lua, bool is_compiled, struct library_error *error)
{
	char number[64];
	const char *text = "unknown error";

	if (lua_type(lua, -1) == LUA_TTABLE) {
		lua_pushliteral(lua, "err");
		lua_rawget(lua, -2);
		if (lua_type(lua, -1) == LUA_TSTRING)
			text = lua_tostring(lua, -1);
		return library_fail(error, E_LIBRARY_FAILED, text);
	}
	if (lua_type(lua, -1) == LUA_TSTRING) {
		text = lua_tostring(lua, -1);
	} else if (lua_type(lua, -1) == LUA_TNUMBER) {
		snprintf(number, sizeof(number), LUA_NUMBER_FMT, lua_tonumber(lua, -1));
		text = number;
	}
	if (is_compiled)
		return library_fail(error, E_LIBRARY_FAILED_ERR, text);
	return library_fail(error, E_LIBRARY_COMPILE, text);
}

static bool library_execute(struct scripts *s, struct library *l, struct bytes code,
	bool is_trusted, struct library_error *error)
{
	struct script_vm *vm = &s->vms[VM_FUNCTIONS];
	struct library_text text = {code, false};

	s->loading = l;
	if (!is_trusted)
		s->load_until_us = s->exec->keyspace->clock_us() + LIBRARY_LOAD_MS * 1000;
	vm_show_load_globals(vm, true);
	vm->limit_bytes = SCRIPT_VM_BYTES_MAX;
	int status = lua_cpcall(vm->lua, library_run_protected, &text);
	vm->limit_bytes = SIZE_MAX;
	vm_show_load_globals(vm, false);
	s->loading = NULL;
	s->load_until_us = 0;
	if (status != 0)
		library_fail_lua(vm->lua, text.is_compiled, error);
	lua_settop(vm->lua, 0);
	if (status == 0 && l->function_count == 0)
		return library_fail(error, E_LIBRARY_EMPTY);
	return status == 0;
}

/* None of its functions may belong to another library. */
static bool library_fits(const struct scripts *s, const struct library *l,
	const struct library *replaced, struct library_error *error)
{
	LINK_EACH(it, after, &l->functions)
	{
		const struct function *f = LINK_OWNER(it, struct function, of_library);
		const struct function *other = function_find(s->exec, bytes_text(f->name));
		if (other != NULL && other->library != replaced)
			return library_fail(error, E_FUNCTION_EXISTS, f->name);
	}
	return true;
}

bool library_load(struct exec *exec, struct bytes source, struct library_options options,
	const char **name, struct library_error *error)
{
	struct scripts *s = exec->scripts;
	struct bytes named;
	size_t code_at = 0;

	if (!library_metadata(source, &named, &code_at, error))
		return false;
	struct library *old = library_find(s, named);
	struct library *l = mem_calloc(1, sizeof(*l));
	l->name = (char *)(uintptr_t)named.ptr;
	link_init(&l->all);
	link_init(&l->functions);
	bool is_new = old == NULL || options.replaces;
	if (!is_new)
		library_fail(
			error, options.is_restored ? E_LIBRARY_IN_WAY : E_LIBRARY_EXISTS, l->name);
	struct bytes code = bytes_of(source.ptr + code_at, source.len - code_at);
	if (!is_new || !library_execute(s, l, code, options.is_trusted, error) ||
		!library_fits(s, l, old, error)) {
		library_free(s, l);
		return false;
	}
	l->source = mem_dup_bytes_text(source.ptr, source.len);
	l->source_len = source.len;
	if (old != NULL) {
		library_unlink(s, old);
		library_free(s, old);
	}
	library_link(s, l);
	if (name != NULL)
		*name = l->name;
	return true;
}

bool library_delete(struct exec *exec, struct bytes name)
{
	struct scripts *s = exec->scripts;
	struct library *l = library_find(s, name);

	if (l == NULL)
		return false;
	library_unlink(s, l);
	library_free(s, l);
	return true;
}

/* --- life
 * ------------------------------------------------------------------------------------------------
 */

void library_init(struct scripts *s)
{
	dict_init(&s->functions, &function_ops);
	link_init(&s->libraries);
	s->library_count = s->functions_bytes = 0;
	bool is_open = vm_open(&s->vms[VM_FUNCTIONS], s, VM_FUNCTIONS);
	ASSERT(is_open);
}

void library_release(struct scripts *s)
{
	while (!link_is_empty(&s->libraries)) {
		struct library *l = LINK_OWNER(s->libraries.next, struct library, all);
		library_unlink(s, l);
		library_free(s, l);
	}
	dict_release(&s->functions);
	vm_close(&s->vms[VM_FUNCTIONS]);
}

void library_flush(struct exec *exec)
{
	ASSERT(exec->scripts->run == NULL);
	library_release(exec->scripts);
	library_init(exec->scripts);
}

enum outcome function_run(struct call *call, bool is_read_only)
{
	struct scripts *s = call->exec->scripts;
	struct function *f = function_find(call->exec, call->argv[1]);
	struct script_job job = {.vm = &s->vms[VM_FUNCTIONS], .is_read_only = is_read_only};

	if (f == NULL)
		return call_fail(call, E_FUNCTION_NONE);
	if (!script_job_words(call, &job, E_FUNCTION_NUMKEYS))
		return FAILED;
	job.name = f->name;
	job.flags = f->flags;
	job.ref = f->ref;
	return script_run(call, &job);
}
