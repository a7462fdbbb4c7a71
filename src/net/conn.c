/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Connections: from accept to the moment the kernel is through with the socket, and their output.
 *
 * Freed only in conn_on_closed, which the loop calls at the end of a turn: the safe point.
 */
#include "net/conn.h"

#include "base/log.h"
#include "base/mem.h"
#include "exec/probe.h"
#include "net/tls.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

void conn_on_end(struct socket *s, int error)
{
	struct conn *c = conn_of_socket(s);

	if (error != 0)
		log_line(LOG_VERBOSE, "Reading from client id=%llu: %s",
			(unsigned long long)c->session.id, strerror(error));
	conn_close(c);
}

void conn_note_sent(struct conn *c, size_t len)
{
	c->net->stats.bytes_out += len;
	c->net->stats.writes++;
	out_consume(&c->session.out, len);
	hold_sent(&c->session, len);
	probe_sent(&c->session, len);
	if (UNLIKELY(
		    !out_is_empty(&c->session.out) || c->session.flags & SESSION_CLOSE_AFTER_REPLY))
		net_want_flush(&c->session);
}

HOT static void conn_on_sent(struct socket *s, ssize_t result)
{
	struct conn *c = conn_of_socket(s);

	if (result < 0) {
		log_line(LOG_VERBOSE, "Writing to client id=%llu: %s",
			(unsigned long long)c->session.id, strerror((int)-result));
		conn_close(c);
		return;
	}
	conn_note_sent(c, (size_t)result);
}

void conn_on_closed(struct socket *s)
{
	struct conn *c = conn_of_socket(s);

	limits_forget(c);
	link_remove(&c->flush);
	link_remove(&c->resume);
	link_remove(&c->batch);
	request_parser_release(&c->parser);
	buf_release(&c->query);
	if (c->big != NULL)
		blob_drop(c->big);
	session_release(&c->session);
	if (c->tls != NULL)
		tls_release(c);
	mem_free(c);
}

static const struct socket_events conn_events = {
	.on_bytes = batch_on_bytes,
	.on_end = conn_on_end,
	.on_sent = conn_on_sent,
	.on_closed = conn_on_closed,
	.on_room = batch_on_room,
};

void conn_close(struct conn *c)
{
	if (c->is_closed)
		return;
	c->is_closed = true;
	c->session.flags |= SESSION_CLOSE_ASAP;
	session_hide(&c->session); /* the kernel may need another turn to let go of the socket */
	link_remove(&c->flush);
	link_remove(&c->resume);
	if (c->tls != NULL)
		tls_say_goodbye(c);
	socket_close(c->net->loop, &c->socket);
}

/* Above a limit of its class? Soft limits need their time. */
HOT bool conn_is_over_limit(struct conn *c)
{
	const struct net_output_limit *limit =
		&c->net->config->output_limits[session_class(&c->session)];
	uint64_t used = conn_listed_bytes(out_memory_bytes(&c->session.out));

	if (limit->hard_bytes != 0 && used > limit->hard_bytes)
		return true;
	if (limit->soft_bytes == 0 || used <= limit->soft_bytes) {
		c->soft_since_ms = 0;
		return false;
	}
	int64_t now = c->net->exec->now_ms;
	if (c->soft_since_ms == 0)
		c->soft_since_ms = now;
	return now - c->soft_since_ms > limit->soft_seconds * 1000;
}

void conn_close_over_limit(struct conn *c)
{
	log_line(LOG_WARNING,
		"Client id=%llu closed for overcoming of output buffer limits (%zu bytes pending).",
		(unsigned long long)c->session.id, out_pending_bytes(&c->session.out));
	c->net->stats.output_limit_closed++;
	conn_close(c);
}

/* The pieces as far as they may leave. */
static inline int conn_clip(struct iovec *pieces, int count, size_t sendable)
{
	if (LIKELY(sendable == SIZE_MAX))
		return count;
	int kept = 0;
	for (; kept < count && sendable > 0; kept++) {
		if (pieces[kept].iov_len > sendable)
			pieces[kept].iov_len = sendable;
		sendable -= pieces[kept].iov_len;
	}
	return kept;
}

static inline void conn_send(struct conn *c)
{
	struct session *s = &c->session;
	struct iovec pieces[LOOP_SEND_IOV];

	while (!out_is_empty(&s->out) && !socket_is_sending(&c->socket) && !c->is_closed) {
		int count = out_pieces(&s->out, pieces, LOOP_SEND_IOV);
		count = conn_clip(pieces, count, hold_sendable(s));
		if (UNLIKELY(count == 0))
			break; /* the rest is held */
		socket_send(c->net->loop, &c->socket, pieces, count);
	}
}

HOT void conn_flush(struct conn *c)
{
	struct session *s = &c->session;

	if (UNLIKELY(c->is_closed))
		return;
	if (UNLIKELY(s->out.is_full)) {
		conn_close_over_limit(c);
		return;
	}
	if (UNLIKELY(s->flags & SESSION_CLOSE_ASAP)) {
		conn_close(c);
		return;
	}
	if (UNLIKELY(conn_is_over_limit(c))) {
		conn_close_over_limit(c);
		return;
	}
	size_t pending = out_pending_bytes(&s->out);
	if (pending > c->reply_peak)
		c->reply_peak = pending > OUT_CHUNK_BYTES ? OUT_CHUNK_BYTES : (uint32_t)pending;
	if (UNLIKELY(c->tls != NULL))
		tls_flush(c);
	else
		conn_send(c);
	if (LIKELY(!c->is_closed) && out_is_empty(&s->out)) {
		c->soft_since_ms = 0;
		if (UNLIKELY(s->flags & SESSION_CLOSE_AFTER_REPLY))
			conn_close(c);
	}
}

/* What a chain of replies asks before it grows. */
bool conn_out_is_over_limit(struct out *out)
{
	struct conn *c = LINK_OWNER(out, struct conn, session.out);
	return conn_is_over_limit(c);
}

/* Says why to a connection that is not taken; one that speaks TLS would not understand. */
static void conn_refuse(struct net *net, int fd, uint8_t kind, enum error why)
{
	char line[512];
	int len = snprintf(line, sizeof(line), "-%s\r\n", error_text(why));

	net->stats.rejected++;
	if (kind != LISTENER_TLS && send(fd, line, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		log_line(LOG_DEBUG, "Refusing a connection: %s", strerror(errno));
	close(fd);
}

static bool address_is_loopback(int fd)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);

	if (getpeername(fd, (struct sockaddr *)&peer, &len) != 0)
		return false;
	if (peer.ss_family == AF_UNIX)
		return true;
	if (peer.ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)&peer;
		return (ntohl(in->sin_addr.s_addr) >> 24) == 127;
	}
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&peer;
	if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr))
		return in6->sin6_addr.s6_addr[12] == 127;
	return IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
}

bool net_is_loopback(const struct session *s)
{
	return s->conn == NULL || address_is_loopback(s->conn->socket.fd);
}

static void conn_tune_tcp(const struct net *net, int fd)
{
	int yes = 1;
	int seconds = net->config->tcp_keepalive_s;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	if (seconds <= 0)
		return;
	int step = seconds / 3 > 0 ? seconds / 3 : 1;
	int probes = 3;
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof(yes));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof(seconds));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &step, sizeof(step));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
}

/* As conn_refuse, over TLS: said behind the handshake; nothing that comes is looked at. */
static void conn_deny(struct conn *c)
{
	c->net->stats.rejected++;
	reply_error_text(&c->session.reply, bytes_text(error_text(E_PROTECTED)));
	session_close(&c->session, true);
}

void conn_accept(struct net *net, int fd, uint8_t kind)
{
	if (net->exec->session_count >= (size_t)net->config->maxclients) {
		conn_refuse(net, fd, kind, E_MAX_CLIENTS);
		return;
	}
	bool is_denied = net->config->protected_mode && !net->exec->has_password &&
			 !address_is_loopback(fd);
	if (is_denied && kind != LISTENER_TLS) {
		conn_refuse(net, fd, kind, E_PROTECTED);
		return;
	}
	struct conn *c = mem_calloc(1, sizeof(*c));
	c->net = net;
	c->listener_kind = kind;
	c->reply_room = OUT_CHUNK_BYTES;
	c->read_ms = c->reply_peak_ms = net->exec->now_ms;
	link_init(&c->flush);
	link_init(&c->resume);
	link_init(&c->batch);
	link_init(&c->bucket);
	if (kind != LISTENER_UNIX)
		conn_tune_tcp(net, fd);
	bool is_tls = kind == LISTENER_TLS;
	int status = is_tls && !tls_accept(c) ? -ENOMEM : 0;
	if (status == 0)
		status = socket_open(
			net->loop, &c->socket, fd, is_tls ? &tls_events : &conn_events);
	if (status < 0) {
		log_line(LOG_WARNING, "Can't serve a new connection: %s", strerror(-status));
		if (c->tls != NULL)
			tls_release(c);
		mem_free(c);
		conn_refuse(net, fd, kind, E_MAX_CLIENTS);
		return;
	}
	session_init(&c->session, net->exec, ORIGIN_CLIENT);
	c->session.conn = c;
	c->session.out.is_limited = true;
	if (kind == LISTENER_UNIX)
		c->session.flags |= SESSION_UNIX_SOCKET;
	net->stats.connections++;
	limits_account(c);
	if (UNLIKELY(is_denied))
		conn_deny(c);
}

void net_want_flush(struct session *s)
{
	struct conn *c = s->conn;

	if (c == NULL || c->is_closed || UNLIKELY(c->is_outer))
		return;
	if (!link_is_linked(&c->flush))
		link_add_tail(&c->net->flush, &c->flush);
}

void net_want_resume(struct session *s)
{
	struct conn *c = s->conn;

	if (c == NULL || c->is_closed || link_is_linked(&c->resume))
		return;
	link_add_tail(&c->net->resume, &c->resume);
}
