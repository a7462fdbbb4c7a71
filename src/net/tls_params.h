/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The parameters of TLS. The group's context is the struct net, or NULL before it exists.
 */
#ifndef RINGLET_NET_TLS_PARAMS_H
#define RINGLET_NET_TLS_PARAMS_H

#include "base/param.h"

enum tls_auth_clients { TLS_AUTH_NO, TLS_AUTH_YES, TLS_AUTH_OPTIONAL };

/* Texts are NULL where nothing is set. */
struct tls_config {
	int port; /* 0 = none */
	char *cert_file, *key_file, *key_file_pass;
	char *client_cert_file, *client_key_file, *client_key_file_pass;
	char *dh_params_file, *ca_cert_file, *ca_cert_dir;
	int auth_clients;
	bool replication, cluster, prefer_server_ciphers, session_caching;
	char *protocols, *ciphers, *ciphersuites;
	int session_cache_size, session_cache_timeout_s;
};

extern const struct param_row tls_params[];

/* Is anything of TLS in use? Otherwise its files are not looked at. */
static inline bool tls_is_wanted(const struct tls_config *config)
{
	return config->port != 0 || config->replication || config->cluster;
}

#endif
