/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Inside of net/: a connection is a socket, a session and the input that is not yet executed.
 *
 * Invariant: `query` holds exactly the received bytes that could not be executed when they arrived
 * (the tail of a request, or what stands behind a blocked call); between batches nothing else
 * refers to received bytes. An idle connection owns no buffers.
 */
#ifndef RINGLET_NET_CONN_H
#define RINGLET_NET_CONN_H

#include "base/buf.h"
#include "net/net.h"
#include "proto/request.h"
#include "store/value.h"

#define NET_BATCH_CALLS 512            /* requests parsed ahead before they are executed */
#define NET_PREFETCH_AHEAD 8           /* how far in front of execution entries are loaded */
#define NET_BIG_ARG_BYTES (32 * 1024)  /* a last argument from here on gets its own buffer */
#define NET_ROOM_STEP_BYTES (1024 * 1024) /* room made for what was only declared, not received */
#define NET_PAUSED_INPUT_BYTES (64 * 1024) /* a postponed caller is not read beyond this */
#define NET_EVICT_BUCKETS 40           /* connections by the power of two of their memory */
#define NET_BUFFER_IDLE_MS 2000        /* after so long its input room counts as given back */
#define NET_READ_ROOM_MAX_BYTES (64 * 1024) /* offered at once to who sends long requests */
#define NET_REPLY_MIN_BYTES 1024
#define NET_HTTP_LOG_MS 60000          /* the log tells of clients that speak HTTP so often */
#define NET_REPLY_PEAK_MS 5000         /* how long a peak of replies is remembered */

enum { LISTENER_TCP, LISTENER_UNIX, LISTENER_TLS, LISTENER_KINDS };

struct conn {
	struct socket socket;
	struct session session;
	struct net *net;
	struct link flush;        /* in net->flush: has output to send at the turn's end */
	struct link resume;       /* in net->resume: its query is to be parsed again */
	struct link batch;        /* in net->batch_conns */
	struct link bucket;       /* in net->buckets[bucket_index], while client eviction is on */

	/* This batch. */
	struct bytes data;        /* what is being parsed: the loop's bytes, or query */
	size_t parsed;            /* up to here requests were taken */
	size_t executed;          /* up to here they were run */
	bool data_is_query;
	bool is_closed;           /* socket_close was called */
	bool is_outer;            /* a turn runs inside its call: not flushed */
	bool has_bad_input;       /* a protocol error: nothing more is parsed */
	bool is_held;             /* a request of this batch could not be run: none behind it is */
	uint8_t listener_kind;    /* LISTENER_* */
	uint8_t bucket_index;
	uint32_t reply_room;      /* the reply buffer it is accounted, 1..16 KiB */
	uint32_t reply_peak;
	uint32_t read_room;       /* offered to its next read; 0 = LOOP_READ_BYTES */
	uint32_t read_peak;       /* its longest request since the last look, above that */

	struct tls *tls;          /* net/tls; NULL = not encrypted */
	struct request_parser parser;
	struct buf query;
	/* A long last argument, received straight into the blob that a value can keep. */
	struct blob *big;
	size_t big_received;      /* line end included */

	int64_t read_ms;          /* last time that bytes came */
	int64_t reply_peak_ms;
	int64_t soft_since_ms;    /* above the soft output limit since; 0 = below */
	size_t memory_bytes;      /* as last accounted in its bucket */
};

struct net_call {
	struct conn *conn;
	struct command *command;
	struct bytes *argv;
	uint64_t key_hash;
	int argc;
	bool has_hash;
	const char *error;        /* a protocol error in the place of a request */
	size_t begin, end;        /* of the request in conn->data */
};

struct net_listener {
	struct listener listener;
	struct net *net;
	char *address;            /* as the configuration names it, or the socket's path */
	uint8_t kind;
};

struct net {
	struct loop *loop;
	struct exec *exec;
	struct net_config *config;
	struct net_stats stats;
	struct net_listener **listeners;
	int listener_count;
	int listening_port, listening_tls_port;
	struct tls_state *tls;    /* net/tls; NULL until it is configured */
	struct http *pages;       /* of metrics-port; NULL until net_pages_init */
	struct link flush, resume, batch_conns;
	struct request_arena arena;
	struct net_call *calls;
	int call_count;
	struct link buckets[NET_EVICT_BUCKETS];
	size_t bucket_bytes;      /* sum of memory_bytes over the buckets */
	bool is_evicting;         /* buckets are kept */
	uint64_t tick_id;         /* where the tick's walk over the sessions stands */
	int64_t peak_reset_ms;    /* DEBUG REPLYBUFFER PEAK-RESET-TIME; -1 = never */
	bool keeps_reply_room;    /* DEBUG REPLYBUFFER RESIZING 0 */
	/* Memory that features hang on a session (subscriptions, tracking); never NULL. */
	size_t (*session_extra_bytes)(const struct session *s);
	size_t max_query, max_out; /* client_recent_max_*_buffer */
	int64_t http_logged_ms;    /* when the log last told of a client that speaks HTTP */
};

/* conn.c */
void conn_accept(struct net *net, int fd, uint8_t kind);
void conn_close(struct conn *c);
/* The events of any transport. */
void conn_on_end(struct socket *s, int error);
void conn_on_closed(struct socket *s);
/* So many bytes of the session's output are with the kernel. */
void conn_note_sent(struct conn *c, size_t len);
/* Sends what it can; closes when that was all there was to come. */
void conn_flush(struct conn *c);
bool conn_is_over_limit(struct conn *c);
/* Of the memory of replies, what CLIENT LIST shows as omem and limits are compared with: each
 * connection may have its first chunks whatever the limit, or the smallest reply would close it. */
static inline size_t conn_listed_bytes(size_t memory)
{
	return memory > 2 * OUT_CHUNK_BYTES ? memory : 0;
}
/* Says so in the log and the accounts, and closes. */
void conn_close_over_limit(struct conn *c);
bool conn_out_is_over_limit(struct out *out);

/* batch.c */
void batch_on_bytes(struct socket *s, struct bytes data);
size_t batch_on_room(struct socket *s, char **into);
void batch_execute(struct net *net);
void batch_finish(struct net *net);
void batch_resume(struct conn *c);

/* limits.c */
size_t conn_memory_bytes(const struct conn *c);
void limits_account(struct conn *c);
void limits_forget(struct conn *c);
uint64_t limits_clients_max_bytes(const struct net *net);

/* Its input room counts as given back. */
static inline bool conn_is_silent(const struct conn *c)
{
	return c->net->exec->now_ms - c->read_ms > NET_BUFFER_IDLE_MS;
}

static inline struct conn *conn_of_socket(struct socket *s)
{
	return LINK_OWNER(s, struct conn, socket);
}

#endif
