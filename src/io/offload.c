/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Threads for what the kernel can't do asynchronously. Two at most: one for jobs of the program,
 * one for disk operations where io_uring is refused, so that the log never waits behind an unlink.
 *
 * A queue in, under a mutex; a list out, under the same; an eventfd wakes the loop when the list
 * out becomes non-empty. Invariant: submitted - handed_back - silent jobs are queued, at work or in
 * the list out.
 */
#include "io/offload.h"

#include "base/mem.h"
#include "io/loop_internal.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define OFFLOAD_STACK_BYTES (1024 * 1024)

struct job_queue {
	struct offload *head;
	struct offload **tail;
};

struct offload_thread {
	struct loop *loop;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t filled;
	struct job_queue todo;
	struct job_queue through;
	bool is_stopping;
	size_t submitted;   /* loop's thread */
	size_t handed_back; /* loop's thread */
	size_t silent;      /* ended without a `done`; atomic */
	int event_fd;
	struct watch watch;
};

struct offload_pool {
	struct offload_thread *jobs;
	struct offload_thread *disk;
};

static void queue_init(struct job_queue *q)
{
	q->head = NULL;
	q->tail = &q->head;
}

static void queue_add(struct job_queue *q, struct offload *job)
{
	job->next = NULL;
	*q->tail = job;
	q->tail = &job->next;
}

static struct offload *queue_take(struct job_queue *q)
{
	struct offload *job = q->head;
	if (job == NULL)
		return NULL;
	q->head = job->next;
	if (q->head == NULL)
		q->tail = &q->head;
	return job;
}

static void wake_loop(struct offload_thread *t)
{
	uint64_t one = 1;
	ssize_t n;
	do {
		n = write(t->event_fd, &one, sizeof one);
	} while (n < 0 && errno == EINTR);
}

/* Called with the lock held; lets go of it while the job runs. */
static void run_job(struct offload_thread *t, struct offload *job)
{
	bool has_done = job->done != NULL; /* without one, `work` may free the job */
	pthread_mutex_unlock(&t->lock);
	job->work(job);
	pthread_mutex_lock(&t->lock);
	if (!has_done) {
		__atomic_add_fetch(&t->silent, 1, __ATOMIC_RELEASE);
		return;
	}
	bool was_empty = t->through.head == NULL;
	queue_add(&t->through, job);
	if (was_empty)
		wake_loop(t);
}

static void *thread_main(void *context)
{
	struct offload_thread *t = context;
	if (t->loop->offload_start != NULL)
		t->loop->offload_start(t->loop->offload_context);
	pthread_mutex_lock(&t->lock);
	for (;;) {
		struct offload *job = queue_take(&t->todo);
		if (job != NULL)
			run_job(t, job);
		else if (t->is_stopping)
			break;
		else
			pthread_cond_wait(&t->filled, &t->lock);
	}
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

static void hand_back(struct offload_thread *t)
{
	pthread_mutex_lock(&t->lock);
	struct offload *job = t->through.head;
	queue_init(&t->through);
	pthread_mutex_unlock(&t->lock);
	while (job != NULL) {
		struct offload *next = job->next;
		t->handed_back++;
		job->done(job);
		job = next;
	}
}

static void thread_ready(struct watch *w, int events)
{
	uint64_t count;
	(void)events;
	/* Cleared before the list is taken: what comes in between wakes again. */
	if (read(w->fd, &count, sizeof count) < 0 && errno != EAGAIN)
		return;
	hand_back(w->context);
}

/* The signals of the process are the main thread's. */
static void thread_start(struct offload_thread *t, const char *name)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_attr_t attr;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, OFFLOAD_STACK_BYTES);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int rc = pthread_create(&t->thread, &attr, thread_main, t);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	ASSERT(rc == 0);
	pthread_setname_np(t->thread, name);
}

struct offload_thread *offload_thread_get(struct loop *loop, bool for_disk)
{
	if (loop->offload == NULL)
		loop->offload = mem_calloc(1, sizeof *loop->offload);
	struct offload_thread **place = for_disk ? &loop->offload->disk : &loop->offload->jobs;
	if (*place != NULL)
		return *place;
	struct offload_thread *t = mem_calloc(1, sizeof *t);
	t->loop = loop;
	queue_init(&t->todo);
	queue_init(&t->through);
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->filled, NULL);
	t->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	ASSERT(t->event_fd >= 0);
	t->watch = (struct watch){.on_ready = thread_ready, .context = t};
	int rc = watch_open(loop, &t->watch, t->event_fd, WATCH_READABLE);
	ASSERT(rc == 0);
	thread_start(t, for_disk ? "ringlet-disk" : "ringlet-offload");
	*place = t;
	return t;
}

void offload_thread_submit(struct offload_thread *t, struct offload *job)
{
	ASSERT(job->work != NULL);
	t->submitted++;
	pthread_mutex_lock(&t->lock);
	queue_add(&t->todo, job);
	pthread_cond_signal(&t->filled);
	pthread_mutex_unlock(&t->lock);
}

void offload_on_start(struct loop *loop, void (*start)(void *context), void *context)
{
	loop->offload_start = start;
	loop->offload_context = context;
}

void offload_submit(struct loop *loop, struct offload *job)
{
	offload_thread_submit(offload_thread_get(loop, false), job);
}

size_t offload_pending(const struct loop *loop)
{
	if (loop->offload == NULL || loop->offload->jobs == NULL)
		return 0;
	const struct offload_thread *t = loop->offload->jobs;
	return t->submitted - t->handed_back - __atomic_load_n(&t->silent, __ATOMIC_ACQUIRE);
}

static void thread_close(struct loop *loop, struct offload_thread *t)
{
	if (t == NULL)
		return;
	pthread_mutex_lock(&t->lock);
	t->is_stopping = true;
	pthread_cond_signal(&t->filled);
	pthread_mutex_unlock(&t->lock);
	pthread_join(t->thread, NULL);
	hand_back(t);
	watch_close(loop, &t->watch);
	close(t->event_fd);
	pthread_cond_destroy(&t->filled);
	pthread_mutex_destroy(&t->lock);
	mem_free(t);
}

void offload_close(struct loop *loop)
{
	if (loop->offload == NULL)
		return;
	thread_close(loop, loop->offload->jobs);
	thread_close(loop, loop->offload->disk);
	mem_free(loop->offload);
	loop->offload = NULL;
}
