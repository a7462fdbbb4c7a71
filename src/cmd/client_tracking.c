/* SPDX-License-Identifier: BSD-3-Clause
 *
 * CLIENT TRACKING, CACHING, GETREDIR and TRACKINGINFO.
 */
#include "base/num.h"
#include "cmd/client_internal.h"
#include "push/tracking.h"

#define TRACKING_PREFIXES_MAX 64 /* in one call */

struct tracking_arguments {
	struct tracking_options options;
	struct bytes prefixes[TRACKING_PREFIXES_MAX];
};

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

static bool tracking_parse(struct call *call, struct tracking_arguments *a)
{
	struct tracking_options *o = &a->options;

	o->prefixes = a->prefixes;
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
		} else if (call_arg_is(call, i, "prefix") && has_more &&
			   o->prefix_count < TRACKING_PREFIXES_MAX) {
			a->prefixes[o->prefix_count++] = call->argv[++i];
		} else {
			call_fail(call, E_SYNTAX);
			return false;
		}
	}
	return true;
}

/* Prefixes must not overlap: a key would be told twice. */
static bool prefixes_fit(struct call *call, const struct tracking_options *o)
{
	for (int i = 0; i < o->prefix_count; i++) {
		struct bytes other = tracking_overlap(call->session, o->prefixes[i]);
		bool is_own = other.ptr != NULL;
		for (int j = 0; j < i && other.ptr == NULL; j++) {
			size_t shorter = o->prefixes[i].len < o->prefixes[j].len
						 ? o->prefixes[i].len
						 : o->prefixes[j].len;
			if (memcmp(o->prefixes[i].ptr, o->prefixes[j].ptr, shorter) == 0)
				other = o->prefixes[j];
		}
		if (other.ptr == NULL)
			continue;
		call_failf(call, is_own ? E_TRACKING_OVERLAP : E_TRACKING_OVERLAP_NEW,
			bytes_clip_text(is_own ? o->prefixes[i] : other, 128).text,
			bytes_clip_text(is_own ? other : o->prefixes[i], 128).text);
		return false;
	}
	return true;
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

enum outcome client_tracking(struct call *call)
{
	struct tracking_arguments a = {.options = {0}};

	if (!tracking_parse(call, &a))
		return FAILED;
	if (call_arg_is(call, 2, "on")) {
		if (!tracking_is_consistent(call, &a.options))
			return FAILED;
		tracking_enable(call->session, &a.options);
	} else if (call_arg_is(call, 2, "off")) {
		tracking_disable(call->session);
	} else {
		return call_fail(call, E_SYNTAX);
	}
	reply_ok(call->reply);
	return DONE;
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
