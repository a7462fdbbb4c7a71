/* SPDX-License-Identifier: BSD-3-Clause
 *
 * CLIENT TRACKING, CACHING, GETREDIR and TRACKINGINFO.
 */
#include "base/mem.h"
#include "base/num.h"
#include "cmd/client_internal.h"
#include "push/tracking.h"

#include <stdlib.h>

static bool redirect_parse(struct call *call, int index, struct tracking_options *o)
{
	int64_t id;

	if (o->redirect != 0) {
		call_fail(call, E_TRACKING_ONE_REDIRECT);
		return false;
	}
	if (!call_arg_i64(call, index, &id))
		return false;
	/* A client that is not there (any more) must not look like a working cache. */
	if (id <= 0 || session_by_id(call->exec, (uint64_t)id) == NULL) {
		call_fail(call, E_TRACKING_NO_CLIENT);
		return false;
	}
	o->redirect = (uint64_t)id;
	return true;
}

/* `prefixes` has room for as many as there are words. */
static bool tracking_parse(struct call *call, struct tracking_options *o, struct bytes *prefixes)
{
	o->prefixes = prefixes;
	for (int i = 3; i < call->argc; i++) {
		bool has_more = i + 1 < call->argc;
		if (call_arg_is(call, i, "redirect") && has_more) {
			if (!redirect_parse(call, ++i, o))
				return false;
		} else if (call_arg_is(call, i, "bcast")) {
			o->bcast = true;
		} else if (call_arg_is(call, i, "optin")) {
			o->optin = true;
		} else if (call_arg_is(call, i, "optout")) {
			o->optout = true;
		} else if (call_arg_is(call, i, "noloop")) {
			o->noloop = true;
		} else if (call_arg_is(call, i, "prefix") && has_more) {
			prefixes[o->prefix_count++] = call->argv[++i];
		} else {
			call_fail(call, E_SYNTAX);
			return false;
		}
	}
	return true;
}

/* By their bytes, equal ones as they were given. */
static int prefix_compare(const void *a, const void *b)
{
	const struct bytes *const *x = a, *const *y = b;
	int order = bytes_compare(**x, **y);
	return order != 0 ? order : (*x > *y) - (*x < *y);
}

/* The first of the given prefixes that overlaps with one behind it, and that one. In order of
 * bytes whatever begins with a prefix stands behind it. */
static bool prefixes_overlap(const struct tracking_options *o, const struct bytes **first,
	const struct bytes **second)
{
	size_t count = (size_t)o->prefix_count;
	const struct bytes **sorted = mem_alloc((count + 1) * sizeof(struct bytes *));

	for (size_t i = 0; i < count; i++)
		sorted[i] = &o->prefixes[i];
	qsort(sorted, count, sizeof(*sorted), prefix_compare);
	*first = *second = NULL;
	for (size_t i = 1, root = 0; i < count; i++) {
		const struct bytes *a = sorted[root], *b = sorted[i];
		if (a->len > b->len || memcmp(a->ptr, b->ptr, a->len) != 0) {
			root = i;
			continue;
		}
		const struct bytes *low = a < b ? a : b, *high = a < b ? b : a;
		if (*first == NULL || low < *first || (low == *first && high < *second)) {
			*first = low;
			*second = high;
		}
	}
	mem_free(sorted);
	return *first != NULL;
}

/* Prefixes must not overlap: a key would be told twice. */
static bool prefixes_fit(struct call *call, const struct tracking_options *o)
{
	const struct bytes *first, *second;

	for (int i = 0; i < o->prefix_count; i++) {
		struct bytes own = tracking_overlap(call->session, o->prefixes[i]);
		if (own.ptr == NULL)
			continue;
		call_failf(call, E_TRACKING_OVERLAP, bytes_clip_text(o->prefixes[i], 128).text,
			bytes_clip_text(own, 128).text);
		return false;
	}
	if (!prefixes_overlap(o, &first, &second))
		return true;
	call_failf(call, E_TRACKING_OVERLAP_NEW, bytes_clip_text(*first, 128).text,
		bytes_clip_text(*second, 128).text);
	return false;
}

static bool tracking_is_consistent(struct call *call, const struct tracking_options *o)
{
	struct tracking_options old;
	bool was_on = tracking_options_get(call->session, &old);

	if (!o->bcast && o->prefix_count > 0)
		call_fail(call, E_TRACKING_PREFIX);
	else if (was_on && old.bcast != o->bcast)
		call_fail(call, E_TRACKING_MODE);
	else if (o->bcast && (o->optin || o->optout))
		call_fail(call, E_TRACKING_BCAST_OPT);
	else if (o->optin && o->optout)
		call_fail(call, E_TRACKING_BOTH_OPT);
	else if (was_on && ((o->optin && old.optout) || (o->optout && old.optin)))
		call_fail(call, E_TRACKING_OPT_MODE);
	else
		return !o->bcast || prefixes_fit(call, o);
	return false;
}

static enum outcome tracking_switch(struct call *call, struct bytes *prefixes)
{
	struct tracking_options o = {0};

	if (!tracking_parse(call, &o, prefixes))
		return FAILED;
	if (call_arg_is(call, 2, "on")) {
		if (!tracking_is_consistent(call, &o))
			return FAILED;
		tracking_enable(call->session, &o);
	} else if (call_arg_is(call, 2, "off")) {
		tracking_disable(call->session);
	} else {
		return call_fail(call, E_SYNTAX);
	}
	reply_ok(call->reply);
	return DONE;
}

enum outcome client_tracking(struct call *call)
{
	struct bytes *prefixes = mem_alloc((size_t)call->argc * sizeof(*prefixes));
	enum outcome outcome = tracking_switch(call, prefixes);

	mem_free(prefixes);
	return outcome;
}

enum outcome client_caching(struct call *call)
{
	struct tracking_options o;
	bool is_yes = call_arg_is(call, 2, "yes");

	if (!tracking_options_get(call->session, &o))
		return call_fail(call, E_CACHING_OFF);
	if (!is_yes && !call_arg_is(call, 2, "no"))
		return call_fail(call, E_SYNTAX);
	if (is_yes && !o.optin)
		return call_fail(call, E_CACHING_OPTIN);
	if (!is_yes && !o.optout)
		return call_fail(call, E_CACHING_OPTOUT);
	tracking_set_caching(call->session, is_yes ? CACHING_YES : CACHING_NO);
	reply_ok(call->reply);
	return DONE;
}

enum outcome client_getredir(struct call *call)
{
	struct tracking_options o;
	bool is_on = tracking_options_get(call->session, &o);

	reply_i64(call->reply, is_on ? (int64_t)o.redirect : -1);
	return DONE;
}

static void prefix_reply(struct bytes prefix, void *context)
{
	reply_bulk(context, prefix);
}

static void count_prefix(struct bytes prefix, void *context)
{
	(void)prefix;
	++*(int *)context;
}

enum outcome client_trackinginfo(struct call *call)
{
	struct session *s = call->session;
	struct reply *r = call->reply;
	struct tracking_options o = {0};
	bool is_on = tracking_options_get(s, &o);
	int prefixes = 0, flags = 0;

	reply_map(r, 3);
	reply_bulk_text(r, "flags");
	struct reply_hole hole = reply_open(r);
	const struct {
		bool is_set;
		const char *word;
	} words[] = {
		{!is_on, "off"},
		{is_on, "on"},
		{o.bcast, "bcast"},
		{o.optin, "optin"},
		{o.optin && tracking_caching_get(s) == CACHING_YES, "caching-yes"},
		{o.optout, "optout"},
		{o.optout && tracking_caching_get(s) == CACHING_NO, "caching-no"},
		{o.noloop, "noloop"},
		{(s->flags & SESSION_TRACKING_BROKEN) != 0, "broken_redirect"},
	};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!words[i].is_set)
			continue;
		reply_bulk_text(r, words[i].word);
		flags++;
	}
	reply_close_set(r, hole, flags);
	reply_bulk_text(r, "redirect");
	reply_i64(r, is_on ? (int64_t)o.redirect : -1);
	reply_bulk_text(r, "prefixes");
	if (is_on)
		tracking_prefixes_each(s, count_prefix, &prefixes);
	reply_array(r, prefixes);
	if (is_on)
		tracking_prefixes_each(s, prefix_reply, r);
	return DONE;
}
