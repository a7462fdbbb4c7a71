/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What a power loss leaves of a disk whose journal `record` wrote.
 *
 *   replay JOURNAL
 *       prints its events: position, kind, path
 *   replay JOURNAL POSITION LEFT NAMES SEED DIRECTORY
 *       makes DIRECTORY as it is when the power is lost at that position
 *
 * LEFT says what is left of content that was not synced: "drop" nothing, "torn" a first part of the
 * writes, the last of them cut at any byte, "subset" each piece of 4 KiB or not (holes are zeros),
 * both sector by sector where it was written directly, "keep" all (no power loss, a plain kill),
 * "mix" one of these for each file. NAMES says which changed names last: "posix" those of a
 * directory that was synced since, "journal" all before any sync, as on ext4 and xfs; of the
 * others a first part, in their order, if LEFT leaves anything.
 */
#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE 4096u

enum left { LEFT_DROP, LEFT_TORN, LEFT_SUBSET, LEFT_KEEP, LEFT_MIX };
static const char *const lefts[] = {"drop", "torn", "subset", "keep", "mix"};
static const char *const kinds[EVENT_KINDS] = {"?", "directory", "created", "begin", "write",
	"zeros", "cut", "sync", "lasts", "renamed", "removed"};

struct change { /* of content */
	uint64_t position, at, span;
	const char *bytes; /* NULL: zeros */
	uint64_t sector;   /* it is torn by these; 0: anywhere */
	bool is_cut, lasts;
};

struct node {
	uint64_t file;
	bool is_directory;
	const char *path; /* the last that it had */
	uint64_t synced;  /* what came before this position lasts */
	struct change *changes;
	size_t count;
};

struct naming {
	uint64_t position;
	size_t directory; /* a node */
	char name[NAME_MAX + 1];
	size_t node; /* NONE: removed */
};

#define NONE SIZE_MAX

struct content {
	char *bytes;
	size_t size, room;
};

static struct node *nodes;
static struct naming *namings;
static size_t node_count, naming_count;
static uint64_t names_synced; /* in the journal model */
static enum left left;
static bool is_posix;
static uint64_t random_state;

static void die(const char *what, const char *which)
{
	fprintf(stderr, "replay: %s: %s\n", what, which);
	exit(2);
}

static void *grown(void *list, size_t count, size_t size)
{
	if ((count & (count - 1)) != 0)
		return list;
	list = realloc(list, (count == 0 ? 1 : count * 2) * size);
	if (list == NULL)
		die("memory", "none left");
	return list;
}

static uint64_t pick(uint64_t limit)
{
	uint64_t x = random_state += 0x9e3779b97f4a7c15u;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return limit == 0 ? 0 : (x ^ (x >> 31)) % limit;
}

/* --- nodes and names -------------------------------------------------------------------------- */

static size_t node_add(uint64_t file, bool is_directory, const char *path)
{
	nodes = grown(nodes, node_count, sizeof(*nodes));
	nodes[node_count] = (struct node){.file = file, .is_directory = is_directory, .path = path};
	return node_count++;
}

/* The latest of that number. */
static size_t node_of(uint64_t file)
{
	size_t i = node_count;
	while (i > 0 && nodes[i - 1].file != file)
		i--;
	return i == 0 ? NONE : i - 1;
}

/* The directory that this path lies in; its last part. */
static size_t parent_of(const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash == NULL ? 0 : (size_t)(slash - path);
	*name = slash == NULL ? path : slash + 1;
	for (size_t i = node_count; i > 0; i--)
		if (nodes[i - 1].is_directory && strlen(nodes[i - 1].path) == len &&
			memcmp(nodes[i - 1].path, path, len) == 0)
			return i - 1;
	die("no such directory", path);
	return NONE;
}

static size_t named(const char *path)
{
	const char *name;
	size_t directory = parent_of(path, &name);
	for (size_t i = naming_count; i > 0; i--)
		if (namings[i - 1].directory == directory && strcmp(namings[i - 1].name, name) == 0)
			return namings[i - 1].node;
	return NONE;
}

static void name_set(uint64_t position, const char *path, size_t node)
{
	const char *name;
	struct naming n = {.position = position, .directory = parent_of(path, &name), .node = node};
	snprintf(n.name, sizeof(n.name), "%s", name);
	namings = grown(namings, naming_count, sizeof(*namings));
	namings[naming_count++] = n;
}

/* --- the journal ------------------------------------------------------------------------------ */

static void change_add(uint64_t file, struct change c)
{
	size_t i = node_of(file);
	if (i == NONE)
		return;
	struct node *n = &nodes[i];
	n->changes = grown(n->changes, n->count, sizeof(*n->changes));
	n->changes[n->count++] = c;
}

static void sync_node(uint64_t file, uint64_t at)
{
	size_t i = node_of(file);
	if (i == NONE)
		return;
	if (nodes[i].synced < at)
		nodes[i].synced = at;
	if (names_synced < at)
		names_synced = at;
}

static void write_lasts(const struct event *e)
{
	size_t node = node_of(e->file), i = node == NONE ? 0 : nodes[node].count;
	for (; i > 0; i--) {
		struct change *c = &nodes[node].changes[i - 1];
		if (!c->is_cut && c->at == e->at && c->span == e->span) {
			c->lasts = true;
			return;
		}
	}
	die("no such write", "lasts");
}

static void event_apply(const struct event *e, const char *payload, uint64_t position)
{
	struct change c = {.position = position, .at = e->at, .span = e->payload, .bytes = payload};
	switch ((enum event_kind)e->kind) {
	case EVENT_DIRECTORY:
	case EVENT_CREATED: {
		size_t node = node_add(e->file, e->kind == EVENT_DIRECTORY, payload);
		if (payload[0] != '\0')
			name_set(position, payload, node);
		break;
	}
	case EVENT_BEGIN:
		for (size_t i = 0; i < node_count; i++)
			sync_node(nodes[i].file, position);
		break;
	case EVENT_WRITE:
		c.sector = e->span;
		change_add(e->file, c);
		break;
	case EVENT_ZEROS:
		c.span = e->span;
		c.bytes = NULL;
		change_add(e->file, c);
		break;
	case EVENT_CUT:
		c.is_cut = true;
		change_add(e->file, c);
		break;
	case EVENT_SYNC:
		sync_node(e->file, e->at);
		break;
	case EVENT_LASTS:
		write_lasts(e);
		break;
	case EVENT_RENAMED: {
		size_t node = named(payload);
		const char *to = payload + strlen(payload) + 1;
		name_set(position, payload, NONE);
		name_set(position, to, node);
		if (node != NONE)
			nodes[node].path = to;
		break;
	}
	case EVENT_REMOVED:
		name_set(position, payload, NONE);
		break;
	default:
		die("not an event", "kind");
	}
}

static void event_print(const struct event *e, const char *payload, uint64_t position)
{
	size_t node = node_of(e->file);
	const char *path = e->file == 0 || node == NONE ? "" : nodes[node].path;
	if (e->kind == EVENT_RENAMED || e->kind == EVENT_REMOVED)
		path = payload;
	printf("%llu %s {%s}\n", (unsigned long long)position, kinds[e->kind], path);
}

/* Applies what ends up to `limit`. A kill may have cut the journal's last event. */
static void journal_read(const char *path, uint64_t limit, bool prints)
{
	struct stat st;
	int fd = open(path, O_RDONLY);
	if (fd < 0 || fstat(fd, &st) != 0)
		die(path, strerror(errno));
	size_t size = (size_t)st.st_size, at = 0;
	char *all = malloc(size + 1);
	for (ssize_t got; all != NULL && at < size; at += (size_t)got)
		if ((got = read(fd, all + at, size - at)) <= 0)
			die(path, "can't be read");
	close(fd);
	for (at = 0; size - at >= sizeof(struct event);) {
		struct event e;
		memcpy(&e, all + at, sizeof(e));
		if (e.magic != JOURNAL_MAGIC || e.kind == 0 || e.kind >= EVENT_KINDS)
			die(path, "is no journal");
		if (e.payload > size - at - sizeof(e))
			break;
		const char *payload = all + at + sizeof(e);
		at += sizeof(e) + e.payload;
		if (at > limit)
			break;
		event_apply(&e, payload, at);
		if (prints)
			event_print(&e, payload, at);
	}
}

/* --- what is left ----------------------------------------------------------------------------- */

static void content_reserve(struct content *c, size_t size)
{
	if (size <= c->room)
		return;
	size_t room = size + size / 2 + PIECE;
	c->bytes = realloc(c->bytes, room);
	if (c->bytes == NULL)
		die("memory", "none left");
	memset(c->bytes + c->room, 0, room - c->room);
	c->room = room;
}

static void content_put(struct content *c, const struct change *change, size_t from, size_t to)
{
	size_t at = change->at + from, end = change->at + to;
	if (to <= from)
		return;
	content_reserve(c, end);
	if (change->bytes == NULL)
		memset(c->bytes + at, 0, end - at);
	else
		memcpy(c->bytes + at, change->bytes + from, end - at);
	if (c->size < end)
		c->size = end;
}

static void content_cut(struct content *c, size_t size)
{
	content_reserve(c, size);
	if (size < c->size)
		memset(c->bytes + size, 0, c->size - size);
	c->size = size;
}

static void change_apply(struct content *c, const struct change *change, uint64_t most)
{
	if (change->is_cut)
		content_cut(c, change->at);
	else
		content_put(c, change, 0, change->span < most ? change->span : most);
}

/* Each piece or not, whatever write it belongs to. */
static void change_scatter(struct content *c, const struct change *change)
{
	uint64_t piece = change->sector > 0 ? change->sector : PIECE;
	if (change->is_cut) {
		if (pick(2) == 0)
			content_cut(c, change->at);
		return;
	}
	for (uint64_t from = 0; from < change->span;) {
		uint64_t to = from + piece - (change->at + from) % piece;
		if (to > change->span)
			to = change->span;
		if (pick(2) == 0)
			content_put(c, change, from, to);
		from = to;
	}
}

static void change_tear(struct content *c, const struct change *change)
{
	if (change->sector > 0)
		change_scatter(c, change);
	else
		change_apply(c, change, pick(change->span));
}

static struct content content_left(const struct node *n)
{
	struct content c = {0};
	enum left how = left == LEFT_MIX ? (enum left)pick(LEFT_MIX) : left;
	size_t sure = 0;
	while (sure < n->count && n->changes[sure].position <= n->synced)
		change_apply(&c, &n->changes[sure++], UINT64_MAX);
	size_t whole = how == LEFT_KEEP ? n->count : sure;
	if (how == LEFT_TORN)
		whole += pick(n->count - sure + 1);
	for (size_t i = sure; i < n->count; i++) {
		const struct change *change = &n->changes[i];
		if (i < whole || change->lasts)
			change_apply(&c, change, UINT64_MAX);
		else if (how == LEFT_SUBSET)
			change_scatter(&c, change);
		else if (how == LEFT_TORN && i == whole)
			change_tear(&c, change);
	}
	return c;
}

/* Changes of names up to this position are left, of one directory or (NONE) of all. */
static uint64_t names_left(size_t directory, uint64_t synced)
{
	uint64_t pending[1024];
	size_t count = 0;
	if (left == LEFT_KEEP)
		return UINT64_MAX;
	for (size_t i = 0; i < naming_count && count < 1024; i++)
		if ((directory == NONE || namings[i].directory == directory) &&
			namings[i].position > synced)
			pending[count++] = namings[i].position;
	size_t kept = left == LEFT_DROP ? 0 : pick(count + 1);
	return kept == 0 ? synced : pending[kept - 1];
}

static void write_file(const char *path, const struct node *n)
{
	struct content c = content_left(n);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (fd < 0)
		die(path, strerror(errno));
	for (size_t at = 0; at < c.size;) {
		ssize_t done = write(fd, c.bytes + at, c.size - at);
		if (done <= 0)
			die(path, strerror(errno));
		at += (size_t)done;
	}
	close(fd);
	free(c.bytes);
}

/* What the directory holds last of this name. */
static bool is_last(size_t naming, uint64_t limit)
{
	for (size_t i = naming + 1; i < naming_count; i++)
		if (namings[i].position <= limit &&
			namings[i].directory == namings[naming].directory &&
			strcmp(namings[i].name, namings[naming].name) == 0)
			return false;
	return true;
}

static void write_directory(size_t directory, const char *path, uint64_t all_limit)
{
	char inner[PATH_MAX];
	uint64_t limit = is_posix ? names_left(directory, nodes[directory].synced) : all_limit;
	if (mkdir(path, 0755) != 0 && errno != EEXIST)
		die(path, strerror(errno));
	for (size_t i = 0; i < naming_count; i++) {
		const struct naming *n = &namings[i];
		if (n->directory != directory || n->position > limit || n->node == NONE ||
			!is_last(i, limit))
			continue;
		if (snprintf(inner, sizeof(inner), "%s/%s", path, n->name) >= (int)sizeof(inner))
			die(path, "too long");
		if (nodes[n->node].is_directory)
			write_directory(n->node, inner, all_limit);
		else
			write_file(inner, &nodes[n->node]);
	}
}

int main(int argc, char **argv)
{
	if (argc == 2) {
		journal_read(argv[1], UINT64_MAX, true);
		return 0;
	}
	if (argc != 7) {
		fprintf(stderr, "usage: replay JOURNAL [POSITION LEFT NAMES SEED DIRECTORY]\n");
		return 2;
	}
	while (left < LEFT_MIX && strcmp(lefts[left], argv[3]) != 0)
		left++;
	if (strcmp(lefts[left], argv[3]) != 0)
		die("what is left", argv[3]);
	is_posix = strcmp(argv[4], "posix") == 0;
	random_state = strtoull(argv[5], NULL, 10);
	journal_read(argv[1], strtoull(argv[2], NULL, 10), false);
	if (node_count > 0)
		write_directory(0, argv[6], is_posix ? 0 : names_left(NONE, names_synced));
	return 0;
}
