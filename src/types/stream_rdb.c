/* SPDX-License-Identifier: BSD-3-Clause
 *
 * RDB bodies of streams:
 *
 *   pieces n: { id (16 bytes, big-endian) as a string, listpack as a string }
 *   length, last id [tag 19: first id, greatest deleted id, entries added]
 *   groups n: { name, last id, [19: entries read],
 *               pending n: { id raw, time u64, deliveries },
 *               consumers n: { name, seen u64, [21: active u64], pending n: { id raw } } }
 *
 * Nothing is believed: ids rise, counts are true, names are in order, each pending entry has
 * exactly one consumer.
 */
#include "base/mem.h"
#include "types/packed.h"
#include "types/stream_internal.h"

#define ID_BYTES 16
#define TAG_WITH_COUNTS 19
#define TAG_WITH_ACTIVE 21

/* --- writing --- */

static void put_u64(unsigned char *to, uint64_t value)
{
	for (unsigned i = 8; i-- > 0; value >>= 8)
		to[i] = (unsigned char)value;
}

static struct bytes pack_id(unsigned char *scratch, struct id id)
{
	put_u64(scratch, id.ms);
	put_u64(scratch + 8, id.seq);
	return bytes_of(scratch, ID_BYTES);
}

static void write_id(struct codec_writer *w, struct id id)
{
	codec_write_length(w, id.ms);
	codec_write_length(w, id.seq);
}

struct stream_facts stream_facts_of(const struct stream_body *s)
{
	return (struct stream_facts){.length = s->length,
		.added = s->added,
		.last = s->last,
		.first = s->first,
		.max_deleted = s->max_deleted,
		.groups = s->groups.count};
}

void stream_encode_piece(struct codec_writer *w, struct id base, const unsigned char *lp)
{
	unsigned char scratch[ID_BYTES];
	codec_write_string(w, pack_id(scratch, base));
	codec_write_string(w, bytes_of(lp, listpack_bytes(lp)));
}

void stream_encode_facts(struct codec_writer *w, const struct stream_facts *facts)
{
	codec_write_length(w, facts->length);
	write_id(w, facts->last);
	write_id(w, facts->first);
	write_id(w, facts->max_deleted);
	codec_write_length(w, facts->added);
	codec_write_length(w, facts->groups);
}

void stream_encode_group(struct codec_writer *w, const struct stream_group_facts *g)
{
	codec_write_string(w, g->name);
	write_id(w, g->last);
	codec_write_length(w, (uint64_t)g->entries_read);
	codec_write_length(w, g->pending);
}

void stream_encode_owned(struct codec_writer *w, struct id id)
{
	unsigned char scratch[ID_BYTES];
	codec_write_raw(w, pack_id(scratch, id).ptr, ID_BYTES);
}

void stream_encode_pending(struct codec_writer *w, struct id id, const struct stream_pending *p)
{
	stream_encode_owned(w, id);
	codec_write_u64_le(w, (uint64_t)p->time_ms);
	codec_write_length(w, p->count);
}

void stream_encode_consumers(struct codec_writer *w, const struct stream_group_facts *g)
{
	codec_write_length(w, g->consumers);
}

void stream_encode_consumer(struct codec_writer *w, const struct stream_consumer_facts *c)
{
	codec_write_string(w, c->name);
	codec_write_u64_le(w, (uint64_t)c->seen_ms);
	codec_write_u64_le(w, (uint64_t)c->active_ms);
	codec_write_length(w, c->pending);
}

static void encode_consumer(const struct stream_consumer *c, struct codec_writer *w)
{
	stream_encode_consumer(w, &(struct stream_consumer_facts){.name = c->name,
					  .seen_ms = c->seen_ms,
					  .active_ms = c->active_ms,
					  .pending = c->pending.weight});
	for (struct id_place at = id_tree_first(&c->pending); at.leaf != NULL;
		at = id_place_next(at))
		stream_encode_owned(w, id_place_item(at)->id);
}

static void encode_group(const struct stream_group *g, struct codec_writer *w)
{
	const struct stream_group_facts facts = {
		g->name, g->last, g->entries_read, g->pending.weight, g->consumers.count};
	stream_encode_group(w, &facts);
	for (struct id_place at = id_tree_first(&g->pending); at.leaf != NULL;
		at = id_place_next(at))
		stream_encode_pending(w, id_place_item(at)->id, id_place_item(at)->ptr);
	stream_encode_consumers(w, &facts);
	for (size_t i = 0; i < g->consumers.count; i++)
		encode_consumer(g->consumers.items[i], w);
}

void stream_encode(const struct value *v, struct codec_writer *w)
{
	const struct stream_body *s = v->ptr;
	const struct stream_facts facts = stream_facts_of(s);
	codec_write_length(w, id_tree_count(&s->pieces));
	for (struct id_place at = id_tree_first(&s->pieces); at.leaf != NULL;
		at = id_place_next(at))
		stream_encode_piece(w, id_place_item(at)->id, id_place_item(at)->ptr);
	stream_encode_facts(w, &facts);
	for (size_t i = 0; i < s->groups.count; i++)
		encode_group(s->groups.items[i], w);
}

/* --- reading --- */

static struct id unpack_id(struct bytes bytes)
{
	struct id id = ID_LEAST;
	for (unsigned i = 0; i < 8; i++) {
		id.ms = id.ms << 8 | (unsigned char)bytes.ptr[i];
		id.seq = id.seq << 8 | (unsigned char)bytes.ptr[8 + i];
	}
	return id;
}

static bool read_id(struct codec_reader *r, struct id *id)
{
	return codec_read_length(r, &id->ms) && codec_read_length(r, &id->seq);
}

static bool read_raw_id(struct codec_reader *r, struct id *id)
{
	struct bytes bytes;
	if (!codec_read_view(r, ID_BYTES, &bytes))
		return false;
	*id = unpack_id(bytes);
	return true;
}

static bool read_time(struct codec_reader *r, int64_t *ms)
{
	uint64_t bits;
	if (!codec_read_u64_le(r, &bits))
		return false;
	*ms = (int64_t)bits;
	return true;
}

/* Appends a named thing; false unless the names rise. */
static bool add_name(struct codec_reader *r, struct stream_names *names, void *item)
{
	int order = names->count == 0
			    ? -1
			    : bytes_compare(*(struct bytes *)names->items[names->count - 1],
				      *(struct bytes *)item);
	stream_names_insert(names, names->count, item);
	if (order == 0)
		return codec_fail(r, "Duplicate stream consumer detected, or group");
	return order < 0 || codec_fail(r, "a stream's groups or consumers are out of order");
}

static bool decode_piece(struct codec_reader *r, struct stream_body *s, struct id *last)
{
	struct buf scratch = {0};
	struct bytes key;
	struct id base = ID_LEAST;
	bool is_key = codec_read_string_view(r, &scratch, &key);
	if (is_key && key.len == ID_BYTES)
		base = unpack_id(key);
	else if (is_key)
		is_key = codec_fail(r, "a stream's piece has no id");
	buf_release(&scratch);
	if (!is_key)
		return false;
	bool is_behind = s->pieces.root == NULL || id_compare(base, *last) > 0;
	unsigned char *lp = packed_read_listpack(r, 0);
	if (lp == NULL)
		return false;
	if (!is_behind || !stream_piece_is_valid(lp, base, last)) {
		listpack_free(lp);
		return codec_fail(r, "a stream's piece is damaged");
	}
	id_tree_insert(&s->pieces, base, lp);
	return true;
}

static bool decode_entries(uint8_t tag, struct codec_reader *r, struct stream_body *s)
{
	uint64_t pieces, length;
	struct id last = ID_LEAST;
	struct id first;
	if (!codec_read_length(r, &pieces))
		return false;
	for (; pieces > 0; pieces--)
		if (!decode_piece(r, s, &last))
			return false;
	if (!codec_read_length(r, &length) || !read_id(r, &s->last))
		return false;
	if (length != s->pieces.weight || id_compare(last, s->last) > 0)
		return codec_fail(r, "a stream's length or last id is wrong");
	s->length = s->added = length;
	stream_note_first(s);
	if (tag < TAG_WITH_COUNTS)
		return true;
	/* The first id is known better than it can be told. */
	if (!read_id(r, &first) || !read_id(r, &s->max_deleted) || !codec_read_length(r, &s->added))
		return false;
	return (s->added >= length && s->added <= INT64_MAX) ||
	       codec_fail(r, "a stream holds more entries than were added");
}

static bool decode_consumer(uint8_t tag, struct codec_reader *r, struct stream_group *g)
{
	struct buf scratch = {0};
	struct bytes name;
	struct stream_consumer *c = NULL;
	uint64_t pending;
	struct id id;
	if (codec_read_string_view(r, &scratch, &name))
		c = stream_consumer_new(name, 0);
	buf_release(&scratch);
	if (c == NULL || !add_name(r, &g->consumers, c) || !read_time(r, &c->seen_ms))
		return false;
	c->active_ms = c->seen_ms;
	if ((tag >= TAG_WITH_ACTIVE && !read_time(r, &c->active_ms)) ||
		!codec_read_length(r, &pending))
		return false;
	for (; pending > 0; pending--) {
		if (!read_raw_id(r, &id))
			return false;
		struct stream_pending *p = stream_pending_find(g, id);
		if (p == NULL || p->consumer != NULL)
			return codec_fail(r, "a consumer's pending entry is not its group's");
		p->consumer = c;
		id_tree_insert(&c->pending, id, p);
	}
	return true;
}

static bool decode_pending(struct codec_reader *r, struct stream_group *g)
{
	uint64_t count;
	struct id id;
	if (!codec_read_length(r, &count))
		return false;
	for (; count > 0; count--) {
		struct stream_pending p = {0};
		if (!read_raw_id(r, &id) || !read_time(r, &p.time_ms) ||
			!codec_read_length(r, &p.count))
			return false;
		struct stream_pending *copy = mem_dup(&p, sizeof(p));
		if (!id_tree_insert(&g->pending, id, copy)) {
			mem_free_sized(copy, sizeof(*copy));
			return codec_fail(r, "a pending entry comes twice");
		}
	}
	return true;
}

static bool decode_group(uint8_t tag, struct codec_reader *r, struct stream_body *s)
{
	struct buf scratch = {0};
	struct bytes name;
	struct stream_group *g = NULL;
	uint64_t read, consumers;
	if (codec_read_string_view(r, &scratch, &name))
		g = stream_group_new(name, ID_LEAST, STREAM_READ_UNKNOWN);
	buf_release(&scratch);
	if (g == NULL || !add_name(r, &s->groups, g) || !read_id(r, &g->last))
		return false;
	if (tag < TAG_WITH_COUNTS) {
		g->entries_read = stream_entries_read(s, g->last);
	} else {
		if (!codec_read_length(r, &read))
			return false;
		g->entries_read = read > INT64_MAX ? STREAM_READ_UNKNOWN : (int64_t)read;
	}
	if (!decode_pending(r, g) || !codec_read_length(r, &consumers))
		return false;
	for (; consumers > 0; consumers--)
		if (!decode_consumer(tag, r, g))
			return false;
	uint64_t owned = 0;
	for (size_t i = 0; i < g->consumers.count; i++)
		owned += ((const struct stream_consumer *)g->consumers.items[i])->pending.weight;
	return owned == g->pending.weight || codec_fail(r, "a pending entry has no consumer");
}

bool stream_decode(uint8_t tag, struct codec_reader *r, struct value *out)
{
	uint64_t groups;
	*out = stream_empty;
	struct stream_body *s = stream_of(out);
	bool is_whole = decode_entries(tag, r, s) && codec_read_length(r, &groups);
	for (; is_whole && groups > 0; groups--)
		is_whole = decode_group(tag, r, s);
	if (!is_whole)
		stream_ops.free(out);
	return is_whole;
}
