/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The network: listeners, connections, and the batch that turns bytes into calls. It owns sockets
 * and input buffers; sessions belong to exec, replies to proto.
 *
 * Invariant: a connection's requests run in order and its replies leave in that order; a connection
 * is freed only after the loop said that its socket is closed.
 */
#ifndef RINGLET_NET_NET_H
#define RINGLET_NET_NET_H

#include "exec/exec.h"
#include "io/loop.h"
#include "net/tls_params.h"

#define NET_BIND_MAX 16
#define NET_LISTENERS_MAX (2 * NET_BIND_MAX + 1)

struct net_output_limit {
	uint64_t hard_bytes; /* 0 = none */
	uint64_t soft_bytes;
	int64_t soft_seconds;
};

/* Parameters (param rows in net/net_params.c). */
struct net_config {
	char *bind; /* addresses, blank-separated; "-" before one: optional */
	int port;   /* 0 = off */
	int tcp_backlog;
	char *unixsocket; /* "" or NULL = none */
	int unixsocketperm;
	int timeout_s;
	int tcp_keepalive_s;
	bool protected_mode;
	int maxclients;
	int64_t maxmemory_clients; /* bytes; negative: percent of maxmemory */
	uint64_t query_buffer_limit_bytes;
	uint64_t proto_max_bulk_len;
	struct net_output_limit output_limits[CLASS_COUNT];
	int socket_mark_id;
	int metrics_port;   /* 0 = off */
	char *metrics_bind; /* as bind */
	struct tls_config tls;
};

struct net_stats {
	uint64_t connections; /* total_connections_received */
	uint64_t rejected;    /* rejected_connections */
	uint64_t bytes_in, bytes_out;
	uint64_t reads, writes; /* how often bytes came, went (total_*_processed) */
	uint64_t evicted;       /* evicted_clients */
	uint64_t query_limit_closed, output_limit_closed;
};

struct net;

struct net *net_new(struct loop *loop, struct exec *exec, struct net_config *config);
void net_free(struct net *net);
/* Closes listeners and all connections; their memory goes in the loop's next turn. */
void net_close_all(struct net *net);
/* How to ask features for the memory they hang on a session; part of its total. */
void net_set_extra_bytes(struct net *net, size_t (*extra_bytes)(const struct session *s));
/* DEBUG REPLYBUFFER PEAK-RESET-TIME: milliseconds, -1 = never, -2 = the default. */
void net_set_peak_reset(struct net *net, int64_t ms);
/* DEBUG REPLYBUFFER RESIZING: whether the reply room follows what is sent. */
void net_set_reply_resizing(struct net *net, bool resizes);
/* The largest input and output a connection held lately (client_recent_max_*_buffer). */
void net_recent_max(const struct net *net, size_t *input, size_t *output);
struct net_config *net_config_get(struct net *net);
struct net_stats *net_stats_get(struct net *net);

/* Takes certificates and all else of TLS from the configuration, for connections to come; false
 * (the log says why): all is as it was. Before net_listen when there is a TLS port. */
bool net_tls_configure(struct net *net);
/* Opens all listeners the configuration names; false with a text in `error` (of at least 256 bytes)
 * when a required address fails. Old ones are closed only when all new ones stand (CONFIG SET port,
 * bind). */
bool net_listen(struct net *net, char *error, size_t error_size);
void net_listen_close(struct net *net);
/* The pages of metrics-port (net/http): who writes them. Nothing listens before net_pages_listen.
 */
struct http_page;
void net_pages_init(struct net *net,
	void (*write)(struct bytes path, struct http_page *page, void *context), void *context);
/* Listens for them as the configuration says; false as net_listen. */
bool net_pages_listen(struct net *net, char *error, size_t error_size);
/* Is there any socket that clients can come by? */
bool net_is_listening(const struct net *net);
/* "listener0:name=tcp,bind=127.0.0.1,port=6379" rows for INFO. */
void net_listeners_describe(
	struct net *net, void (*row)(const char *text, void *context), void *context);

/* The loop's hooks: runs what arrived. */
void net_on_batch(struct net *net);
/* Once a turn: sends pending output, closes what is to be closed, resumes unblocked sessions.
 * True when there is more to do at once. */
bool net_on_turn_end(struct net *net);
/* Around a turn of the loop from inside a call of `running`: its part of the batch under way is put
 * aside; what others sent is run now, and more of them can come; then the old batch goes on. */
struct net_nest;
struct net_nest *net_nest_begin(struct net *net, struct session *running);
void net_nest_end(struct net *net, struct net_nest *saved);
/* A few times a second: idle timeouts, output soft limits, buffer shrinking, client eviction. */
void net_on_tick(struct net *net);

/* Sends what is in the session's out at the end of the turn (pushes to other sessions). */
void net_want_flush(struct session *s);
/* The session may run again: its buffered input is parsed at the end of the turn. */
void net_want_resume(struct session *s);

/* Client eviction now, down to maxmemory-clients. */
void net_evict_clients(struct net *net);

/* Memory of all sessions by class (INFO mem_clients_*). */
size_t net_memory_bytes(struct net *net, enum session_class class);

/* --- one connection, for CLIENT LIST and friends -------------------------------------------- */

struct net_peer {
	char addr[64]; /* "127.0.0.1:50000", "[::1]:50000", or the unix socket's path:0 */
	char laddr[64];
	int fd;
};
void net_peer_get(const struct session *s, struct net_peer *out);
bool net_is_loopback(const struct session *s); /* also true for unix sockets */

struct net_buffers {
	size_t query_used, query_free; /* qbuf, qbuf-free */
	size_t argv_mem;
	size_t multi_mem;
	size_t reply_chunk, reply_used; /* rbs, rbp/bufpos */
	size_t list_len, list_mem;      /* oll, omem */
	size_t total;                   /* tot-mem */
};
void net_buffers_get(const struct session *s, struct net_buffers *out);

#endif
