/* SPDX-License-Identifier: BSD-3-Clause
 *
 * SIGTERM and SIGINT as events of the loop; SIGHUP and SIGPIPE ignored. One loop of a process can
 * have them.
 */
#ifndef RINGLET_IO_SIGNALS_H
#define RINGLET_IO_SIGNALS_H

struct loop;

#define SIGNALS_SCRAP_MAX_BYTES 256

/* From now on `handler` is called on the loop's thread, once for all the signals of one kind that
 * came since. A second SIGINT that arrives before the first was handled ends the process at once,
 * so that a stuck loop can be left with Ctrl-C. 0 or -errno. */
int signals_open(struct loop *loop, void (*handler)(int signal, void *context), void *context);
/* What is done now, without turns of the loop, is the last work of the process: a SIGINT that comes
 * during it ends the process at once, and deletes the file `scrap` that it was writing ("" = none).
 * NULL: it is over. */
void signals_last_work(const char *scrap);
/* From here on they are ignored: the process is about to end. */
void signals_close(struct loop *loop);

#endif
