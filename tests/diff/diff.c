/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The differential test: the same random commands to two servers, every reply compared. The stream
 * is cut into episodes; each begins with empty servers and new connections, speaks RESP2 or RESP3,
 * and ends with a look at all the data. When replies differ the episode is replayed with ever fewer
 * commands as long as a difference remains, and what is left is printed: usually two or three lines
 * to type by hand.
 *
 *   diff --port-a N --port-b N [--commands N] [--seed N] [--groups a,b,c] [--show N] [--skip FILE]
 *        [--twin-a N --twin-b N]
 *
 * A twin is a second server of the same kind, to which keys migrate; its port has five digits.
 * --skip names a file of known differences, one a line: command word, a tab, how server a's reply
 * to it begins, a tab, the reason. Such differences are counted apart. Exit status 1 when others
 * remain.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "compare.h"
#include "cross.h"
#include "grammar.h"
#include "peer.h"

enum {
	EPISODE = 400,
	LOOKS_MAX = 768,
	BATCH = 16,
	PRINT_BYTES = 700,
	SKIPS_MAX = 64,
	SHOWN_MAX = 64,
	TWINS = 2,
};

struct episode {
	struct command command[EPISODE + LOOKS_MAX];
	char is_out[EPISODE + LOOKS_MAX]; /* left out while shrinking */
	int count, version;
	uint64_t seed;
};

struct difference {
	int index;                     /* -1: none */
	char *reply[2];
	size_t len[2];
};

static struct peer peers[4]; /* two servers, then the twin of each */
static char *skip_words[SKIPS_MAX], *skip_replies[SKIPS_MAX], *shown_words[SHOWN_MAX];
static int skip_count, shown_count;
static int known_count;

static void episode_make(struct episode *episode, uint64_t seed)
{
	uint64_t random = seed * UINT64_C(0x2545f4914f6cdd1d) + 1;

	memset(episode, 0, sizeof *episode);
	episode->seed = seed;
	episode->version = random_below(&random, 2) ? 3 : 2;
	for (int i = 0; i < EPISODE; i++)
		episode->command[episode->count++] = grammar_next(&random);
	for (int i = 0; i < LOOKS_MAX; i++) {
		struct command look = grammar_look(i, peers[TWINS].port != 0);

		if (!look.bytes)
			break;
		episode->command[episode->count++] = look;
	}
}

static void episode_free(struct episode *episode)
{
	for (int i = 0; i < episode->count; i++)
		free(episode->command[i].bytes);
}

static int command_is(const struct command *command, const char *name)
{
	struct text word = command_word(command, 0);

	return word.len == strlen(name) && !strncasecmp(word.data, name, word.len);
}

/* A difference is excused by what the command answers, not by its name alone. */
static int is_known(const struct command *command, struct text reply)
{
	for (int i = 0; i < skip_count; i++) {
		size_t len = strlen(skip_replies[i]);

		if (command_is(command, skip_words[i]) && reply.len >= len &&
		    !memcmp(reply.data, skip_replies[i], len))
			return 1;
	}
	return 0;
}

/* One difference of each command is shown; ten of the same kind would hide the others. */
static int is_shown(const struct command *command)
{
	struct text word = command_word(command, 0);

	for (int i = 0; i < shown_count; i++)
		if (command_is(command, shown_words[i]))
			return 1;
	if (shown_count < SHOWN_MAX)
		shown_words[shown_count++] = strndup(word.data, word.len);
	return 0;
}

static void difference_keep(struct difference *difference, int index, struct text a, struct text b)
{
	struct text both[2] = { a, b };

	difference->index = index;
	for (int i = 0; i < 2; i++) {
		free(difference->reply[i]);
		difference->reply[i] = malloc(both[i].len + 1);
		if (!difference->reply[i])
			abort();
		memcpy(difference->reply[i], both[i].data, both[i].len);
		difference->len[i] = both[i].len;
	}
}

/* Some wait until all before them are answered: they need more than one request, or another server.
 */
static int is_alone(const struct command *command)
{
	return command->compare == COMPARE_CROSS || command->at_twin;
}

static void command_send(int server, const struct command *command)
{
	struct peer *peer = &peers[server + (command->at_twin ? TWINS : 0)];
	char *place = memmem(command->bytes, command->len, PORT_MARK, strlen(PORT_MARK));
	char port[16];

	if (!place) {
		peer_send(peer, command->bytes, command->len);
		return;
	}
	snprintf(port, sizeof port, "%d", peers[server + TWINS].port);
	if (strlen(port) != strlen(PORT_MARK))
		fail("a twin's port has five digits", peers[server + TWINS].port);
	peer_send(peer, command->bytes, (size_t)(place - command->bytes));
	peer_send(peer, port, strlen(port));
	place += strlen(port);
	peer_send(peer, place, command->len - (size_t)(place - command->bytes));
}

static void replies_read(const struct command *command, struct text reply[2])
{
	if (command->compare == COMPARE_CROSS) {
		cross(peers, command_word(command, 1), reply);
		return;
	}
	for (int p = 0; p < 2; p++)
		reply[p] = peer_reply(&peers[p + (command->at_twin ? TWINS : 0)]);
}

/* Sends the commands [from, to) that are not left out and compares; remembers the first difference.
 * */
static void batch_play(struct episode *episode, int from, int to, struct difference *first)
{
	for (int p = 0; p < 2; p++)
		for (int i = from; i < to; i++)
			if (!episode->is_out[i] && episode->command[i].compare != COMPARE_CROSS)
				command_send(p, &episode->command[i]);
	for (int i = from; i < to; i++) {
		const struct command *command = &episode->command[i];
		struct text reply[2];

		if (episode->is_out[i])
			continue;
		replies_read(command, reply);
		if (first->index >= 0 || replies_equal(command->compare, reply[0], reply[1]))
			continue;
		if (is_known(command, reply[0]))
			known_count++;
		else
			difference_keep(first, i, reply[0], reply[1]);
	}
}

/* What one episode leaves must not reach the next, whose number repeats it. The last line is for
 * what one of the servers may not know. */
static void peer_prepare(struct peer *peer, int version)
{
	static const char *const requests[] = { "FLUSHALL", "SCRIPT FLUSH", "FUNCTION FLUSH",
		"ACL DELUSER u1 u2 u3",
		"CONFIG SET list-max-listpack-size -2 list-compress-depth 0 "
		"hash-max-listpack-entries 512 hash-max-listpack-value 64 "
		"set-max-intset-entries 512 zset-max-listpack-entries 128 "
		"zset-max-listpack-value 64 hll-sparse-max-bytes 3000 "
		"stream-node-max-entries 100 stream-node-max-bytes 4096",
		"CONFIG SET set-max-listpack-entries 128 set-max-listpack-value 64" };
	enum { REQUESTS = sizeof requests / sizeof *requests };

	peer_open(peer);
	for (int i = 0; i < REQUESTS; i++)
		if (!peer_ask(peer, requests[i]) && i != REQUESTS - 1)
			fail("cannot prepare the server", peer->port);
	peer_ask(peer, version == 3 ? "HELLO 3" : "HELLO 2");
}

static void episode_play(struct episode *episode, struct difference *first)
{
	first->index = -1;
	for (int p = 0; p < 4; p++)
		if (peers[p].port)
			peer_prepare(&peers[p], episode->version);
	for (int from = 0, to; from < episode->count && first->index < 0; from = to) {
		to = from + 1;
		if (!is_alone(&episode->command[from]))
			while (to < from + BATCH && to < episode->count &&
				!is_alone(&episode->command[to]))
				to++;
		batch_play(episode, from, to, first);
	}
}

/* Leaves out ever smaller runs of commands for as long as some difference remains. */
static void episode_shrink(struct episode *episode, struct difference *first)
{
	for (int i = first->index + 1; i < episode->count; i++)
		episode->is_out[i] = 1;
	for (int size = first->index; size > 0; size = size > 1 ? (size + 1) / 2 : 0) {
		for (int from = 0; from < first->index; from += size) {
			char before[EPISODE + LOOKS_MAX];
			struct difference now = { .index = -1 };

			memcpy(before, episode->is_out, sizeof before);
			for (int i = from; i < from + size && i < first->index; i++)
				episode->is_out[i] = 1;
			episode_play(episode, &now);
			if (now.index < 0)
				memcpy(episode->is_out, before, sizeof before);
			else
				difference_keep(first, now.index,
					(struct text){ now.reply[0], now.len[0] },
					(struct text){ now.reply[1], now.len[1] });
			free(now.reply[0]);
			free(now.reply[1]);
		}
	}
}

static void difference_print(struct episode *episode, struct difference *first)
{
	char text[PRINT_BYTES];

	printf("-- difference in episode %llu (RESP%d)\n", (unsigned long long)episode->seed,
		episode->version);
	for (int i = 0; i <= first->index; i++) {
		if (episode->is_out[i])
			continue;
		command_print(&episode->command[i], text, sizeof text);
		printf("   %s\n", text);
	}
	for (int p = 0; p < 2; p++) {
		text_print(first->reply[p], first->len[p], text, sizeof text);
		printf("   %c: %s\n", 'a' + p, text);
	}
	fflush(stdout);
}

static void skips_read(const char *path)
{
	FILE *file = fopen(path, "r");
	char line[500];

	if (!file)
		fail("cannot read the list of known differences", 0);
	while (fgets(line, sizeof line, file) && skip_count < SKIPS_MAX) {
		char *reply = line + strcspn(line, "\t\n");

		if (*line == '#' || *line == '\n')
			continue;
		if (*reply != '\t' || !reply[1 + strcspn(reply + 1, "\t")])
			fail("a known difference is command, tab, reply, tab, reason", 0);
		*reply++ = '\0';
		reply[strcspn(reply, "\t")] = '\0';
		skip_words[skip_count] = strdup(line);
		skip_replies[skip_count++] = strdup(reply);
	}
	fclose(file);
}

struct arguments {
	long commands, seed, show;
	const char *groups;
};

static struct arguments arguments_read(int argc, char **argv)
{
	struct arguments arguments = { 100000, 1, 10, "string,generic,expiry" };

	for (int i = 1; i < argc; i += 2) {
		const char *value = i + 1 < argc ? argv[i + 1] : "";

		if (!strcmp(argv[i], "--port-a"))
			peers[0].port = (int)strtol(value, NULL, 10);
		else if (!strcmp(argv[i], "--port-b"))
			peers[1].port = (int)strtol(value, NULL, 10);
		else if (!strcmp(argv[i], "--twin-a"))
			peers[TWINS].port = (int)strtol(value, NULL, 10);
		else if (!strcmp(argv[i], "--twin-b"))
			peers[TWINS + 1].port = (int)strtol(value, NULL, 10);
		else if (!strcmp(argv[i], "--commands"))
			arguments.commands = strtol(value, NULL, 10);
		else if (!strcmp(argv[i], "--seed"))
			arguments.seed = strtol(value, NULL, 10);
		else if (!strcmp(argv[i], "--show"))
			arguments.show = strtol(value, NULL, 10);
		else if (!strcmp(argv[i], "--groups"))
			arguments.groups = value;
		else if (!strcmp(argv[i], "--skip"))
			skips_read(value);
		else
			fail("--port-a --port-b --twin-a --twin-b --commands --seed --groups "
			"--show --skip", 0);
	}
	if (!peers[0].port || !peers[1].port)
		fail("--port-a and --port-b say where the servers are", 0);
	return arguments;
}

int main(int argc, char **argv)
{
	struct arguments arguments = arguments_read(argc, argv);
	static struct episode episode;
	long played = 0, differences = 0;

	grammar_choose(arguments.groups);
	for (uint64_t seed = (uint64_t)arguments.seed; played < arguments.commands; seed++) {
		struct difference first = { .index = -1 };

		episode_make(&episode, seed);
		episode_play(&episode, &first);
		played += first.index < 0 ? episode.count : first.index + 1;
		differences += first.index >= 0;
		if (first.index >= 0 && shown_count < arguments.show &&
		    !is_shown(&episode.command[first.index])) {
			episode_shrink(&episode, &first);
			difference_print(&episode, &first);
		}
		free(first.reply[0]);
		free(first.reply[1]);
		episode_free(&episode);
	}
	printf("%ld commands, %ld differences, %d known ones\n", played, differences, known_count);
	return differences != 0;
}
