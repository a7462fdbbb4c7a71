/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Sockets, the part that all back ends share: what to read next and how much of it, when a batch is
 * full, what a short write leaves behind, and the order in which a socket dies.
 *
 * Reading is edge-like. A flag remembers that the kernel has something; only a receive that came
 * back short clears it, so a socket that was paused or cut off by fairness is found again without
 * asking the kernel. A short read is believed (it saves the receive that would say EAGAIN) unless
 * an end is known to lie behind it.
 *
 * Invariant: a socket is in at most one list of the loop; in none, if it has nothing to read, is
 * paused or ended. Its memory is the owner's again in on_closed and not before.
 */
#include "io/socket.h"

#include "base/mem.h"
#include "io/loop_internal.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

static void list_move(struct link *to, struct link *from)
{
	if (link_is_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	link_init(from);
}

static inline struct socket *socket_of(struct link *l)
{
	return LINK_OWNER(l, struct socket, ready);
}

int socket_open(struct loop *loop, struct socket *s, int fd, const struct socket_events *events)
{
	ASSERT(fd >= 0 && events->on_bytes != NULL && events->on_end != NULL);
	ASSERT(events->on_sent != NULL && events->on_closed != NULL);
	*s = (struct socket){.fd = fd, .events = events};
	link_init(&s->ready);
	int rc = loop->backend->socket_add(loop, s);
	if (rc == 0)
		loop->attached++;
	return rc;
}

/* --- receiving --------------------------------------------------------------------------- */

static void end_report(struct loop *loop, struct socket *s)
{
	s->flags |= SOCKET_ENDED;
	loop->backend->socket_update(loop, s);
	s->events->on_end(s, s->error);
}

/* The end was received. If bytes of this turn lie before it, it is reported in the next. */
static void end_found(struct loop *loop, struct socket *s, int error)
{
	s->error = error;
	if ((int32_t)(s->batch - loop->turn_batch) > 0) {
		s->flags |= SOCKET_END_DUE;
		link_add_tail(&loop->ready, &s->ready);
		return;
	}
	end_report(loop, s);
}

static int pending_error(int fd, int fallback)
{
	int error = 0;
	socklen_t size = sizeof error;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error == 0)
		return fallback;
	return error;
}

/* A paused socket has heard of its end: bytes before it have to wait for the resume, the end of a
 * connection that has none doesn't. */
static void end_while_paused(struct loop *loop, struct socket *s)
{
	if (s->flags & SOCKET_FAILED) {
		end_found(loop, s, pending_error(s->fd, ECONNRESET));
		return;
	}
	char byte;
	ssize_t n = recv(s->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
	if (n == 0)
		end_found(loop, s, 0);
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		end_found(loop, s, errno);
}

static inline ssize_t receive(struct loop *loop, struct socket *s, char **into, size_t room)
{
	if (loop->backend->receive != NULL)
		return loop->backend->receive(loop, s, into, room);
	ssize_t n = recv(s->fd, *into, room, MSG_DONTWAIT);
	if (UNLIKELY(n < 0))
		return -errno;
	if ((size_t)n < room && !(s->flags & (SOCKET_HUNG_UP | SOCKET_FAILED)))
		s->flags &= (uint16_t)~SOCKET_READABLE;
	return n;
}

static void receive_failed(struct loop *loop, struct socket *s, int error)
{
	if (error == EINTR) {
		link_add_tail(&loop->ready, &s->ready);
		return;
	}
	if (error != EAGAIN) {
		end_found(loop, s, error);
		return;
	}
	s->flags &= (uint16_t)~SOCKET_READABLE;
	if (s->flags & SOCKET_FAILED)
		end_found(loop, s, pending_error(s->fd, ECONNRESET));
}

/* One read of one socket that is in no list. */
HOT static void socket_read(struct loop *loop, struct socket *s)
{
	if (UNLIKELY(s->flags & (SOCKET_END_DUE | SOCKET_PAUSED))) {
		if (s->flags & SOCKET_END_DUE)
			end_report(loop, s);
		else
			end_while_paused(loop, s);
		return;
	}
	char *slice = loop->arena[loop->depth - 1] + loop->arena_used;
	char *into = slice;
	size_t room = 0;
	if (s->events->on_room != NULL)
		room = s->events->on_room(s, &into);
	if (room == 0) {
		into = slice;
		room = LOOP_READ_BYTES;
	}
	if (into == slice && room > LOOP_ARENA_BYTES - loop->arena_used)
		room = LOOP_ARENA_BYTES - loop->arena_used;
	ssize_t n = receive(loop, s, &into, room);
	if (UNLIKELY(n <= 0)) {
		if (n == 0)
			end_found(loop, s, 0);
		else
			receive_failed(loop, s, (int)-n);
		return;
	}
	if (UNLIKELY(s->flags & SOCKET_READABLE)) {
		/* More to come: in a second pass; only the end: in the next turn. */
		bool is_last = (size_t)n < room && (s->flags & (SOCKET_HUNG_UP | SOCKET_FAILED));
		link_add_tail(is_last ? &loop->ready : &loop->again, &s->ready);
	}
	if (into == slice)
		loop->arena_used += ((size_t)n + 63) & ~(size_t)63;
	idle_note(&loop->idle, loop->batch - s->batch);
	s->batch = loop->batch;
	loop->batch_sockets++;
	s->events->on_bytes(s, bytes_of(into, (size_t)n));
}

/* Is an outer turn just executing what this socket delivered? */
static bool is_held(const struct loop *loop, const struct socket *s)
{
	if (s->flags & SOCKET_HELD)
		return true;
	for (unsigned i = 0; i + 1 < loop->depth; i++)
		if (loop->open_batch[i] != 0 && loop->open_batch[i] == s->batch)
			return true;
	return false;
}

void socket_hold(struct socket *s)
{
	s->flags |= SOCKET_HELD;
}

void socket_release(struct socket *s)
{
	s->flags &= (uint16_t)~SOCKET_HELD;
	s->batch = 0;
}

static void batch_begin(struct loop *loop)
{
	if (++loop->batch == 0)
		loop->batch = 1; /* 0 stands for none */
	loop->batch_sockets = 0;
	loop->arena_used = 0;
	if (UNLIKELY(loop->arena[loop->depth - 1] == NULL))
		loop->arena[loop->depth - 1] = mem_alloc(LOOP_ARENA_BYTES);
}

static void batch_execute(struct loop *loop)
{
	loop->open_batch[loop->depth - 1] = loop->batch;
	if (loop->options.on_batch != NULL)
		loop->options.on_batch(loop->options.context);
	loop->open_batch[loop->depth - 1] = 0;
	if (loop->backend->batch_done != NULL)
		loop->backend->batch_done(loop);
}

HOT static void pass(struct loop *loop)
{
	while (!link_is_empty(&loop->now)) {
		batch_begin(loop);
		while (!link_is_empty(&loop->now) && loop->batch_sockets < LOOP_BATCH_SOCKETS &&
		       loop->arena_used + LOOP_READ_BYTES <= LOOP_ARENA_BYTES) {
			struct link *l = loop->now.next;
			link_remove(l);
			if (UNLIKELY(loop->depth > 1) && is_held(loop, socket_of(l)))
				link_add_tail(&loop->held, l);
			else
				socket_read(loop, socket_of(l));
		}
		if (loop->batch_sockets > 0)
			batch_execute(loop);
	}
}

HOT void sockets_serve(struct loop *loop)
{
	/* What an outer turn had still to read is this turn's now. */
	if (UNLIKELY(loop->depth > 1)) {
		list_move(&loop->ready, &loop->now);
		list_move(&loop->ready, &loop->again);
	}
	if (link_is_empty(&loop->ready))
		return;
	list_move(&loop->now, &loop->ready);
	pass(loop);
	if (!link_is_empty(&loop->again)) {
		list_move(&loop->now, &loop->again);
		pass(loop);
		list_move(&loop->ready, &loop->again);
	}
	if (UNLIKELY(loop->depth == 1))
		list_move(&loop->ready, &loop->held);
}

void socket_pause(struct loop *loop, struct socket *s)
{
	if (s->flags & (SOCKET_PAUSED | SOCKET_CLOSED))
		return;
	s->flags |= SOCKET_PAUSED;
	const unsigned ending = SOCKET_END_DUE | SOCKET_HUNG_UP | SOCKET_FAILED;
	if (link_is_linked(&s->ready) && !(s->flags & ending))
		link_remove(&s->ready);
	loop->backend->socket_update(loop, s);
}

void socket_resume(struct loop *loop, struct socket *s)
{
	if (!(s->flags & SOCKET_PAUSED) || (s->flags & SOCKET_CLOSED))
		return;
	s->flags &= (uint16_t)~SOCKET_PAUSED;
	loop->backend->socket_update(loop, s);
	if (s->flags & (SOCKET_READABLE | SOCKET_HUNG_UP | SOCKET_FAILED))
		socket_mark(loop, s, SOCKET_READABLE);
}

bool socket_is_paused(const struct socket *s)
{
	return s->flags & SOCKET_PAUSED;
}

/* --- sending ----------------------------------------------------------------------------- */

HOT static ssize_t send_pieces(int fd, const struct iovec *pieces, int count)
{
	const int flags = MSG_NOSIGNAL | MSG_DONTWAIT;
	ssize_t n;
	do {
		if (count == 1) {
			n = send(fd, pieces->iov_base, pieces->iov_len, flags);
		} else {
			struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)pieces,
						 .msg_iovlen = (size_t)count};
			n = sendmsg(fd, &message, flags);
		}
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -errno;
	return n;
}

static struct socket_output *output_new(struct loop *loop, struct socket *s)
{
	struct socket_output *output = loop->spare_outputs;
	if (output != NULL) {
		loop->spare_outputs = output->next_spare;
		loop->spare_output_count--;
	} else {
		output = mem_alloc(sizeof *output);
	}
	output->owner = s;
	link_init(&output->parked);
	output->sent = 0;
	output->first = 0;
	output->message = NULL;
	return output;
}

static void output_free(struct loop *loop, struct socket_output *output)
{
	link_remove(&output->parked);
	mem_free(output->message);
	if (loop->spare_output_count == LOOP_SPARE_OUTPUTS) {
		mem_free(output);
		return;
	}
	output->next_spare = loop->spare_outputs;
	loop->spare_outputs = output;
	loop->spare_output_count++;
}

void sockets_free_spare(struct loop *loop)
{
	while (loop->spare_outputs != NULL) {
		struct socket_output *next = loop->spare_outputs->next_spare;
		mem_free(loop->spare_outputs);
		loop->spare_outputs = next;
	}
	loop->spare_output_count = 0;
}

bool socket_output_advance(struct socket_output *output, size_t sent)
{
	ASSERT(sent <= output->total - output->sent);
	output->sent += sent;
	while (output->first < output->count && sent >= output->iov[output->first].iov_len)
		sent -= output->iov[output->first++].iov_len;
	if (output->first == output->count)
		return true;
	struct iovec *piece = &output->iov[output->first];
	piece->iov_base = (char *)piece->iov_base + sent;
	piece->iov_len -= sent;
	return false;
}

/* Keeps what is left behind `sent` bytes. */
static void output_keep(struct loop *loop, struct socket *s, const struct iovec *pieces, int count)
{
	struct socket_output *output = output_new(loop, s);
	size_t total = 0;
	for (int i = 0; i < count; i++) {
		output->iov[i] = pieces[i];
		total += pieces[i].iov_len;
	}
	output->total = total;
	output->count = count;
	s->output = output;
	s->flags |= SOCKET_SENDING;
}

void socket_output_done(struct loop *loop, struct socket *s, ssize_t result)
{
	struct socket_output *output = s->output;
	s->output = NULL;
	s->flags &= (uint16_t) ~(SOCKET_SENDING | SOCKET_WANT_WRITE);
	if (result >= 0)
		result = (ssize_t)output->total;
	output_free(loop, output);
	s->events->on_sent(s, result);
	if ((s->flags & (SOCKET_OUT_ARMED | SOCKET_WANT_WRITE | SOCKET_CLOSED)) == SOCKET_OUT_ARMED)
		loop->backend->socket_update(loop, s);
}

/* Sends as much of the output as the kernel takes. */
static void output_push(struct loop *loop, struct socket *s)
{
	struct socket_output *output = s->output;
	ssize_t n = send_pieces(s->fd, output->iov + output->first, output->count - output->first);
	if (n < 0 || socket_output_advance(output, (size_t)n)) {
		socket_output_done(loop, s, n);
		return;
	}
	s->flags |= SOCKET_WANT_WRITE;
	loop->backend->socket_update(loop, s);
}

void socket_writable(struct loop *loop, struct socket *s)
{
	if ((s->flags & (SOCKET_WANT_WRITE | SOCKET_CLOSED)) == SOCKET_WANT_WRITE)
		output_push(loop, s);
}

HOT void socket_send(struct loop *loop, struct socket *s, const struct iovec *pieces, int count)
{
	ASSERT(count > 0 && count <= LOOP_SEND_IOV);
	ASSERT(!(s->flags & (SOCKET_SENDING | SOCKET_CLOSED)));
	if (UNLIKELY(loop->backend->send != NULL)) {
		output_keep(loop, s, pieces, count);
		loop->backend->send(loop, s);
		return;
	}
	if (UNLIKELY(s->flags & SOCKET_IN_SENT)) {
		output_keep(loop, s, pieces, count);
		link_add_tail(&loop->outputs, &s->output->parked);
		return;
	}
	size_t total = 0;
	for (int i = 0; i < count; i++)
		total += pieces[i].iov_len;
	ssize_t n = send_pieces(s->fd, pieces, count);
	if (UNLIKELY(n >= 0 && (size_t)n < total)) {
		output_keep(loop, s, pieces, count);
		socket_output_advance(s->output, (size_t)n);
		s->flags |= SOCKET_WANT_WRITE;
		loop->backend->socket_update(loop, s);
		return;
	}
	s->flags |= SOCKET_IN_SENT;
	s->events->on_sent(s, n);
	s->flags &= (uint16_t)~SOCKET_IN_SENT;
}

void sockets_send_parked(struct loop *loop)
{
	/* Only those of now: one whose on_sent sends again comes next turn. */
	struct link round;
	link_init(&round);
	list_move(&round, &loop->outputs);
	while (!link_is_empty(&round)) {
		struct socket_output *output = LINK_OWNER(round.next, struct socket_output, parked);
		link_remove(&output->parked);
		struct socket *s = output->owner;
		s->flags |= SOCKET_IN_SENT;
		output_push(loop, s);
		s->flags &= (uint16_t)~SOCKET_IN_SENT;
	}
}

bool socket_is_sending(const struct socket *s)
{
	return s->flags & SOCKET_SENDING;
}

/* --- closing ----------------------------------------------------------------------------- */

void socket_close(struct loop *loop, struct socket *s)
{
	if (s->flags & SOCKET_CLOSED)
		return;
	s->flags |= SOCKET_CLOSED;
	link_remove(&s->ready);
	if (s->output != NULL)
		link_remove(&s->output->parked);
	link_add_tail(&loop->closing, &s->ready);
}

bool socket_is_closed(const struct socket *s)
{
	return s->flags & SOCKET_CLOSED;
}

void socket_detached(struct loop *loop, struct socket *s)
{
	ASSERT((s->flags & SOCKET_LEAVING) && s->references == 0 && loop->attached > 0);
	loop->attached--;
	close(s->fd);
	s->fd = -1;
	if (s->output != NULL)
		output_free(loop, s->output);
	s->output = NULL;
	link_add_tail(&loop->closed, &s->ready);
}

void sockets_release(struct loop *loop)
{
	while (!link_is_empty(&loop->closing)) {
		struct socket *s = socket_of(loop->closing.next);
		link_remove(&s->ready);
		/* Says goodbye even where a forked child still holds the descriptor. */
		shutdown(s->fd, SHUT_RDWR);
		s->flags |= SOCKET_LEAVING;
		loop->backend->socket_remove(loop, s);
	}
	if (loop->depth > 0)
		return;
	while (!link_is_empty(&loop->closed)) {
		struct socket *s = socket_of(loop->closed.next);
		link_remove(&s->ready);
		s->events->on_closed(s);
	}
}
