/* SPDX-License-Identifier: BSD-3-Clause
 *
 * exec/syntax: the ten hardest lines against what Redis's COMMAND DOCS and COMMAND INFO say of
 * those commands, the language piece by piece, and lines that are wrong.
 */
#include "../../../src/exec/syntax.c"

#include "../unit.h"

#include "base/buf.h"
#include "exec/command.h"

/* A tree as text: name:type, "token" before, (omt) behind for optional, multiple, multiple_token.
 */
static void show(struct buf *out, const struct syntax_arg *arg)
{
	for (const char *blank = ""; arg != NULL; arg = arg->next, blank = " ") {
		buf_add_text(out, blank);
		if (arg->token != NULL && arg->type != SYNTAX_PURE_TOKEN)
			buf_printf(out, "\"%s\" ", arg->token);
		buf_add_text(out, arg->name);
		if (arg->type == SYNTAX_PURE_TOKEN)
			buf_printf(out, "=%s", arg->token);
		if (arg->key_spec >= 0)
			buf_printf(out, "#%d", arg->key_spec);
		if (arg->type == SYNTAX_ONEOF || arg->type == SYNTAX_BLOCK) {
			buf_add_char(out, arg->type == SYNTAX_ONEOF ? '<' : '{');
			show(out, arg->children);
			buf_add_char(out, arg->type == SYNTAX_ONEOF ? '>' : '}');
		} else if (arg->type != SYNTAX_STRING && arg->type != SYNTAX_PURE_TOKEN) {
			buf_printf(out, ":%s", syntax_type_name(arg->type));
		}
		if (arg->flags != 0)
			buf_printf(out, "(%s%s%s%s)", arg->flags & SYNTAX_OPTIONAL ? "o" : "",
				arg->flags & SYNTAX_MULTIPLE ? "m" : "",
				arg->flags & SYNTAX_MULTIPLE_TOKEN ? "t" : "",
				arg->flags & SYNTAX_HIDDEN ? "h" : "");
		if (arg->since != NULL)
			buf_printf(out, "@%s", arg->since);
		if (arg->deprecated_since != NULL)
			buf_printf(out, "!%s", arg->deprecated_since);
	}
}

static void show_key(struct buf *out, const struct key_spec *spec)
{
	for (int bit = 0; key_flag_names[bit] != NULL; bit++)
		if (spec->flags >> bit & 1)
			buf_printf(out, "%s+", key_flag_names[bit]);
	if (spec->begin == KEY_BEGIN_INDEX)
		buf_printf(out, " index %d", spec->index);
	else if (spec->begin == KEY_BEGIN_KEYWORD)
		buf_printf(out, " keyword %s %d", spec->keyword, spec->index);
	else
		buf_add_text(out, " unknown");
	if (spec->find == KEY_FIND_RANGE)
		buf_printf(out, " range %d %d %d", spec->last, spec->step, spec->limit);
	else if (spec->find == KEY_FIND_KEYNUM)
		buf_printf(
			out, " keynum %d %d %d", spec->keynum_index, spec->first_key, spec->step);
	buf_add_text(out, "; ");
}

static void check(const char *line, int words, int arity, const char *tree, const char *keys)
{
	const char *error = NULL;
	struct buf out = {0};
	struct syntax *syntax = syntax_parse(line, words, &error);

	if (syntax == NULL)
		fail_msg("%s: error at '%s'", line, error);
	show(&out, syntax->args);
	assert_string_equal(buf_text(&out), tree);
	assert_int_equal(syntax->arity, arity);
	buf_clear(&out);
	for (int i = 0; i < syntax->key_spec_count; i++)
		show_key(&out, &syntax->key_specs[i]);
	assert_string_equal(buf_text(&out), keys);
	buf_release(&out);
	syntax_free(syntax);
}

static void test_strings_and_sorted_sets(void **state)
{
	(void)state;
	check("key:key:RW+access+update+variable_flags value condition=[NX|XX]@2.6.12 [GET]@6.2.0 "
	      "expiration=[EX seconds:integer@2.6.12|PX milliseconds:integer@2.6.12|EXAT "
	      "unix-time-seconds:unix-time@6.2.0|PXAT "
	      "unix-time-milliseconds:unix-time@6.2.0|KEEPTTL@6.0.0]",
		1, -3,
		"key#0:key value condition<nx=NX xx=XX>(o)@2.6.12 get=GET(o)@6.2.0 "
		"expiration<\"EX\" "
		"seconds:integer@2.6.12 \"PX\" milliseconds:integer@2.6.12 \"EXAT\" "
		"unix-time-seconds:unix-time@6.2.0 \"PXAT\" unix-time-milliseconds:unix-time@6.2.0 "
		"keepttl=KEEPTTL@6.0.0>(o)",
		"RW+access+update+variable_flags+ index 1 range 0 1 0; ");
	check("key:key:RW+update condition=[NX|XX]@3.0.2 comparison=[GT|LT]@6.2.0 "
	      "[change=CH]@3.0.2 "
	      "[increment=INCR]@3.0.2 {score:double member}...",
		1, -4,
		"key#0:key condition<nx=NX xx=XX>(o)@3.0.2 comparison<gt=GT lt=LT>(o)@6.2.0 "
		"change=CH(o)@3.0.2 "
		"increment=INCR(o)@3.0.2 score_member{score:double member}(m)",
		"RW+update+ index 1 range 0 1 0; ");
	check("key:key:RW+access+update+variable_flags operation=[GET {encoding "
	      "offset:integer}|write={"
	      "[OVERFLOW {WRAP|SAT|FAIL}] write_operation={SET {encoding offset:integer "
	      "value:integer}|"
	      "INCRBY {encoding offset:integer increment:integer}}}]...",
		1, -2,
		"key#0:key operation<\"GET\" encoding_offset{encoding offset:integer} "
		"write{\"OVERFLOW\" "
		"wrap_sat_fail<wrap=WRAP sat=SAT fail=FAIL>(o) write_operation<\"SET\" "
		"encoding_offset_value{encoding offset:integer value:integer} \"INCRBY\" "
		"encoding_offset_increment{encoding offset:integer increment:integer}>}>(om)",
		"RW+access+update+variable_flags+ index 1 range 0 1 0; ");
}

static void test_sort_and_geo(void **state)
{
	(void)state;
	check("key:key:RO+access [BY pattern:pattern:RO+access] [LIMIT {offset:integer "
	      "count:integer}] "
	      "[GET pattern:pattern:#1]... order=[ASC|DESC] [sorting=ALPHA] "
	      "[STORE destination:key:OW+update+unknown]",
		1, -2,
		"key#0:key \"BY\" pattern#1:pattern(o) \"LIMIT\" offset_count{offset:integer "
		"count:integer}(o) "
		"\"GET\" pattern#1:pattern(omt) order<asc=ASC desc=DESC>(o) sorting=ALPHA(o) "
		"\"STORE\" "
		"destination#2:key(o)",
		"RO+access+ index 1 range 0 1 0; RO+access+ unknown; OW+update+ unknown; ");
	check("key:key:RO+access from={FROMMEMBER member|FROMLONLAT {longitude:double "
	      "latitude:double}} "
	      "by={circle={BYRADIUS radius:double unit={M|KM}}|box={BYBOX width:double "
	      "height:double "
	      "unit={M|KM}}} order=[ASC|DESC] count=[COUNT count:integer [ANY]] [WITHCOORD]",
		1, -7,
		"key#0:key from<\"FROMMEMBER\" member \"FROMLONLAT\" "
		"longitude_latitude{longitude:double "
		"latitude:double}> by<circle{\"BYRADIUS\" radius:double unit<m=M km=KM>} "
		"box{\"BYBOX\" "
		"width:double height:double unit<m=M km=KM>}> order<asc=ASC desc=DESC>(o) "
		"count{\"COUNT\" "
		"count:integer any=ANY(o)}(o) withcoord=WITHCOORD(o)",
		"RO+access+ index 1 range 0 1 0; ");
	check("key:key:RO+access longitude:double latitude:double radius:double unit={M|KM} [STORE "
	      "key:key:OW+update] [STOREDIST key:key:OW+update]",
		1, -6,
		"key#0:key longitude:double latitude:double radius:double unit<m=M km=KM> "
		"\"STORE\" "
		"key#1:key(o) \"STOREDIST\" key#2:key(o)",
		"RO+access+ index 1 range 0 1 0; OW+update+ keyword STORE 6 range 0 1 0; "
		"OW+update+ keyword STOREDIST 6 range 0 1 0; ");
}

static void test_streams(void **state)
{
	(void)state;
	check("GROUP {group consumer} [COUNT count:integer] [BLOCK milliseconds:integer] [NOACK] "
	      "STREAMS streams={key:key:RO+access... id...}",
		1, -7,
		"\"GROUP\" group_consumer{group consumer} \"COUNT\" count:integer(o) \"BLOCK\" "
		"milliseconds:integer(o) noack=NOACK(o) \"STREAMS\" streams{key#0:key(m) id(m)}",
		"RO+access+ keyword STREAMS 4 range -1 1 2; ");
	check("key:key:RW+update [NOMKSTREAM]@6.2.0 trim=[strategy={MAXLEN|MINID@6.2.0} "
	      "operator=[equal='='|approximately='~'] threshold [LIMIT count:integer]@6.2.0] "
	      "id_or_auto={auto_id='*'|id} {field value}...",
		1, -5,
		"key#0:key nomkstream=NOMKSTREAM(o)@6.2.0 trim{strategy<maxlen=MAXLEN "
		"minid=MINID@6.2.0> "
		"operator<equal== approximately=~>(o) threshold \"LIMIT\" "
		"count:integer(o)@6.2.0}(o) "
		"id_or_auto<auto_id=* id> field_value{field value}(m)",
		"RW+update+ index 1 range 0 1 0; ");
}

static void test_containers_and_migrate(void **state)
{
	(void)state;
	check("host port:integer key_or_empty_string={key:key:RW+access+delete|empty_string=''} "
	      "destination-db:integer timeout:integer [COPY]@3.0.0 authentication=[[AUTH "
	      "password]@4.0.7|"
	      "[AUTH2 {username password}]@6.0.0] [KEYS "
	      "key:key:RW+access+delete+incomplete...]@3.0.6",
		1, -6,
		"host port:integer key_or_empty_string<key#0:key empty_string=> "
		"destination-db:integer "
		"timeout:integer copy=COPY(o)@3.0.0 authentication<\"AUTH\" password(o)@4.0.7 "
		"\"AUTH2\" "
		"username_password{username password}(o)@6.0.0>(o) \"KEYS\" key#1:key(om)@3.0.6",
		"RW+access+delete+ index 3 range 0 1 0; RW+access+delete+incomplete+ keyword KEYS "
		"-2 range "
		"-1 1 0; ");
	check("filter={ip:port:string!2.8.12|new-format={[ID client-id:integer]@2.8.12|[TYPE "
	      "{NORMAL|PUBSUB}]|[SKIPME yes/no]}...}",
		2, -3,
		"filter<ip:port!2.8.12 new-format<\"ID\" client-id:integer(o)@2.8.12 \"TYPE\" "
		"normal_pubsub<normal=NORMAL pubsub=PUBSUB>(o) \"SKIPME\" yes/no(o)>(m)>",
		"");
	check("mode={YES|SYNC|NO}", 2, 3, "mode<yes=YES sync=SYNC no=NO>", "");
	check("[{ASYNC|SYNC}]@6.2.0", 2, -2, "async_sync<async=ASYNC sync=SYNC>(o)@6.2.0", "");
	check("sha1...", 2, -3, "sha1(m)", "");
}

static void test_keys(void **state)
{
	(void)state;
	check("", 1, 1, "", "");
	check("{key:key:OW+update value}...", 1, -3, "key_value{key#0:key value}(m)",
		"OW+update+ index 1 range -1 2 0; ");
	check("key:key:RW+access+delete... timeout:double", 1, -3, "key#0:key(m) timeout:double",
		"RW+access+delete+ index 1 range -2 1 0; ");
	check("timeout:double numkeys:integer key:key:RO+access... where={MIN|MAX}", 1, -5,
		"timeout:double numkeys:integer key#0:key(m) where<min=MIN max=MAX>",
		"RO+access+ index 2 keynum 0 1 1; ");
	check("key1:key:RO+access key2:key:#0 [LEN]", 1, -3, "key1#0:key key2#0:key len=LEN(o)",
		"RO+access+ index 1 range 1 1 0; ");
	check("shardchannel:string:not_key...", 1, -2, "shardchannel(m)",
		"not_key+ index 1 range -1 1 0; ");
	check("script numkeys:integer [key:key:RW...] [arg...]", 1, -3,
		"script numkeys:integer key#0:key(om) arg(om)", "RW+ index 2 keynum 0 1 1; ");
	/* Keys with something optional behind them, and no count: nobody can say. */
	check("key:key:RO... [LEN]", 1, -2, "key#0:key(m) len=LEN(o)", "RO+ unknown; ");
}

static void test_language(void **state)
{
	(void)state;
	check("a  b", 1, 3, "a b", "");
	check("[a b]", 1, -1, "a_b{a b}(o)", "");
	check("x=[a]", 1, -1, "x{a}(o)", "");
	check("[a]", 1, -1, "a(o)", "");
	check("[PREFIX a]...", 1, -1, "\"PREFIX\" a(omt)", "");
	check("[PREFIX a...]", 1, -1, "\"PREFIX\" a(om)", "");
	check("NO ONE", 1, 3, "no=NO one=ONE", "");
	check("{host port:integer|NO ONE}", 1, 3,
		"host_port_no_one<host_port{host port:integer} no_one{no=NO one=ONE}>", "");
	check("{a b|c}", 1, -2, "a_b_c<a_b{a b} c>", "");
	check("a@1.0.0...!2.0.0", 1, -2, "a(m)@1.0.0!2.0.0", "");
	check("<a [b...]>", 1, -2, "a_b{a b(om)}(h)", "");
	check("'*'", 1, 2, "*=*", "");
	struct syntax *syntax = syntax_parse("id-block~id", 1, &(const char *){NULL});
	assert_string_equal(syntax->args->display, "id");
	syntax_free(syntax);
}

static void check_wrong(const char *line, size_t at)
{
	const char *error = NULL;
	struct syntax *syntax = syntax_parse(line, 1, &error);
	if (syntax != NULL)
		fail_msg("accepted: %s", line);
	if (error != line + at)
		fail_msg("%s: error at %d, not %d", line, (int)(error - line), (int)at);
}

static void test_wrong(void **state)
{
	(void)state;
	check_wrong("[a", 2);
	check_wrong("a]", 1);
	check_wrong("[]", 1);
	check_wrong("{a|}", 3);
	check_wrong("[a}", 2);
	check_wrong("'x", 2);
	check_wrong("a@", 2);
	check_wrong("a:key", 5);
	check_wrong("a:key:RX", 8);
	check_wrong("a:key:#9", 8);
	check_wrong("a=b", 2);
	check_wrong("A b=C", 5);
	check_wrong("{{{{{{{{{{a}}}}}}}}}}", 8);
	char line[1024] = "";
	for (int i = 0; i <= SYNTAX_ARGS_MAX; i++)
		memcpy(line + strlen(line), "a ", 3);
	check_wrong(line, 2 * SYNTAX_ARGS_MAX + 1);
}

/* Whatever bytes a line has, it is read or refused. */
static void test_random_lines(void **state)
{
	static const char *const pieces[] = {"a", "key:key:RO", "NX", "[", "]", "{", "}", "|", " ",
		"...", "@1.0", "x=", "'q'", "<", ">", "numkeys:integer", ":", "~d", "p:pattern:RO",
		"#"};
	uint64_t seed = 7;
	(void)state;
	for (int round = 0; round < 20000; round++) {
		char line[256] = "";
		size_t n = unit_random(&seed) % 16;
		for (size_t i = 0; i < n; i++) {
			const char *piece =
				pieces[unit_random(&seed) % (sizeof(pieces) / sizeof(pieces[0]))];
			memcpy(line + strlen(line), piece, strlen(piece) + 1);
		}
		const char *error = NULL;
		struct syntax *syntax = syntax_parse(line, 1, &error);
		if (syntax == NULL)
			assert_true(error >= line && error <= line + strlen(line));
		syntax_free(syntax);
	}
}

UNIT_MAIN(test_strings_and_sorted_sets, test_sort_and_geo, test_streams,
	test_containers_and_migrate, test_keys, test_language, test_wrong, test_random_lines)
