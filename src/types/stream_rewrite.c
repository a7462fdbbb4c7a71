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

struct emitter {
	struct bytes key;
	void (*emit)(const struct bytes *argv, int argc, void *context);
	void *context;
	struct bytes *words;
	size_t cap;
	int count;
	struct buf digits; /* texts of integers; reserved ahead, so that they stay in place */
};

static void begin(struct emitter *e, struct bytes command, size_t words, size_t integers)
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

static void word(struct emitter *e, struct bytes text)
{
	e->words[e->count++] = text;
}

static void number(struct emitter *e, int64_t value)
{
	char *to = buf_reserve(&e->digits, NUM_I64_MAX_CHARS);
	size_t len = num_print_i64(to, value);
	e->digits.len += len;
	word(e, bytes_of(to, len));
}

static void id_word(struct emitter *e, struct id id)
{
	char *to = buf_reserve(&e->digits, STREAM_ID_MAX_CHARS);
	size_t len = stream_id_print(to, id);
	e->digits.len += len;
	word(e, bytes_of(to, len));
}

static void item_word(struct emitter *e, const struct listpack_item *item)
{
	if (item->is_integer)
		number(e, item->integer);
	else
		word(e, item->text);
}

static void finish(struct emitter *e)
{
	e->emit(e->words, e->count, e->context);
}

static void rewrite_entries(struct emitter *e, const struct stream_body *s)
{
	struct stream_iter it;
	stream_iter_init(&it, s, ID_LEAST, ID_GREATEST, false);
	while (stream_next(&it)) {
		size_t fields = (size_t)it.entry.fields;
		begin(e, BYTES("XADD"), 1 + 2 * fields, 1 + 2 * fields);
		word(e, e->key);
		id_word(e, it.entry.id);
		while (it.entry.fields > 0) {
			struct listpack_item name, value;
			stream_entry_field(&it.entry, &name, &value);
			item_word(e, &name);
			item_word(e, &value);
		}
		finish(e);
	}
	if (s->length > 0)
		return;
	/* An entry that is trimmed at once leaves an empty stream. */
	begin(e, BYTES("XADD"), 5, 1);
	word(e, e->key);
	word(e, BYTES("MAXLEN"));
	word(e, BYTES("0"));
	id_word(e, id_is_least(s->last) ? (struct id){0, 1} : s->last);
	word(e, BYTES("x"));
	word(e, BYTES("y"));
	finish(e);
}

static void rewrite_group(struct emitter *e, const struct stream_group *g)
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

static void rewrite_consumer(
	struct emitter *e, const struct stream_group *g, const struct stream_consumer *c)
{
	begin(e, BYTES("XGROUP"), 4, 0);
	word(e, BYTES("CREATECONSUMER"));
	word(e, e->key);
	word(e, g->name);
	word(e, c->name);
	finish(e);
	for (struct id_place at = id_tree_first(&c->pending); at.leaf != NULL;
		at = id_place_next(at)) {
		const struct stream_pending *p = id_place_item(at)->ptr;
		begin(e, BYTES("XCLAIM"), 11, 3);
		word(e, e->key);
		word(e, g->name);
		word(e, c->name);
		word(e, BYTES("0"));
		id_word(e, id_place_item(at)->id);
		word(e, BYTES("TIME"));
		number(e, p->time_ms);
		word(e, BYTES("RETRYCOUNT"));
		number(e, (int64_t)p->count);
		word(e, BYTES("JUSTID"));
		word(e, BYTES("FORCE"));
		finish(e);
	}
}

void stream_rewrite(struct bytes key, const struct value *v,
	void (*emit)(const struct bytes *argv, int argc, void *context), void *context)
{
	struct emitter e = {.key = key, .emit = emit, .context = context};
	const struct stream_body *s = v->ptr;
	rewrite_entries(&e, s);
	begin(&e, BYTES("XSETID"), 6, 3);
	word(&e, key);
	id_word(&e, s->last);
	word(&e, BYTES("ENTRIESADDED"));
	number(&e, (int64_t)s->added);
	word(&e, BYTES("MAXDELETEDID"));
	id_word(&e, s->max_deleted);
	finish(&e);
	for (size_t i = 0; i < s->groups.count; i++) {
		const struct stream_group *g = s->groups.items[i];
		rewrite_group(&e, g);
		for (size_t j = 0; j < g->consumers.count; j++)
			rewrite_consumer(&e, g, g->consumers.items[j]);
	}
	mem_free(e.words);
	buf_release(&e.digits);
}
