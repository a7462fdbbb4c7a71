/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Makes commands out of the table. About one in seven is then spoilt: a word dropped, added,
 * doubled, exchanged or replaced by something unfitting. Commands that set a time to live are
 * spoilt only in ways that cannot yield a short one, or two servers would disagree about the
 * instant.
 */
#include "grammar.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lua.h"

enum { WORD_MAX = 6000, ROWS_MAX = 512, SPOIL_ONE_IN = 7 };

struct maker {
	uint64_t *random;
	const struct row *row;
	int count;
	size_t len[WORDS_MAX];
	char *word[WORDS_MAX];
};

static const struct row *chosen[ROWS_MAX];
static int chosen_count;

uint64_t random_next(uint64_t *state)
{
	uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

uint64_t random_below(uint64_t *state, uint64_t limit)
{
	return random_next(state) % limit;
}

static int one_in(struct maker *maker, uint64_t n)
{
	return random_below(maker->random, n) == 0;
}

static const char *pick(struct maker *maker, const char *const *list, size_t count)
{
	return list[random_below(maker->random, count)];
}
#define PICK(maker, list) pick(maker, list, sizeof(list) / sizeof *(list))

int grammar_choose(const char *groups)
{
	size_t count;
	const struct row *rows = grammar_rows(&count);

	chosen_count = 0;
	while (*groups) {
		size_t len = strcspn(groups, ",");
		int before = chosen_count;

		for (size_t i = 0; i < count && chosen_count < ROWS_MAX; i++)
			if (strlen(rows[i].group) == len && !memcmp(rows[i].group, groups, len))
				chosen[chosen_count++] = &rows[i];
		if (chosen_count == before) {
			fprintf(stderr, "diff: no group '%.*s'\n", (int)len, groups);
			exit(2);
		}
		groups += len;
		groups += *groups == ',';
	}
	return chosen_count;
}

static void word_add(struct maker *maker, const char *text, size_t len)
{
	if (maker->count == WORDS_MAX || len > WORD_MAX)
		return;
	char *copy = malloc(len + 1);
	if (!copy)
		abort();
	memcpy(copy, text, len);
	copy[len] = '\0';
	maker->word[maker->count] = copy;
	maker->len[maker->count++] = len;
}

static void text_add(struct maker *maker, const char *text)
{
	word_add(maker, text, strlen(text));
}

static void number_add(struct maker *maker, long long number)
{
	char text[32];

	word_add(maker, text, (size_t)snprintf(text, sizeof text, "%lld", number));
}

static void key_add(struct maker *maker)
{
	static const char prefixes[] = "slhtzx";
	char text[8], prefix = maker->row->prefix;

	if (one_in(maker, 200)) {
		word_add(maker, "\0\r\n{", one_in(maker, 2) ? 0 : 4);
		return;
	}
	if (prefix == '*' || one_in(maker, 12))
		prefix = prefixes[random_below(maker->random, sizeof prefixes - 1)];
	snprintf(
		text, sizeof text, "%c%d", prefix, (int)random_below(maker->random, KEYS_PER_TYPE));
	text_add(maker, text);
}

static void value_add(struct maker *maker)
{
	static const char *const odd[] = {
		"", "0", "-1", "007", " 3", "3 ", "+5", "-0", "1.5", "1e3", "nan", "inf", "abc",
		"9223372036854775807", "-9223372036854775808", "9223372036854775808", "2147483648",
		"12345678901234567890123456789012345678901234", "0.1", "3.0", "\xff\xfe", "a\r\nb",
		"123456789012345678901234567890123456789012345", "0x10", "ohmytext", "mynewtext",
	};
	static const size_t sizes[] = { 1, 20, 32, 44, 45, 63, 64, 65, 100, 255, 256, 5000 };
	char text[5000];

	if (one_in(maker, 2)) {
		text_add(maker, PICK(maker, odd));
		return;
	}
	size_t len = sizes[random_below(
		maker->random, sizeof sizes / sizeof *sizes - !one_in(maker, 20))];
	for (size_t i = 0; i < len; i++)
		text[i] = (char)(one_in(maker, 50) ? random_next(maker->random) :
			'a' + random_below(maker->random, 8));
	word_add(maker, text, len);
}

static void integer_add(struct maker *maker)
{
	static const char *const odd[] = {
		"9223372036854775807",
		"-9223372036854775808",
		"9223372036854775808",
		"-9223372036854775807",
		"2147483647",
		"-2147483649",
		"4294967296",
		"1.0",
		"",
		"abc",
		" 1",
		"1 ",
		"+1",
		"-0",
		"01",
	};

	if (one_in(maker, 6))
		text_add(maker, PICK(maker, odd));
	else
		number_add(maker, (long long)random_below(maker->random, 400) - 100);
}

/* Absolute or relative, in seconds or milliseconds: refused, far away, or gone long ago. The last
 * only for commands that then delete at once; SET would leave a key that vanishes whenever it is
 * looked at. */
static void time_add(struct maker *maker, char kind)
{
	static const char *const refused[] = { "9223372036854775807", "-9223372036854775808", "0",
		"-1", "9223372036854775", "abc", "", "1.5" };
	/* Hardly ever twice the same: GT and LT would tell in which millisecond each was said. */
	long long number = 1000 + (long long)random_below(maker->random, 9900);
	int is_expiry = !strcmp(maker->row->group, "expiry");

	if (one_in(maker, 5)) {
		text_add(maker, PICK(maker, refused));
		return;
	}
	if (kind == 'e' || kind == 'E')
		number = is_expiry && one_in(maker, 8) ? 1 : number + 4102444800;
	if (kind == 'T' || kind == 'E')
		number *= 1000;
	number_add(maker, number);
}

static void float_add(struct maker *maker)
{
	static const char *const floats[] = { "0.1", "-0.1", "1.5", "3", "1e3", "-1e-3", "0.25",
		"1e17", "1e-17", "3.0e0", "inf", "-inf", "nan", "abc", "", " 1",
		"1.7976931348623157e308", "5e-324", "1234567890.123456789", "-0" };

	text_add(maker, PICK(maker, floats));
}

/* Quarters only: 7.0 prints other scores with seventeen digits, 7.2 with as many as are needed. No
 * -0 but as a bound: 7.0 packs it, as 0, where a long member that comes behind it makes a skiplist
 * of the new set at once in 7.2. */
static void score_add(struct maker *maker, int is_bound)
{
	static const char *const odd[] = { "inf", "-inf", "+inf", "nan", "abc", "", "1e3", "0",
		"1e9", "-0" };
	char text[32];

	if (one_in(maker, 8)) {
		size_t count = sizeof odd / sizeof *odd;
		text_add(maker, pick(maker, odd, is_bound ? count : count - 1));
		return;
	}
	double score = ((double)random_below(maker->random, 81) - 40) / 4;
	snprintf(text, sizeof text, "%s%g", is_bound && one_in(maker, 3) ? "(" : "", score);
	text_add(maker, text);
}

static void member_add(struct maker *maker)
{
	char text[16];

	if (one_in(maker, 25)) {
		value_add(maker);
		return;
	}
	snprintf(text, sizeof text, one_in(maker, 2) ? "m%d" : "%d",
		(int)random_below(maker->random, 30));
	text_add(maker, text);
}

static double fraction(struct maker *maker)
{
	return (double)random_below(maker->random, 1000001) / 1e6;
}

/* Hardly ever twice the same: the order of equal distances is nobody's promise. */
static void place_add(struct maker *maker)
{
	char lon[32], lat[32];
	double wide = one_in(maker, 3) ? 179 : 2;
	snprintf(lon, sizeof lon, "%.6f", wide * (fraction(maker) * 2 - 1));
	snprintf(lat, sizeof lat, "%.6f", wide * 0.47 * (fraction(maker) * 2 - 1));
	text_add(maker, lon);
	text_add(maker, lat);
}

static void radius_add(struct maker *maker)
{
	static const char *const sizes[] = {"0", "1", "20", "150", "1500", "8000", "25000"};
	text_add(maker, PICK(maker, sizes));
}

static void offset_add(struct maker *maker, int is_bit)
{
	static const char *const odd[] = { "-1", "4294967296", "429496729x", "abc", "1.0",
		"9223372036854775807" };

	if (one_in(maker, 10))
		text_add(maker, PICK(maker, odd));
	else
		number_add(maker, (long long)random_below(maker->random, is_bit ? 2000 : 100));
}

/* Thresholds at which values change their form, some so low that every value crosses them. */
static void config_add(struct maker *maker)
{
	static const char *const settings[] = { "list-max-listpack-size -2",
		"list-max-listpack-size 2", "list-max-listpack-size 5", "list-compress-depth 0",
		"list-compress-depth 1", "hash-max-listpack-entries 0",
		"hash-max-listpack-entries 3",
		"hash-max-listpack-entries 512", "hash-max-listpack-value 1",
		"hash-max-listpack-value 64", "set-max-intset-entries 0",
		"set-max-intset-entries 3",
		"set-max-intset-entries 512", "zset-max-listpack-entries 0",
		"zset-max-listpack-entries 17", "zset-max-listpack-entries 128",
		"zset-max-listpack-value 1", "zset-max-listpack-value 64", "hll-sparse-max-bytes 0",
		"hll-sparse-max-bytes 40", "hll-sparse-max-bytes 3000" };
	const char *setting = PICK(maker, settings);
	size_t name = strcspn(setting, " ");

	word_add(maker, setting, name);
	text_add(maker, setting + name + 1);
}

/* No selector is left open: in 7.0 the next one takes its place, 7.2 refuses the whole. */
static void rule_add(struct maker *maker)
{
	static const char *const rules[] = { "on", "off", "nopass", "resetpass", ">p1", "<p1",
		"<p2",
		"allkeys", "~*", "resetkeys", "~s*", "~l?", "%R~h*", "%W~z*", "%RW~t*", "%X~a",
		"allchannels", "resetchannels", "&ch*", "&*", "allcommands", "+@all", "nocommands",
		"-@all", "+get", "-get", "+set", "-set", "+@read", "-@write", "+@string",
		"-@nosuch",
		"+nosuch", "+client|id", "-client|kill", "+config|get", "+get|x", "+client|nosuch",
		"reset", "(+get ~s*)", "(-@all +@list %R~l* &c)", "(nopass)",
		"clearselectors",
		"sanitize-payload", "skip-sanitize-payload", "", "bad", "#00", "!00", "+", "-", "~",
		"+select|0", "-@dangerous", "+@admin", ">" };

	text_add(maker, PICK(maker, rules));
}

static void program_add(struct maker *maker, int is_library)
{
	char text[LUA_ROOM];

	word_add(maker, text,
		is_library ? lua_library(maker->random, text) : lua_script(maker->random, text));
}

/* What two servers pick at random differs; whether it is right does not: how many there are, how
 * many are different (unless they may repeat), how many are no members or have another's value. */
static const char picks_script[] =
	"local all={set={'SRANDMEMBER','SISMEMBER'},hash={'HRANDFIELD','HGET'},"
	"zset={'ZRANDMEMBER','ZSCORE'}}\n"
	"local words,step,seen,distinct,strange=all[ARGV[1]],ARGV[3] and 2 or 1,{},0,0\n"
	"local picks=redis.call(words[1],KEYS[1],unpack(ARGV,2))\n"
	"for i=1,#picks,step do local m=picks[i]\n"
	"if not seen[m] then seen[m]=true distinct=distinct+1 end\n"
	"local found=redis.call(words[2],KEYS[1],m)\n"
	"if not found or found==0 or step==2 and found~=picks[i+1] then strange=strange+1 end end\n"
	"return {#picks,tonumber(ARGV[2])<0 or distinct,strange}";

static void placeholder_add(struct maker *maker, char kind)
{
	static const char *const patterns[] = { "*", "s*", "?1", "[a-l]*", "[^s]?", "*[0-2]", "\\*",
		"", "s[", "m1*", "**3", "nothing" };
	static const char *const lex[] = { "-", "+", "[m1", "(m1", "[m2", "(m25", "[", "(", "m1",
		"[5", "(9", "[m9", "" };
	static const char *const ids[] = { "0", "1-1", "5", "7-*", "0-0", "99-99",
		"18446744073709551615-1", "abc", "1-", "-", "3-2" };
	static const char *const databases[] = { "0", "0", "1", "2", "15", "16", "-1", "abc" };
	char id[32];

	switch (kind) {
	case 'k': key_add(maker); break;
	case 'v': value_add(maker); break;
	case 'm': member_add(maker); break;
	case 'i': integer_add(maker); break;
	case 'n':
		number_add(maker, (long long)random_below(maker->random, 6) - one_in(maker, 12));
		break;
	case 'x': number_add(maker, (long long)random_below(maker->random, 16) - 8); break;
	case 'f': float_add(maker); break;
	case 't': case 'T': case 'e': case 'E': time_add(maker, kind); break;
	case 'p': text_add(maker, PICK(maker, patterns)); break;
	case 's': case 'S': score_add(maker, kind == 'S'); break;
	case 'l': text_add(maker, PICK(maker, lex)); break;
	case 'b': case 'u': offset_add(maker, kind == 'b'); break;
	case 'd': text_add(maker, PICK(maker, databases)); break;
	case 'g': place_add(maker); break;
	case 'r': radius_add(maker); break;
	case 'w': config_add(maker); break;
	case 'A': rule_add(maker); break;
	case 'R': text_add(maker, picks_script); break;
	case 'L': case 'F': program_add(maker, kind == 'F'); break;
	case 'P': text_add(maker, PORT_MARK); break;
	case 'z': text_add(maker, ""); break;
	case 'I':
		snprintf(id, sizeof id, "%d-%d", (int)random_below(maker->random, 200),
			(int)random_below(maker->random, 4));
		text_add(maker, one_in(maker, 4) ? PICK(maker, ids) : id);
		break;
	default: abort();
	}
}

/* The end of the bracket that opens at `at`. */
static const char *bracket_end(const char *at)
{
	int depth = 0;

	for (;; at++) {
		depth += strchr("[({", *at) != NULL;
		depth -= strchr("])}", *at) != NULL;
		if (!depth)
			return at;
	}
}

static const char *alternative_end(const char *at, const char *end)
{
	for (; at < end && *at != '|'; at++)
		if (strchr("[({", *at))
			at = bracket_end(at);
	return at;
}

static void expand(struct maker *maker, const char *at, const char *end);

static void expand_one_of(struct maker *maker, const char *at, const char *end)
{
	uint64_t count = 0;

	for (const char *part = at; part <= end; part = alternative_end(part, end) + 1)
		count++;
	for (uint64_t skip = random_below(maker->random, count); skip; skip--)
		at = alternative_end(at, end) + 1;
	expand(maker, at, alternative_end(at, end));
}

static void literal_add(struct maker *maker, const char *at, size_t len)
{
	char text[64];
	int is_lower = one_in(maker, 10), is_mixed = one_in(maker, 30);

	if (len >= sizeof text)
		abort();
	for (size_t i = 0; i < len; i++)
		text[i] = (char)(is_lower || (is_mixed && i % 2) ? tolower((unsigned char)at[i])
								 : at[i]);
	word_add(maker, text, len);
}

/* Depth is bounded by the brackets of our own table. */
static void expand(struct maker *maker, const char *at, const char *end)
{
	while (at < end) {
		if (*at == ' ') {
			at++;
			continue;
		}
		if (strchr("[({", *at)) {
			const char *close = bracket_end(at);
			uint64_t times = *at == '(' ? 1 : random_below(maker->random, 5) < 2;

			if (*at == '{')
				times = 1 + random_below(maker->random, 4) +
					(one_in(maker, 40) ? 12 : 0);
			for (; times; times--)
				expand_one_of(maker, at + 1, close);
			at = close + 1;
			continue;
		}
		if (*at == '%') {
			placeholder_add(maker, at[1]);
			at += 2;
			continue;
		}
		size_t len = strcspn(at, " [](){}|");
		if (!len)
			abort();
		literal_add(maker, at, len);
		at += len;
	}
}

static int sets_time(const struct row *row)
{
	return strstr(row->template, "%t") || strstr(row->template, "%T") ||
		strstr(row->template, "%e") || strstr(row->template, "%E");
}

static void word_replace(struct maker *maker, int index)
{
	static const char *const unfitting[] = { "", "abc", "-1", "0", "nx", "GET",
		"9223372036854775808", "1e400", "\r\n", "(", "100000" };

	free(maker->word[index]);
	int count = maker->count;
	maker->count = index;
	/* The last is a time long ago, and SET leaves such a key for a while. */
	text_add(maker, pick(maker, unfitting, sizeof unfitting / sizeof *unfitting -
		(size_t)sets_time(maker->row)));
	maker->count = count;
}

static void words_exchange(struct maker *maker, int a, int b)
{
	char *word = maker->word[a];
	size_t len = maker->len[a];

	maker->word[a] = maker->word[b];
	maker->len[a] = maker->len[b];
	maker->word[b] = word;
	maker->len[b] = len;
}

static int group_is_chosen(const char *group)
{
	for (int i = 0; i < chosen_count; i++)
		if (!strcmp(chosen[i]->group, group))
			return 1;
	return 0;
}

static void spoil(struct maker *maker)
{
	int any = (int)random_below(maker->random, (uint64_t)maker->count);

	switch (random_below(maker->random, sets_time(maker->row) ? 3 : 5)) {
	case 0:
		if (maker->count > 1)
			free(maker->word[--maker->count]);
		break;
	case 1:
		/* A short word for some: their errors quote it, and ours are 1024 bytes at most.
		 */
		if (sets_time(maker->row) || !strcmp(maker->row->group, "acl"))
			integer_add(maker);
		else
			value_add(maker);
		break;
	case 2:
		word_replace(maker, any);
		break;
	case 3:
		words_exchange(
			maker, any, (int)random_below(maker->random, (uint64_t)maker->count));
		break;
	default:
		word_add(maker, maker->word[any], maker->len[any]);
	}
}

static struct command command_encode(struct maker *maker)
{
	struct command command = { .compare = maker->row->compare,
		.at_twin = maker->row->template[0] == '@' };
	size_t room = 32;

	for (int i = 0; i < maker->count; i++)
		room += maker->len[i] + 32;
	command.bytes = malloc(room);
	if (!command.bytes)
		abort();
	command.len = (size_t)snprintf(command.bytes, room, "*%d\r\n", maker->count);
	for (int i = 0; i < maker->count; i++) {
		command.len += (size_t)snprintf(
			command.bytes + command.len, room - command.len, "$%zu\r\n", maker->len[i]);
		memcpy(command.bytes + command.len, maker->word[i], maker->len[i]);
		command.len += maker->len[i];
		memcpy(command.bytes + command.len, "\r\n", 2);
		command.len += 2;
		free(maker->word[i]);
	}
	return command;
}

struct command grammar_next(uint64_t *random)
{
	struct maker maker = { .random = random };

	maker.row = chosen[random_below(random, (uint64_t)chosen_count)];
	const char *template = maker.row->template;
	int is_firm = *template == '!' || *template == '@';
	expand(&maker, template + is_firm, template + strlen(template));
	if (is_firm || !one_in(&maker, SPOIL_ONE_IN))
		return command_encode(&maker);
	spoil(&maker);
	struct command command = command_encode(&maker);
	if (command.compare != COMPARE_EXACT && command.compare != COMPARE_NEAR)
		command.compare = COMPARE_KIND;
	return command;
}

/* A row without brackets or placeholders; the key, if any, goes behind its name. */
static struct command command_plain(const struct row *row, const char *key)
{
	uint64_t random = 0;
	struct maker maker = { .random = &random, .row = row };

	for (const char *at = row->template + (row->template[0] == '@'); *at; at += *at == ' ') {
		word_add(&maker, at, strcspn(at, " "));
		at += strcspn(at, " ");
		if (maker.count == 1 && key)
			text_add(&maker, key);
	}
	return command_encode(&maker);
}

struct command grammar_look(int number, int has_twin)
{
	static const struct row looks[] = {
		{ "string", '*', "GET", COMPARE_EXACT },
		{ "expiry", '*', "PTTL", COMPARE_NEAR },
		{ "list", '*', "LRANGE 0 -1", COMPARE_EXACT },
		{ "hash", '*', "HGETALL", COMPARE_PAIRS },
		{ "set", '*', "SMEMBERS", COMPARE_SORTED },
		{ "zset", '*', "ZRANGE 0 -1 WITHSCORES", COMPARE_EXACT },
		{ "fraction", '*', "ZRANGE 0 -1 WITHSCORES", COMPARE_SCORES },
		{ "stream", '*', "XRANGE - +", COMPARE_EXACT },
		{ "stream", '*', "XPENDING g", COMPARE_EXACT },
		{ "migrate", '*', "@TYPE", COMPARE_EXACT },
		{ "migrate", '*', "@GET", COMPARE_EXACT },
	};
	static const char prefixes[] = "slhtzx";
	static const struct row nothing = { "", '*', "TYPE", COMPARE_EXACT },
		discard = { "", '*', "DISCARD", COMPARE_EXACT };
	int count = (int)(sizeof looks / sizeof *looks) - (has_twin ? 0 : 2);
	char key[16];

	/* A transaction may be open. */
	if (!number)
		return command_plain(&discard, NULL);
	int place = (number - 1) / count;
	const struct row *row = &looks[(number - 1) % count];
	if (place >= KEYS_PER_TYPE * (int)(sizeof prefixes - 1))
		return (struct command){ .bytes = NULL };
	snprintf(key, sizeof key, "%c%d", prefixes[place / KEYS_PER_TYPE], place % KEYS_PER_TYPE);
	return command_plain(group_is_chosen(row->group) ? row : &nothing, key);
}

struct text command_word(const struct command *command, int number)
{
	const char *at = (const char *)memchr(command->bytes, '\n', command->len) + 1;
	struct text word = { at, 0 };

	for (int i = 0; i <= number; i++) {
		word.len = strtoul(at + 1, NULL, 10);
		word.data = strchr(at, '\n') + 1;
		at = word.data + word.len + 2;
	}
	if (number == 1 && !strncmp(command->bytes, "*2\r\n$8\r\nFUNCTION", 16))
		word.data = NULL;
	return word;
}

size_t text_print(const char *data, size_t len, char *out, size_t room)
{
	size_t used = 0;

	for (size_t i = 0; i < len && used + 8 < room; i++) {
		unsigned char byte = (unsigned char)data[i];

		if (byte == '\r' || byte == '\n') {
			out[used++] = '\\';
			out[used++] = byte == '\r' ? 'r' : 'n';
		} else if (byte < 32 || byte > 126 || byte == '\\' || byte == '"') {
			used += (size_t)snprintf(out + used, room - used, "\\x%02x", byte);
		} else {
			out[used++] = (char)byte;
		}
	}
	out[used] = '\0';
	return used;
}

void command_print(const struct command *command, char *out, size_t room)
{
	const char *at = command->bytes, *end = at + command->len;
	size_t used = 0;

	out[0] = '\0';
	at = (const char *)memchr(at, '\n', command->len) + 1;
	while (at < end && used + 16 < room) {
		size_t len = strtoul(at + 1, NULL, 10);

		at = strchr(at, '\n') + 1;
		int is_plain = len && strcspn(at, " \r\n\\\"'") >= len && !memchr(at, '\0', len);
		used += (size_t)snprintf(out + used, room - used, is_plain ? "" : "\"");
		used += text_print(at, len, out + used, room - used - 4);
		used += (size_t)snprintf(out + used, room - used, is_plain ? " " : "\" ");
		at += len + 2;
	}
}
