/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The ACL file: one user a line, in the words of ACL LIST. All of it is read and judged before any
 * of it counts; all errors are told at once. Saving replaces the file in one step, durably: a crash
 * leaves the old file or the new one.
 */
#include "acl/acl.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define ACL_FILE_MAX_BYTES (64u << 20)
#define ACL_READ_STEP 16384

/* --- reading --- */

struct acl_reading {
	struct acl *acl;
	struct acl_defaults defaults;
	const char *file;
	int line;
	struct acl_user **users;
	int count;
	struct buf *error;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct bytes line_trim(struct bytes line)
{
	while (line.len > 0 && is_blank(line.ptr[0]))
		line = bytes_of(line.ptr + 1, line.len - 1);
	while (line.len > 0 && is_blank(line.ptr[line.len - 1]))
		line.len--;
	return line;
}

/* Words apart by blanks; free with mem_free. */
static int line_words(struct bytes line, struct bytes **words)
{
	int count = 0;
	*words = mem_alloc((line.len / 2 + 1) * sizeof(**words));
	for (size_t at = 0; at < line.len;) {
		size_t end = at;
		while (end < line.len && !is_blank(line.ptr[end]))
			end++;
		if (end > at)
			(*words)[count++] = bytes_of(line.ptr + at, end - at);
		at = end + 1;
	}
	return count;
}

static bool is_known(const struct acl_reading *r, struct bytes name)
{
	for (int i = 0; i < r->count; i++)
		if (bytes_equal(bytes_text(r->users[i]->name), name))
			return true;
	return false;
}

static void line_user(struct acl_reading *r, const struct bytes *words, int count)
{
	struct acl_rule_error why;
	if (count < 2 || !bytes_is(words[0], "user")) {
		buf_printf(r->error,
			"%s:%d should start with user keyword followed by the username. ", r->file,
			r->line);
		return;
	}
	if (!acl_user_name_is_valid(words[1])) {
		buf_printf(r->error, "%s:%d: username '%.*s' contains invalid characters. ",
			r->file, r->line, (int)words[1].len, words[1].ptr);
		return;
	}
	if (is_known(r, words[1])) {
		buf_printf(r->error, "WARNING: Duplicate user '%.*s' found on line %d. ",
			(int)words[1].len, words[1].ptr, r->line);
		return;
	}
	struct acl_user *user = acl_user_new(words[1], &r->defaults);
	r->users = mem_realloc(r->users, ((size_t)r->count + 1) * sizeof(r->users[0]));
	r->users[r->count++] = user;
	if (acl_user_rules(user, &r->defaults, words + 2, count - 2, &why))
		return;
	if (why.why == ACL_RULE_UNKNOWN)
		buf_printf(r->error, "%s:%d: Error in applying operation '%s': %s. ", r->file,
			r->line, buf_text(&why.rule), acl_rule_text(why.why));
	else
		buf_printf(r->error, "%s:%d: %s. ", r->file, r->line, acl_rule_text(why.why));
	buf_release(&why.rule);
}

bool acl_load_text(struct acl *acl, const char *file, struct bytes text, struct buf *error)
{
	struct acl_reading r = {acl, acl_defaults_of(acl), file, 0, NULL, 0, error};
	size_t before = error->len;

	while (text.len > 0) {
		const char *end = memchr(text.ptr, '\n', text.len);
		size_t len = end == NULL ? text.len : (size_t)(end - text.ptr);
		size_t skip = end == NULL ? len : len + 1;
		struct bytes line = line_trim(bytes_of(text.ptr, len));
		text = bytes_of(text.ptr + skip, text.len - skip);
		r.line++;
		if (line.len == 0)
			continue;
		struct bytes *words;
		int count = line_words(line, &words);
		line_user(&r, words, count);
		mem_free(words);
	}
	if (error->len == before) {
		acl_replace_users(acl, r.users, r.count);
		return true;
	}
	for (int i = 0; i < r.count; i++)
		acl_user_free(r.users[i]);
	mem_free(r.users);
	buf_add_text(error,
		"WARNING: ACL errors detected, no change to the previously active ACL rules was "
		"performed");
	return false;
}

static bool file_read(const char *path, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : 1;

	while (got > 0 && out->len <= ACL_FILE_MAX_BYTES) {
		got = read(fd, buf_reserve(out, ACL_READ_STEP), ACL_READ_STEP);
		if (got > 0)
			out->len += (size_t)got;
		else if (got < 0 && errno == EINTR)
			got = 1;
	}
	if (got > 0)
		errno = EFBIG;
	int why = errno;
	if (fd >= 0)
		close(fd);
	errno = why;
	return got == 0;
}

bool acl_load_file(struct acl *acl, struct buf *error)
{
	const char *file = acl->config->file;
	struct buf text = {0};
	bool is_loaded = file_read(file, &text);

	if (is_loaded)
		is_loaded = acl_load_text(acl, file, buf_bytes(&text), error);
	else
		buf_printf(
			error, "Error loading ACLs, opening file '%s': %s", file, strerror(errno));
	buf_release(&text);
	return is_loaded;
}

/* --- writing --- */

static bool write_durably(int fd, struct bytes text)
{
	while (text.len > 0) {
		ssize_t put = write(fd, text.ptr, text.len);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return false;
		text = bytes_of(text.ptr + put, text.len - (size_t)put);
	}
	return fsync(fd) == 0;
}

static bool sync_directory_of(const char *path)
{
	char *copy = mem_dup_text(path);
	char *slash = strrchr(copy, '/');
	if (slash != NULL)
		slash[slash == copy] = '\0';
	int fd = open(slash == NULL ? "." : copy, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool is_synced = fd >= 0 && fsync(fd) == 0;
	if (fd >= 0)
		close(fd);
	mem_free(copy);
	return is_synced;
}

bool acl_save_file(const struct acl *acl)
{
	const char *path = acl->config->file;
	struct buf text = {0}, temp = {0};
	struct stat st;
	mode_t mode = stat(path, &st) == 0 ? st.st_mode & 07777 : 0644;

	acl_print_users(acl, &text);
	buf_printf(&temp, "%s.%d-XXXXXX", path, (int)getpid());
	(void)buf_text(&temp);
	int fd = mkostemp(temp.ptr, O_CLOEXEC);
	bool is_saved = fd >= 0 && write_durably(fd, buf_bytes(&text)) && fchmod(fd, mode) == 0 &&
			rename(temp.ptr, path) == 0;
	int why = errno;
	if (fd >= 0 && !is_saved)
		unlink(temp.ptr);
	if (fd >= 0)
		close(fd);
	if (is_saved)
		is_saved = sync_directory_of(path);
	else
		errno = why;
	buf_release(&text);
	buf_release(&temp);
	return is_saved;
}
