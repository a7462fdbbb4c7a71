/* SPDX-License-Identifier: BSD-3-Clause
 *
 * net/tls_context: a context of good files, and each way in which it is refused.
 */
#include "../../../src/net/tls_context.c"

#include "../unit.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <sys/stat.h>

static char dir[] = "/tmp/ringlet-tls-XXXXXX";
static char cert[64], key[64], locked[64], other[64], junk[64];

static EVP_PKEY *write_key(const char *file, const char *password)
{
	EVP_PKEY *made = EVP_EC_gen("P-256");
	FILE *f = fopen(file, "w");
	assert_non_null(f);
	assert_int_equal(PEM_write_PrivateKey(f, made, password == NULL ? NULL : EVP_aes_128_cbc(),
				 (const unsigned char *)password,
				 password == NULL ? 0 : (int)strlen(password), NULL, NULL),
		1);
	fclose(f);
	return made;
}

static void write_cert(const char *file, EVP_PKEY *with)
{
	X509 *x = X509_new();
	FILE *f = fopen(file, "w");
	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_set_pubkey(x, with);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
		(const unsigned char *)"test", -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	assert_true(X509_sign(x, with, EVP_sha256()) > 0);
	PEM_write_X509(f, x);
	fclose(f);
	X509_free(x);
}

static int setup(void **state)
{
	(void)state;
	tls_library_init();
	assert_non_null(mkdtemp(dir));
	snprintf(cert, sizeof(cert), "%s/cert", dir);
	snprintf(key, sizeof(key), "%s/key", dir);
	snprintf(locked, sizeof(locked), "%s/locked", dir);
	snprintf(other, sizeof(other), "%s/other", dir);
	snprintf(junk, sizeof(junk), "%s/junk", dir);
	EVP_PKEY_free(write_key(other, NULL));
	EVP_PKEY *made = write_key(key, NULL);
	write_cert(cert, made);
	FILE *f = fopen(locked, "w");
	PEM_write_PrivateKey(
		f, made, EVP_aes_128_cbc(), (const unsigned char *)"open", 4, NULL, NULL);
	fclose(f);
	f = fopen(junk, "w");
	fputs("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", f);
	fclose(f);
	EVP_PKEY_free(made);
	return 0;
}

static int teardown(void **state)
{
	const char *const files[] = {cert, key, locked, other, junk};
	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		unlink(files[i]);
	rmdir(dir);
	return 0;
}

static struct tls_config good(void)
{
	return (struct tls_config){.port = 1, .cert_file = cert, .key_file = key,
		.auth_clients = TLS_AUTH_NO, .session_caching = true,
		.session_cache_size = 10, .session_cache_timeout_s = 5};
}

static void expect(const struct tls_config *config, bool works)
{
	SSL_CTX *context = tls_context_new(config);
	assert_int_equal(context != NULL, works);
	SSL_CTX_free(context);
}

static void test_good(void **state)
{
	struct tls_config c = good();
	(void)state;
	expect(&c, true);
	c.ca_cert_file = cert;
	c.auth_clients = TLS_AUTH_YES;
	c.prefer_server_ciphers = true;
	c.session_caching = false;
	expect(&c, true);
	c = good();
	c.ca_cert_dir = dir;
	c.auth_clients = TLS_AUTH_OPTIONAL;
	expect(&c, true);
	c = good();
	c.key_file = locked;
	c.key_file_pass = (char *)(uintptr_t)"open";
	expect(&c, true);
}

static void test_incomplete(void **state)
{
	struct tls_config c = good();
	(void)state;
	c.cert_file = NULL;
	expect(&c, false);
	c = good();
	c.key_file = NULL;
	expect(&c, false);
	c = good();
	c.auth_clients = TLS_AUTH_YES;
	expect(&c, false);
	c = good();
	c.cluster = true;
	expect(&c, false);
}

static void test_bad_files(void **state)
{
	static char nowhere[] = "/nowhere", wrong[] = "wrong";
	struct tls_config c = good();
	(void)state;
	c.cert_file = nowhere;
	expect(&c, false);
	c.cert_file = junk;
	expect(&c, false);
	c.cert_file = key;
	expect(&c, false);
	c = good();
	c.key_file = other; /* of another certificate */
	expect(&c, false);
	c.key_file = junk;
	expect(&c, false);
	c.key_file = locked;
	expect(&c, false);
	c.key_file_pass = wrong;
	expect(&c, false);
	c = good();
	c.ca_cert_file = junk;
	expect(&c, false);
	c = good();
	c.dh_params_file = cert;
	expect(&c, false);
}

static void test_words(void **state)
{
	static const struct {
		const char *protocols, *ciphers, *suites;
		bool works;
	} rows[] = {
		{"TLSv1.2", NULL, NULL, true},
		{"tlsv1.3", NULL, NULL, true},
		{" TLSv1  TLSv1.1 ", NULL, NULL, true},
		{"TLSv1.4", NULL, NULL, false},
		{"TLSv1.2,TLSv1.3", NULL, NULL, false},
		{NULL, "DEFAULT:!MEDIUM", "TLS_AES_256_GCM_SHA384", true},
		{NULL, "nothing", NULL, false},
		{NULL, NULL, "nothing", false},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tls_config c = good();
		c.protocols = (char *)(uintptr_t)rows[i].protocols;
		c.ciphers = (char *)(uintptr_t)rows[i].ciphers;
		c.ciphersuites = (char *)(uintptr_t)rows[i].suites;
		expect(&c, rows[i].works);
	}
}

static void test_password(void **state)
{
	char out[4];
	static char text[] = "abcde";
	(void)state;
	assert_int_equal(context_password(out, sizeof(out), 0, NULL), 0);
	assert_int_equal(context_password(out, sizeof(out), 0, text), -1);
	assert_int_equal(context_password(out, sizeof(out), 0, text + 1), 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_incomplete),
		cmocka_unit_test(test_bad_files),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_password),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
