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
#include <stdlib.h>
#include <unistd.h>

struct listen_plan {
	struct {
		int fd;
		char *address;
		uint8_t kind;
	} rows[NET_LISTENERS_MAX];
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

static void plan_drop(struct listen_plan *plan)
{
	for (int i = 0; i < plan->count; i++) {
		close(plan->rows[i].fd);
		mem_free(plan->rows[i].address);
	}
	plan->count = 0;
}

static void plan_add(struct listen_plan *plan, int fd, char *address, uint8_t kind)
{
	plan->rows[plan->count].fd = fd;
	plan->rows[plan->count].address = address;
	plan->rows[plan->count++].kind = kind;
}

/* An address the configuration only wishes for: marked so, or one that the machine lacks. */
static bool is_tolerable(int error, bool is_optional)
{
	return is_optional && (error == EADDRNOTAVAIL || error == EAFNOSUPPORT || error == EPROTONOSUPPORT ||
		error == ESOCKTNOSUPPORT || error == EPFNOSUPPORT || error == ENOPROTOOPT);
}

/* The old listener already stands on this address and port: it can be kept. */
static struct net_listener *listen_find_old(struct net *net, const char *address, uint8_t kind)
{
	if (kind == 0 && net->listening_port != net->config->port)
		return NULL;
	for (int i = 0; i < net->listener_count; i++)
		if (net->listeners[i].kind == kind && strcmp(net->listeners[i].address, address) == 0)
			return &net->listeners[i];
	return NULL;
}

static bool plan_tcp(struct net *net, struct listen_plan *plan, char *error, size_t error_size)
{
	const struct net_config *config = net->config;
	char *list = mem_dup_text(config->bind);
	char *save = NULL;
	bool is_ok = true;

	for (char *word = strtok_r(list, " ", &save); word != NULL && is_ok; word = strtok_r(NULL, " ", &save)) {
		bool is_optional = word[0] == '-';
		const char *address = word + is_optional;
		if (plan->count >= NET_BIND_MAX)
			break;
		struct net_listener *old = listen_find_old(net, word, 0);
		int fd = old != NULL ? dup(old->listener.fd) :
			listen_tcp(address, config->port, config->tcp_backlog, (uint32_t)config->socket_mark_id);
		if (fd >= 0) {
			plan_add(plan, fd, mem_dup_text(word), 0);
		} else if (!is_tolerable(-fd, is_optional) && !(strcmp(address, "::*") == 0 && is_tolerable(-fd, true))) {
			snprintf(error, error_size, "%s:%d: %s", address, config->port, strerror(-fd));
			is_ok = false;
		}
	}
	mem_free(list);
	return is_ok;
}

static bool plan_unix(struct net *net, struct listen_plan *plan, char *error, size_t error_size)
{
	const struct net_config *config = net->config;

	if (config->unixsocket == NULL || config->unixsocket[0] == '\0')
		return true;
	const struct net_listener *old = listen_find_old(net, config->unixsocket, 1);
	int fd = old != NULL ? dup(old->listener.fd) :
		listen_unix(config->unixsocket, (unsigned)config->unixsocketperm, config->tcp_backlog);
	if (fd < 0) {
		snprintf(error, error_size, "%s: %s", config->unixsocket, strerror(-fd));
		return false;
	}
	plan_add(plan, fd, mem_dup_text(config->unixsocket), 1);
	return true;
}

static bool plan_open(struct net *net, struct listen_plan *plan, char *error, size_t error_size)
{
	struct net_listener *listeners = mem_calloc((size_t)plan->count + 1, sizeof(*listeners));

	for (int i = 0; i < plan->count; i++) {
		listeners[i].listener.on_accept = listener_on_accept;
		listeners[i].listener.on_error = listener_on_error;
		listeners[i].listener.context = &listeners[i];
		listeners[i].net = net;
		listeners[i].kind = plan->rows[i].kind;
		listeners[i].address = plan->rows[i].address;
		int status = listener_open(net->loop, &listeners[i].listener, plan->rows[i].fd);
		if (status >= 0)
			continue;
		snprintf(error, error_size, "%s: %s", listeners[i].address, strerror(-status));
		while (--i >= 0)
			listener_close(net->loop, &listeners[i].listener);
		mem_free(listeners);
		return false;
	}
	int count = plan->count;
	plan->count = 0;
	net_listen_close(net);
	net->listeners = listeners;
	net->listener_count = count;
	net->listening_port = net->config->port;
	return true;
}

bool net_listen(struct net *net, char *error, size_t error_size)
{
	struct listen_plan plan = {.count = 0};

	if ((net->config->port != 0 && !plan_tcp(net, &plan, error, error_size)) ||
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

void net_listen_close(struct net *net)
{
	for (int i = 0; i < net->listener_count; i++) {
		listener_close(net->loop, &net->listeners[i].listener);
		mem_free(net->listeners[i].address);
	}
	mem_free(net->listeners);
	net->listeners = NULL;
	net->listener_count = 0;
}

void net_listeners_describe(struct net *net, void (*row)(const char *text, void *context), void *context)
{
	struct buf text = {0};
	int rows = 0;

	for (int kind = 0; kind <= 1; kind++) {
		buf_clear(&text);
		for (int i = 0; i < net->listener_count; i++) {
			const struct net_listener *l = &net->listeners[i];
			if (l->kind != kind)
				continue;
			if (text.len == 0)
				buf_printf(&text, "listener%d:name=%s", rows++, kind == 0 ? "tcp" : "unix");
			buf_printf(&text, ",bind=%s", l->address);
		}
		if (text.len == 0)
			continue;
		if (kind == 0)
			buf_printf(&text, ",port=%d", net->listening_port);
		row(buf_text(&text), context);
	}
	buf_release(&text);
}
