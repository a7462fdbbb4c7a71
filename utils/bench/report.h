/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Results: one number for each figure, cell, server and round. Out of them come a Markdown table
 * with the ratios to the first server, a TSV file and a picture. A ratio is the median over the
 * rounds of the ratios within a round, so that what drifts between rounds cancels out.
 */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include "options.h"

enum {
	FIGURES_MAX = 5,
	CELLS_MAX = 512,
};

struct report {
	const struct options *options;
	const char *figure[FIGURES_MAX];       /* "server" … */
	const char *unit[FIGURES_MAX];         /* "µs/request" … */
	int figure_count, cell_count, rounds;
	char *cell[CELLS_MAX];
	double *value[CELLS_MAX];              /* [figure][server][round]; below 0: none */
};

struct report *report_new(const struct options *options, int rounds);
void report_figure(struct report *report, const char *name, const char *unit);
/* A new cell, which takes over `name`; returns its index. */
int report_cell(struct report *report, char *name);
void report_set(struct report *report, const int at[4], double value);
/* The row of one cell, as soon as it is measured, to show progress. */
void report_progress(struct report *report, int cell);
/* Tables of all figures, then the files that the options ask for. */
void report_print(struct report *report);

#endif
