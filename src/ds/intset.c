/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The intset. An integer too wide for the array widens all of it, which happens at most twice in
 * its life; being wider than all others it then belongs at one of the ends.
 */
#include "ds/intset.h"

#include "base/assert.h"
#include "base/mem.h"

static uint32_t width_of(int64_t value)
{
	if (value >= INT16_MIN && value <= INT16_MAX)
		return 2;
	return value >= INT32_MIN && value <= INT32_MAX ? 4 : 8;
}

static void set_header(unsigned char *is, uint32_t width, size_t count)
{
	uint32_t stored = (uint32_t)count;
	ASSERT(count <= UINT32_MAX);
	memcpy(is, &width, 4);
	memcpy(is + 4, &stored, 4);
}

static void put(unsigned char *is, uint32_t width, size_t index, int64_t value)
{
	/* Little-endian: the low bytes of the value are the narrow integer. */
	memcpy(is + INTSET_HEADER_BYTES + index * width, &value, width);
}

unsigned char *intset_new(void)
{
	unsigned char *is = mem_alloc(INTSET_HEADER_BYTES);
	set_header(is, 2, 0);
	return is;
}

void intset_free(unsigned char *is)
{
	if (is != NULL)
		mem_free_sized(is, intset_bytes(is));
}

unsigned char *intset_copy(const unsigned char *is)
{
	return mem_dup(is, intset_bytes(is));
}

unsigned char *intset_from(struct bytes bytes)
{
	return mem_dup(bytes.ptr, bytes.len);
}

bool intset_find(const unsigned char *is, int64_t value, size_t *index)
{
	size_t low = 0;
	size_t high = intset_count(is);
	/* Appending in ascending order is common. */
	if (high > 0 && intset_get(is, high - 1) < value) {
		*index = high;
		return false;
	}
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (intset_get(is, middle) < value)
			low = middle + 1;
		else
			high = middle;
	}
	*index = low;
	return low < intset_count(is) && intset_get(is, low) == value;
}

static unsigned char *resize(unsigned char *is, size_t from, size_t to)
{
	return mem_size_class(from) == mem_size_class(to) ? is : mem_realloc(is, to);
}

/* Widens the array to fit `value` and puts it at its end of the order. */
static unsigned char *widen(unsigned char *is, int64_t value)
{
	uint32_t width = width_of(value);
	size_t count = intset_count(is);
	size_t shift = value < 0;
	is = resize(is, intset_bytes(is), INTSET_HEADER_BYTES + (count + 1) * width);
	/* From the end, so that nothing is overwritten before it was read. */
	for (size_t i = count; i-- > 0;)
		put(is, width, i + shift, intset_get(is, i));
	put(is, width, shift ? 0 : count, value);
	set_header(is, width, count + 1);
	return is;
}

unsigned char *intset_add(unsigned char *is, int64_t value, bool *changed)
{
	uint32_t width = intset_width(is);
	size_t count = intset_count(is);
	ASSERT(count < INTSET_MAX_COUNT);
	*changed = true;
	if (width_of(value) > width)
		return widen(is, value);
	size_t index;
	if (intset_find(is, value, &index)) {
		*changed = false;
		return is;
	}
	size_t bytes = intset_bytes(is);
	is = resize(is, bytes, bytes + width);
	unsigned char *at = is + INTSET_HEADER_BYTES + index * width;
	memmove(at + width, at, (count - index) * width);
	put(is, width, index, value);
	set_header(is, width, count + 1);
	return is;
}

unsigned char *intset_remove(unsigned char *is, int64_t value, bool *changed)
{
	uint32_t width = intset_width(is);
	size_t count = intset_count(is);
	size_t index;
	*changed = width_of(value) <= width && intset_find(is, value, &index);
	if (!*changed)
		return is;
	unsigned char *at = is + INTSET_HEADER_BYTES + index * width;
	memmove(at, at + width, (count - index - 1) * width);
	size_t bytes = intset_bytes(is);
	is = resize(is, bytes, bytes - width);
	set_header(is, width, count - 1);
	return is;
}

bool intset_is_valid(struct bytes bytes)
{
	const unsigned char *is = (const unsigned char *)bytes.ptr;
	if (bytes.len < INTSET_HEADER_BYTES)
		return false;
	uint32_t width = intset_width(is);
	size_t count = intset_count(is);
	if ((width != 2 && width != 4 && width != 8) || count > INTSET_MAX_COUNT ||
		bytes.len != INTSET_HEADER_BYTES + count * width)
		return false;
	for (size_t i = 1; i < count; i++)
		if (intset_get(is, i - 1) >= intset_get(is, i))
			return false;
	return true;
}
