/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A stream rewritten as commands: which they are, word by word.
 */
#include "../../../src/types/stream_rewrite.c"

#include "../unit.h"

static struct buf said;

static void note(const struct bytes *argv, int argc, void *context)
{
	assert_ptr_equal(context, &said);
	for (int i = 0; i < argc; i++) {
		buf_add_bytes(&said, argv[i]);
		buf_add_char(&said, i + 1 < argc ? ' ' : '\n');
	}
}

static void assert_rewritten(struct value *v, const char *wanted)
{
	buf_clear(&said);
	stream_ops.rewrite(BYTES("key"), v, note, &said);
	assert_string_equal(buf_text(&said), wanted);
	stream_ops.free(v);
	buf_release(&said);
}

static void test_empty(void **state)
{
	struct value v = stream_empty;
	struct stream_body *s = stream_of(&v);
	(void)state;
	stream_group_create(s, BYTES("g"), ID_LEAST, STREAM_READ_UNKNOWN);
	assert_rewritten(&v, "XADD key MAXLEN 0 0-1 x y\n"
			     "XSETID key 0-0 ENTRIESADDED 0 MAXDELETEDID 0-0\n"
			     "XGROUP CREATE key g 0-0 ENTRIESREAD -1\n");
}

static void test_full(void **state)
{
	struct value v = stream_empty;
	struct stream_body *s = stream_of(&v);
	struct bytes pairs[4] = {BYTES("a"), BYTES("1"), BYTES("7"), BYTES("text")};
	(void)state;
	stream_add(s, (struct id){1, 0}, pairs, 2);
	stream_add(s, (struct id){1, 5}, pairs, 1);
	stream_add(s, (struct id){2, 0}, pairs, 1);
	stream_delete(s, (struct id){1, 5});
	struct stream_group *g = stream_group_create(s, BYTES("g"), (struct id){1, 0}, 1);
	struct stream_consumer *c = stream_consumer_get(g, BYTES("c"), 5, NULL);
	stream_consumer_get(g, BYTES("b"), 5, NULL);
	stream_pending_add(g, c, (struct id){1, 0}, 1234)->count = 3;
	assert_rewritten(&v, "XADD key 1-0 a 1 7 text\n"
			     "XADD key 2-0 a 1\n"
			     "XSETID key 2-0 ENTRIESADDED 3 MAXDELETEDID 1-5\n"
			     "XGROUP CREATE key g 1-0 ENTRIESREAD 1\n"
			     "XGROUP CREATECONSUMER key g b\n"
			     "XGROUP CREATECONSUMER key g c\n"
			     "XCLAIM key g c 0 1-0 TIME 1234 RETRYCOUNT 3 JUSTID FORCE\n");
}

UNIT_MAIN(test_empty, test_full)
