/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Users and the rules that make them.
 *
 * Invariant: a user has at least one selector, his own; is_unrestricted is true only while one
 * selector allows everything. Passwords exist only as hashes.
 */
#include "acl/user.h"

#include "base/mem.h"

/* --- life --- */

static struct acl_selector *selector_new(const struct acl_defaults *defaults)
{
	struct acl_selector *s = mem_alloc(sizeof(*s));
	acl_selector_init(s);
	s->all_channels = defaults->all_channels;
	return s;
}

static void selector_add(struct acl_user *u, struct acl_selector *s)
{
	u->selectors = mem_realloc(
		u->selectors, ((size_t)u->selector_count + 1) * sizeof(u->selectors[0]));
	u->selectors[u->selector_count++] = s;
}

static void selectors_drop(struct acl_user *u, int from)
{
	for (int i = from; i < u->selector_count; i++) {
		acl_selector_release(u->selectors[i]);
		mem_free(u->selectors[i]);
	}
	u->selector_count = from;
}

struct acl_user *acl_user_new(struct bytes name, const struct acl_defaults *defaults)
{
	struct acl_user *u = mem_calloc(1, sizeof(*u));
	u->name = mem_dup_bytes_text(name.ptr, name.len);
	selector_add(u, selector_new(defaults));
	return u;
}

static void user_release(struct acl_user *u)
{
	selectors_drop(u, 0);
	mem_free(u->selectors);
	mem_free(u->passwords);
	mem_free(u->name);
}

void acl_user_free(struct acl_user *u)
{
	user_release(u);
	mem_free(u);
}

struct acl_user *acl_user_copy(const struct acl_user *u)
{
	struct acl_user *copy = mem_alloc(sizeof(*copy));
	*copy = *u;
	copy->name = mem_dup_text(u->name);
	copy->selectors = NULL;
	copy->selector_count = 0;
	for (int i = 0; i < u->selector_count; i++) {
		struct acl_selector *s = mem_alloc(sizeof(*s));
		acl_selector_copy(s, u->selectors[i]);
		selector_add(copy, s);
	}
	size_t size = (size_t)u->password_count * sizeof(u->passwords[0]);
	copy->passwords = size == 0 ? NULL : mem_dup(u->passwords, size);
	return copy;
}

void acl_user_assign(struct acl_user *to, struct acl_user *from)
{
	user_release(to);
	*to = *from;
	mem_free(from);
}

bool acl_user_name_is_valid(struct bytes name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.ptr[i] == '\0' || name.ptr[i] == ' ' ||
			(name.ptr[i] >= '\t' && name.ptr[i] <= '\r'))
			return false;
	return true;
}

static void user_judge(struct acl_user *u)
{
	u->is_unrestricted = false;
	for (int i = 0; i < u->selector_count; i++)
		u->is_unrestricted |= acl_selector_is_unrestricted(u->selectors[i]);
}

/* --- passwords --- */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool hash_parse(struct bytes text, uint8_t hash[SHA256_BYTES])
{
	if (text.len != ACL_HASH_CHARS)
		return false;
	for (int i = 0; i < SHA256_BYTES; i++) {
		int high = hex_digit(text.ptr[2 * i]), low = hex_digit(text.ptr[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		hash[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

void acl_hash_print(const uint8_t hash[SHA256_BYTES], char out[ACL_HASH_CHARS])
{
	for (int i = 0; i < SHA256_BYTES; i++) {
		out[2 * i] = "0123456789abcdef"[hash[i] >> 4];
		out[2 * i + 1] = "0123456789abcdef"[hash[i] & 15];
	}
}

/* All are compared, each to its end: how long it takes says nothing. */
static int password_find(const struct acl_user *u, const uint8_t hash[SHA256_BYTES])
{
	int found = -1;
	for (int i = 0; i < u->password_count; i++) {
		uint8_t difference = 0;
		for (int k = 0; k < SHA256_BYTES; k++)
			difference |= (uint8_t)(u->passwords[i][k] ^ hash[k]);
		found = difference == 0 ? i : found;
	}
	return found;
}

bool acl_user_accepts(const struct acl_user *u, struct bytes password)
{
	uint8_t hash[SHA256_BYTES];
	if (u->is_nopass)
		return true;
	sha256(hash, password.ptr, password.len);
	return password_find(u, hash) >= 0;
}

static void passwords_drop(struct acl_user *u)
{
	mem_free(u->passwords);
	u->passwords = NULL;
	u->password_count = 0;
}

/* ">text", "#hash", "<text", "!hash". */
static enum acl_rule rule_password(struct acl_user *u, struct bytes rule)
{
	uint8_t hash[SHA256_BYTES];
	struct bytes text = bytes_of(rule.ptr + 1, rule.len - 1);
	bool is_hash = rule.ptr[0] == '#' || rule.ptr[0] == '!';
	if (!is_hash)
		sha256(hash, text.ptr, text.len);
	else if (!hash_parse(text, hash))
		return ACL_RULE_HASH;
	int at = password_find(u, hash);
	if (rule.ptr[0] == '<' || rule.ptr[0] == '!') {
		if (at < 0)
			return ACL_RULE_NO_PASSWORD;
		u->password_count--;
		memmove(u->passwords[at], u->passwords[at + 1],
			(size_t)(u->password_count - at) * SHA256_BYTES);
		return ACL_RULE_OK;
	}
	u->is_nopass = false;
	if (at >= 0)
		return ACL_RULE_OK;
	u->passwords = mem_realloc(
		u->passwords, ((size_t)u->password_count + 1) * sizeof(u->passwords[0]));
	memcpy(u->passwords[u->password_count++], hash, SHA256_BYTES);
	return ACL_RULE_OK;
}

/* --- rules --- */

static void user_reset(struct acl_user *u, const struct acl_defaults *defaults)
{
	selectors_drop(u, 0);
	selector_add(u, selector_new(defaults));
	passwords_drop(u);
	u->is_on = u->is_nopass = u->skips_sanitizing = false;
}

/* "(~a +get)": the words inside make a selector of their own. */
static enum acl_rule rule_selector(
	struct acl_user *u, const struct acl_defaults *defaults, struct bytes rule)
{
	struct acl_selector *s = selector_new(defaults);
	const char *end = rule.ptr + rule.len - 1;
	enum acl_rule result = ACL_RULE_OK;

	for (const char *at = rule.ptr + 1; at < end && result == ACL_RULE_OK;) {
		const char *blank = memchr(at, ' ', (size_t)(end - at));
		const char *stop = blank == NULL ? end : blank;
		if (stop > at)
			result = acl_selector_rule(
				s, defaults->commands, bytes_of(at, (size_t)(stop - at)));
		at = stop + 1;
	}
	if (result == ACL_RULE_OK) {
		selector_add(u, s);
		return ACL_RULE_OK;
	}
	acl_selector_release(s);
	mem_free(s);
	return result;
}

enum acl_rule acl_user_rule(
	struct acl_user *u, const struct acl_defaults *defaults, struct bytes rule)
{
	char first = rule.len > 0 ? rule.ptr[0] : '\0';

	if (rule.len == 0)
		return ACL_RULE_OK;
	if (bytes_is(rule, "on") || bytes_is(rule, "off")) {
		u->is_on = bytes_is(rule, "on");
	} else if (bytes_is(rule, "nopass")) {
		u->is_nopass = true;
		passwords_drop(u);
	} else if (bytes_is(rule, "resetpass")) {
		u->is_nopass = false;
		passwords_drop(u);
	} else if (bytes_is(rule, "skip-sanitize-payload") || bytes_is(rule, "sanitize-payload")) {
		u->skips_sanitizing = bytes_is(rule, "skip-sanitize-payload");
	} else if (bytes_is(rule, "reset")) {
		user_reset(u, defaults);
	} else if (bytes_is(rule, "clearselectors")) {
		selectors_drop(u, 1);
	} else if (first == '>' || first == '#' || first == '<' || first == '!') {
		return rule_password(u, rule);
	} else if (first == '(' && rule.len > 1 && rule.ptr[rule.len - 1] == ')') {
		return rule_selector(u, defaults, rule);
	} else {
		return acl_selector_rule(u->selectors[0], defaults->commands, rule);
	}
	return ACL_RULE_OK;
}

static bool rule_is_open(struct bytes rule)
{
	return rule.len > 0 && rule.ptr[0] == '(' && rule.ptr[rule.len - 1] != ')';
}

/* The selector that begins at rules[*i] in one piece; *i becomes its last word. */
static bool rules_join(const struct bytes *rules, int count, int *i, struct buf *joined)
{
	int first = *i;
	buf_add_bytes(joined, rules[first]);
	while (++*i < count) {
		struct bytes word = rules[*i];
		buf_add_char(joined, ' ');
		if (word.len == 0)
			continue;
		buf_add_bytes(joined, word);
		if (word.ptr[word.len - 1] == ')')
			return true;
	}
	return false;
}

/* The place of the first selector that is not closed, -1: none. This is told before what may be
 * wrong with a rule. */
static int rules_unclosed(const struct bytes *rules, int count)
{
	struct buf joined = {0};
	int unclosed = -1;
	for (int i = 0; i < count && unclosed < 0; i++) {
		int first = i;
		if (rule_is_open(rules[i]) && !rules_join(rules, count, &i, &joined))
			unclosed = first;
		buf_clear(&joined);
	}
	buf_release(&joined);
	return unclosed;
}

bool acl_user_rules(struct acl_user *u, const struct acl_defaults *defaults,
	const struct bytes *rules, int count, struct acl_rule_error *error)
{
	*error = (struct acl_rule_error){.why = ACL_RULE_OK};
	int unclosed = rules_unclosed(rules, count);
	if (unclosed >= 0) {
		error->why = ACL_RULE_UNMATCHED;
		buf_add_bytes(&error->rule, rules[unclosed]);
	}
	for (int i = 0; i < count && error->why == ACL_RULE_OK; i++) {
		struct buf joined = {0};
		struct bytes rule = rules[i];
		if (rule_is_open(rule)) {
			rules_join(rules, count, &i, &joined);
			rule = buf_bytes(&joined);
		}
		error->why = acl_user_rule(u, defaults, rule);
		if (error->why != ACL_RULE_OK)
			buf_add_bytes(&error->rule, rule);
		buf_release(&joined);
	}
	user_judge(u);
	return error->why == ACL_RULE_OK;
}

/* --- printing --- */

void acl_user_print(const struct acl_user *u, struct buf *out)
{
	buf_add_text(out, u->is_on ? "on" : "off");
	buf_add_text(out, u->is_nopass ? " nopass" : "");
	buf_add_text(out, u->skips_sanitizing ? " skip-sanitize-payload " : " sanitize-payload ");
	for (int i = 0; i < u->password_count; i++) {
		char hash[ACL_HASH_CHARS];
		acl_hash_print(u->passwords[i], hash);
		buf_add_char(out, '#');
		buf_add(out, hash, sizeof(hash));
		buf_add_char(out, ' ');
	}
	for (int i = 0; i < u->selector_count; i++) {
		buf_add_text(out, i > 0 ? " (" : "");
		acl_selector_print(u->selectors[i], out);
		buf_add_text(out, i > 0 ? ")" : "");
	}
}
