/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Watches: all of the work is the back end's. What is here keeps the descriptor and the interest in
 * one place, so that a back end may look them up at any time.
 */
#include "io/watch.h"

#include "io/loop_internal.h"

#define INTEREST_ALL (WATCH_READABLE | WATCH_WRITABLE)

int watch_open(struct loop *loop, struct watch *w, int fd, int interest)
{
	ASSERT(fd >= 0 && w->on_ready != NULL && (interest & ~INTEREST_ALL) == 0);
	w->fd = fd;
	w->interest = interest;
	w->backend_data = NULL;
	w->token = 0;
	return loop->backend->watch_add(loop, w);
}

void watch_change(struct loop *loop, struct watch *w, int interest)
{
	ASSERT((interest & ~INTEREST_ALL) == 0);
	if (w->interest == interest)
		return;
	w->interest = interest;
	loop->backend->watch_update(loop, w);
}

void watch_close(struct loop *loop, struct watch *w)
{
	w->interest = 0;
	loop->backend->watch_remove(loop, w);
}
