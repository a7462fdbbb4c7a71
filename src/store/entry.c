/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Building and reshaping entries. Invariant: an allocation's size class is always that of
 * entry_size(e), so that it can be freed without asking the allocator; a shape with the same class
 * is changed in place.
 */
#include "store/entry.h"

#include "base/mem.h"
#include "store/keyspace.h"
#include "store/type_ops.h"

struct entry *entry_new(struct bytes key, unsigned flags, size_t inline_len)
{
	ASSERT(key.len <= ENTRY_KEY_MAX_BYTES && inline_len <= ENTRY_INLINE_MAX_BYTES);
	if (UNLIKELY(key.len > UINT8_MAX))
		flags |= ENTRY_LONG_KEY;
	size_t head = entry_head_bytes(flags);
	struct entry *e = mem_alloc(head + key.len + inline_len);
	*e = (struct entry){.flags = (uint8_t)flags, .inline_len = (uint16_t)inline_len};
	char *at = (char *)e + head;
	if (UNLIKELY(flags & ENTRY_LONG_KEY)) {
		uint64_t len = key.len;
		memcpy(at - 8, &len, 8);
	} else {
		e->key_len = (uint8_t)key.len;
	}
	if (key.len > 0)
		memcpy(at, key.ptr, key.len);
	return e;
}

void entry_free(struct entry *e)
{
	mem_free_sized(e, entry_size(e));
}

struct entry *entry_reshape(struct entry *e, unsigned flags, size_t inline_len)
{
	ASSERT(inline_len <= ENTRY_INLINE_MAX_BYTES);
	ASSERT(((flags ^ e->flags) & ENTRY_LONG_KEY) == 0);
	struct bytes key = entry_key(e);
	size_t old_head = entry_head_bytes(e->flags);
	size_t old_size = entry_size(e);
	size_t head = entry_head_bytes(flags);
	size_t size = head + key.len + inline_len;
	size_t kept = e->inline_len < inline_len ? e->inline_len : inline_len;
	uint64_t expiry = 0;
	uint64_t word = 0;
	if (e->flags & ENTRY_EXPIRY)
		memcpy(&expiry, entry_parts(e), 8);
	if (e->flags & ENTRY_WORD)
		memcpy(&word, entry_word_ptr(e), 8);

	struct entry *to = e;
	if (mem_size_class(size) == mem_size_class(old_size)) {
		if (head != old_head)
			memmove((char *)e + head, key.ptr, key.len + kept);
	} else {
		to = mem_alloc(size);
		*to = *e;
		memcpy((char *)to + head, key.ptr, key.len + kept);
	}
	to->flags = (uint8_t)flags;
	to->inline_len = (uint16_t)inline_len;
	if (flags & ENTRY_EXPIRY)
		memcpy(entry_parts(to), &expiry, 8);
	if (flags & ENTRY_WORD)
		memcpy(entry_word_ptr(to), &word, 8);
	if (flags & ENTRY_LONG_KEY) {
		uint64_t len = key.len;
		memcpy((char *)to + head - 8, &len, 8);
	}
	if (to != e)
		mem_free_sized(e, old_size);
	return to;
}

size_t entry_memory_bytes(const struct entry *e, size_t samples)
{
	size_t bytes = mem_usable_size(e);
	struct value v = entry_value(e);
	if (e->flags & ENTRY_WORD)
		bytes += type_ops_of(&v)->memory(&v, samples);
	return bytes;
}
