/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A stream as the commands that make it: its entries, what is known beyond them (XSETID), groups,
 * consumers and pending entries. A pending entry whose entry was deleted cannot be said in
 * commands.
 */
#include "base/buf.h"
#include "base/mem.h"
#include "base/num.h"
#include "types/stream_internal.h"

static void begin(struct stream_emitter *e, struct bytes command, size_t words, size_t integers)
{
	words += 2;
	if (words > e->cap) {
		e->cap = words;
		e->words = mem_realloc(e->words, words * sizeof(*e->words));
	}
	buf_clear(&e->digits);
	buf_reserve(&e->digits, integers * STREAM_ID_MAX_CHARS);
	e->count = 0;
	e->words[e->count++] = command;
}

static void word(struct stream_emitter *e, struct bytes text)
{
	e->words[e->count++] = text;
}

static void number(struct stream_emitter *e, int64_t value)
{
	char *to = buf_reserve(&e->digits, NUM_I64_MAX_CHARS);
	size_t len = num_print_i64(to, value);
	e->digits.len += len;
	word(e, bytes_of(to, len));
}

static void id_word(struct stream_emitter *e, struct id id)
{
	char *to = buf_reserve(&e->digits, STREAM_ID_MAX_CHARS);
	size_t len = stream_id_print(to, id);
	e->digits.len += len;
	word(e, bytes_of(to, len));
}

static void item_word(struct stream_emitter *e, const struct listpack_item *item)
{
	if (item->is_integer)
		number(e, item->integer);
	else
		word(e, item->text);
}

static void finish(struct stream_emitter *e)
{
	e->emit(e->words, e->count, e->context);
}

static void say_entry(struct stream_emitter *e, struct stream_entry *entry)
{
	size_t fields = (size_t)entry->fields;
	begin(e, BYTES("XADD"), 1 + 2 * fields, 1 + 2 * fields);
	word(e, e->key);
	id_word(e, entry->id);
	while (entry->fields > 0) {
		struct listpack_item name, value;
		stream_entry_field(entry, &name, &value);
		item_word(e, &name);
		item_word(e, &value);
	}
	finish(e);
}

void stream_say_piece(struct stream_emitter *e, struct id base, const unsigned char *lp)
{
	struct stream_piece piece = stream_piece_open(lp, base);
	const unsigned char *at = piece.first;
	while (at != NULL) {
		struct stream_entry entry = stream_piece_entry(&piece, at);
		if (!(entry.flags & STREAM_ENTRY_DELETED))
			say_entry(e, &entry);
		at = stream_piece_next(&entry);
	}
}

/* An entry that is trimmed at once leaves an empty stream. */
static void say_empty(struct stream_emitter *e, struct id last)
{
	begin(e, BYTES("XADD"), 5, 1);
	word(e, e->key);
	word(e, BYTES("MAXLEN"));
	word(e, BYTES("0"));
	id_word(e, id_is_least(last) ? (struct id){0, 1} : last);
	word(e, BYTES("x"));
	word(e, BYTES("y"));
	finish(e);
}

void stream_say_facts(struct stream_emitter *e, const struct stream_facts *facts)
{
	if (facts->length == 0)
		say_empty(e, facts->last);
	begin(e, BYTES("XSETID"), 6, 3);
	word(e, e->key);
	id_word(e, facts->last);
	word(e, BYTES("ENTRIESADDED"));
	number(e, (int64_t)facts->added);
	word(e, BYTES("MAXDELETEDID"));
	id_word(e, facts->max_deleted);
	finish(e);
}

void stream_say_group(struct stream_emitter *e, const struct stream_group_facts *g)
{
	begin(e, BYTES("XGROUP"), 6, 2);
	word(e, BYTES("CREATE"));
	word(e, e->key);
	word(e, g->name);
	id_word(e, g->last);
	word(e, BYTES("ENTRIESREAD"));
	number(e, g->entries_read);
	finish(e);
}

void stream_say_consumer(
	struct stream_emitter *e, const struct stream_group_facts *g, struct bytes consumer)
{
	begin(e, BYTES("XGROUP"), 4, 0);
	word(e, BYTES("CREATECONSUMER"));
	word(e, e->key);
	word(e, g->name);
	word(e, consumer);
	finish(e);
}

void stream_say_pending(struct stream_emitter *e, const struct stream_claimed *c)
{
	begin(e, BYTES("XCLAIM"), 11, 3);
	word(e, e->key);
	word(e, c->group);
	word(e, c->consumer);
	word(e, BYTES("0"));
	id_word(e, c->id);
	word(e, BYTES("TIME"));
	number(e, c->pending->time_ms);
	word(e, BYTES("RETRYCOUNT"));
	number(e, (int64_t)c->pending->count);
	word(e, BYTES("JUSTID"));
	word(e, BYTES("FORCE"));
	finish(e);
}

void stream_emitter_release(struct stream_emitter *e)
{
	mem_free(e->words);
	buf_release(&e->digits);
}

static void rewrite_group(struct stream_emitter *e, const struct stream_group *g)
{
	const struct stream_group_facts facts = {
		.name = g->name, .last = g->last, .entries_read = g->entries_read};
	stream_say_group(e, &facts);
	for (size_t i = 0; i < g->consumers.count; i++) {
		const struct stream_consumer *c = g->consumers.items[i];
		stream_say_consumer(e, &facts, c->name);
		for (struct id_place at = id_tree_first(&c->pending); at.leaf != NULL;
			at = id_place_next(at))
			stream_say_pending(
				e, &(struct stream_claimed){g->name, c->name, id_place_item(at)->id,
					   id_place_item(at)->ptr});
	}
}

void stream_rewrite(struct bytes key, const struct value *v,
	void (*emit)(const struct bytes *argv, int argc, void *context), void *context)
{
	struct stream_emitter e = {.key = key, .emit = emit, .context = context};
	const struct stream_body *s = v->ptr;
	const struct stream_facts facts = stream_facts_of(s);
	for (struct id_place at = id_tree_first(&s->pieces); at.leaf != NULL;
		at = id_place_next(at))
		stream_say_piece(&e, id_place_item(at)->id, id_place_item(at)->ptr);
	stream_say_facts(&e, &facts);
	for (size_t i = 0; i < s->groups.count; i++)
		rewrite_group(&e, s->groups.items[i]);
	stream_emitter_release(&e);
}
