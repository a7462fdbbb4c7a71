/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Which arguments of a call are keys: the key specs of the syntax line applied to argv, then the
 * row's own find_keys. One source for COMMAND GETKEYS, ACL rules, cluster routing and tracking.
 *
 * Every index is checked against argc before it is used: argv is the client's.
 */
#include "exec/command.h"
#include "base/mem.h"
#include "base/num.h"
#include "exec/syntax.h"

void key_refs_release(struct key_refs *refs)
{
	if (refs->refs != refs->inline_refs)
		mem_free(refs->refs);
	refs->refs = NULL;
	refs->count = refs->cap = 0;
}

void key_refs_add(struct key_refs *refs, int index, uint32_t flags)
{
	if (refs->refs == NULL) {
		refs->refs = refs->inline_refs;
		refs->cap = (int)(sizeof(refs->inline_refs) / sizeof(refs->inline_refs[0]));
	}
	if (refs->count == refs->cap) {
		/* At most one ref for each argument of each spec: far below the overflow of int. */
		size_t size = (size_t)refs->cap * 2 * sizeof(struct key_ref);
		bool is_inline = refs->refs == refs->inline_refs;
		struct key_ref *grown = mem_realloc(is_inline ? NULL : refs->refs, size);
		if (is_inline)
			memcpy(grown, refs->inline_refs, sizeof(refs->inline_refs));
		refs->refs = grown;
		refs->cap *= 2;
	}
	refs->refs[refs->count++] = (struct key_ref){index, flags};
}

/* Where the spec begins; 0 = its keyword is not there; -1 = past the end. */
static int spec_begin(const struct key_spec *spec, const struct bytes *argv, int argc)
{
	if (spec->begin == KEY_BEGIN_INDEX)
		return spec->index < argc ? spec->index : -1;
	int step = spec->index < 0 ? -1 : 1;
	int i = spec->index < 0 ? argc + spec->index : spec->index;
	for (; i > 0 && i < argc; i += step)
		if (bytes_is(argv[i], spec->keyword))
			return i + 1 < argc ? i + 1 : -1;
	return 0;
}

/* First and last key and step; false when argv does not hold what it says. */
static bool spec_range(
	const struct key_spec *spec, int begin, const struct bytes *argv, int argc, int range[2])
{
	range[0] = begin;
	if (spec->find == KEY_FIND_KEYNUM) {
		int64_t n;
		int at = begin + spec->keynum_index;
		range[0] = begin + spec->first_key;
		if (at >= argc || !num_parse_i64(argv[at], &n) || n <= 0 || n > argc)
			return false;
		range[1] = range[0] + ((int)n - 1) * spec->step;
	} else if (spec->last >= 0) {
		range[1] = begin + spec->last;
	} else if (spec->limit > 1) {
		range[1] = begin + (argc - begin) / spec->limit - 1;
	} else {
		range[1] = argc + spec->last;
	}
	return range[1] >= range[0] && range[1] < argc;
}

static bool spec_apply(
	const struct key_spec *spec, const struct bytes *argv, int argc, struct key_refs *out)
{
	int range[2];
	if (spec->begin == KEY_BEGIN_UNKNOWN || spec->find == KEY_FIND_UNKNOWN)
		return true;
	int begin = spec_begin(spec, argv, argc);
	if (begin == 0)
		return true;
	if (begin < 0 || !spec_range(spec, begin, argv, argc, range))
		return false;
	for (int i = range[0]; i <= range[1]; i += spec->step)
		key_refs_add(out, i, spec->flags);
	return true;
}

bool command_keys(const struct command *c, const struct bytes *argv, int argc, struct key_refs *out)
{
	bool is_strict = !(c->flags & CMD_NO_MANDATORY_KEYS);
	for (int i = 0; i < c->syntax->key_spec_count; i++)
		if (!spec_apply(&c->syntax->key_specs[i], argv, argc, out) && is_strict)
			return false;
	return c->row->find_keys == NULL || c->row->find_keys(argv, argc, out);
}
