/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Images: the common half, and that of tables. Invariant of tables: a part that was there at the
 * beginning has been put exactly once if its hash is below `passed` or its interval's bit is set,
 * else not yet; one that came later stands only where that holds.
 */
#include "store/image.h"

#include "base/mem.h"
#include "store/type_ops.h"

#define WALK_ALL UINT64_MAX
#define CURSOR_SHIFT (DICT_CURSOR_BITS - 32)
#define HIGH_BITS 32

/* --- tables --------------------------------------------------------------------------------- */

static bool interval_is_saved(const struct image *im, uint64_t interval)
{
	return im->saved[interval / 64] >> (interval % 64) & 1;
}

static void table_say(struct image *im)
{
	if (im->said_count > 0)
		im->ops->say(im, im->said, im->said_count, im->writer);
	im->said_count = 0;
}

static void table_put(struct image *im, const void *part)
{
	if (!im->is_words) {
		im->ops->put(im, part, im->writer);
		return;
	}
	if (im->said_count == IMAGE_SAID_PARTS)
		table_say(im);
	im->said[im->said_count++] = part;
}

static void table_visit(void *part, void *context)
{
	struct image *im = context;
	uint64_t high = im->dict->ops->hash(part) >> 32;
	uint64_t interval = high >> im->shift;
	/* A bucket may begin before the place where the last one ended. */
	if (high < im->passed || (im->interval != WALK_ALL && interval != im->interval) ||
		interval_is_saved(im, interval))
		return;
	if (im->ops->was_there != NULL && !im->ops->was_there(im, part))
		return;
	table_put(im, part);
	im->parts_put++;
}

/* A part with this hash is about to change, come or go. */
static void table_before(struct dict_watch *watch, uint64_t hash)
{
	struct image *im = (struct image *)(void *)watch;
	uint64_t high = hash >> 32;
	uint64_t interval = high >> im->shift;
	if (high < im->passed || interval_is_saved(im, interval))
		return;
	struct codec_writer w = {.out = &im->ahead, .compress = im->compress};
	struct codec_writer *outer = im->writer;
	uint64_t at = interval << im->shift;
	uint64_t end = (interval + 1) << im->shift;
	im->writer = &w;
	im->interval = interval;
	do {
		at = dict_scan(im->dict, at << CURSOR_SHIFT, table_visit, im) >> CURSOR_SHIFT;
	} while (at != 0 && at < end);
	table_say(im);
	im->writer = outer;
	im->interval = WALK_ALL;
	im->saved[interval / 64] |= (uint64_t)1 << (interval % 64);
}

void image_table_begin(struct image *im, struct dict *d)
{
	uint64_t wanted = dict_count(d) / IMAGE_INTERVAL_PARTS;
	unsigned bits = 6;
	ASSERT(d->watch == NULL);
	while (bits < HIGH_BITS && ((uint64_t)1 << bits) < wanted)
		bits++;
	im->dict = d;
	im->parts = dict_count(d);
	im->shift = HIGH_BITS - bits;
	im->interval = WALK_ALL;
	im->saved_bytes = ((size_t)1 << bits) / 8;
	im->saved = mem_calloc(1, im->saved_bytes);
	if (im->is_words)
		im->said = mem_alloc(IMAGE_SAID_PARTS * sizeof(im->said[0]));
	im->watch.before = table_before;
	d->watch = &im->watch;
}

bool image_table_step(struct image *im, struct codec_writer *w, size_t effort)
{
	im->writer = w;
	/* Buckets that hold nothing new cost a little, too. */
	for (size_t buckets = 0; im->passed < (uint64_t)1 << HIGH_BITS && buckets < effort;) {
		uint64_t before = im->parts_put;
		uint64_t next = dict_scan(im->dict, im->passed << CURSOR_SHIFT, table_visit, im);
		im->passed = next == 0 ? (uint64_t)1 << HIGH_BITS : next >> CURSOR_SHIFT;
		buckets += 1 + (size_t)(im->parts_put - before);
	}
	table_say(im);
	im->writer = NULL;
	return im->passed < (uint64_t)1 << HIGH_BITS;
}

void image_table_end(struct image *im)
{
	ASSERT(im->dict->watch == &im->watch);
	im->dict->watch = NULL;
	mem_free(im->saved);
	mem_free(im->said);
}

/* --- all types ------------------------------------------------------------------------------ */

static struct image *image_make(const struct value *v, bool compress, const struct bytes *key)
{
	const struct image_ops *ops = type_ops_of(v)->image;
	if (ops == NULL || !ops->is_large(v))
		return NULL;
	struct image *im = mem_calloc(1, sizeof(*im));
	im->ops = ops;
	im->value = *v;
	im->compress = compress;
	if (key != NULL) {
		im->is_words = true;
		im->key = bytes_of(mem_dup(key->ptr, key->len), key->len);
	}
	ops->begin(im);
	return im;
}

struct image *image_new(const struct value *v, bool compress)
{
	return image_make(v, compress, NULL);
}

struct image *image_new_words(const struct value *v, struct bytes key)
{
	return image_make(v, false, &key);
}

bool image_step(struct image *im, struct codec_writer *w, size_t effort)
{
	if (!im->is_begun && !im->is_words)
		im->ops->head(im, w);
	im->is_begun = true;
	if (im->ahead.len > 0) {
		codec_write_raw(w, im->ahead.ptr, im->ahead.len);
		buf_release(&im->ahead);
	}
	return im->ops->step(im, w, effort);
}

bool image_is_sound(const struct image *im)
{
	return im->parts_put == im->parts;
}

bool image_leave(struct image *im, struct value *out)
{
	return im->ops->leave != NULL && im->ops->leave(im, out);
}

bool image_free(struct image *im, struct value *orphan)
{
	bool is_orphan = im->is_orphan;
	im->ops->end(im);
	*orphan = im->value;
	buf_release(&im->ahead);
	mem_free((void *)(uintptr_t)im->key.ptr);
	mem_free_sized(im, sizeof(*im));
	return is_orphan;
}

size_t image_extra_bytes(const struct image *im)
{
	size_t kept = im->kept == NULL ? 0 : *im->kept;
	return sizeof(*im) + im->ahead.cap + im->saved_bytes + kept;
}

bool image_adopt(const struct value *v)
{
	const struct image_ops *ops = type_ops_of(v)->image;
	struct image *im = ops == NULL || ops->of == NULL ? NULL : ops->of(v);
	if (im == NULL)
		return false;
	im->is_orphan = true;
	return true;
}
