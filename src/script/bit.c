/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The module `bit`: operations on 32-bit integers as Mike Pall's BitOp defines them. Numbers are
 * taken modulo 2^32 and come back signed.
 */
#include "script/vm.h"

#include <math.h>

/* Rounded to the nearest, modulo 2^32; what has no integer near it is 0. */
static uint32_t bit_arg(lua_State *lua, int index)
{
	double value = nearbyint(luaL_checknumber(lua, index));

	if (!isfinite(value))
		return 0;
	value = fmod(value, 4294967296.0);
	return (uint32_t)(int64_t)value;
}

static int bit_push(lua_State *lua, uint32_t bits)
{
	lua_pushnumber(lua, (double)(int32_t)bits);
	return 1;
}

static int bit_tobit(lua_State *lua)
{
	return bit_push(lua, bit_arg(lua, 1));
}

static int bit_bnot(lua_State *lua)
{
	return bit_push(lua, ~bit_arg(lua, 1));
}

static int bit_band(lua_State *lua)
{
	uint32_t bits = bit_arg(lua, 1);
	for (int i = lua_gettop(lua); i > 1; i--)
		bits &= bit_arg(lua, i);
	return bit_push(lua, bits);
}

static int bit_bor(lua_State *lua)
{
	uint32_t bits = bit_arg(lua, 1);
	for (int i = lua_gettop(lua); i > 1; i--)
		bits |= bit_arg(lua, i);
	return bit_push(lua, bits);
}

static int bit_bxor(lua_State *lua)
{
	uint32_t bits = bit_arg(lua, 1);
	for (int i = lua_gettop(lua); i > 1; i--)
		bits ^= bit_arg(lua, i);
	return bit_push(lua, bits);
}

static int bit_lshift(lua_State *lua)
{
	uint32_t bits = bit_arg(lua, 1);
	return bit_push(lua, bits << (bit_arg(lua, 2) & 31));
}

static int bit_rshift(lua_State *lua)
{
	uint32_t bits = bit_arg(lua, 1);
	return bit_push(lua, bits >> (bit_arg(lua, 2) & 31));
}

static int bit_arshift(lua_State *lua)
{
	int32_t bits = (int32_t)bit_arg(lua, 1);
	return bit_push(lua, (uint32_t)(bits >> (bit_arg(lua, 2) & 31)));
}

static int bit_rol(lua_State *lua)
{
	uint32_t bits = bit_arg(lua, 1), by = bit_arg(lua, 2) & 31;
	return bit_push(lua, bits << by | bits >> (-by & 31));
}

static int bit_ror(lua_State *lua)
{
	uint32_t bits = bit_arg(lua, 1), by = bit_arg(lua, 2) & 31;
	return bit_push(lua, bits >> by | bits << (-by & 31));
}

static int bit_bswap(lua_State *lua)
{
	return bit_push(lua, __builtin_bswap32(bit_arg(lua, 1)));
}

static int bit_tohex(lua_State *lua)
{
	uint32_t bits = bit_arg(lua, 1);
	int32_t count = lua_isnone(lua, 2) ? 8 : (int32_t)bit_arg(lua, 2);
	const char *digits = count < 0 ? "0123456789ABCDEF" : "0123456789abcdef";
	char hex[8];

	if (count < 0)
		count = count < -8 ? 8 : -count;
	if (count > 8)
		count = 8;
	for (int i = count; i > 0; i--, bits >>= 4)
		hex[i - 1] = digits[bits & 15];
	lua_pushlstring(lua, hex, (size_t)count);
	return 1;
}

int bit_open(lua_State *lua)
{
	static const luaL_Reg functions[] = {{"tobit", bit_tobit}, {"bnot", bit_bnot},
		{"band", bit_band}, {"bor", bit_bor}, {"bxor", bit_bxor}, {"lshift", bit_lshift},
		{"rshift", bit_rshift}, {"arshift", bit_arshift}, {"rol", bit_rol},
		{"ror", bit_ror}, {"bswap", bit_bswap}, {"tohex", bit_tohex}, {NULL, NULL}};

	lua_newtable(lua);
	luaL_register(lua, NULL, functions);
	return 1;
}
