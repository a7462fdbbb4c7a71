/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Putting the running call aside and taking it up again.
 *
 * Invariant: what an inner call opens it closes itself, so at the end the unit and the kept pushes
 * are empty, and the outer ones take their places. Nothing that changes data runs meanwhile:
 * whoever arranges the turn sees to that (a gate; the turn's own work asks is_nested).
 */
#include "exec/nest.h"

void exec_nest_begin(struct exec *exec, struct exec_nest *saved)
{
	ASSERT(!exec->is_nested);
	*saved = (struct exec_nest){
		.current = exec->current,
		.big_argument = exec->big_argument,
		.unit_first = exec->unit_first,
		.unit_last = exec->unit_last,
		.pushes_for = exec->pushes_for,
		.pushes = exec->pushes,
		.ticks = exec->ticks,
		.now_us = exec->now_us,
		.depth = exec->depth,
	};
	exec->current = NULL;
	exec->big_argument = NULL;
	exec->unit_first = NULL;
	exec->unit_last = &exec->unit_first;
	exec->pushes_for = NULL;
	out_init(&exec->pushes);
	exec->depth = 0;
	exec->is_nested = true;
	exec->nest_count++;
}

void exec_nest_end(struct exec *exec, const struct exec_nest *saved)
{
	ASSERT(exec->depth == 0 && exec->unit_first == NULL && exec->pushes_for == NULL);
	out_clear(&exec->pushes);
	exec->current = saved->current;
	exec->big_argument = saved->big_argument;
	exec->unit_first = saved->unit_first;
	exec->unit_last = saved->unit_first == NULL ? &exec->unit_first : saved->unit_last;
	exec->pushes_for = saved->pushes_for;
	exec->pushes = saved->pushes;
	exec->ticks = saved->ticks;
	exec->depth = saved->depth;
	exec->is_nested = false;
	exec_set_time(exec, saved->now_us);
}
