/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The reactor. One thread runs turns; a turn takes what the kernel completed, hands bytes up, lets
 * the owner execute what arrived (on_batch), then timers, posted work and idle slices, and waits.
 *
 * The interface speaks completions ("these bytes arrived", "this much was sent"); back ends of
 * readiness emulate it. Nothing above io/ knows which back end runs, and nothing here knows
 * what the bytes mean.
 *
 * The bytes that on_bytes hands up live in a buffer of the loop and stay valid until the end of the
 * on_batch that follows; whoever needs them longer copies them. A batch ends when the arena is full,
 * when LOOP_BATCH_SOCKETS sockets have delivered, or when all ready sockets have been read.
 */
#ifndef RINGLET_IO_LOOP_H
#define RINGLET_IO_LOOP_H

#include "base/bytes.h"
#include "base/list.h"

#include <sys/types.h>
#include <sys/uio.h>

#define LOOP_BATCH_SOCKETS 64          /* sockets read before a batch is executed */
#define LOOP_READ_BYTES (16 * 1024)    /* offered to one socket in one batch */
#define LOOP_ARENA_BYTES (LOOP_BATCH_SOCKETS * LOOP_READ_BYTES)
#define LOOP_SEND_IOV 64               /* pieces of one send */
#define LOOP_ACCEPT_PER_TURN 128       /* new connections taken by one listener in one turn */

struct loop;
struct socket;
struct timer;

enum loop_backend_kind {
	LOOP_AUTO,
	LOOP_IO_URING,          /* ring as reactor: multishot poll + recv/send */
	LOOP_IO_URING_PROACTOR, /* multishot accept and receive with provided buffers, send SQEs */
	LOOP_EPOLL,
	LOOP_POLL,
	LOOP_SELECT,
};

struct loop_options {
	enum loop_backend_kind backend;
	unsigned max_sockets; /* how many file descriptors the back end must be able to watch */
	/* Called when a batch of bytes is complete; executes requests and queues sends. */
	void (*on_batch)(void *context);
	/* Called once a turn, after sockets and timers, before waiting: flush, durable appends,
	 * background slices. Returns the microseconds the loop may sleep (0: do not sleep, more
	 * work is waiting; negative: until something happens). */
	int64_t (*on_turn_end)(void *context);
	/* Called first in each turn, after the wait: clocks are fresh. */
	void (*on_turn_begin)(void *context);
	void *context;
};

/* NULL with a reason in `error` when the named back end can't run here (select with
 * max_sockets > FD_SETSIZE says so by name; auto falls back and never fails for that). */
struct loop *loop_new(const struct loop_options *options, char *error, size_t error_size);
void loop_free(struct loop *loop);
/* Runs turns until loop_stop. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);
/* One turn from inside a long operation (loading): sockets and timers are served, at most
 * `wait_us` is slept. on_turn_end is called as well. */
void loop_turn(struct loop *loop, int64_t wait_us);

/* "io_uring", "io_uring-proactor", "epoll", "poll", "select"; why this one was chosen. */
const char *loop_backend_name(const struct loop *loop);
const char *loop_backend_reason(const struct loop *loop);
bool loop_backend_parse(const char *name, enum loop_backend_kind *out);

/* The readings of this turn. */
int64_t loop_wall_ms(const struct loop *loop);
int64_t loop_wall_us(const struct loop *loop);
int64_t loop_mono_us(const struct loop *loop);

struct loop_stats {
	uint64_t turns;          /* turns so far */
	uint64_t busy_us;        /* time outside the wait, summed */
	uint64_t longest_turn_us;
	uint64_t waits;          /* how often the thread could have slept */
};
const struct loop_stats *loop_stats_get(const struct loop *loop);
void loop_stats_reset(struct loop *loop);

/* --- sockets ---------------------------------------------------------------------------- */

struct socket_events {
	/* `data.len` > 0: bytes arrived. Must not free the socket (use socket_close). */
	void (*on_bytes)(struct socket *s, struct bytes data);
	/* The peer closed its side (error 0) or the socket failed (errno). Called once. The owner
	 * calls socket_close when it is ready to. */
	void (*on_end)(struct socket *s, int error);
	/* A send ended: `result` bytes were taken (may be short), or -errno. May be called from
	 * inside socket_send. The pieces handed to socket_send must live until here. */
	void (*on_sent)(struct socket *s, ssize_t result);
	/* The kernel is through with this socket; the owner may free its memory now. */
	void (*on_closed)(struct socket *s);
	/* Optional (NULL: never): where to receive next, for large payloads straight into their
	 * final buffer. Returns the room, 0 = use the loop's buffer. */
	size_t (*on_room)(struct socket *s, char **into);
};

/* Embedded in its owner (a connection). All fields belong to io/. */
struct socket {
	int fd;
	uint8_t state;
	uint8_t flags;
	uint16_t slot;
	const struct socket_events *events;
	struct link ready;  /* in the loop's ready or pause list */
	uint64_t token;     /* back end's own */
	void *backend_data; /* back end's own */
};

/* Takes over a connected, non-blocking fd and starts receiving. 0 or -errno (-EMFILE where the
 * back end can't watch this descriptor, as select above FD_SETSIZE). On failure fd stays the
 * caller's. */
int socket_open(struct loop *loop, struct socket *s, int fd, const struct socket_events *events);
/* Sends; one in flight at a time. Ends in on_sent, possibly before this returns. If `more` is
 * set the pieces may be corked with what follows. */
void socket_send(struct loop *loop, struct socket *s, const struct iovec *pieces, int count);
bool socket_is_sending(const struct socket *s);
/* Stops and restarts receiving (back-pressure, blocked or paused client). The end of the
 * connection is still reported while paused, where the kernel tells it. */
void socket_pause(struct loop *loop, struct socket *s);
void socket_resume(struct loop *loop, struct socket *s);
/* Shuts the socket down and closes it; on_closed follows, at the earliest after the current
 * callback returned, at the end of this turn. Nothing else is called for it any more. */
void socket_close(struct loop *loop, struct socket *s);

/* --- listeners --------------------------------------------------------------------------- */

struct listener {
	int fd;
	/* A new connection, non-blocking and close-on-exec; the callee owns fd. */
	void (*on_accept)(struct listener *l, int fd);
	/* Accept failed for good for now (EMFILE …): logged by the owner; the loop tries again on
	 * its own after 100 ms. Errors of one connection never stop the listener. */
	void (*on_error)(struct listener *l, int error);
	void *context;
	void *backend_data;
};
int listener_open(struct loop *loop, struct listener *l, int fd);
void listener_close(struct loop *loop, struct listener *l); /* closes fd as well */

/* Opened sockets for listeners: -errno or an fd bound, listening, non-blocking. `address` is
 * numeric or a name of the hosts file; "*" and "::*" are any. */
int listen_tcp(const char *address, int port, int backlog, uint32_t mark);
/* Removes an old socket file first; the mode is applied before anybody can connect (umask). */
int listen_unix(const char *path, unsigned mode, int backlog);

/* --- other file descriptors (signals, eventfd, an outgoing connect) -------------------------- */

#define WATCH_READABLE 1
#define WATCH_WRITABLE 2
struct watch {
	int fd;
	int interest; /* WATCH_* */
	void (*on_ready)(struct watch *w, int events);
	void *context;
	void *backend_data;
	uint64_t token;
};
int watch_open(struct loop *loop, struct watch *w, int fd, int interest);
void watch_change(struct loop *loop, struct watch *w, int interest);
void watch_close(struct loop *loop, struct watch *w); /* does not close fd */

/* --- timers (io/timer.c: a binary heap by deadline) -------------------------------------- */

struct timer {
	int64_t deadline_us; /* monotonic */
	size_t heap_index;   /* TIMER_IDLE when not armed */
	void (*on_timer)(struct timer *t);
	void *context;
};
#define TIMER_IDLE ((size_t)-1)
void timer_init(struct timer *t, void (*on_timer)(struct timer *t), void *context);
/* Arms or re-arms; fires once, at the end of the turn in which the deadline passed. */
void timer_arm(struct loop *loop, struct timer *t, int64_t delay_us);
void timer_disarm(struct loop *loop, struct timer *t);
static inline bool timer_is_armed(const struct timer *t)
{
	return t->heap_index != TIMER_IDLE;
}

/* --- the offload thread: what the kernel can't do asynchronously (unlink, close of a large file,
 * getaddrinfo, freeing memory) ------------------------------------------------------------- */

struct offload {
	void (*work)(struct offload *job); /* on the offload thread */
	void (*done)(struct offload *job); /* on the loop's thread; may free job. May be NULL. */
	struct offload *next;
	void *context;
};
void offload_submit(struct loop *loop, struct offload *job);
size_t offload_pending(const struct loop *loop);

/* --- the disk: the log's and the snapshot's writes ------------------------------------------- */

struct disk_op {
	/* Result of the write (bytes or -errno) and of the linked fsync (0 or -errno; 0 if none).
	 * Called on the loop's thread. */
	void (*done)(struct disk_op *op, ssize_t written, int synced);
	void *context;
	void *backend_data;
	ssize_t written;
	struct disk_op *next;
	int fd, flags, iov_count;
	int64_t offset;
	const struct iovec *iov;
};
#define DISK_FSYNC 1     /* fdatasync linked behind the write */
#define DISK_ASYNC 2     /* never inline: IOSQE_ASYNC */
/* Writes `iov` (kept by the caller until done) at `offset`; iov_count 0 = only the fsync. By
 * io_uring where the kernel has it, else by the offload thread. Never blocks the loop. */
void disk_submit(struct loop *loop, struct disk_op *op);

#endif
