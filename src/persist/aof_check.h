/* SPDX-License-Identifier: BSD-3-Clause
 *
 * redis-check-aof: judges log files as a server would, cuts off what is not whole, or what is
 * younger than some moment. Prints what Redis's tool prints.
 */
#ifndef RINGLET_PERSIST_AOF_CHECK_H
#define RINGLET_PERSIST_AOF_CHECK_H

/* The tool; returns its exit code. The types must be registered (for a preamble). */
int aof_check_main(int argc, char **argv);

#endif
