/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The differential test: the same random commands to two servers, every reply compared. The stream
 * is cut into episodes; each begins with empty servers and new connections, speaks RESP2 or RESP3,
 * and ends with a look at all the data. When replies differ the episode is replayed with ever fewer
 * commands as long as a difference remains, and what is left is printed: usually two or three lines
 * to type by hand.
 *
 *   diff --port-a N --port-b N [--commands N] [--seed N] [--groups a,b,c] [--show N] [--skip FILE]
 *
 * --skip names a file of known differences, one a line: command word, a tab, how server a's reply
 * to it begins, a tab, the reason. Such differences are counted apart. Exit status 1 when others
 * remain.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "../../utils/bench/reply.h"
#include "compare.h"
#include "grammar.h"

enum {
	EPISODE = 400,
	LOOKS_MAX = 256,
	BATCH = 16,
	PRINT_BYTES = 700,
	READ_BYTES = 1 << 20,
	REPLY_MAX = 64 << 20,
	SKIPS_MAX = 64,
	SHOWN_MAX = 64,
	SILENCE_S = 20,
	START_TRIES = 100,
	START_TRY_US = 50000,
};

/* A connection; replies are parted as they arrive. */
struct peer {
	int fd, port;
	char *data;
	size_t len, room, at;          /* received, and how far replies are handed out */
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

static struct peer peers[2];
static char *skip_words[SKIPS_MAX], *skip_replies[SKIPS_MAX], *shown_words[SHOWN_MAX];
static int skip_count, shown_count;
static int known_count;

static void fail(const char *what, int port)
{
	fprintf(stderr, "diff: %s (port %d)\n", what, port);
	exit(2);
}

static int peer_try(struct peer *peer)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)peer->port) };
	struct timeval silence = { .tv_sec = SILENCE_S };
	int on = 1;

	if (peer->fd > 0)
		close(peer->fd);
	peer->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(peer->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	setsockopt(peer->fd, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof silence);
	peer->len = peer->at = 0;
	return peer->fd >= 0 && !connect(peer->fd, (struct sockaddr *)&address, sizeof address);
}

/* A server that is just starting gets some seconds. */
static void peer_open(struct peer *peer)
{
	for (int i = 0; i < START_TRIES; i++) {
		if (peer_try(peer))
			return;
		usleep(START_TRY_US);
	}
	fail("cannot connect", peer->port);
}

static void peer_send(struct peer *peer, const char *data, size_t len)
{
	while (len) {
		ssize_t sent = send(peer->fd, data, len, MSG_NOSIGNAL);

		if (sent <= 0)
			fail("the server takes nothing more: has it died?", peer->port);
		data += sent;
		len -= (size_t)sent;
	}
}

/* The next whole reply; valid until the next call. */
static struct text peer_reply(struct peer *peer)
{
	struct reply_scan scan = { 0 };
	size_t scanned = peer->at;

	if (peer->at == peer->len)
		peer->at = peer->len = scanned = 0;
	for (;;) {
		scanned += reply_scan(&scan, peer->data + scanned, peer->len - scanned, 1);
		if (scan.is_bad)
			fail("what the server sends is no RESP", peer->port);
		if (scan.replies)
			break;
		if (peer->room - peer->len < READ_BYTES) {
			peer->room = peer->room * 2 + READ_BYTES;
			peer->data = realloc(peer->data, peer->room);
			if (!peer->data || peer->room > REPLY_MAX)
				fail("a reply too large", peer->port);
		}
		ssize_t got = recv(peer->fd, peer->data + peer->len, peer->room - peer->len, 0);
		if (got <= 0)
			fail("no reply: has the server died?", peer->port);
		peer->len += (size_t)got;
	}
	struct text reply = { peer->data + peer->at, scanned - peer->at };
	peer->at = scanned;
	return reply;
}

static void peer_ask(struct peer *peer, const char *request)
{
	peer_send(peer, request, strlen(request));
	if (peer_reply(peer).data[0] == '-')
		fail("cannot prepare the server", peer->port);
}

static void episode_make(struct episode *episode, uint64_t seed)
{
	uint64_t random = seed * UINT64_C(0x2545f4914f6cdd1d) + 1;

	memset(episode, 0, sizeof *episode);
	episode->seed = seed;
	episode->version = random_below(&random, 2) ? 3 : 2;
	for (int i = 0; i < EPISODE; i++)
		episode->command[episode->count++] = grammar_next(&random);
	for (int i = 0; i < LOOKS_MAX; i++) {
		struct command look = grammar_look(i);

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
	const char *word = strchr(strchr(command->bytes, '\n') + 1, '\n') + 1;
	size_t len = strlen(name);

	return !strncasecmp(word, name, len) && word[len] == '\r';
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
	const char *word = strchr(strchr(command->bytes, '\n') + 1, '\n') + 1;

	for (int i = 0; i < shown_count; i++)
		if (command_is(command, shown_words[i]))
			return 1;
	if (shown_count < SHOWN_MAX)
		shown_words[shown_count++] = strndup(word, strcspn(word, "\r"));
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

/* Sends the commands [from, to) that are not left out and compares; remembers the first difference.
 * */
static void batch_play(struct episode *episode, int from, int to, struct difference *first)
{
	for (int p = 0; p < 2; p++)
		for (int i = from; i < to; i++)
			if (!episode->is_out[i])
				peer_send(&peers[p], episode->command[i].bytes,
					episode->command[i].len);
	for (int i = from; i < to; i++) {
		const struct command *command = &episode->command[i];

		if (episode->is_out[i])
			continue;
		struct text a = peer_reply(&peers[0]), b = peer_reply(&peers[1]);
		if (first->index >= 0 || replies_equal(command->compare, a, b))
			continue;
		if (is_known(command, a))
			known_count++;
		else
			difference_keep(first, i, a, b);
	}
}

static void episode_play(struct episode *episode, struct difference *first)
{
	first->index = -1;
	for (int p = 0; p < 2; p++) {
		peer_open(&peers[p]);
		peer_ask(&peers[p], "*1\r\n$8\r\nFLUSHALL\r\n");
		peer_ask(&peers[p], episode->version == 3 ? "*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n" :
			"*2\r\n$5\r\nHELLO\r\n$1\r\n2\r\n");
	}
	for (int from = 0; from < episode->count && first->index < 0; from += BATCH) {
		int to = from + BATCH < episode->count ? from + BATCH : episode->count;

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
			fail("--port-a --port-b --commands --seed --groups --show --skip", 0);
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
