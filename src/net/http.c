/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Connections of the HTTP server, and the head of a request.
 *
 * A connection reads until the head is complete, answers, says that it will send no more and waits
 * for the peer to close, so that the answer is not lost behind bytes that were never read.
 */
#include "net/http.h"

#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

struct http_conn {
	struct socket socket;
	struct http *http;
	struct link link;
	int64_t opened_us;
	struct buf in;
	char head[320];
	struct http_page page;
	bool is_answered, is_closed;
};

struct http {
	struct loop *loop;
	void (*write)(struct bytes path, struct http_page *page, void *context);
	void *context;
	struct link conns;
	int conn_count;
	struct listener listeners[HTTP_BIND_MAX];
	int listener_count;
	char *addresses; /* they stand on these and this port */
	int port;
};

static struct http_conn *conn_of(struct socket *s)
{
	return LINK_OWNER(s, struct http_conn, socket);
}

static void http_conn_close(struct http_conn *c)
{
	if (c->is_closed)
		return;
	c->is_closed = true;
	socket_close(c->http->loop, &c->socket);
}

/* --- the answer ------------------------------------------------------------------------------- */

static const char *status_text(int status)
{
	switch (status) {
	case 200:
		return "OK";
	case 400:
		return "Bad Request";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	default:
		return "Service Unavailable";
	}
}

/* What the page does not say itself. */
static void page_fill(struct http_page *page)
{
	if (page->type == NULL)
		page->type = "text/plain; charset=utf-8";
	if (page->body.len == 0)
		buf_printf(&page->body, "%d %s\n", page->status, status_text(page->status));
}

static void http_answer(struct http_conn *c, bool is_head)
{
	struct http_page *page = &c->page;

	page_fill(page);
	int len = snprintf(c->head, sizeof(c->head),
		"HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%s"
		"Cache-Control: no-store\r\nConnection: close\r\n\r\n",
		page->status, status_text(page->status), page->type, page->body.len,
		page->status == 405 ? "Allow: GET, HEAD\r\n" : "");
	const struct iovec pieces[] = {
		{c->head, (size_t)len}, {page->body.ptr, page->body.len}};
	c->is_answered = true;
	buf_release(&c->in);
	socket_send(c->http->loop, &c->socket, pieces, is_head ? 1 : 2);
}

static void http_refuse(struct http_conn *c, int status)
{
	c->page.status = status;
	http_answer(c, false);
}

/* --- the request ------------------------------------------------------------------------------ */

/* Up to the next blank or line end; what stands behind it is left in *rest. */
static struct bytes take_word(struct bytes *rest)
{
	size_t len = 0;
	while (len < rest->len && rest->ptr[len] != ' ' && rest->ptr[len] != '\r')
		len++;
	struct bytes word = bytes_of(rest->ptr, len);
	size_t skip = len < rest->len && rest->ptr[len] == ' ' ? len + 1 : len;
	*rest = bytes_of(rest->ptr + skip, rest->len - skip);
	return word;
}

static bool is_token(struct bytes word)
{
	for (size_t i = 0; i < word.len; i++)
		if (word.ptr[i] < 'A' || word.ptr[i] > 'Z')
			return false;
	return word.len > 0;
}

static bool is_path(struct bytes word)
{
	for (size_t i = 0; i < word.len; i++)
		if ((unsigned char)word.ptr[i] <= ' ' || (unsigned char)word.ptr[i] >= 0x7f)
			return false;
	return word.len > 0 && word.ptr[0] == '/';
}

/* HTTP/1.1 wants the name of the host in each request. */
static bool has_host(struct bytes headers)
{
	static const char name[] = "\nhost:";
	for (size_t i = 0; i + sizeof(name) - 1 <= headers.len; i++)
		if (bytes_is(bytes_of(headers.ptr + i, sizeof(name) - 1), name))
			return true;
	return false;
}

/* `request` ends with an empty line. */
static void http_run(struct http_conn *c, struct bytes request)
{
	struct bytes rest = request;
	struct bytes method = take_word(&rest), path = take_word(&rest),
		     version = take_word(&rest);
	bool is_new = bytes_equal(version, BYTES("HTTP/1.1"));
	bool is_known = is_new || bytes_equal(version, BYTES("HTTP/1.0"));
	bool is_head = bytes_equal(method, BYTES("HEAD"));

	if (!is_token(method) || !is_path(path) || !is_known || rest.len < 2 ||
		rest.ptr[0] != '\r' || rest.ptr[1] != '\n' || (is_new && !has_host(rest))) {
		http_refuse(c, 400);
		return;
	}
	if (!is_head && !bytes_equal(method, BYTES("GET"))) {
		http_refuse(c, 405);
		return;
	}
	const char *query = memchr(path.ptr, '?', path.len);
	if (query != NULL)
		path.len = (size_t)(query - path.ptr);
	c->page.status = 404;
	c->http->write(path, &c->page, c->http->context);
	http_answer(c, is_head);
}

static void http_on_bytes(struct socket *s, struct bytes data)
{
	struct http_conn *c = conn_of(s);

	if (c->is_answered || c->is_closed)
		return;
	size_t seen = c->in.len < 3 ? 0 : c->in.len - 3;
	size_t room = HTTP_REQUEST_MAX - c->in.len;
	buf_add(&c->in, data.ptr, data.len < room ? data.len : room);
	const char *end = memmem(c->in.ptr + seen, c->in.len - seen, "\r\n\r\n", 4);
	if (end != NULL)
		http_run(c, bytes_of(c->in.ptr, (size_t)(end + 4 - c->in.ptr)));
	else if (c->in.len == HTTP_REQUEST_MAX)
		http_refuse(c, 400);
}

/* --- life ------------------------------------------------------------------------------------- */

static void http_on_end(struct socket *s, int error)
{
	(void)error;
	http_conn_close(conn_of(s));
}

static void http_on_sent(struct socket *s, ssize_t result)
{
	if (result < 0)
		http_conn_close(conn_of(s));
	else
		shutdown(s->fd, SHUT_WR);
}

static void http_on_closed(struct socket *s)
{
	struct http_conn *c = conn_of(s);

	link_remove(&c->link);
	c->http->conn_count--;
	buf_release(&c->in);
	buf_release(&c->page.body);
	mem_free(c);
}

static const struct socket_events http_events = {
	.on_bytes = http_on_bytes,
	.on_end = http_on_end,
	.on_sent = http_on_sent,
	.on_closed = http_on_closed,
};

static void http_turn_away(int fd)
{
	static const char busy[] = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n"
				   "Connection: close\r\n\r\n";

	if (send(fd, busy, sizeof(busy) - 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		log_line(LOG_DEBUG, "Refusing a connection: %s", strerror(errno));
	close(fd);
}

static void http_on_accept(struct listener *l, int fd)
{
	struct http *h = l->context;

	if (h->conn_count == HTTP_CONNS_MAX) {
		http_turn_away(fd);
		return;
	}
	struct http_conn *c = mem_calloc(1, sizeof(*c));
	c->http = h;
	c->opened_us = loop_mono_us(h->loop);
	link_init(&c->link);
	int status = socket_open(h->loop, &c->socket, fd, &http_events);
	if (status < 0) {
		log_line(LOG_WARNING, "Can't serve a new connection: %s", strerror(-status));
		mem_free(c);
		http_turn_away(fd);
		return;
	}
	link_add_tail(&h->conns, &c->link);
	h->conn_count++;
}

static void http_on_listener_error(struct listener *l, int error)
{
	(void)l;
	log_line(LOG_WARNING, "Accepting connection for metrics: %s", strerror(error));
}

void http_on_tick(struct http *h)
{
	int64_t now_us = loop_mono_us(h->loop);

	LINK_EACH(it, after, &h->conns)
	{
		struct http_conn *c = LINK_OWNER(it, struct http_conn, link);
		if (now_us - c->opened_us > HTTP_TIMEOUT_MS * INT64_C(1000))
			http_conn_close(c);
	}
}

struct http *http_new(struct loop *loop,
	void (*write)(struct bytes path, struct http_page *page, void *context), void *context)
{
	struct http *h = mem_calloc(1, sizeof(*h));

	h->loop = loop;
	h->write = write;
	h->context = context;
	h->addresses = mem_dup_text("");
	link_init(&h->conns);
	return h;
}

static void http_listen_close(struct http *h)
{
	for (int i = 0; i < h->listener_count; i++)
		listener_close(h->loop, &h->listeners[i]);
	h->listener_count = 0;
}

void http_close(struct http *h)
{
	http_listen_close(h);
	LINK_EACH(it, after, &h->conns)
	http_conn_close(LINK_OWNER(it, struct http_conn, link));
}

void http_free(struct http *h)
{
	mem_free(h->addresses);
	mem_free(h);
}

/* --- listening -------------------------------------------------------------------------------- */

struct http_plan {
	int fds[HTTP_BIND_MAX];
	int count;
};

static void plan_drop(struct http_plan *plan)
{
	while (plan->count > 0)
		close(plan->fds[--plan->count]);
}

/* One word of the addresses. */
static bool plan_add(struct http_plan *plan, const char *word, int port)
{
	bool is_optional = word[0] == '-';
	int fd = listen_tcp(word + is_optional, port, HTTP_CONNS_MAX, 0);

	if (fd >= 0) {
		plan->fds[plan->count++] = fd;
		return true;
	}
	errno = -fd;
	return is_optional && (errno == EADDRNOTAVAIL || errno == EAFNOSUPPORT);
}

static bool plan_make(struct http_plan *plan, const char *at, int port)
{
	bool is_ok = true;

	while (is_ok && plan->count < HTTP_BIND_MAX) {
		at += strspn(at, " ");
		size_t len = strcspn(at, " ");
		if (len == 0)
			break;
		char *word = mem_dup_bytes_text(at, len);
		is_ok = plan_add(plan, word, port);
		mem_free(word);
		at += len;
	}
	return is_ok;
}

/* The old listeners are closed first: new ones may want the same address. */
static bool listen_anew(struct http *h, const char *addresses, int port)
{
	struct http_plan plan = {.count = 0};

	http_listen_close(h);
	if (port == 0)
		return true;
	if (!plan_make(&plan, addresses, port)) {
		int why = errno;
		plan_drop(&plan);
		errno = why;
		return false;
	}
	for (int i = 0; i < plan.count; i++) {
		struct listener *l = &h->listeners[h->listener_count];
		*l = (struct listener){.on_accept = http_on_accept,
			.on_error = http_on_listener_error,
			.context = h};
		int status = listener_open(h->loop, l, plan.fds[i]);
		if (status >= 0) {
			h->listener_count++;
			continue;
		}
		for (; i < plan.count; i++)
			close(plan.fds[i]);
		http_listen_close(h);
		errno = -status;
		return false;
	}
	return true;
}

bool http_listen(struct http *h, const char *addresses, int port, char *error, size_t error_size)
{
	if (listen_anew(h, addresses, port)) {
		mem_free(h->addresses);
		h->addresses = mem_dup_text(addresses);
		h->port = port;
		return true;
	}
	snprintf(error, error_size, "%s port %d: %s", addresses, port, strerror(errno));
	if (!listen_anew(h, h->addresses, h->port))
		log_line(LOG_WARNING, "Metrics can't be served any more: %s", strerror(errno));
	return false;
}
