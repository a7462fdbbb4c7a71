/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Which addresses are listened on. A new set of listeners replaces the old one only when it stands
 * completely; a failure leaves everything as it was.
 */
#include "net/conn.h"

#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

/* The listeners to be: new ones, whose sockets are not watched yet, and old ones that stay. */
struct listen_plan {
	struct net_listener *rows[NET_LISTENERS_MAX];
	bool is_kept[NET_LISTENERS_MAX];
	int count;
};

static void listener_on_accept(struct listener *l, int fd)
{
	struct net_listener *own = l->context;
	conn_accept(own->net, fd, own->kind);
}

static void listener_on_error(struct listener *l, int error)
{
	(void)l;
	log_line(LOG_WARNING, "Accepting client connection: %s", strerror(error));
}

static void net_listener_free(struct net_listener *l)
{
	mem_free(l->address);
	mem_free(l);
}

/* Forgets the plan: what is new is closed. */
static void plan_drop(struct listen_plan *plan)
{
	for (int i = 0; i < plan->count; i++) {
		if (plan->is_kept[i])
			continue;
		close(plan->rows[i]->listener.fd);
		net_listener_free(plan->rows[i]);
	}
	plan->count = 0;
}

static void plan_keep(struct listen_plan *plan, struct net_listener *old)
{
	plan->is_kept[plan->count] = true;
	plan->rows[plan->count++] = old;
}

static void plan_add(
	struct net *net, struct listen_plan *plan, int fd, const char *address, uint8_t kind)
{
	struct net_listener *l = mem_calloc(1, sizeof(*l));
	l->listener.fd = fd;
	l->listener.on_accept = listener_on_accept;
	l->listener.on_error = listener_on_error;
	l->listener.context = l;
	l->net = net;
	l->kind = kind;
	l->address = mem_dup_text(address);
	plan->is_kept[plan->count] = false;
	plan->rows[plan->count++] = l;
}

/* An address the configuration only wishes for: marked so, or one that the machine lacks. */
static bool is_tolerable(int error, bool is_optional)
{
	return is_optional &&
	       (error == EADDRNOTAVAIL || error == EAFNOSUPPORT || error == EPROTONOSUPPORT ||
		       error == ESOCKTNOSUPPORT || error == EPFNOSUPPORT || error == ENOPROTOOPT);
}

/* The old listener already stands on this address and port: it can be kept. */
static struct net_listener *listen_find_old(struct net *net, const char *address, uint8_t kind)
{
	if (kind == LISTENER_TCP && net->listening_port != net->config->port)
		return NULL;
	if (kind == LISTENER_TLS && net->listening_tls_port != net->config->tls.port)
		return NULL;
	for (int i = 0; i < net->listener_count; i++)
		if (net->listeners[i]->kind == kind &&
			strcmp(net->listeners[i]->address, address) == 0)
			return net->listeners[i];
	return NULL;
}

struct listen_error {
	char *text;
	size_t size;
};

/* One word of bind. */
static bool plan_address(struct net *net, struct listen_plan *plan, uint8_t kind, const char *word,
	struct listen_error error)
{
	const struct net_config *config = net->config;
	int port = kind == LISTENER_TLS ? config->tls.port : config->port;
	bool is_optional = word[0] == '-';
	const char *address = word + is_optional;
	struct net_listener *old = listen_find_old(net, word, kind);

	if (old != NULL) {
		plan_keep(plan, old);
		return true;
	}
	int fd = listen_tcp(
		address, port, config->tcp_backlog, (uint32_t)config->socket_mark_id);
	if (fd >= 0) {
		plan_add(net, plan, fd, word, kind);
		return true;
	}
	if (is_tolerable(-fd, is_optional || strcmp(address, "::*") == 0))
		return true;
	snprintf(error.text, error.size, "%s:%d: %s", address, port, strerror(-fd));
	return false;
}

static bool plan_tcp(
	struct net *net, struct listen_plan *plan, uint8_t kind, struct listen_error error)
{
	int limit = plan->count + NET_BIND_MAX;
	bool is_ok = true;

	for (const char *at = net->config->bind; is_ok && plan->count < limit;) {
		at += strspn(at, " ");
		size_t len = strcspn(at, " ");
		if (len == 0)
			break;
		char *word = mem_dup_bytes_text(at, len);
		is_ok = plan_address(net, plan, kind, word, error);
		mem_free(word);
		at += len;
	}
	return is_ok;
}

static bool plan_unix(struct net *net, struct listen_plan *plan, char *error, size_t error_size)
{
	const struct net_config *config = net->config;

	if (config->unixsocket == NULL || config->unixsocket[0] == '\0')
		return true;
	struct net_listener *old = listen_find_old(net, config->unixsocket, LISTENER_UNIX);
	if (old != NULL) {
		plan_keep(plan, old);
		return true;
	}
	int fd = listen_unix(
		config->unixsocket, (unsigned)config->unixsocketperm, config->tcp_backlog);
	if (fd < 0) {
		snprintf(error, error_size, "%s: %s", config->unixsocket, strerror(-fd));
		return false;
	}
	plan_add(net, plan, fd, config->unixsocket, LISTENER_UNIX);
	return true;
}

static bool plan_keeps(const struct listen_plan *plan, const struct net_listener *l)
{
	for (int i = 0; i < plan->count; i++)
		if (plan->rows[i] == l)
			return true;
	return false;
}

/* Watches the new listeners, then lets go of the old ones that are not in the plan. */
static bool plan_open(struct net *net, struct listen_plan *plan, char *error, size_t error_size)
{
	for (int i = 0; i < plan->count; i++) {
		struct net_listener *l = plan->rows[i];
		int status = plan->is_kept[i]
				     ? 0
				     : listener_open(net->loop, &l->listener, l->listener.fd);
		if (status >= 0)
			continue;
		snprintf(error, error_size, "%s: %s", l->address, strerror(-status));
		while (--i >= 0) {
			if (plan->is_kept[i])
				continue;
			listener_close(net->loop, &plan->rows[i]->listener);
			plan->is_kept[i] = true;
			net_listener_free(plan->rows[i]);
		}
		return false;
	}
	for (int i = 0; i < net->listener_count; i++) {
		if (plan_keeps(plan, net->listeners[i]))
			continue;
		listener_close(net->loop, &net->listeners[i]->listener);
		net_listener_free(net->listeners[i]);
	}
	net->listeners =
		mem_realloc(net->listeners, ((size_t)plan->count + 1) * sizeof(*net->listeners));
	memcpy(net->listeners, plan->rows, (size_t)plan->count * sizeof(*net->listeners));
	net->listener_count = plan->count;
	net->listening_port = net->config->port;
	net->listening_tls_port = net->config->tls.port;
	return true;
}

bool net_listen(struct net *net, char *error, size_t error_size)
{
	struct listen_plan plan = {.count = 0};

	const struct listen_error told = {error, error_size};

	if ((net->config->port != 0 && !plan_tcp(net, &plan, LISTENER_TCP, told)) ||
		(net->config->tls.port != 0 && net->tls != NULL &&
			!plan_tcp(net, &plan, LISTENER_TLS, told)) ||
		!plan_unix(net, &plan, error, error_size)) {
		plan_drop(&plan);
		return false;
	}
	if (!plan_open(net, &plan, error, error_size)) {
		plan_drop(&plan);
		return false;
	}
	return true;
}

bool net_is_listening(const struct net *net)
{
	return net->listener_count > 0;
}

void net_listen_close(struct net *net)
{
	for (int i = 0; i < net->listener_count; i++) {
		listener_close(net->loop, &net->listeners[i]->listener);
		net_listener_free(net->listeners[i]);
	}
	mem_free(net->listeners);
	net->listeners = NULL;
	net->listener_count = 0;
}

void net_listeners_describe(
	struct net *net, void (*row)(const char *text, void *context), void *context)
{
	struct buf text = {0};
	int rows = 0;

	static const char *const names[] = {"tcp", "unix", "tls"};
	for (int kind = 0; kind < LISTENER_KINDS; kind++) {
		buf_clear(&text);
		for (int i = 0; i < net->listener_count; i++) {
			const struct net_listener *l = net->listeners[i];
			if (l->kind != kind)
				continue;
			if (text.len == 0)
				buf_printf(&text, "listener%d:name=%s", rows++, names[kind]);
			buf_printf(&text, ",bind=%s", l->address);
		}
		if (text.len == 0)
			continue;
		if (kind != LISTENER_UNIX)
			buf_printf(&text, ",port=%d",
				kind == LISTENER_TCP ? net->listening_port
						     : net->listening_tls_port);
		row(buf_text(&text), context);
	}
	buf_release(&text);
}
