/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The TLS engine of a connection. OpenSSL reads from a view of the received bytes and writes into a
 * buffer of ours, by a BIO of two functions: no copy on the way in, one system call a record on the
 * way out. Buffers belong to a pool, so an idle connection holds none.
 *
 * Nothing here may trust the peer: each failure of OpenSSL ends the connection, and what it may
 * make us hold (handshake messages, half records) is bounded by OpenSSL and by TLS_HANDSHAKE_MS.
 */
#include "net/tls.h"

#include "base/log.h"
#include "base/mem.h"
#include "net/tls_context.h"

#include <errno.h>
#include <openssl/err.h>

/* Ciphertext on its way out. */
struct tls_buffer {
	struct tls_buffer *next;
	size_t len, cap;
	char *bytes;
};

struct tls {
	SSL *ssl;
	struct bytes input;         /* received, not yet taken by OpenSSL */
	struct tls_buffer *pending; /* written by OpenSSL; NULL = nothing */
	struct tls_buffer *flying;  /* given to the socket */
	size_t plain;               /* bytes of the session's output that these are made of */
	struct tls_state *state;
	bool is_broken; /* nothing can be encrypted any more */
};

/* Plaintext of a batch. */
struct tls_chunk {
	struct tls_chunk *next;
	size_t used, size;
	char bytes[];
};

struct tls_state {
	SSL_CTX *context;
	SSL_CTX *client; /* for outgoing connections; NULL: not configured */
	BIO_METHOD *method;
	struct tls_buffer *spare;
	int spare_count;
	struct tls_chunk *chunks; /* the first has room */
	char *record;             /* small pieces of output are gathered here */
};

/* --- buffers --- */

static struct tls_buffer *buffer_take(struct tls_state *state)
{
	struct tls_buffer *b = state->spare;
	if (b != NULL) {
		state->spare = b->next;
		state->spare_count--;
	} else {
		b = mem_alloc(sizeof(*b));
		b->cap = TLS_BUFFER_BYTES;
		b->bytes = mem_alloc(b->cap);
	}
	b->len = 0;
	return b;
}

static void buffer_free(struct tls_buffer *b)
{
	mem_free(b->bytes);
	mem_free(b);
}

static void buffer_give(struct tls_state *state, struct tls_buffer *b)
{
	if (b == NULL)
		return;
	if (state->spare_count >= TLS_POOL_BUFFERS || b->cap != TLS_BUFFER_BYTES) {
		buffer_free(b);
		return;
	}
	b->next = state->spare;
	state->spare = b;
	state->spare_count++;
}

/* Room for so much plaintext, contiguous. */
static char *arena_room(struct tls_state *state, size_t size)
{
	struct tls_chunk *chunk = state->chunks;
	if (chunk == NULL || chunk->size - chunk->used < size) {
		size_t fresh = size > TLS_ARENA_BYTES ? size : TLS_ARENA_BYTES;
		chunk = mem_alloc(sizeof(*chunk) + fresh);
		chunk->used = 0;
		chunk->size = fresh;
		chunk->next = state->chunks;
		state->chunks = chunk;
	}
	return chunk->bytes + chunk->used;
}

static void chunks_free(struct tls_chunk *chunk)
{
	while (chunk != NULL) {
		struct tls_chunk *next = chunk->next;
		mem_free(chunk);
		chunk = next;
	}
}

void tls_batch_done(struct net *net)
{
	struct tls_chunk *first = net->tls->chunks;
	if (first == NULL)
		return;
	chunks_free(first->next);
	first->next = NULL;
	first->used = 0;
	if (first->size <= TLS_ARENA_BYTES)
		return;
	mem_free(first);
	net->tls->chunks = NULL;
}

struct tls_chunk *tls_nest_begin(struct net *net)
{
	struct tls_chunk *saved = net->tls->chunks;
	net->tls->chunks = NULL;
	return saved;
}

void tls_nest_end(struct net *net, struct tls_chunk *saved)
{
	chunks_free(net->tls->chunks);
	net->tls->chunks = saved;
}

/* --- the BIO --- */

static int bio_read(BIO *bio, char *out, int size)
{
	struct tls *t = BIO_get_data(bio);
	size_t n = t->input.len < (size_t)size ? t->input.len : (size_t)size;

	BIO_clear_retry_flags(bio);
	if (n == 0) {
		BIO_set_retry_read(bio);
		return -1;
	}
	memcpy(out, t->input.ptr, n);
	t->input = bytes_of(t->input.ptr + n, t->input.len - n);
	return (int)n;
}

static int bio_write(BIO *bio, const char *data, int size)
{
	struct tls *t = BIO_get_data(bio);
	struct tls_buffer *b = t->pending;

	BIO_clear_retry_flags(bio);
	if (b == NULL)
		b = t->pending = buffer_take(t->state);
	if (b->cap - b->len < (size_t)size) {
		b->cap = (b->len + (size_t)size) * 2;
		b->bytes = mem_realloc(b->bytes, b->cap);
	}
	memcpy(b->bytes + b->len, data, (size_t)size);
	b->len += (size_t)size;
	return size;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *bio_method_new(void)
{
	BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "ringlet");
	BIO_meth_set_read(method, bio_read);
	BIO_meth_set_write(method, bio_write);
	BIO_meth_set_ctrl(method, bio_ctrl);
	return method;
}

/* --- the net's part --- */

bool net_tls_configure(struct net *net)
{
	const struct tls_config *config = &net->config->tls;

	if (!tls_is_wanted(config))
		return true;
	if (net->tls == NULL)
		tls_library_init();
	SSL_CTX *client = NULL, *context = tls_context_new(config);
	bool calls = config->replication || config->client_cert_file != NULL;
	if (context == NULL)
		return false;
	if (calls && (client = tls_context_new_client(config)) == NULL) {
		SSL_CTX_free(context);
		return false;
	}
	if (net->tls == NULL) {
		net->tls = mem_calloc(1, sizeof(*net->tls));
		net->tls->method = bio_method_new();
		net->tls->record = mem_alloc(TLS_RECORD_BYTES);
	}
	SSL_CTX_free(net->tls->context); /* connections hold their own references */
	net->tls->context = context;
	SSL_CTX_free(net->tls->client);
	net->tls->client = client;
	return true;
}

struct ssl_ctx_st *tls_client_of(const struct net *net)
{
	return net == NULL || net->tls == NULL || !net->config->tls.replication ? NULL
										: net->tls->client;
}

void tls_net_release(struct net *net)
{
	struct tls_state *state = net->tls;

	if (state == NULL)
		return;
	while (state->spare != NULL) {
		struct tls_buffer *next = state->spare->next;
		buffer_free(state->spare);
		state->spare = next;
	}
	chunks_free(state->chunks);
	SSL_CTX_free(state->context);
	SSL_CTX_free(state->client);
	BIO_meth_free(state->method);
	mem_free(state->record);
	mem_free(state);
	net->tls = NULL;
}

/* --- a connection --- */

bool tls_accept(struct conn *c)
{
	static const int modes[] = {
		[TLS_AUTH_NO] = SSL_VERIFY_NONE,
		[TLS_AUTH_YES] = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
		[TLS_AUTH_OPTIONAL] = SSL_VERIFY_PEER,
	};
	struct tls_state *state = c->net->tls;
	SSL *ssl = SSL_new(state->context);
	BIO *bio = ssl == NULL ? NULL : BIO_new(state->method);

	if (bio == NULL) {
		SSL_free(ssl);
		log_line(LOG_WARNING, "Can't begin a TLS connection");
		return false;
	}
	c->tls = mem_calloc(1, sizeof(*c->tls));
	c->tls->ssl = ssl;
	c->tls->state = state;
	BIO_set_data(bio, c->tls);
	BIO_set_init(bio, 1);
	SSL_set_bio(ssl, bio, bio);
	SSL_set_verify(ssl, modes[c->net->config->tls.auth_clients], NULL);
	SSL_set_accept_state(ssl);
	return true;
}

void tls_release(struct conn *c)
{
	struct tls *t = c->tls;

	SSL_free(t->ssl);
	buffer_give(t->state, t->pending);
	buffer_give(t->state, t->flying);
	mem_free(t);
	c->tls = NULL;
}

bool tls_is_too_slow(const struct conn *c)
{
	return !SSL_is_init_finished(c->tls->ssl) &&
	       c->net->exec->now_ms - c->session.created_ms > TLS_HANDSHAKE_MS;
}

static void tls_fail(struct conn *c)
{
	struct net_peer peer;
	char text[256];

	c->tls->is_broken = true;
	net_peer_get(&c->session, &peer);
	if (!SSL_is_init_finished(c->tls->ssl))
		log_line(LOG_VERBOSE, "Error accepting a client connection: %s (addr=%s laddr=%s)",
			tls_error_text(text, sizeof(text)), peer.addr, peer.laddr);
	else
		log_line(LOG_VERBOSE, "Reading from client id=%llu: %s",
			(unsigned long long)c->session.id, tls_error_text(text, sizeof(text)));
	/* An alert may tell the peer why. */
	tls_flush(c);
	conn_close(c);
}

/* Decrypts all that arrived; -1 = the connection failed, -2 = the peer said goodbye before
 * anything. */
static ssize_t tls_decrypt(struct tls *t, char *room, size_t size)
{
	size_t got = 0;

	while (got < size) {
		int n = SSL_read(t->ssl, room + got, (int)(size - got));
		if (n > 0) {
			got += (size_t)n;
			if (t->input.len == 0 && !SSL_has_pending(t->ssl))
				return (ssize_t)got;
			continue;
		}
		switch (SSL_get_error(t->ssl, n)) {
		case SSL_ERROR_WANT_READ:
			return (ssize_t)got;
		case SSL_ERROR_ZERO_RETURN:
			return got > 0 ? (ssize_t)got : -2;
		default:
			return -1;
		}
	}
	return -1; /* more plaintext than ciphertext: not in this protocol */
}

static void tls_on_bytes(struct socket *s, struct bytes data)
{
	struct conn *c = conn_of_socket(s);
	struct tls *t = c->tls;

	if (UNLIKELY(c->is_closed || t->is_broken))
		return;
	/* What waits inside OpenSSL is less than one record. */
	size_t size = data.len + 2 * TLS_RECORD_BYTES;
	char *room = arena_room(t->state, size);
	t->input = data;
	ERR_clear_error();
	ssize_t got = tls_decrypt(t, room, size);
	t->input = (struct bytes){NULL, 0};
	if (UNLIKELY(got == -1)) {
		tls_fail(c);
		return;
	}
	if (UNLIKELY(t->pending != NULL))
		net_want_flush(&c->session);
	if (UNLIKELY(got == -2)) {
		c->session.flags |= SESSION_CLOSE_AFTER_REPLY;
		net_want_flush(&c->session);
		return;
	}
	if (got == 0)
		return;
	t->state->chunks->used += (size_t)got;
	batch_on_bytes(s, bytes_of(room, (size_t)got));
}

/* The next bytes of the output that may leave, at most one record of them, in one piece. */
static struct bytes tls_next_plain(struct conn *c)
{
	struct iovec pieces[LOOP_SEND_IOV];
	size_t left = hold_sendable(&c->session), used = 0;
	int count = out_pieces(&c->session.out, pieces, LOOP_SEND_IOV);
	char *record = c->tls->state->record;

	if (left > TLS_RECORD_BYTES)
		left = TLS_RECORD_BYTES;
	if (count == 1 || pieces[0].iov_len >= left)
		return bytes_of(
			pieces[0].iov_base, pieces[0].iov_len < left ? pieces[0].iov_len : left);
	for (int i = 0; i < count && left > 0; i++) {
		size_t n = pieces[i].iov_len < left ? pieces[i].iov_len : left;
		memcpy(record + used, pieces[i].iov_base, n);
		used += n;
		left -= n;
	}
	return bytes_of(record, used);
}

/* False: there is nothing to send for now. */
static bool tls_encrypt(struct conn *c)
{
	struct tls *t = c->tls;

	if (t->is_broken || out_is_empty(&c->session.out) || !SSL_is_init_finished(t->ssl) ||
		SSL_get_shutdown(t->ssl) & SSL_SENT_SHUTDOWN)
		return false;
	struct bytes plain = tls_next_plain(c);
	if (plain.len == 0)
		return false;
	int n = SSL_write(t->ssl, plain.ptr, (int)plain.len);
	if (UNLIKELY(n <= 0)) {
		t->is_broken = true;
		ERR_clear_error();
		c->session.flags |= SESSION_CLOSE_ASAP;
		net_want_flush(&c->session);
		return false;
	}
	t->plain = (size_t)n;
	/* The last record takes the goodbye along: behind it the socket is closed. */
	if (UNLIKELY(c->session.flags & SESSION_CLOSE_AFTER_REPLY) &&
		t->plain == out_pending_bytes(&c->session.out))
		(void)SSL_shutdown(t->ssl);
	return true;
}

static void tls_send_pending(struct conn *c)
{
	struct tls *t = c->tls;

	t->flying = t->pending;
	t->pending = NULL;
	const struct iovec piece = {t->flying->bytes, t->flying->len};
	socket_send(c->net->loop, &c->socket, &piece, 1);
}

void tls_flush(struct conn *c)
{
	while (!c->is_closed && !socket_is_sending(&c->socket)) {
		if (c->tls->pending == NULL && !tls_encrypt(c))
			return;
		tls_send_pending(c);
	}
}

static void tls_on_sent(struct socket *s, ssize_t result)
{
	struct conn *c = conn_of_socket(s);
	struct tls *t = c->tls;
	size_t plain = t->plain;

	buffer_give(t->state, t->flying);
	t->flying = NULL;
	t->plain = 0;
	if (UNLIKELY(c->is_closed))
		return;
	if (UNLIKELY(result < 0)) {
		conn_close(c);
		return;
	}
	/* What was only the protocol's own may have kept a reply waiting. */
	if (UNLIKELY(plain == 0 || t->pending != NULL))
		net_want_flush(&c->session);
	if (LIKELY(plain > 0))
		conn_note_sent(c, plain);
}

void tls_say_goodbye(struct conn *c)
{
	struct tls *t = c->tls;

	if (t->is_broken || !SSL_is_init_finished(t->ssl) || socket_is_sending(&c->socket) ||
		SSL_get_shutdown(t->ssl) & SSL_SENT_SHUTDOWN)
		return;
	ERR_clear_error();
	(void)SSL_shutdown(t->ssl);
	if (t->pending != NULL)
		tls_send_pending(c);
}

const struct socket_events tls_events = {
	.on_bytes = tls_on_bytes,
	.on_end = conn_on_end,
	.on_sent = tls_on_sent,
	.on_closed = conn_on_closed,
};
