/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Contexts from files. Nothing here is hot, nothing knows of connections; whatever a file holds,
 * the worst that happens is a line in the log.
 */
#include "net/tls_context.h"

#include "base/log.h"
#include "base/mem.h"

#include <openssl/bio.h>
#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/pem.h>

/* --- memory --- */

static void *library_alloc(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return size == 0 ? NULL : mem_alloc(size);
}

static void *library_realloc(void *ptr, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	if (size > 0)
		return mem_realloc(ptr, size);
	mem_free(ptr);
	return NULL;
}

static void library_free(void *ptr, const char *file, int line)
{
	(void)file;
	(void)line;
	mem_free(ptr);
}

void tls_library_init(void)
{
	/* Refused once OpenSSL has allocated: a second server in the process. */
	(void)CRYPTO_set_mem_functions(library_alloc, library_realloc, library_free);
}

const char *tls_error_text(char *out, size_t size)
{
	ERR_error_string_n(ERR_get_error(), out, size);
	ERR_clear_error();
	return out;
}

static bool context_fail(const char *what, const char *name)
{
	char text[256];
	log_line(LOG_WARNING, "%s%s%s: %s", what, name == NULL ? "" : ": ",
		name == NULL ? "" : name, tls_error_text(text, sizeof(text)));
	return false;
}

/* --- what it is made of --- */

static const struct {
	const char *word;
	uint64_t forbid;
} protocols[] = {
	{"TLSv1", SSL_OP_NO_TLSv1},
	{"TLSv1.1", SSL_OP_NO_TLSv1_1},
	{"TLSv1.2", SSL_OP_NO_TLSv1_2},
	{"TLSv1.3", SSL_OP_NO_TLSv1_3},
};
#define PROTOCOLS (sizeof(protocols) / sizeof(protocols[0]))

static bool context_set_protocols(SSL_CTX *context, const char *words)
{
	uint64_t forbidden = 0;
	if (words == NULL)
		words = "TLSv1.2 TLSv1.3";
	for (size_t i = 0; i < PROTOCOLS; i++)
		forbidden |= protocols[i].forbid;
	for (;;) {
		words += strspn(words, " ");
		size_t len = strcspn(words, " "), i = 0;
		if (len == 0)
			break;
		while (i < PROTOCOLS && !bytes_is(bytes_of(words, len), protocols[i].word))
			i++;
		if (i == PROTOCOLS) {
			log_line(LOG_WARNING,
				"Invalid tls-protocols specified. Use a combination of 'TLSv1', "
				"'TLSv1.1', 'TLSv1.2' and 'TLSv1.3'.");
			return false;
		}
		forbidden &= ~protocols[i].forbid;
		words += len;
	}
	/* OpenSSL's default may exclude old versions, whatever the options say. */
	(void)SSL_CTX_set_min_proto_version(context, 0);
	(void)SSL_CTX_set_options(context, forbidden);
	return true;
}

static int context_password(char *out, int size, int is_writing, void *text)
{
	size_t len = text == NULL ? 0 : strlen(text);
	(void)is_writing;
	if (len > (size_t)size)
		return -1;
	memcpy(out, text == NULL ? "" : text, len);
	return (int)len;
}

struct context_identity {
	const char *cert_file, *key_file;
	char *key_file_pass;
};

static bool context_load_keys(SSL_CTX *context, const struct context_identity *own)
{
	bool is_good = true;

	SSL_CTX_set_default_passwd_cb(context, context_password);
	SSL_CTX_set_default_passwd_cb_userdata(context, own->key_file_pass);
	if (SSL_CTX_use_certificate_chain_file(context, own->cert_file) <= 0)
		is_good = context_fail("Failed to load certificate", own->cert_file);
	else if (SSL_CTX_use_PrivateKey_file(context, own->key_file, SSL_FILETYPE_PEM) <= 0)
		is_good = context_fail("Failed to load private key", own->key_file);
	/* The password belongs to the configuration and may change. */
	SSL_CTX_set_default_passwd_cb_userdata(context, NULL);
	return is_good;
}

static bool context_load_dh(SSL_CTX *context, const char *file)
{
	if (file == NULL) {
		SSL_CTX_set_dh_auto(context, 1);
		return true;
	}
	BIO *bio = BIO_new_file(file, "r");
	EVP_PKEY *key = bio == NULL ? NULL : PEM_read_bio_Parameters(bio, NULL);
	BIO_free(bio);
	if (key == NULL)
		return context_fail("Failed loading DH params", file);
	if (SSL_CTX_set0_tmp_dh_pkey(context, key) > 0)
		return true;
	EVP_PKEY_free(key);
	return context_fail("Failed to use DH params", file);
}

static void context_set_sessions(SSL_CTX *context, const struct tls_config *config)
{
	static const unsigned char id[] = "ringlet";

	if (!config->session_caching) {
		SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
		(void)SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
		(void)SSL_CTX_set_num_tickets(context, 0);
		return;
	}
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_SERVER);
	SSL_CTX_sess_set_cache_size(context, config->session_cache_size);
	SSL_CTX_set_timeout(context, config->session_cache_timeout_s);
	SSL_CTX_set_session_id_context(context, id, sizeof(id) - 1);
}

/* What both directions share. */
static bool context_fill(SSL_CTX *context, const struct tls_config *config,
	const struct context_identity *own)
{
	(void)SSL_CTX_set_options(context,
		SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF |
			(config->prefer_server_ciphers ? SSL_OP_CIPHER_SERVER_PREFERENCE : 0));
	SSL_CTX_set_mode(context, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_read_ahead(context, 1);
	if (!context_set_protocols(context, config->protocols) || !context_load_keys(context, own))
		return false;
	if ((config->ca_cert_file != NULL || config->ca_cert_dir != NULL) &&
		SSL_CTX_load_verify_locations(context, config->ca_cert_file, config->ca_cert_dir) <=
			0)
		return context_fail("Failed to configure CA certificate(s) file/directory", NULL);
	if (config->ciphers != NULL && SSL_CTX_set_cipher_list(context, config->ciphers) <= 0)
		return context_fail("Failed to configure ciphers", config->ciphers);
	if (config->ciphersuites != NULL &&
		SSL_CTX_set_ciphersuites(context, config->ciphersuites) <= 0)
		return context_fail("Failed to configure ciphersuites", config->ciphersuites);
	return true;
}

static bool config_is_complete(const struct tls_config *config)
{
	const char *why = NULL;
	bool checks_peers =
		config->auth_clients != TLS_AUTH_NO || config->replication || config->cluster;

	if (config->cert_file == NULL)
		why = "No tls-cert-file configured!";
	else if (config->key_file == NULL)
		why = "No tls-key-file configured!";
	else if (checks_peers && config->ca_cert_file == NULL && config->ca_cert_dir == NULL)
		why = "Either tls-ca-cert-file or tls-ca-cert-dir must be specified when "
		      "tls-cluster, tls-replication or tls-auth-clients are enabled!";
	if (why != NULL)
		log_line(LOG_WARNING, "%s", why);
	return why == NULL;
}

/* A context of one direction; NULL: why is logged. */
static SSL_CTX *context_make(const SSL_METHOD *method, const struct tls_config *config,
	const struct context_identity *own)
{
	ERR_clear_error();
	SSL_CTX *context = SSL_CTX_new(method);
	if (context == NULL) {
		context_fail("Failed to make a TLS context", NULL);
		return NULL;
	}
	if (context_fill(context, config, own))
		return context;
	SSL_CTX_free(context);
	return NULL;
}

SSL_CTX *tls_context_new(const struct tls_config *config)
{
	const struct context_identity own = {
		config->cert_file, config->key_file, config->key_file_pass};

	if (!config_is_complete(config))
		return NULL;
	SSL_CTX *context = context_make(TLS_server_method(), config, &own);
	if (context == NULL)
		return NULL;
	if (!context_load_dh(context, config->dh_params_file)) {
		SSL_CTX_free(context);
		return NULL;
	}
	context_set_sessions(context, config);
	return context;
}

SSL_CTX *tls_context_new_client(const struct tls_config *config)
{
	struct context_identity own = {config->client_cert_file, config->client_key_file,
		config->client_key_file_pass};

	if (!config_is_complete(config))
		return NULL;
	if (own.cert_file == NULL)
		own = (struct context_identity){
			config->cert_file, config->key_file, config->key_file_pass};
	if (own.key_file == NULL) {
		log_line(LOG_WARNING, "No tls-client-key-file configured!");
		return NULL;
	}
	SSL_CTX *context = context_make(TLS_client_method(), config, &own);
	if (context == NULL)
		return NULL;
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE);
	return context;
}
