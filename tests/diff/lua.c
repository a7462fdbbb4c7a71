/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A template language again: `E` in front of a point stands for an expression, `A` for one without
 * parts, `N` for a small number, `C` for a call of the server. No program depends on a clock, a
 * random number, an address in memory or the order of a table.
 */
#include "lua.h"

#include <stdio.h>
#include <string.h>

#include "grammar.h"

enum { DEPTH_MAX = 4, MARGIN = 60 };

struct program {
	uint64_t *random;
	char *out;
	size_t len;
};

static const char *const atoms[] = { "nil", "true", "false", "0", "-1", "3.7", "-2.5", "1234567",
	"2251799813685247", "'a'", "'1'", "''", "'12abc'", "'x y'", "' 7 '", "'0x10'",
		"'\\1\\2'",
	"KEYS[1]", "KEYS[2]", "KEYS[3]", "ARGV[1]", "ARGV[2]", "#KEYS", "#ARGV" };

static const char *const expressions[] = { "A.", "A.", "{}", "{E.,E.}", "{E.,nil,E.}", "{{E.},{}}",
	"{ok='fine'}", "{err='My error'}", "{err='E', ignore=1}", "{double=3.5}", "{map={a=A.}}",
	"{set={x=true}}", "{big_number='12345678901234567890'}",
	"{verbatim_string={string='text',format='txt'}}", "{a=1}", "tostring(A.=={} and 1 or 'n')",
	"tonumber(E.)", "tonumber('N.')", "tonumber('ff',16)", "type(E.)", "#E.", "(E.)..(E.)",
	"(E.)+(E.)", "(E.)==(E.)", "(E.)<(E.)", "not E.", "(E. and E.)", "(E. or E.)", "-(E.)",
	"string.format('%d|%s|%5.2f',N.,'s',N.)", "string.format('%q','a\\n\"')",
	"string.rep('ab',N.)", "string.sub('abcdef',N.,-N.)", "string.upper(A.)",
	"{string.gsub('hello','l','L',N.)}", "{string.find('hello','l(.)')}",
	"{string.byte('hello',1,N.)}", "string.char(6N.)", "string.len(A.)",
		"string.reverse('abN.')",
	"math.floor(3.N.)", "math.max(N.,2)", "math.abs(-N.)", "math.fmod(7,3)",
	"table.concat({'a',N.,'b'},',')", "select('#',E.,E.)", "({unpack({1,N.,3})})[2]",
	"(function(...) return select('#',...) end)(E.,nil)", "table.getn({1,2,N.})",
	"redis.sha1hex(A.)", "redis.error_reply('E N.')", "redis.error_reply('-MY text')",
	"redis.status_reply('S N.')", "redis.error_reply(E.)", "C.", "C.", "C.", "redis.call(E.)",
	"redis.call()", "redis.pcall('nosuch')", "redis.REPL_ALL", "redis.LOG_WARNING",
	"cjson.encode(A.)", "cjson.encode({E.})", "cjson.encode({a=A.})", "cjson.encode(3.N.)",
	"cjson.decode('[1,2.5,\"x\",null,true,[],{}]')", "cjson.decode('{\"a\":N.}').a",
	"cjson.decode('[1,')", "cjson.decode(A.)", "cjson.decode('N.')",
	"cmsgpack.unpack(cmsgpack.pack(E.))", "cmsgpack.pack(A.,A.)", "cmsgpack.pack({a=N.})",
	"{cmsgpack.unpack_limit(cmsgpack.pack(1,2,3),2,0)}", "cmsgpack.unpack('\\147\\1')",
	"struct.pack('>I4hN',N.)", "{struct.unpack('>I2s',struct.pack('>I2s',N.,'abc'))}",
	"struct.size('<I4i8d')", "struct.pack('>i2',E.)", "struct.unpack('>I8','short')",
	"bit.band(N.,6)", "bit.bor(N.,'8')", "bit.bxor(N.,-1)", "bit.lshift(1,N.)", "bit.tohex(N.)",
	"bit.bnot(E.)", "bit.rol(N.,3)", "bit.arshift(-N.,1)", "bit.bswap(N.)" };

static const char *const calls[] = { "'GET',KEYS[1]", "'SET',KEYS[1],A.", "'SET',KEYS[2],N.",
	"'INCR',KEYS[1]", "'APPEND',KEYS[2],'x'", "'STRLEN',KEYS[1]", "'EXISTS',KEYS[1],KEYS[2]",
	"'LPUSH',KEYS[1],A.,N.", "'LRANGE',KEYS[1],0,-1", "'RPOP',KEYS[1]", "'HSET',KEYS[2],'f',A.",
	"'HGET',KEYS[2],'f'", "'HGETALL',KEYS[2]", "'ZADD',KEYS[1],N.,'m'",
	"'ZRANGE',KEYS[1],0,-1,'WITHSCORES'", "'ZSCORE',KEYS[1],'m'", "'TYPE',KEYS[1]",
	"'DEL',KEYS[N.]", "'INCRBYFLOAT',KEYS[1],1.5", "'PING'", "'ECHO',A.",
		"'SISMEMBER',KEYS[1],A.",
	"'MGET',KEYS[1],KEYS[2]", "'get'", "'nosuch',1", "'MULTI'", "'SUBSCRIBE','c'",
		"'EVAL','x',0",
	"'SELECT',N.", "'HELLO',3", "'LMPOP',1,KEYS[1],'LEFT'" };

static const char *const programs[] = { "return E.", "return E.", "return E.", "return {E.,E.,E.}",
	"local a=E. return a", "if E. then return E. end return E.",
	"local s=0 for i=1,N. do s=s+i end return s",
		"local t={} for i=1,N. do t[i]=E. end return t",
	"redis.setresp(3) return E.", "redis.setresp(3) local a=C. return {type(a),a}",
	"return redis.setresp(N.)", "return {pcall(function() return E. end)}",
	"local ok,e=pcall(function() error({err='MY oh'}) end) return e.err",
	"local r=redis.pcall(E.) if type(r)=='table' and r.err then return 'err '..r.err end "
	"return r",
	"error(A.)", "error({err='MINE my error'})", "error('text N.',0)", "x=N. return x",
		"return x",
	"return E. E.", "return redis.nosuch", "return nosuch.x", "redis.x=1", "math.floor=1",
	"C. C. return C.", "local a={} a.a=a return #a", "return", "", "return 1 -- C.",
	"redis.set_repl(redis.REPL_NONE) C. return redis.REPL_AOF",
		"return redis.replicate_commands()",
	"redis.log(redis.LOG_DEBUG,'text') return 1", "redis.log(1) return 1",
	"local f=load return f==nil", "return loadstring('return N.')()",
		"return {rawlen,dofile,print==nil}",
	"local a,b=struct.unpack('>BB','ab') return {a,b}", "return tostring(1/N.)",
	"goto done", "return string.format('%d',3.5)", "return {[1]=1,[2]=2,[4]=4}",
	"local n=0 while n<N. do n=n+1 if n==3 then break end end return n",
	"local c='' for w in string.gmatch('a b c','%a') do c=c..w end return c",
	"local t={3,1,N.} table.sort(t) return t", "local t={1,2} table.insert(t,1,E.) return t",
	"return {next({})}", "return setmetatable({},{__index=function() return 5 end}).a",
	"return getmetatable('').__index==string", "return rawget(_G,'KEYS')~=nil" };

#define COUNT(list) (sizeof(list) / sizeof *(list))

static void text_put(struct program *program, const char *text, size_t len)
{
	if (program->len + len + MARGIN > LUA_ROOM)
		return;
	memcpy(program->out + program->len, text, len);
	program->len += len;
}

static const char *one_of(struct program *program, const char *const *list, size_t count)
{
	return list[random_below(program->random, count)];
}

static void expand(struct program *program, const char *template, int depth)
{
	static const char kinds[] = "EANC";
	char number[8];

	for (const char *at = template; *at; at++) {
		int is_part = strchr(kinds, *at) && at[1] == '.';

		if (!is_part) {
			text_put(program, at, 1);
			continue;
		}
		if (*at == 'N') {
			text_put(program, number, (size_t)snprintf(number, sizeof number, "%d",
				(int)random_below(program->random, 6)));
		} else if (*at == 'C') {
			text_put(program, "redis.call(", 11);
			expand(program, one_of(program, calls, COUNT(calls)), depth + 1);
			text_put(program, ")", 1);
		} else if (*at == 'A' || depth >= DEPTH_MAX || program->len > LUA_ROOM / 2) {
			const char *atom = one_of(program, atoms, COUNT(atoms));

			text_put(program, atom, strlen(atom));
		} else {
			expand(program, one_of(program, expressions, COUNT(expressions)),
				depth + 1);
		}
		at++;
	}
}

static void body(struct program *program)
{
	expand(program, one_of(program, programs, COUNT(programs)), 0);
}

static size_t finish(struct program *program)
{
	program->out[program->len] = '\0';
	return program->len;
}

size_t lua_script(uint64_t *random, char *out)
{
	static const char *const heads[] = { "#!lua\n", "#!lua flags=no-writes\n",
		"#!lua flags=allow-stale,no-cluster\n", "#!lua flags=bad\n", "#!other\n",
		"#!lua name=x\n",
		"#!lua x\n" };
	struct program program = { random, out, 0 };

	if (!random_below(random, 6)) {
		const char *head = one_of(&program, heads, COUNT(heads));

		text_put(&program, head, strlen(head));
	}
	body(&program);
	return finish(&program);
}

size_t lua_library(uint64_t *random, char *out)
{
	static const char *const heads[] = { "#!lua name=l1\n", "#!lua name=l2\n",
		"#!lua name=l3\n",
		"#!lua name=l1\n", "#!lua\n", "#!lua name=a-b\n", "no head",
		"#!lua name=l1 name=l2\n" };
	static const char *const wholes[] = { "return 1", "redis.call('PING')", "x=1",
		"redis.register_function('f1')", "redis.register_function('a b',function() end)",
		"redis.register_function{function_name='f2',callback=function() return 2 end,"
		"bad=1}",
		"redis.register_function('f1',function() end) redis.register_function('f1',"
		"function() end)",
		"redis.register_function{function_name='f3',callback=function() return 3 end,"
		"flags={'x'}}",
		"redis.register_function{callback=function() end}", "error('no')", "syntax error",
		"local function f() return redis.call('GET','s0') end "
		"redis.register_function('f4',f)" };
	static const char *const flags[] = { "", "'no-writes'", "'allow-stale'",
		"'no-writes','allow-oom'" };
	struct program program = { random, out, 0 };
	const char *head = one_of(&program, heads, random_below(random, 4) ? 3 : COUNT(heads));
	char text[120];

	text_put(&program, head, strlen(head));
	if (!random_below(random, 4)) {
		expand(&program, one_of(&program, wholes, COUNT(wholes)), 0);
		return finish(&program);
	}
	for (int count = 1 + (int)random_below(random, 3); count > 0; count--) {
		text_put(&program, text, (size_t)snprintf(text, sizeof text,
			"redis.register_function{function_name='f%d',flags={%s},callback="
			"function(KEYS,ARGV) ",
			1 + (int)random_below(random, 4),
			one_of(&program, flags, COUNT(flags))));
		body(&program);
		text_put(&program, "\nend}\n", 6);
	}
	return finish(&program);
}
