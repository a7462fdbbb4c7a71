/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The cache of scripts. EVAL finds its text by a hash of the text itself, which is cheaper than the
 * SHA-1 that names it; both tables hold the same rows.
 *
 * Invariant: a row is in both tables; it is in the list of eviction unless SCRIPT LOAD brought it.
 * A text that does not compile is nowhere.
 */
#include "script/eval.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/sha1.h"
#include "script/run.h"

#include <stdio.h>

struct script {
	uint64_t text_hash, sha_hash;
	struct link lru; /* linked while it may be evicted */
	char sha[SHA1_HEX_CHARS + 1];
	uint32_t flags; /* SCRIPT_* */
	int ref;
	size_t len;
	char text[];
};

static uint64_t script_text_hash(const void *item)
{
	return ((const struct script *)item)->text_hash;
}

static uint64_t script_sha_hash(const void *item)
{
	return ((const struct script *)item)->sha_hash;
}

static const struct dict_ops by_text_ops = {script_text_hash};
static const struct dict_ops by_sha_ops = {script_sha_hash};

static inline bool script_has_text(const void *item, const void *key)
{
	const struct script *script = item;
	return bytes_equal(bytes_of(script->text, script->len), *(const struct bytes *)key);
}

static inline bool script_has_sha(const void *item, const void *key)
{
	return memcmp(((const struct script *)item)->sha, key, SHA1_HEX_CHARS) == 0;
}

static struct script *script_by_text(const struct scripts *s, struct bytes text)
{
	return dict_find(&s->by_text, hash_bytes(text.ptr, text.len), script_has_text, &text);
}

/* Digits of either case; NULL: not 40 of them, or no such script. */
static struct script *script_by_sha(const struct scripts *s, struct bytes sha)
{
	char digits[SHA1_HEX_CHARS];

	if (sha.len != SHA1_HEX_CHARS)
		return NULL;
	for (int i = 0; i < SHA1_HEX_CHARS; i++)
		digits[i] = ascii_lower(sha.ptr[i]);
	return dict_find(&s->by_sha, hash_bytes(digits, sizeof(digits)), script_has_sha, digits);
}

static size_t script_bytes(const struct script *script)
{
	return mem_usable_size(script);
}

static void script_drop(struct scripts *s, struct script *script)
{
	dict_remove_place(&s->by_text, script->text_hash,
		dict_find_pointer(&s->by_text, script->text_hash, script));
	dict_remove_place(&s->by_sha, script->sha_hash,
		dict_find_pointer(&s->by_sha, script->sha_hash, script));
	if (link_is_linked(&script->lru)) {
		link_remove(&script->lru);
		s->eval_lru_count--;
	}
	luaL_unref(s->vms[VM_EVAL].lua, LUA_REGISTRYINDEX, script->ref);
	s->script_count--;
	s->eval_bytes -= script_bytes(script);
	mem_free(script);
}

/* --- the first line
 * ------------------------------------------------------------------------------- */

struct shebang {
	uint32_t flags;
	size_t code_at; /* where Lua begins: the first line's end stays, so that lines count right
			 */
};

static bool shebang_flags(struct call *call, struct bytes list, uint32_t *flags)
{
	while (list.len > 0) {
		const char *comma = memchr(list.ptr, ',', list.len);
		size_t len = comma == NULL ? list.len : (size_t)(comma - list.ptr);
		struct bytes name = bytes_of(list.ptr, len);
		uint32_t flag = script_flag_find(name);
		if (flag == 0) {
			if (call != NULL)
				call_failf(call, E_SCRIPT_FLAG, bytes_clip_text(name, 128).text);
			return false;
		}
		*flags |= flag;
		size_t skip = comma == NULL ? len : len + 1;
		list = bytes_of(list.ptr + skip, list.len - skip);
	}
	return true;
}

/* The next word of the line; len 0 = no more. */
static struct bytes shebang_word(struct bytes *line)
{
	while (line->len > 0 && line->ptr[0] == ' ') {
		line->ptr++;
		line->len--;
	}
	const char *blank = line->len == 0 ? NULL : memchr(line->ptr, ' ', line->len);
	struct bytes word =
		bytes_of(line->ptr, blank == NULL ? line->len : (size_t)(blank - line->ptr));
	line->ptr += word.len;
	line->len -= word.len;
	return word;
}

/* `call` NULL: nobody is told what is wrong. */
static bool shebang_parse(struct call *call, struct bytes text, struct shebang *out)
{
	const struct bytes option = BYTES("flags=");

	*out = (struct shebang){SCRIPT_UNDECLARED, 0};
	if (text.len < 2 || text.ptr[0] != '#' || text.ptr[1] != '!')
		return true;
	const char *end = memchr(text.ptr, '\n', text.len);
	if (end == NULL) {
		if (call != NULL)
			call_fail(call, E_SCRIPT_SHEBANG);
		return false;
	}
	struct bytes line = bytes_of(text.ptr, (size_t)(end - text.ptr));
	*out = (struct shebang){0, line.len};
	if (line.len > 0 && line.ptr[line.len - 1] == '\r')
		line.len--;
	struct bytes word = shebang_word(&line);
	if (!bytes_equal(word, BYTES("#!lua"))) {
		if (call != NULL)
			call_failf(call, E_SCRIPT_ENGINE, bytes_clip_text(word, 128).text);
		return false;
	}
	while ((word = shebang_word(&line)).len > 0) {
		if (word.len < option.len || memcmp(word.ptr, option.ptr, option.len) != 0) {
			if (call != NULL)
				call_failf(call, E_SCRIPT_OPTION, bytes_clip_text(word, 128).text);
			return false;
		}
		struct bytes list = bytes_of(word.ptr + option.len, word.len - option.len);
		if (!shebang_flags(call, list, &out->flags))
			return false;
	}
	return true;
}

/* --- compiling
 * ------------------------------------------------------------------------------------- */

struct compile {
	struct bytes text;
	const char *chunk_name;
	int ref;
};

/* Protected: leaves the reference in the job, or an error. */
static int eval_compile_protected(lua_State *lua)
{
	struct compile *c = lua_touserdata(lua, 1);

	if (vm_compile(lua, c->text, c->chunk_name) != 0)
		return lua_error(lua);
	c->ref = luaL_ref(lua, LUA_REGISTRYINDEX);
	return 0;
}

static bool eval_compile(struct call *call, struct bytes code, int *ref)
{
	lua_State *lua = call->exec->scripts->vms[VM_EVAL].lua;
	struct compile c = {code, "@user_script", LUA_NOREF};
	int status = lua_cpcall(lua, eval_compile_protected, &c);

	if (status == 0) {
		*ref = c.ref;
		return true;
	}
	const char *why = lua_type(lua, -1) == LUA_TSTRING ? lua_tostring(lua, -1) : "unknown";
	call_failf(call, E_SCRIPT_COMPILE, why);
	lua_settop(lua, 0);
	return false;
}

static void eval_evict(struct scripts *s)
{
	while (s->eval_lru_count > EVAL_SCRIPTS_MAX) {
		script_drop(s, LINK_OWNER(s->eval_lru.next, struct script, lru));
		s->evicted_scripts++;
	}
}

/* A new row for this text; NULL: the error is written. */
static struct script *eval_add(struct call *call, struct bytes text, bool is_loaded)
{
	struct scripts *s = call->exec->scripts;
	struct shebang shebang;
	int ref;

	if (!shebang_parse(call, text, &shebang))
		return NULL;
	struct bytes code = bytes_of(text.ptr + shebang.code_at, text.len - shebang.code_at);
	if (!eval_compile(call, code, &ref))
		return NULL;
	struct script *script = mem_alloc(sizeof(*script) + text.len);
	*script = (struct script){.flags = shebang.flags,
		.ref = ref,
		.len = text.len,
		.text_hash = hash_bytes(text.ptr, text.len)};
	if (text.len > 0)
		memcpy(script->text, text.ptr, text.len);
	sha1_hex(script->sha, text.ptr, text.len);
	script->sha_hash = hash_bytes(script->sha, SHA1_HEX_CHARS);
	link_init(&script->lru);
	dict_insert(&s->by_text, script->text_hash, script);
	dict_insert(&s->by_sha, script->sha_hash, script);
	s->script_count++;
	s->eval_bytes += script_bytes(script);
	if (!is_loaded) {
		link_add_tail(&s->eval_lru, &script->lru);
		s->eval_lru_count++;
		eval_evict(s);
	}
	return script;
}

/* --- the commands' side
 * ------------------------------------------------------------------------------ */

enum outcome eval_run(struct call *call, enum eval_source source, bool is_read_only)
{
	struct scripts *s = call->exec->scripts;
	struct script_job job = {.vm = &s->vms[VM_EVAL], .is_read_only = is_read_only};

	if (source == EVAL_SHA && call->argv[1].len != SHA1_HEX_CHARS)
		return call_fail(call, E_NOSCRIPT);
	if (!script_job_words(call, &job, E_NOT_INTEGER))
		return FAILED;
	struct script *script = source == EVAL_TEXT ? script_by_text(s, call->argv[1])
						    : script_by_sha(s, call->argv[1]);
	if (UNLIKELY(script == NULL)) {
		if (source == EVAL_SHA)
			return call_fail(call, E_NOSCRIPT);
		script = eval_add(call, call->argv[1], false);
		if (script == NULL)
			return FAILED;
	} else if (link_is_linked(&script->lru) && script->lru.next != &s->eval_lru) {
		link_remove(&script->lru);
		link_add_tail(&s->eval_lru, &script->lru);
	}
	job.name = script->sha;
	job.flags = script->flags;
	job.ref = script->ref;
	return script_run(call, &job);
}

bool eval_load(struct call *call, struct bytes text, char sha[41])
{
	struct scripts *s = call->exec->scripts;
	struct script *script = script_by_text(s, text);

	if (script == NULL)
		script = eval_add(call, text, true);
	if (script == NULL)
		return false;
	if (link_is_linked(&script->lru)) {
		link_remove(&script->lru);
		s->eval_lru_count--;
	}
	memcpy(sha, script->sha, SHA1_HEX_CHARS + 1);
	return true;
}

bool eval_exists(const struct exec *exec, struct bytes sha)
{
	return script_by_sha(exec->scripts, sha) != NULL;
}

uint32_t eval_command_flags(const struct call *call, enum eval_source source)
{
	const struct scripts *s = call->exec->scripts;
	uint32_t flags = call->command->flags, declared;
	struct shebang shebang;
	const struct script *script = source == EVAL_TEXT ? script_by_text(s, call->argv[1])
							  : script_by_sha(s, call->argv[1]);

	if (script != NULL)
		declared = script->flags;
	else if (source == EVAL_TEXT && shebang_parse(NULL, call->argv[1], &shebang))
		declared = shebang.flags;
	else
		return flags;
	return script_command_flags(flags, declared);
}

/* --- life
 * ---------------------------------------------------------------------------------------------- */

static void eval_free_row(void *item, void *context)
{
	(void)context;
	mem_free(item);
}

static void eval_drop_all(struct scripts *s)
{
	while (dict_drain(&s->by_text, 1024, eval_free_row, NULL))
		continue;
	dict_release(&s->by_text);
	dict_release(&s->by_sha);
	vm_close(&s->vms[VM_EVAL]);
}

void eval_init(struct scripts *s)
{
	dict_init(&s->by_text, &by_text_ops);
	dict_init(&s->by_sha, &by_sha_ops);
	link_init(&s->eval_lru);
	s->eval_lru_count = s->script_count = s->eval_bytes = 0;
	bool is_open = vm_open(&s->vms[VM_EVAL], s, VM_EVAL);
	ASSERT(is_open);
}

void eval_release(struct scripts *s)
{
	eval_drop_all(s);
}

void eval_flush(struct exec *exec)
{
	ASSERT(exec->scripts->run == NULL);
	eval_drop_all(exec->scripts);
	eval_init(exec->scripts);
}
