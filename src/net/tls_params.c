/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What of TLS can be configured. All rows share one apply: a CONFIG SET of several makes one new
 * context, or none; connections that are there keep the one they began with.
 */
#include "net/tls_params.h"

#include "net/net.h"

#define AT(field) PARAM_FIELD(struct tls_config, field)

static const struct param_choice tls_auth_choices[] = {
	{"no", TLS_AUTH_NO}, {"yes", TLS_AUTH_YES}, {"optional", TLS_AUTH_OPTIONAL}, {NULL, 0}};

static bool tls_apply(void *owner, void *context, struct param_error *error)
{
	(void)owner;
	if (context == NULL || net_tls_configure(context))
		return true;
	return param_fail(error, "Unable to update TLS configuration. Check server logs.");
}

static bool tls_apply_port(void *owner, void *context, struct param_error *error)
{
	char why[256];
	(void)owner;
	if (context == NULL)
		return true;
	if (!net_tls_configure(context))
		return param_fail(error, "Unable to update TLS configuration. Check server logs.");
	if (net_listen(context, why, sizeof(why)))
		return true;
	return param_fail(error, "Unable to listen on this port. Check server logs.");
}

/* Files are read again even where the name stays: certificates are renewed in place. */
#define TLS_FILE .flags = PARAM_ALWAYS_APPLY, .apply = tls_apply
#define TLS_SECRET .flags = PARAM_SENSITIVE | PARAM_ALWAYS_APPLY, .apply = tls_apply

const struct param_row tls_params[] = {
	{.type = PARAM_SECTION,
		.name = "TLS",
		.help = "Encrypted connections, on a port of their own. Certificate, key and the "
			"authorities that clients' certificates are checked against are PEM files. "
			"All of this can be changed while the server runs: new connections use "
			"what is new. To renew a certificate replace the file and set its name "
			"again."},
	{"tls-port", PARAM_INT, AT(port), "0", .max = 65535, .apply = tls_apply_port,
		.help = "TCP port for TLS; 0 is none."},
	{"tls-cert-file", PARAM_STRING_OR_NULL, AT(cert_file), "", TLS_FILE,
		.example = "/etc/ringlet/server.crt",
		.help = "The server's certificate, with what links it to its authority behind it."},
	{"tls-key-file", PARAM_STRING_OR_NULL, AT(key_file), "", TLS_FILE,
		.example = "/etc/ringlet/server.key", .help = "Its key."},
	{"tls-key-file-pass", PARAM_STRING_OR_NULL, AT(key_file_pass), "", TLS_SECRET,
		.help = "The key's password."},
	{"tls-client-cert-file", PARAM_STRING_OR_NULL, AT(client_cert_file), "", TLS_FILE,
		.help = "Certificate for outgoing connections; without it the server's is used."},
	{"tls-client-key-file", PARAM_STRING_OR_NULL, AT(client_key_file), "", TLS_FILE,
		.help = "Its key."},
	{"tls-client-key-file-pass", PARAM_STRING_OR_NULL, AT(client_key_file_pass), "", TLS_SECRET,
		.help = "That key's password."},
	{"tls-dh-params-file", PARAM_STRING_OR_NULL, AT(dh_params_file), "", TLS_FILE,
		.help = "Diffie-Hellman parameters, for old clients; without it OpenSSL's are "
			"used."},
	{"tls-ca-cert-file", PARAM_STRING_OR_NULL, AT(ca_cert_file), "", TLS_FILE,
		.example = "/etc/ringlet/ca.crt",
		.help = "Certificates of the authorities that peers are checked against: one file "
			"…"},
	{"tls-ca-cert-dir", PARAM_STRING_OR_NULL, AT(ca_cert_dir), "", TLS_FILE,
		.help = "… or a directory, as c_rehash makes it."},
	{"tls-auth-clients", PARAM_ENUM, AT(auth_clients), "yes", .choices = tls_auth_choices,
		.apply = tls_apply,
		.help = "Must clients show a certificate? yes, no, or optional: whoever shows one "
			"must show a good one."},
	{"tls-replication", PARAM_BOOL, AT(replication), "no", .apply = tls_apply,
		.help = "TLS towards other servers: the primary, and where MIGRATE sends to."},
	{"tls-cluster", PARAM_BOOL, AT(cluster), "no", .apply = tls_apply,
		.help = "TLS on the cluster bus."},
	{"tls-protocols", PARAM_STRING_OR_NULL, AT(protocols), "", .apply = tls_apply,
		.example = "\"TLSv1.2 TLSv1.3\"",
		.help = "Versions that are allowed, out of TLSv1, TLSv1.1, TLSv1.2 and TLSv1.3; by "
			"default the last two."},
	{"tls-ciphers", PARAM_STRING_OR_NULL, AT(ciphers), "", .apply = tls_apply,
		.example = "DEFAULT:!MEDIUM",
		.help = "Ciphers up to TLS 1.2, as in ciphers(1ssl)."},
	{"tls-ciphersuites", PARAM_STRING_OR_NULL, AT(ciphersuites), "", .apply = tls_apply,
		.example = "TLS_CHACHA20_POLY1305_SHA256", .help = "Cipher suites of TLS 1.3."},
	{"tls-prefer-server-ciphers", PARAM_BOOL, AT(prefer_server_ciphers), "no",
		.apply = tls_apply,
		.help = "The server's order of ciphers counts, not the client's."},
	{"tls-session-caching", PARAM_BOOL, AT(session_caching), "yes", .apply = tls_apply,
		.help = "Let clients resume sessions, which saves the costly part of the "
			"handshake."},
	{"tls-session-cache-size", PARAM_INT, AT(session_cache_size), "20480", .max = INT_MAX,
		.apply = tls_apply, .help = "Sessions kept; 0 is no limit."},
	{"tls-session-cache-timeout", PARAM_INT, AT(session_cache_timeout_s), "300", .max = INT_MAX,
		.apply = tls_apply, .help = "Seconds that a session can be resumed."},
	{0},
};
