/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Makes small Lua programs for EVAL and FUNCTION LOAD, right ones and wrong ones.
 */
#ifndef DIFF_LUA_H
#define DIFF_LUA_H

#include <stddef.h>
#include <stdint.h>

/* Most bytes of a program, with the NUL. */
enum { LUA_ROOM = 2000 };

/* A script; returns its length. `out` has LUA_ROOM bytes. */
size_t lua_script(uint64_t *random, char *out);
/* A library with one to three functions out of f1 … f4. */
size_t lua_library(uint64_t *random, char *out);

#endif
