/* SPDX-License-Identifier: BSD-3-Clause
 *
 * TLS of connections that the server opens itself (MIGRATE): the wire of an exchange.
 */
#ifndef RINGLET_NET_TLS_CLIENT_H
#define RINGLET_NET_TLS_CLIENT_H

#include "io/exchange.h"

struct net;

/* Its context is what tls_client_context answered. */
extern const struct exchange_wire tls_client_wire;
/* A reference to the context as it is configured now, of the loop's thread; NULL where connections
 * to other servers are to be plain. */
void *tls_client_context(const struct net *net);
void tls_client_release(void *context);

#endif
