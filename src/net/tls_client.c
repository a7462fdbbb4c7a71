/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The wire of outgoing connections. OpenSSL reads and writes the descriptor itself: this runs where
 * waiting is allowed, and only the exchange waits. A peer whose certificate is not from our
 * authorities fails the greeting; its name is not looked at, as certificates of servers rarely
 * have the address that MIGRATE is given.
 */
#include "net/tls_client.h"

#include "net/tls.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

void *tls_client_context(const struct net *net)
{
	SSL_CTX *context = tls_client_of(net);

	if (context != NULL)
		SSL_CTX_up_ref(context);
	return context;
}

void tls_client_release(void *context)
{
	SSL_CTX_free(context);
}

static void *wire_open(void *context, int fd)
{
	SSL *ssl = SSL_new(context);

	if (ssl == NULL || SSL_set_fd(ssl, fd) <= 0) {
		ERR_clear_error();
		SSL_free(ssl);
		return NULL;
	}
	SSL_set_connect_state(ssl);
	return ssl;
}

/* What a call of OpenSSL that did not succeed means to the exchange. */
static ssize_t wire_result(SSL *ssl, int got, short *events)
{
	*events = 0;
	if (got > 0)
		return got;
	switch (SSL_get_error(ssl, got)) {
	case SSL_ERROR_WANT_READ:
		*events = POLLIN;
		return -1;
	case SSL_ERROR_WANT_WRITE:
		*events = POLLOUT;
		return -1;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	default:
		return -1;
	}
}

static ssize_t wire_greet(void *state, short *events)
{
	ERR_clear_error();
	return wire_result(state, SSL_do_handshake(state), events);
}

static int wire_size(size_t size)
{
	return size > INT_MAX ? INT_MAX : (int)size;
}

static ssize_t wire_send(void *state, struct bytes data, short *events)
{
	ERR_clear_error();
	return wire_result(state, SSL_write(state, data.ptr, wire_size(data.len)), events);
}

static ssize_t wire_receive(void *state, char *to, size_t size, short *events)
{
	ERR_clear_error();
	return wire_result(state, SSL_read(state, to, wire_size(size)), events);
}

static void wire_close(void *state)
{
	ERR_clear_error();
	if (SSL_is_init_finished(state))
		(void)SSL_shutdown(state);
	ERR_clear_error();
	SSL_free(state);
}

const struct exchange_wire tls_client_wire = {
	.open = wire_open,
	.greet = wire_greet,
	.send = wire_send,
	.receive = wire_receive,
	.close = wire_close,
};
