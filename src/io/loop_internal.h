/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the files of io/ know of each other: the loop's fields, a socket's flags, and the seam
 * behind which each back end stands. Nobody above io/ includes this.
 *
 * A back end does two things in a turn: wait() sleeps in the kernel, collect() turns what came out
 * of it into marks on sockets (socket_mark, socket_writable) and calls of watches. Reading is done
 * afterwards by socket.c, batch by batch, the same way for all of them.
 */
#ifndef RINGLET_IO_LOOP_INTERNAL_H
#define RINGLET_IO_LOOP_INTERNAL_H

#include "base/assert.h"
#include "io/clock.h"
#include "io/idle.h"
#include "io/loop.h"

#include <stddef.h>

/* A socket's flags. The first three are what is known of the kernel's side; they are cleared
 * only by a receive that found the socket drained, so an edge is never lost. */
enum {
	SOCKET_READABLE = 1 << 0, /* there may be bytes or an end to receive */
	SOCKET_HUNG_UP = 1 << 1,  /* the peer's end is coming behind them */
	SOCKET_FAILED = 1 << 2,   /* … or an error */
	SOCKET_END_DUE = 1 << 3,  /* the end was received, on_end is to be called */
	SOCKET_ENDED = 1 << 4,    /* on_end was called */
	SOCKET_PAUSED = 1 << 5,
	SOCKET_CLOSED = 1 << 6,     /* socket_close was called */
	SOCKET_SENDING = 1 << 7,    /* `output` is on its way */
	SOCKET_IN_SENT = 1 << 8,    /* on_sent is being called from socket_send */
	SOCKET_WANT_WRITE = 1 << 9, /* socket.c waits for writability */
	SOCKET_OUT_ARMED = 1 << 10, /* back end's: the kernel was asked for writability */
	SOCKET_IN_ARMED = 1 << 11,  /* back end's: receive or poll is armed in a ring */
	SOCKET_HELD = 1 << 13,      /* turns inside the current one leave it alone */
	SOCKET_LEAVING = 1 << 12,   /* socket_remove was called; closed ones get there later */
};

/* The rest of a send that the kernel did not take at once. */
struct socket_output {
	struct socket *owner;
	struct socket_output *next_spare;
	struct link parked; /* in loop->outputs: not tried yet */
	size_t total;
	size_t sent;
	int first; /* pieces before it are sent */
	int count;
	struct msghdr *message; /* a ring's: must live until the operation was submitted */
	struct iovec iov[LOOP_SEND_IOV];
};
#define LOOP_SPARE_OUTPUTS 64

struct loop_backend {
	const char *name;
	unsigned socket_limit; /* as loop_socket_limit */
	/* 0 or -errno with the reason in `why`. */
	int (*open)(struct loop *loop, char *why, size_t why_size);
	void (*close)(struct loop *loop);
	/* At most timeout_us, 0 = look only, negative = until something happens. Is there something
	 * to collect? Where it can, it sleeps on until idle.company things have happened, for
	 * idle_gather_us. */
	bool (*wait)(struct loop *loop, int64_t timeout_us);
	void (*collect)(struct loop *loop);
	int (*socket_add)(struct loop *loop, struct socket *s);
	/* Flags changed (paused, ended, waiting for writability): ask the kernel for what fits. */
	void (*socket_update)(struct loop *loop, struct socket *s);
	/* Let go; ends in socket_detached, at once or in a later collect(). fd is still open. */
	void (*socket_remove)(struct loop *loop, struct socket *s);
	/* Instead of recv(2): bytes into *into, or *into set to where they are. Clears
	 * SOCKET_READABLE when nothing is left. > 0, 0 = end, -errno. May be NULL. */
	ssize_t (*receive)(struct loop *loop, struct socket *s, char **into, size_t room);
	/* The batch is over: bytes that receive() lent are free again. May be NULL. */
	void (*batch_done)(struct loop *loop);
	/* Instead of send(2) at once: starts s->output. May be NULL. */
	void (*send)(struct loop *loop, struct socket *s);
	int (*watch_add)(struct loop *loop, struct watch *w);
	void (*watch_update)(struct loop *loop, struct watch *w);
	void (*watch_remove)(struct loop *loop, struct watch *w);
	/* Instead of a watch and accept4(2). May be NULL. */
	int (*listener_add)(struct loop *loop, struct listener *l);
	void (*listener_remove)(struct loop *loop, struct listener *l);
};
extern const struct loop_backend backend_uring;
extern const struct loop_backend backend_uring_proactor;
extern const struct loop_backend backend_epoll;
extern const struct loop_backend backend_poll;
extern const struct loop_backend backend_select;

struct loop {
	struct loop_options options;
	const struct loop_backend *backend;
	void *state;       /* the back end's */
	struct ring *ring; /* the back end's ring, NULL where it has none; shared with the disk */

	struct clock_reading clock;
	int64_t before_wait_us; /* monotonic, when the wait began */
	uint64_t wait_end_ticks;
	uint64_t last_turn_ticks; /* between the two waits before */
	struct idle idle;
	int64_t idle_us; /* what on_turn_end allowed */
	bool is_stopping;
	unsigned depth; /* turns under way */

	/* A socket is in at most one of these, by its link `ready`. */
	struct link ready;   /* to be read in the next turn */
	struct link now;     /* to be read in this pass */
	struct link again;   /* had more than one read took: second pass of this turn */
	struct link held;    /* an outer turn is executing its bytes */
	struct link closing; /* socket_close was called; the back end is to let go */
	struct link closed;  /* on_closed is to be called */
	struct link outputs; /* sends that came from inside on_sent */
	size_t attached;     /* sockets that the back end knows */

	char *arena[LOOP_DEPTH_MAX]; /* one per depth; those of inner turns are made when needed */
	size_t arena_used;
	unsigned batch_sockets; /* delivered in this batch */
	uint32_t batch;         /* number of the latest batch */
	uint32_t turn_batch;    /* number of the last batch before this turn */
	uint32_t open_batch[LOOP_DEPTH_MAX]; /* under execution at that depth, 0 = none */

	struct timer **timers; /* heap: the earliest first */
	size_t timer_count;
	size_t timer_room;

	struct socket_output *spare_outputs;
	unsigned spare_output_count;
	struct listener *accepting; /* whose on_accept is being called; NULL once it is closed */
	struct offload_pool *offload;
	void (*offload_start)(void *context); /* may be NULL */
	void *offload_context;
	struct disk *disk;

	struct loop_stats stats;
	uint64_t busy_ticks;
	uint64_t longest_ticks;
	struct latency_histogram turns;
	char reason[192];
};

/* --- socket.c: called by loop.c ---------------------------------------------------------- */

/* Reads what is ready, two passes, and has each batch executed. */
void sockets_serve(struct loop *loop);
/* Starts the sends that came from inside on_sent. */
void sockets_send_parked(struct loop *loop);
/* Lets the back end go of closed sockets; on_closed where no turn is under way. */
void sockets_release(struct loop *loop);
void sockets_free_spare(struct loop *loop);

/* --- socket.c: called by back ends ------------------------------------------------------- */

/* Remembers what the kernel said and queues the socket if that is of use now. */
static inline void socket_mark(struct loop *loop, struct socket *s, unsigned flags)
{
	s->flags |= (uint16_t)flags;
	if (link_is_linked(&s->ready) || (s->flags & (SOCKET_ENDED | SOCKET_CLOSED)))
		return;
	if ((s->flags & SOCKET_PAUSED) && !(s->flags & (SOCKET_HUNG_UP | SOCKET_FAILED)))
		return;
	link_add_tail(&loop->ready, &s->ready);
}
/* The kernel would take more: go on with the output. */
void socket_writable(struct loop *loop, struct socket *s);
/* The output was sent, in whole (>= 0) or not (-errno). */
void socket_output_done(struct loop *loop, struct socket *s, ssize_t result);
/* Takes `sent` bytes off the output's front; true when nothing is left. */
bool socket_output_advance(struct socket_output *output, size_t sent);
/* No operation names the socket any more: closes fd, on_closed will follow. */
void socket_detached(struct loop *loop, struct socket *s);

/* --- others ------------------------------------------------------------------------------ */

/* timer.c: runs what is due by this turn's clock; when the next one is (INT64_MAX: never). */
void timers_run(struct loop *loop);
int64_t timers_next_us(const struct loop *loop);
/* listener.c: hands a new connection up; false when the listener was closed by that. Accept failed
 * for a reason that will last: tells the owner and comes back later. */
bool listener_accepted(struct listener *l, int fd);
void listener_failed(struct listener *l, int error);
/* True for errors of the process or the machine, false for those of one connection. */
bool listener_error_lasts(int error);
/* offload.c: one thread and its queue, with a wake-up of the loop. */
struct offload_thread;
struct offload_thread *offload_thread_get(struct loop *loop, bool for_disk);
void offload_thread_submit(struct offload_thread *thread, struct offload *job);
void offload_close(struct loop *loop);
/* disk.c */
void disk_close(struct loop *loop);
void disk_completed(struct disk_op *op, bool is_sync, int result);

#endif
