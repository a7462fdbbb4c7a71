/* SPDX-License-Identifier: BSD-3-Clause
 *
 * One Lua interpreter: its memory, its sandbox and what C code in it needs to find its way back.
 * Used inside script/ only.
 *
 * Invariant: outside of a protected call nothing is done with the interpreter that could allocate;
 * so memory that runs out is an error of the script and never of the server.
 */
#ifndef RINGLET_SCRIPT_VM_H
#define RINGLET_SCRIPT_VM_H

#include "base/buf.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

struct scripts;

enum vm_kind { VM_EVAL, VM_FUNCTIONS };

struct script_vm {
	lua_State *lua;
	struct scripts *scripts;
	enum vm_kind kind;
	size_t used_bytes;
	size_t limit_bytes;   /* while a script runs; otherwise there is none */
	uint64_t random;      /* state of math.random, 48 bits */
	uint32_t resumes;     /* of coroutines, to ask the hook now and then */
	int ref_body;         /* the function that runs a job, see run.c */
	int ref_on_error;     /* and that which notes where an error came from */
	int ref_globals;      /* what scripts see as _G, the table behind it */
	int ref_load_globals; /* what a library's text sees instead */
	int ref_globals_meta; /* the metatable that leads from _G to one of the two … */
	int ref_index;        /* … by this field's name */
	struct buf text;      /* scratch of the modules: survives errors that unwind C frames */
	struct buf frames;
};

#define VM_TEXT_BYTES_MAX ((size_t)1 << 30) /* what modules write, and a script as text */

/* Frees the scratch text and raises the error of no memory. */
void vm_refuse_text(lua_State *lua, struct buf *text);
/* False when there is not even the memory for an empty interpreter. */
bool vm_open(struct script_vm *vm, struct scripts *scripts, enum vm_kind kind);
void vm_close(struct script_vm *vm);
static inline struct script_vm *vm_of(lua_State *lua)
{
	void *vm;
	lua_getallocf(lua, &vm);
	return vm;
}
/* While a library's text runs only the means to register are there. */
void vm_show_load_globals(struct script_vm *vm, bool is_loading);
/* Compiles `text` (never bytecode) and leaves the function or the error on the stack; a lua_load
 * status. To be called protected. */
int vm_compile(lua_State *lua, struct bytes text, const char *chunk_name);
void vm_seed(struct script_vm *vm, int32_t seed);
/* To be asked before `more` bytes are added to a scratch text: a value that occurs many times in a
 * table makes a text far beyond the memory that it takes. Raises Lua's error of no memory. */
static inline void vm_check_text(lua_State *lua, struct buf *text, size_t more)
{
	if (__builtin_expect(more > VM_TEXT_BYTES_MAX || text->len > VM_TEXT_BYTES_MAX - more, 0))
		vm_refuse_text(lua, text);
}

/* sandbox.c: builds the globals; called protected. */
void sandbox_build(lua_State *lua);
/* The table on top of the stack is replaced by a read-only view of itself. */
void sandbox_protect(lua_State *lua);
bool sandbox_is_protected(lua_State *lua, int index);
/* Raises the error of whoever writes to a read-only table. */
int sandbox_refuse(lua_State *lua);

/* base_lib.c and thread_lib.c: what replaces functions of Lua's own libraries, into the tables at
 * the given indices. */
void base_lib_open(lua_State *lua, int globals);
void thread_lib_open(lua_State *lua, int globals);
/* The C function of that name in the table on top of the stack. */
lua_CFunction base_lib_take(lua_State *lua, const char *name);
/* api.c: the tables `redis` of scripts and of a library's text, left on the stack. */
void api_open(lua_State *lua, enum vm_kind kind);
void api_open_load(lua_State *lua);
/* Modules, each leaving its table on the stack. */
int json_open(lua_State *lua);
int msgpack_open(lua_State *lua);
int struct_open(lua_State *lua);
int bit_open(lua_State *lua);

#endif
