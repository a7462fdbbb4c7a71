/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Reading and printing the manifest, and the steps by which its generations follow each other.
 *
 * Invariant: sequence numbers of incr files grow from line to line, and base_seq and incr_seq are
 * never lower than any number in use: a name is used once. It must not know where files lie.
 */
#include "persist/manifest.h"

#include "base/assert.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/param.h"

#include <stdio.h>

#define MANIFEST_WORDS_MIN 6 /* file NAME seq N type T */

static const char bad_format[] = "Invalid AOF manifest file format";

static void list_insert(struct manifest_list *list, int at, struct manifest_file file)
{
	if (list->count == list->cap) {
		list->cap = list->cap == 0 ? 4 : list->cap * 2;
		list->files = mem_realloc(list->files, (size_t)list->cap * sizeof(*list->files));
	}
	memmove(list->files + at + 1, list->files + at,
		(size_t)(list->count - at) * sizeof(*list->files));
	list->files[at] = file;
	list->count++;
}

static void list_release(struct manifest_list *list)
{
	for (int i = 0; i < list->count; i++)
		mem_free(list->files[i].name);
	mem_free(list->files);
	*list = (struct manifest_list){0};
}

void manifest_release(struct manifest *m)
{
	mem_free(m->base.name);
	list_release(&m->incr);
	list_release(&m->history);
	*m = (struct manifest){0};
}

static void list_copy(const struct manifest_list *from, struct manifest_list *to)
{
	for (int i = 0; i < from->count; i++)
		list_insert(to, i,
			(struct manifest_file){
				mem_dup_text(from->files[i].name), from->files[i].seq});
}

void manifest_copy(const struct manifest *m, struct manifest *out)
{
	*out = (struct manifest){.base_seq = m->base_seq, .incr_seq = m->incr_seq};
	if (m->base.name != NULL)
		out->base = (struct manifest_file){mem_dup_text(m->base.name), m->base.seq};
	list_copy(&m->incr, &out->incr);
	list_copy(&m->history, &out->history);
}

/* --- reading ---------------------------------------------------------------------------------- */

struct manifest_line {
	struct bytes name;
	int64_t seq;
	char type;
};

/* Unknown keys are skipped: later versions may say more. NULL = good. */
static const char *line_read(const struct param_words *words, struct manifest_line *out)
{
	*out = (struct manifest_line){0};
	if (words->argc < MANIFEST_WORDS_MIN || words->argc % 2 != 0)
		return bad_format;
	for (int i = 0; i < words->argc; i += 2) {
		struct bytes key = words->argv[i], value = words->argv[i + 1];
		if (bytes_is(key, "file")) {
			if (memchr(value.ptr, '/', value.len) != NULL)
				return "File can't be a path, just a filename";
			if (memchr(value.ptr, '\0', value.len) != NULL)
				return bad_format;
			out->name = value;
		} else if (bytes_is(key, "seq")) {
			if (!num_parse_i64(value, &out->seq) || out->seq == INT64_MAX)
				return bad_format;
		} else if (bytes_is(key, "type")) {
			out->type = value.len > 0 ? value.ptr[0] : '\0';
		}
	}
	return out->name.len == 0 || out->seq <= 0 || out->type == '\0' ? bad_format : NULL;
}

static const char *line_take(struct manifest *m, const struct manifest_line *line)
{
	struct manifest_file file = {NULL, line->seq};
	if (line->type == 'b' && m->base.name != NULL)
		return "Found duplicate base file information";
	if (line->type == 'i' && line->seq <= m->incr_seq)
		return "Found a non-monotonic sequence number";
	if (line->type != 'b' && line->type != 'i' && line->type != 'h')
		return "Unknown AOF file type";
	if (m->incr.count + m->history.count >= MANIFEST_FILES_MAX)
		return "Too many files";
	file.name = mem_dup_bytes_text(line->name.ptr, line->name.len);
	if (line->type == 'b') {
		m->base = file;
		m->base_seq = file.seq;
	} else if (line->type == 'i') {
		list_insert(&m->incr, m->incr.count, file);
		m->incr_seq = file.seq;
	} else {
		list_insert(&m->history, m->history.count, file);
	}
	return NULL;
}

static const char *manifest_take_line(struct manifest *m, struct bytes text)
{
	struct manifest_line line;
	struct param_words words;
	if (text.len == 0)
		return bad_format;
	if (!param_split(text, &words))
		return bad_format;
	const char *reason = line_read(&words, &line);
	if (reason == NULL)
		reason = line_take(m, &line);
	param_words_release(&words);
	return reason;
}

static bool manifest_fail(struct manifest *m, struct manifest_error *error, const char *reason)
{
	manifest_release(m);
	error->reason = reason;
	return false;
}

/* Blanks at both ends don't count. */
static struct bytes trim(struct bytes text)
{
	while (text.len > 0 && memchr(" \t\r\n", text.ptr[text.len - 1], 4) != NULL)
		text.len--;
	while (text.len > 0 && memchr(" \t\r\n", text.ptr[0], 4) != NULL)
		text = bytes_of(text.ptr + 1, text.len - 1);
	return text;
}

bool manifest_parse(struct manifest *m, struct bytes text, struct manifest_error *error)
{
	*m = (struct manifest){0};
	*error = (struct manifest_error){0};
	if (text.len == 0)
		return manifest_fail(m, error, "Found an empty AOF manifest");
	while (text.len > 0) {
		const char *end = memchr(text.ptr, '\n', text.len);
		size_t len = end == NULL ? 0 : (size_t)(end - text.ptr);
		if (end == NULL || len > MANIFEST_LINE_MAX_BYTES - 2)
			return manifest_fail(
				m, error, "The AOF manifest file contains too long line");
		struct bytes line = trim(bytes_of(text.ptr, len));
		error->line++;
		if (text.ptr[0] != '#') {
			snprintf(error->text, sizeof(error->text), "%.*s", (int)line.len, line.ptr);
			const char *reason = manifest_take_line(m, line);
			if (reason != NULL)
				return manifest_fail(m, error, reason);
		}
		text = bytes_of(end + 1, text.len - len - 1);
	}
	return true;
}

/* --- printing --------------------------------------------------------------------------------- */

static bool name_needs_quotes(const char *name)
{
	for (; *name != '\0'; name++)
		if (*name <= ' ' || *name >= 127 || *name == '"' || *name == '\'' || *name == '\\')
			return true;
	return false;
}

static void print_file(const struct manifest_file *file, char type, struct buf *out)
{
	buf_add_text(out, "file ");
	if (name_needs_quotes(file->name))
		buf_add_quoted(out, bytes_text(file->name));
	else
		buf_add_text(out, file->name);
	buf_printf(out, " seq %lld type %c\n", (long long)file->seq, type);
}

void manifest_print(const struct manifest *m, struct buf *out)
{
	if (m->base.name != NULL)
		print_file(&m->base, 'b', out);
	for (int i = 0; i < m->history.count; i++)
		print_file(&m->history.files[i], 'h', out);
	for (int i = 0; i < m->incr.count; i++)
		print_file(&m->incr.files[i], 'i', out);
}

/* --- generations ------------------------------------------------------------------------------ */

static char *file_name(const char *name, int64_t seq, const char *kind)
{
	struct buf text = {0};
	buf_printf(&text, "%s.%lld.%s", name, (long long)seq, kind);
	char *copy = mem_dup_text(buf_text(&text));
	buf_release(&text);
	return copy;
}

const char *manifest_add_base(struct manifest *m, const char *name, bool is_rdb)
{
	if (m->base.name != NULL)
		list_insert(&m->history, 0, m->base);
	m->base_seq++;
	m->base = (struct manifest_file){
		file_name(name, m->base_seq, is_rdb ? "base.rdb" : "base.aof"), m->base_seq};
	return m->base.name;
}

const char *manifest_add_incr(struct manifest *m, const char *name)
{
	m->incr_seq++;
	struct manifest_file file = {file_name(name, m->incr_seq, "incr.aof"), m->incr_seq};
	list_insert(&m->incr, m->incr.count, file);
	return file.name;
}

void manifest_set_base(struct manifest *m, const char *base_name, int64_t seq)
{
	ASSERT(m->base.name == NULL);
	m->base = (struct manifest_file){mem_dup_text(base_name), seq};
	m->base_seq = seq;
}

void manifest_retire_incr(struct manifest *m, int keep)
{
	int retired = m->incr.count - keep;
	if (retired <= 0)
		return;
	for (int i = 0; i < retired; i++)
		list_insert(&m->history, 0, m->incr.files[i]);
	memmove(m->incr.files, m->incr.files + retired,
		(size_t)(m->incr.count - retired) * sizeof(*m->incr.files));
	m->incr.count -= retired;
}

void manifest_clear_history(struct manifest *m)
{
	list_release(&m->history);
}
