/* SPDX-License-Identifier: BSD-3-Clause
 *
 * io_uring as proactor: multishot accept and receive into a pool of provided buffers, sends as
 * operations; nothing but the enter is a system call. For many ready connections.
 *
 * The kernel fills buffers ahead of what a turn serves, so each socket has a backlog: a chain of
 * buffers, in front of it a private copy ("spill") of what was chained when the pool needed its
 * buffers back. A single buffer is lent to on_bytes as it is; more are copied into one piece.
 *
 * Limits: a socket keeps at most CHAIN_MAX buffers; past BACKLOG_MAX bytes, or when bytes arrive
 * while it is paused, its receive is cancelled until the backlog was served, which leaves the rest
 * to the peer's window.
 *
 * Invariant: each buffer is in the kernel's ring, in one socket's chain, or lent until batch_done.
 */
#include "base/mem.h"
#include "io/ring.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define ENTRIES 1024
#define COMPLETIONS 8192
#define BUFFER_COUNT 256 /* a power of two */
#define BUFFER_BYTES 4096
#define POOL_RING_BYTES (BUFFER_COUNT * sizeof(struct io_uring_buf)) /* whole pages */
#define POOL_BYTES (POOL_RING_BYTES + (size_t)BUFFER_COUNT * BUFFER_BYTES)
#define BUFFER_GROUP 0
#define BUFFER_NONE 0xffff
#define CHAIN_MAX 8
#define BACKLOG_MAX (128 * 1024)
#define SEND_MAX (1u << 30) /* bytes of one operation */

struct proactor {
	struct ring ring;
	struct io_uring_buf_ring *pool;
	char *memory;
	struct link starved; /* sockets whose receive ended for want of a buffer */
	unsigned lent_count;
	uint16_t lent[LOOP_BATCH_SOCKETS];
	uint16_t next[BUFFER_COUNT]; /* in a chain */
	uint16_t len[BUFFER_COUNT];
};

/* A socket's receiving side, reached by its token. */
struct inbox {
	struct link starved;
	struct socket *owner;
	uint16_t head, tail; /* chain of buffers */
	uint16_t chained;    /* how many */
	uint16_t offset;     /* bytes of the head that are consumed */
	bool is_cancelling;
	bool has_end;
	int error; /* of the end */
	size_t bytes; /* in chain and spill */
	char *spill;
	size_t spill_at, spill_len, spill_room;
};

/* A listener's, outlives it until the kernel has let go. */
struct accepts {
	struct listener *owner; /* NULL: closed */
	bool is_armed;
};

static inline struct proactor *proactor_of(struct loop *loop)
{
	return loop->state;
}

static inline struct inbox *inbox_of(const struct socket *s)
{
	return (struct inbox *)(uintptr_t)s->token;
}

/* --- the pool ---------------------------------------------------------------------------- */

static char *buffer_at(struct proactor *p, uint16_t id)
{
	return p->memory + (size_t)id * BUFFER_BYTES;
}

static void buffer_give_back(struct proactor *p, uint16_t id)
{
	io_uring_buf_ring_add(p->pool, buffer_at(p, id), BUFFER_BYTES, id, BUFFER_COUNT - 1, 0);
	io_uring_buf_ring_advance(p->pool, 1);
}

static int pool_open(struct proactor *p)
{
	/* Mapped, not allocated: pages that no buffer has used yet cost nothing. */
	const int how = MAP_ANONYMOUS | MAP_PRIVATE;
	char *pool = mmap(NULL, POOL_BYTES, PROT_READ | PROT_WRITE, how, -1, 0);
	if (pool == MAP_FAILED)
		return -errno;
	/* The kernel writes here without our knowing: a forked child must not get us a copy. */
	madvise(pool, POOL_BYTES, MADV_DONTFORK);
	struct io_uring_buf_reg reg = {
		.ring_addr = (uint64_t)(uintptr_t)pool,
		.ring_entries = BUFFER_COUNT,
		.bgid = BUFFER_GROUP,
	};
	int rc = io_uring_register_buf_ring(&p->ring.io, &reg, 0);
	if (rc < 0) {
		munmap(pool, POOL_BYTES);
		return rc;
	}
	p->pool = (struct io_uring_buf_ring *)(void *)pool;
	p->memory = pool + POOL_RING_BYTES;
	io_uring_buf_ring_init(p->pool);
	for (unsigned id = 0; id < BUFFER_COUNT; id++)
		buffer_give_back(p, (uint16_t)id);
	return 0;
}

static int proactor_open(struct loop *loop, char *why, size_t why_size)
{
	const struct ring_options options = {
		.entries = ENTRIES,
		.completions = COMPLETIONS,
		.is_reactor = true,
	};
	struct proactor *p = mem_calloc_aligned(64, sizeof *p);
	link_init(&p->starved);
	int rc = ring_open(&p->ring, &options, why, why_size);
	if (rc < 0) {
		mem_free(p);
		return rc;
	}
	if (!p->ring.is_modern) {
		rc = -ENOSYS;
		snprintf(why, why_size, "the kernel has no multishot receive (6.1 has)");
	} else {
		rc = pool_open(p);
		if (rc < 0)
			snprintf(why, why_size, "provided buffers are refused (%s)", strerror(-rc));
	}
	if (rc < 0) {
		ring_close(&p->ring);
		mem_free(p);
		return rc;
	}
	loop->state = p;
	loop->ring = &p->ring;
	return 0;
}

static void proactor_close(struct loop *loop)
{
	struct proactor *p = proactor_of(loop);
	ring_drain(loop);
	ring_close(&p->ring);
	munmap(p->pool, POOL_BYTES);
	mem_free(p);
	loop->ring = NULL;
}

/* --- the backlog of a socket ------------------------------------------------------------- */

static void chain_add(struct proactor *p, struct inbox *in, uint16_t id, uint16_t len)
{
	p->len[id] = len;
	p->next[id] = BUFFER_NONE;
	if (in->chained == 0)
		in->head = id;
	else
		p->next[in->tail] = id;
	in->tail = id;
	in->chained++;
	in->bytes += len;
}

/* Takes the head off the chain, its bytes being consumed; the buffer is the caller's. */
static uint16_t chain_take(struct proactor *p, struct inbox *in)
{
	uint16_t id = in->head;
	in->head = p->next[id];
	in->chained--;
	in->offset = 0;
	return id;
}

static size_t chain_copy(struct proactor *p, struct inbox *in, char *into, size_t room)
{
	size_t copied = 0;
	while (in->chained > 0 && copied < room) {
		size_t left = (size_t)(p->len[in->head] - in->offset);
		size_t n = left < room - copied ? left : room - copied;
		memcpy(into + copied, buffer_at(p, in->head) + in->offset, n);
		copied += n;
		in->offset = (uint16_t)(in->offset + n);
		if (n == left)
			buffer_give_back(p, chain_take(p, in));
	}
	return copied;
}

/* Moves the chain behind the spill. */
static void chain_spill(struct proactor *p, struct inbox *in)
{
	size_t needed = in->bytes; /* of both */
	if (in->spill_at > 0) {
		memmove(in->spill, in->spill + in->spill_at, in->spill_len);
		in->spill_at = 0;
	}
	if (needed > in->spill_room) {
		in->spill = mem_realloc(in->spill, needed);
		in->spill_room = needed;
	}
	in->spill_len += chain_copy(p, in, in->spill + in->spill_len, needed - in->spill_len);
	ASSERT(in->chained == 0 && in->spill_len == in->bytes);
}

static void spill_free(struct inbox *in)
{
	mem_free(in->spill);
	in->spill = NULL;
	in->spill_at = in->spill_len = in->spill_room = 0;
}

static size_t spill_copy(struct inbox *in, char *into, size_t room)
{
	size_t n = in->spill_len < room ? in->spill_len : room;
	memcpy(into, in->spill + in->spill_at, n);
	in->spill_at += n;
	in->spill_len -= n;
	if (in->spill_len == 0)
		spill_free(in);
	return n;
}

/* --- receiving --------------------------------------------------------------------------- */

static void receive_arm(struct loop *loop, struct socket *s)
{
	struct inbox *in = inbox_of(s);
	if (s->flags & (SOCKET_IN_ARMED | SOCKET_PAUSED | SOCKET_ENDED | SOCKET_CLOSED))
		return;
	if (in->has_end || in->bytes > BACKLOG_MAX)
		return;
	struct io_uring_sqe *sqe = ring_sqe(loop->ring, s, RING_SOCKET_IN);
	io_uring_prep_recv_multishot(sqe, s->fd, NULL, 0, 0);
	sqe->flags |= IOSQE_BUFFER_SELECT;
	sqe->buf_group = BUFFER_GROUP;
	s->flags |= SOCKET_IN_ARMED;
	s->references++;
	in->is_cancelling = false;
}

static void receive_cancel(struct loop *loop, struct socket *s)
{
	struct inbox *in = inbox_of(s);
	if (!(s->flags & SOCKET_IN_ARMED) || in->is_cancelling)
		return;
	in->is_cancelling = true;
	ring_cancel(loop->ring, s, RING_SOCKET_IN);
}

static void buffer_arrived(struct loop *loop, struct socket *s, uint16_t id, int len)
{
	struct proactor *p = proactor_of(loop);
	struct inbox *in = inbox_of(s);
	if (len <= 0 || (s->flags & (SOCKET_CLOSED | SOCKET_ENDED))) {
		buffer_give_back(p, id);
		return;
	}
	chain_add(p, in, id, (uint16_t)len);
	if ((s->flags & SOCKET_PAUSED) || in->bytes > BACKLOG_MAX)
		receive_cancel(loop, s);
	if ((s->flags & SOCKET_PAUSED) || in->chained > CHAIN_MAX)
		chain_spill(p, in);
	socket_mark(loop, s, SOCKET_READABLE);
}

/* Tells the end when no bytes lie before it. */
static void end_mark(struct loop *loop, struct socket *s)
{
	struct inbox *in = inbox_of(s);
	unsigned how = in->error != 0 ? SOCKET_FAILED : SOCKET_HUNG_UP;
	if (in->has_end && in->bytes == 0)
		socket_mark(loop, s, SOCKET_READABLE | how);
}

/* The multishot receive is over: for good, or because something ran out. */
static void receive_over(struct loop *loop, struct socket *s, int result)
{
	struct inbox *in = inbox_of(s);
	s->flags &= (uint16_t)~SOCKET_IN_ARMED;
	s->references--;
	if (s->flags & SOCKET_CLOSED)
		return;
	if (result == 0 || (result < 0 && result != -ENOBUFS && result != -ECANCELED &&
			    result != -EINTR && result != -EAGAIN)) {
		in->has_end = true;
		in->error = -result;
		end_mark(loop, s);
	} else if (!link_is_linked(&in->starved)) {
		link_add_tail(&proactor_of(loop)->starved, &in->starved);
	}
}

static void inbox_free(struct proactor *p, struct inbox *in)
{
	link_remove(&in->starved);
	while (in->chained > 0)
		buffer_give_back(p, chain_take(p, in));
	spill_free(in);
	mem_free(in);
}

static void detach_if_idle(struct loop *loop, struct socket *s)
{
	if (s->references > 0 || !(s->flags & SOCKET_LEAVING))
		return;
	inbox_free(proactor_of(loop), inbox_of(s));
	socket_detached(loop, s);
}

static void in_completed(struct loop *loop, struct socket *s, const struct io_uring_cqe *cqe)
{
	uint16_t buffer = (uint16_t)(cqe->flags >> IORING_CQE_BUFFER_SHIFT);
	if (cqe->flags & IORING_CQE_F_BUFFER)
		buffer_arrived(loop, s, buffer, cqe->res);
	if (LIKELY(cqe->flags & IORING_CQE_F_MORE))
		return;
	receive_over(loop, s, cqe->res);
	detach_if_idle(loop, s);
}

static ssize_t backlog_empty(struct socket *s)
{
	struct inbox *in = inbox_of(s);
	s->flags &= (uint16_t)~SOCKET_READABLE;
	if (!in->has_end)
		return -EAGAIN;
	return in->error == 0 ? 0 : -in->error;
}

static ssize_t proactor_receive(struct loop *loop, struct socket *s, char **into, size_t room)
{
	struct proactor *p = proactor_of(loop);
	struct inbox *in = inbox_of(s);
	if (in->bytes == 0)
		return backlog_empty(s);
	size_t n = 0;
	bool is_arena = *into == loop->arena[loop->depth - 1] + loop->arena_used;
	if (in->spill_len > 0)
		n = spill_copy(in, *into, room);
	/* Inside another turn nothing is lent: its batch_done would give back the outer one's. */
	bool can_lend = in->chained == 1 && in->offset == 0 && is_arena && loop->depth == 1;
	if (n == 0 && can_lend && p->lent_count < LOOP_BATCH_SOCKETS) {
		n = p->len[in->head];
		*into = buffer_at(p, in->head);
		p->lent[p->lent_count++] = chain_take(p, in);
	} else {
		n += chain_copy(p, in, *into + n, room - n);
	}
	in->bytes -= n;
	if (in->bytes == 0)
		s->flags &= (uint16_t)~SOCKET_READABLE;
	if (in->has_end && in->bytes == 0)
		s->flags |= SOCKET_READABLE | SOCKET_HUNG_UP;
	receive_arm(loop, s);
	return (ssize_t)n;
}

static void proactor_batch_done(struct loop *loop)
{
	struct proactor *p = proactor_of(loop);
	if (loop->depth > 1)
		return;
	while (p->lent_count > 0)
		buffer_give_back(p, p->lent[--p->lent_count]);
}

/* --- sending ----------------------------------------------------------------------------- */

static void send_queue(struct loop *loop, struct socket *s, int flags)
{
	struct socket_output *output = s->output;
	struct io_uring_sqe *sqe = ring_sqe(loop->ring, s, RING_SOCKET_OUT);
	const struct iovec *piece = &output->iov[output->first];
	int count = output->count - output->first;
	if (count == 1) {
		size_t len = piece->iov_len < SEND_MAX ? piece->iov_len : SEND_MAX;
		io_uring_prep_send(sqe, s->fd, piece->iov_base, len, flags);
	} else {
		if (output->message == NULL)
			output->message = mem_alloc(sizeof *output->message);
		*output->message = (struct msghdr){.msg_iov = &output->iov[output->first],
						   .msg_iovlen = (size_t)count};
		io_uring_prep_sendmsg(sqe, s->fd, output->message, (unsigned)flags);
	}
	s->flags |= SOCKET_OUT_ARMED;
	s->references++;
}

/* The first try never waits, so it completes within the enter that submits it, and the same
 * enter can sleep until something else happens. */
static void proactor_send(struct loop *loop, struct socket *s)
{
	send_queue(loop, s, MSG_DONTWAIT | MSG_NOSIGNAL);
	loop->ring->instant++;
}

static void out_completed(struct loop *loop, struct socket *s, int result)
{
	s->flags &= (uint16_t)~SOCKET_OUT_ARMED;
	s->references--;
	if (s->flags & SOCKET_CLOSED) {
		detach_if_idle(loop, s);
		return;
	}
	if (result == -EINTR || result == -EAGAIN)
		result = 0;
	if (result < 0 || socket_output_advance(s->output, (size_t)result))
		socket_output_done(loop, s, result);
	else
		send_queue(loop, s, MSG_WAITALL | MSG_NOSIGNAL);
}

/* --- accepting --------------------------------------------------------------------------- */

static void accept_arm(struct loop *loop, struct accepts *a)
{
	struct io_uring_sqe *sqe = ring_sqe(loop->ring, a, RING_LISTENER);
	io_uring_prep_multishot_accept(sqe, a->owner->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	a->is_armed = true;
}

static int proactor_listener_add(struct loop *loop, struct listener *l)
{
	struct accepts *a = l->backend_data;
	if (a == NULL) {
		a = mem_calloc(1, sizeof *a);
		a->owner = l;
		l->backend_data = a;
	}
	if (!a->is_armed)
		accept_arm(loop, a);
	return 0;
}

static void proactor_listener_remove(struct loop *loop, struct listener *l)
{
	struct accepts *a = l->backend_data;
	a->owner = NULL;
	if (!a->is_armed) {
		mem_free(a);
		return;
	}
	loop->ring->orphans++;
	ring_cancel(loop->ring, a, RING_LISTENER);
}

static void accept_completed(struct loop *loop, struct accepts *a, const struct io_uring_cqe *cqe)
{
	if (cqe->res >= 0) {
		if (a->owner == NULL)
			close(cqe->res);
		else
			listener_accepted(a->owner, cqe->res);
	}
	if (cqe->flags & IORING_CQE_F_MORE)
		return;
	a->is_armed = false;
	if (a->owner == NULL) {
		loop->ring->orphans--;
		mem_free(a);
	} else if (cqe->res < 0 && listener_error_lasts(-cqe->res)) {
		listener_failed(a->owner, -cqe->res);
	} else {
		accept_arm(loop, a);
	}
}

/* --- the turn ---------------------------------------------------------------------------- */

static bool proactor_wait(struct loop *loop, int64_t timeout_us)
{
	struct proactor *p = proactor_of(loop);
	/* The batches have given their buffers back. */
	while (!link_is_empty(&p->starved)) {
		struct inbox *in = LINK_OWNER(p->starved.next, struct inbox, starved);
		link_remove(&in->starved);
		receive_arm(loop, in->owner);
	}
	if (loop->idle.company > 1)
		ring_expect(&p->ring, loop->idle.company, idle_gather_us(loop));
	return ring_wait(&p->ring, timeout_us, loop->before_wait_us);
}

static void proactor_collect(struct loop *loop)
{
	struct io_uring_cqe cqe;
	while (ring_next(loop->ring, &cqe)) {
		void *owner = ring_owner_of(cqe.user_data);
		switch (ring_tag_of(cqe.user_data)) {
		case RING_SOCKET_IN:
			in_completed(loop, owner, &cqe);
			break;
		case RING_SOCKET_OUT:
			out_completed(loop, owner, cqe.res);
			break;
		case RING_LISTENER:
			accept_completed(loop, owner, &cqe);
			break;
		default:
			ring_dispatch(loop, &cqe);
		}
	}
}

static int proactor_socket_add(struct loop *loop, struct socket *s)
{
	struct inbox *in = mem_calloc(1, sizeof *in);
	in->owner = s;
	link_init(&in->starved);
	s->token = (uint64_t)(uintptr_t)in;
	receive_arm(loop, s);
	return 0;
}

static void proactor_socket_update(struct loop *loop, struct socket *s)
{
	receive_arm(loop, s);
}

static void proactor_socket_remove(struct loop *loop, struct socket *s)
{
	receive_cancel(loop, s);
	if (s->flags & SOCKET_OUT_ARMED)
		ring_cancel(loop->ring, s, RING_SOCKET_OUT);
	detach_if_idle(loop, s);
}

const struct loop_backend backend_uring_proactor = {
	.name = "io_uring-proactor",
	.open = proactor_open,
	.close = proactor_close,
	.wait = proactor_wait,
	.collect = proactor_collect,
	.socket_add = proactor_socket_add,
	.socket_update = proactor_socket_update,
	.socket_remove = proactor_socket_remove,
	.receive = proactor_receive,
	.batch_done = proactor_batch_done,
	.send = proactor_send,
	.watch_add = ring_watch_add,
	.watch_update = ring_watch_update,
	.watch_remove = ring_watch_remove,
	.listener_add = proactor_listener_add,
	.listener_remove = proactor_listener_remove,
};
