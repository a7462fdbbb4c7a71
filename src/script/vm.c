/* SPDX-License-Identifier: BSD-3-Clause
 *
 * An interpreter's birth and death, its allocator, and compiling.
 *
 * The allocator counts each interpreter's bytes and stops at a limit; Lua turns that into an error
 * of the script. Lua itself is Debian's: what Redis changed in its copy (read-only tables, no
 * bytecode, pcall's strings) is done from outside.
 */
#include "script/vm.h"

#include "base/assert.h"
#include "base/mem.h"
#include "script/run.h"

static void *vm_alloc(void *context, void *ptr, size_t old_size, size_t new_size)
{
	struct script_vm *vm = context;
	void *moved;

	if (new_size == 0) {
		mem_free(ptr);
		vm->used_bytes -= ptr == NULL ? 0 : old_size;
		return NULL;
	}
	if (ptr == NULL)
		old_size = 0;
	if (UNLIKELY(new_size > old_size &&
		     vm->used_bytes + (new_size - old_size) > vm->limit_bytes))
		return NULL;
	moved = ptr == NULL ? mem_try_alloc(new_size) : mem_try_realloc(ptr, new_size);
	if (LIKELY(moved != NULL))
		vm->used_bytes += new_size - old_size;
	return moved;
}

void vm_refuse_text(lua_State *lua, struct buf *text)
{
	buf_release(text);
	luaL_error(lua, "not enough memory");
}

/* Only an error outside of any protected call gets here: one of ours. */
static int vm_panic(lua_State *lua)
{
	(void)lua;
	ASSERT(!"an interpreter was used outside of a protected call");
	return 0;
}

static int vm_build(lua_State *lua)
{
	struct script_vm *vm = vm_of(lua);

	sandbox_build(lua);
	lua_pushcfunction(lua, script_body);
	vm->ref_body = luaL_ref(lua, LUA_REGISTRYINDEX);
	lua_pushcfunction(lua, script_on_error);
	vm->ref_on_error = luaL_ref(lua, LUA_REGISTRYINDEX);
	lua_pushliteral(lua, "__index");
	vm->ref_index = luaL_ref(lua, LUA_REGISTRYINDEX);
	/* From now on giving a reference back takes no memory. */
	lua_pushboolean(lua, 1);
	luaL_unref(lua, LUA_REGISTRYINDEX, luaL_ref(lua, LUA_REGISTRYINDEX));
	lua_sethook(lua, script_hook, LUA_MASKCOUNT, SCRIPT_HOOK_INSTRUCTIONS);
	return 0;
}

bool vm_open(struct script_vm *vm, struct scripts *scripts, enum vm_kind kind)
{
	*vm = (struct script_vm){.scripts = scripts, .kind = kind, .limit_bytes = SIZE_MAX};
	vm_seed(vm, 0);
	vm->lua = lua_newstate(vm_alloc, vm);
	if (vm->lua == NULL)
		return false;
	lua_atpanic(vm->lua, vm_panic);
	if (lua_cpcall(vm->lua, vm_build, NULL) == 0)
		return true;
	vm_close(vm);
	return false;
}

void vm_close(struct script_vm *vm)
{
	if (vm->lua != NULL)
		lua_close(vm->lua);
	vm->lua = NULL;
	buf_release(&vm->text);
	buf_release(&vm->frames);
}

void vm_show_load_globals(struct script_vm *vm, bool is_loading)
{
	lua_State *lua = vm->lua;

	lua_rawgeti(lua, LUA_REGISTRYINDEX, vm->ref_globals_meta);
	lua_rawgeti(lua, LUA_REGISTRYINDEX, vm->ref_index);
	lua_rawgeti(lua, LUA_REGISTRYINDEX, is_loading ? vm->ref_load_globals : vm->ref_globals);
	lua_rawset(lua, -3);
	lua_pop(lua, 1);
}

struct vm_reader {
	struct bytes parts[2];
	int next;
};

static const char *vm_read(lua_State *lua, void *context, size_t *size)
{
	struct vm_reader *r = context;

	(void)lua;
	while (r->next < 2) {
		struct bytes part = r->parts[r->next++];
		if (part.len == 0)
			continue;
		*size = part.len;
		return part.ptr;
	}
	*size = 0;
	return NULL;
}

/* Lua takes a chunk for bytecode by its first byte, which a blank in front hides: then the escape
 * character is just a syntax error. Its lexer counts in int, and its parser holds the chunk's name
 * where the collector does not look: the name stands on the stack meanwhile. */
int vm_compile(lua_State *lua, struct bytes text, const char *chunk_name)
{
	bool is_bytecode = text.len > 0 && text.ptr[0] == LUA_SIGNATURE[0];
	struct vm_reader r = {{is_bytecode ? BYTES(" ") : BYTES(""), text}, 0};

	if (text.len > VM_TEXT_BYTES_MAX) {
		lua_pushliteral(lua, "chunk has too many bytes");
		return LUA_ERRSYNTAX;
	}
	lua_pushstring(lua, chunk_name);
	int status = lua_load(lua, vm_read, &r, chunk_name);
	lua_remove(lua, -2);
	return status;
}

/* The sequence of POSIX's lrand48, so that a script sees the same numbers everywhere. */
void vm_seed(struct script_vm *vm, int32_t seed)
{
	vm->random = (uint64_t)(uint32_t)seed << 16 | 0x330e;
}
