/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A TLS context: certificates, keys, authorities, ciphers, made of the configuration.
 */
#ifndef RINGLET_NET_TLS_CONTEXT_H
#define RINGLET_NET_TLS_CONTEXT_H

#include "net/tls_params.h"

#include <openssl/ssl.h>

/* NULL when the configuration can't be put into effect; the log says why. */
SSL_CTX *tls_context_new(const struct tls_config *config);
/* One for outgoing connections: what the peer shows must come from our authorities. */
SSL_CTX *tls_context_new_client(const struct tls_config *config);
/* The text of OpenSSL's first queued error; empties the queue. */
const char *tls_error_text(char *out, size_t size);
/* From here on OpenSSL's memory counts as ours; before its first use. */
void tls_library_init(void);

#endif
