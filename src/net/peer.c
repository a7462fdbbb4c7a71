/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What CLIENT LIST and its friends show of a connection: addresses and buffers.
 */
#include "net/conn.h"

#include "base/mem.h"
#include "exec/tx.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

static void address_print(const struct sockaddr_storage *address, char *out, size_t size)
{
	char ip[INET6_ADDRSTRLEN];

	if (address->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)address;
		inet_ntop(AF_INET, &in->sin_addr, ip, sizeof(ip));
		snprintf(out, size, "%s:%d", ip, ntohs(in->sin_port));
	} else if (address->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;
		inet_ntop(AF_INET6, &in6->sin6_addr, ip, sizeof(ip));
		snprintf(out, size, "[%s]:%d", ip, ntohs(in6->sin6_port));
	} else {
		snprintf(out, size, "?:0");
	}
}

void net_peer_get(const struct session *s, struct net_peer *out)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);

	memset(out, 0, sizeof(*out));
	out->fd = -1;
	if (s->conn == NULL)
		return;
	const struct conn *c = s->conn;
	out->fd = c->socket.fd;
	if (c->listener_kind == LISTENER_UNIX) {
		snprintf(out->addr, sizeof(out->addr), "%s:0", c->net->config->unixsocket);
		snprintf(out->laddr, sizeof(out->laddr), "%s:0", c->net->config->unixsocket);
		return;
	}
	if (getpeername(out->fd, (struct sockaddr *)&address, &len) == 0)
		address_print(&address, out->addr, sizeof(out->addr));
	len = sizeof(address);
	if (getsockname(out->fd, (struct sockaddr *)&address, &len) == 0)
		address_print(&address, out->laddr, sizeof(out->laddr));
}

/* A connection heard lately is offered a slice of the loop's arena, an idle one nothing. */
static size_t input_room(const struct conn *c)
{
	if (conn_is_silent(c))
		return 0;
	return c->read_room != 0 ? c->read_room : LOOP_READ_BYTES;
}

void net_buffers_get(const struct session *s, struct net_buffers *out)
{
	const struct conn *c = s->conn;

	memset(out, 0, sizeof(*out));
	if (c == NULL)
		return;
	/* In the middle of its batch a connection's bytes may still lie in the loop's arena. */
	size_t room = input_room(c);
	size_t head = c->big != NULL ? c->query.len : 0; /* arguments before a long one */
	size_t held = c->query.len - head + c->big_received;
	size_t cap = c->big != NULL ? c->big->cap : c->query.cap;
	out->query_used = held > 0 ? held : c->data.len - c->executed;
	out->query_free = cap > room               ? cap - held
			  : room > out->query_used ? room - out->query_used
						   : 0;
	out->argv_mem = request_parser_bytes(&c->parser) + head;
	if (c->net->exec->current != NULL && c->net->exec->current->session == s)
		out->argv_mem += (size_t)c->net->exec->current->argc * sizeof(struct bytes);
	out->multi_mem = tx_memory_bytes(s);
	out->reply_chunk = c->reply_room;
	size_t pending = out_pending_bytes(&s->out);
	size_t memory = out_memory_bytes(&s->out);
	size_t listed = conn_listed_bytes(memory);
	out->reply_used = pending < OUT_CHUNK_BYTES ? pending : OUT_CHUNK_BYTES;
	out->list_len = listed / OUT_CHUNK_BYTES;
	out->list_mem = listed;
	/* Rooms are the loop's and the pool's: only what is really held counts. */
	out->total = sizeof(*c) + cap + out->argv_mem + out->multi_mem + memory +
		     c->net->session_extra_bytes(s);
	if (s->name != NULL)
		out->total += mem_usable_size(s->name);
}
