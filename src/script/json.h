/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the two files of the module `cjson` share: its settings. Each table of the module has its
 * own, as upvalue of its functions.
 */
#ifndef RINGLET_SCRIPT_JSON_H
#define RINGLET_SCRIPT_JSON_H

#include "base/assert.h"
#include "script/vm.h"

#define JSON_SCRATCH_KEPT_BYTES (64 * 1024)

enum json_invalid { JSON_INVALID_REFUSED, JSON_INVALID_TAKEN, JSON_INVALID_NULL };

struct json_config {
	int sparse_convert, sparse_ratio, sparse_safe;
	int encode_max_depth, decode_max_depth;
	int precision;
	int keeps_buffer;   /* known, without effect */
	int encode_invalid; /* enum json_invalid: NaN and infinities */
	int decode_invalid; /* also hexadecimal numbers, leading zeros and '+' */
};

/* Of the running function. */
struct json_config *json_config_of(lua_State *lua);
int json_decode(lua_State *lua);

#endif
