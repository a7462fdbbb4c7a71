/* SPDX-License-Identifier: BSD-3-Clause
 *
 * TLS between a socket and its connection: what arrives is decrypted into an arena of the batch and
 * handed to the batch as if it had come so; what leaves is encrypted a record at a time. Inside of
 * net/.
 *
 * Invariant: plaintext leaves the session's output only when the record made of it was sent; at
 * most one record of a connection is on its way. Which back end runs makes no difference.
 */
#ifndef RINGLET_NET_TLS_H
#define RINGLET_NET_TLS_H

#include "net/conn.h"

#define TLS_RECORD_BYTES (16 * 1024)               /* plaintext of one record */
#define TLS_BUFFER_BYTES (TLS_RECORD_BYTES + 1024) /* and what is around it */
#define TLS_POOL_BUFFERS 64                        /* kept for the next records */
#define TLS_ARENA_BYTES (256 * 1024)
#define TLS_HANDSHAKE_MS 30000 /* who takes longer is closed */

/* A connection accepted on the TLS port; false (logged) where there is no memory for it. */
bool tls_accept(struct conn *c);
void tls_release(struct conn *c);
extern const struct socket_events tls_events;
/* conn_flush's part: encrypts and sends what may leave. */
void tls_flush(struct conn *c);
/* Says goodbye, as far as that can be done without waiting. `c` is closed already. */
void tls_say_goodbye(struct conn *c);
/* Has the handshake taken too long? */
bool tls_is_too_slow(const struct conn *c);
/* The batch was executed: its plaintext is free. */
void tls_batch_done(struct net *net);
/* For a batch inside a batch: the plaintext of the outer one is put aside, and brought back. */
struct tls_chunk;
struct tls_chunk *tls_nest_begin(struct net *net);
void tls_nest_end(struct net *net, struct tls_chunk *saved);
void tls_net_release(struct net *net);
/* The context of outgoing connections; NULL: they are plain. */
struct ssl_ctx_st *tls_client_of(const struct net *net);

#endif
