/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The parser works on what is in the buffer and says how many bytes it lacks; the buffer then
 * moves the begun item to its front and reads on. A long argument is so read once, into its place.
 *
 * Invariant: buf[next .. len) are the bytes of the file from `at` on.
 */
#include "persist/aof_reader.h"

#include "base/mem.h"
#include "base/num.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define LINE_MAX_BYTES 1024 /* a header or annotation longer than this is none */
#define HEADER_MAX_BYTES 23 /* sign, 20 digits, line end */
#define ARGS_FIRST 16

void aof_reader_init(struct aof_reader *r, int fd, uint64_t begin, uint64_t end)
{
	*r = (struct aof_reader){.fd = fd, .size = end, .at = begin};
	r->cap = 2 * AOF_READ_BYTES;
	r->buf = mem_alloc(r->cap);
	r->args_cap = ARGS_FIRST;
	r->argv = mem_alloc((size_t)r->args_cap * sizeof(*r->argv));
}

void aof_reader_release(struct aof_reader *r)
{
	mem_free(r->buf);
	mem_free(r->argv);
	r->buf = NULL;
	r->argv = NULL;
}

bool aof_reader_is_word(const struct aof_reader *r, const char *word)
{
	return r->argc == 1 && bytes_is(r->argv[0], word);
}

/* --- the buffer ------------------------------------------------------------------------------- */

/* As much as there is room for. */
static ssize_t read_some(struct aof_reader *r)
{
	uint64_t offset = r->at + (r->len - r->next);
	uint64_t left = r->size - offset;
	size_t room = r->cap - r->len;
	size_t piece = room < left ? room : (size_t)left;
	for (;;) {
		ssize_t got = pread(r->fd, r->buf + r->len, piece, (off_t)offset);
		if (got >= 0 || errno != EINTR)
			return got;
	}
}

/* At least `need` bytes from `next` on; `need` is never more than the file still has. */
static bool buffer_fill(struct aof_reader *r, size_t need)
{
	if (r->next > 0) {
		memmove(r->buf, r->buf + r->next, r->len - r->next);
		r->len -= r->next;
		r->next = 0;
	}
	if (need > r->cap) {
		r->cap = need + need / 2 + AOF_READ_BYTES;
		r->buf = mem_realloc(r->buf, r->cap);
	}
	while (r->len < need) {
		ssize_t got = read_some(r);
		if (got <= 0) {
			r->error = got < 0 ? errno : EIO;
			return false;
		}
		r->len += (size_t)got;
	}
	return true;
}

/* --- the grammar ------------------------------------------------------------------------------ */

/* What is being read of an item: `at` moves; `lack`: how many bytes it needs at least. */
struct item {
	const char *begin, *at, *end;
	uint64_t left; /* of the file, from begin on */
	size_t lack;
	uint64_t lines;
};

enum step { STEP_DONE, STEP_LACKS, STEP_SHORT, STEP_BAD };

static enum step item_bad(struct aof_reader *r, const struct item *it, const char *reason)
{
	r->bad_at = r->at + (uint64_t)(it->at - it->begin);
	r->reason = reason;
	return STEP_BAD;
}

/* `more` bytes beyond what is there. */
static enum step item_lacks(struct item *it, size_t more)
{
	size_t have = (size_t)(it->end - it->begin);
	if (it->left <= have || more > it->left - have)
		return STEP_SHORT;
	it->lack = have + more;
	return STEP_LACKS;
}

/* A header line: `sign`, digits, \r\n. */
static enum step item_number(struct aof_reader *r, struct item *it, char sign, uint64_t *out)
{
	size_t have = (size_t)(it->end - it->at);
	size_t limit = have < HEADER_MAX_BYTES ? have : HEADER_MAX_BYTES;
	if (have == 0)
		return item_lacks(it, 1);
	if (*it->at != sign)
		return item_bad(
			r, it, sign == '*' ? "no request begins here" : "no argument begins here");
	const char *end = memchr(it->at, '\n', limit);
	if (end == NULL)
		return limit == HEADER_MAX_BYTES ? item_bad(r, it, "a header line does not end")
						 : item_lacks(it, 1);
	if (end - it->at < 3 || end[-1] != '\r' ||
		!num_parse_u64(bytes_of(it->at + 1, (size_t)(end - it->at) - 2), out))
		return item_bad(r, it, "a header line is no number");
	it->at = end + 1;
	it->lines++;
	return STEP_DONE;
}

static enum step item_argument(struct aof_reader *r, struct item *it, struct bytes *out)
{
	uint64_t len;
	enum step step = item_number(r, it, '$', &len);
	if (step != STEP_DONE)
		return step;
	size_t have = (size_t)(it->end - it->at);
	if (len >= it->left)
		return STEP_SHORT;
	if (len + 2 > have)
		return item_lacks(it, (size_t)(len + 2 - have));
	*out = bytes_of(it->at, (size_t)len);
	it->at += len;
	if (memcmp(it->at, "\r\n", 2) != 0)
		return item_bad(r, it, "an argument is longer or shorter than its header says");
	it->at += 2;
	it->lines++;
	return STEP_DONE;
}

static enum step item_request(struct aof_reader *r, struct item *it)
{
	uint64_t count;
	enum step step = item_number(r, it, '*', &count);
	if (step != STEP_DONE)
		return step;
	if (count == 0 || count > AOF_ARGS_MAX)
		return item_bad(r, it, "a request of no arguments, or of too many");
	r->argc = 0;
	for (uint64_t i = 0; i < count; i++) {
		if (r->argc == r->args_cap) {
			r->args_cap *= 2;
			r->argv = mem_realloc(r->argv, (size_t)r->args_cap * sizeof(*r->argv));
		}
		step = item_argument(r, it, &r->argv[r->argc]);
		if (step != STEP_DONE)
			return step;
		r->argc++;
	}
	return STEP_DONE;
}

static enum step item_note(struct aof_reader *r, struct item *it)
{
	size_t have = (size_t)(it->end - it->at);
	const char *end = memchr(it->at, '\n', have < LINE_MAX_BYTES ? have : LINE_MAX_BYTES);
	if (end == NULL)
		return have >= LINE_MAX_BYTES ? item_bad(r, it, "an annotation does not end")
					      : item_lacks(it, 1);
	it->at = end + 1;
	it->lines++;
	return STEP_DONE;
}

/* --- items ------------------------------------------------------------------------------------ */

/* Is there nothing but zeros from here on? Reads ahead without keeping. */
static bool only_zeros_follow(struct aof_reader *r)
{
	uint64_t offset = r->at;
	char *page = mem_alloc(AOF_READ_BYTES);
	bool is_zero = true;
	while (is_zero && offset < r->size) {
		size_t want = r->size - offset < AOF_READ_BYTES ? (size_t)(r->size - offset)
								: AOF_READ_BYTES;
		ssize_t got = pread(r->fd, page, want, (off_t)offset);
		is_zero = got > 0 && page[0] == 0 && memcmp(page, page + 1, (size_t)got - 1) == 0;
		offset += got > 0 ? (uint64_t)got : 0;
	}
	mem_free(page);
	return is_zero;
}

static enum step item_parse(struct aof_reader *r, struct item *it)
{
	r->argc = 0;
	*it = (struct item){.begin = r->buf + r->next,
		.at = r->buf + r->next,
		.end = r->buf + r->len,
		.left = r->size - r->at};
	if (it->at == it->end)
		return item_lacks(it, 1);
	return *it->at == '#' ? item_note(r, it) : item_request(r, it);
}

enum aof_item aof_reader_next(struct aof_reader *r)
{
	struct item it;
	enum step step;
	if (r->at >= r->size)
		return AOF_END;
	while ((step = item_parse(r, &it)) == STEP_LACKS) {
		if (r->is_held)
			return AOF_FULL;
		if (!buffer_fill(r, it.lack))
			return AOF_FAILED;
	}
	if (step != STEP_DONE) {
		r->lines += it.lines;
		if (r->len > r->next && r->buf[r->next] == '\0' && only_zeros_follow(r))
			return AOF_ZEROS;
		return step == STEP_BAD ? AOF_BAD : AOF_SHORT;
	}
	r->raw = bytes_of(it.begin, (size_t)(it.at - it.begin));
	r->next += r->raw.len;
	r->at += r->raw.len;
	r->lines += it.lines;
	return *it.begin == '#' ? AOF_NOTE : AOF_REQUEST;
}
