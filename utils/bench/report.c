/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Tables and pictures. Drawing itself is gnuplot's, by the script `plot` beside the sources.
 */
#include "report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util.h"

struct report *report_new(const struct options *options, int rounds)
{
	struct report *report = grab(1, sizeof *report);

	report->options = options;
	report->rounds = rounds;
	return report;
}

void report_figure(struct report *report, const char *name, const char *unit)
{
	report->figure[report->figure_count] = name;
	report->unit[report->figure_count++] = unit;
}

int report_cell(struct report *report, char *name)
{
	size_t slots =
		(size_t)(report->figure_count * report->options->server_count * report->rounds);

	if (report->cell_count == CELLS_MAX)
		die("at most %d cells", CELLS_MAX);
	report->cell[report->cell_count] = name;
	report->value[report->cell_count] = grab(slots, sizeof(double));
	for (size_t i = 0; i < slots; i++)
		report->value[report->cell_count][i] = -1;
	return report->cell_count++;
}

static double *row_of(struct report *report, int figure, int cell, int server)
{
	return report->value[cell] +
		(figure * report->options->server_count + server) * report->rounds;
}

/* at: figure, cell, server, round */
void report_set(struct report *report, const int at[4], double value)
{
	row_of(report, at[0], at[1], at[2])[at[3]] = value;
}

/* Median over the rounds, and the quartile range of the ratios; -1 for none. */
static double cell_median(struct report *report, int figure, int cell, int server)
{
	double sample[ROUNDS_MAX * GENERATIONS_MAX];
	double *row = row_of(report, figure, cell, server);
	int count = 0;

	for (int i = 0; i < report->rounds; i++)
		if (row[i] >= 0)
			sample[count++] = row[i];
	return count ? median(sample, count) : -1;
}

static double ratio_median(struct report *report, int figure, int cell, int server, double *spread)
{
	double sample[ROUNDS_MAX * GENERATIONS_MAX];
	double *row = row_of(report, figure, cell, server), *base = row_of(report, figure, cell, 0);
	int count = 0;

	for (int i = 0; i < report->rounds; i++)
		if (row[i] >= 0 && base[i] > 0)
			sample[count++] = row[i] / base[i];
	if (!count)
		return -1;
	*spread = percentile(sample, count, 75) - percentile(sample, count, 25);
	return median(sample, count);
}

static void row_print(struct report *report, int figure, int cell)
{
	printf("| %s |", report->cell[cell]);
	for (int i = 0; i < report->options->server_count; i++) {
		double value = cell_median(report, figure, cell, i), spread = 0;
		double ratio = ratio_median(report, figure, cell, i, &spread);

		if (value < 0) {
			printf(i ? " – | – |" : " – |");
			continue;
		}
		printf(" %.*f |", value < 10 ? 3 : value < 1000 ? 1 : 0, value);
		if (i && ratio >= 0)
			printf(" **%.2f** ±%.2f |", ratio, spread / 2);
		else if (i)
			printf(" – |");
	}
	putchar('\n');
}

static void head_print(struct report *report, int figure)
{
	const struct options *options = report->options;

	printf("\n| %s, %s |", report->figure[figure], report->unit[figure]);
	for (int i = 0; i < options->server_count; i++)
		printf(i ? " %s | ratio |" : " %s |", options->server[i].name);
	printf("\n|---|");
	for (int i = 0; i < options->server_count; i++)
		printf(i ? "---|---|" : "---|");
	putchar('\n');
}

void report_progress(struct report *report, int cell)
{
	fprintf(stderr, "%-28s", report->cell[cell]);
	for (int i = 0; i < report->options->server_count; i++)
		fprintf(stderr, "  %s %.3f", report->options->server[i].name,
			cell_median(report, 0, cell, i));
	fputc('\n', stderr);
}

static int figure_find(struct report *report)
{
	for (int i = 0; i < report->figure_count && report->options->figure; i++)
		if (!strcmp(report->figure[i], report->options->figure))
			return i;
	if (report->options->figure)
		die("no figure '%s' in this mode", report->options->figure);
	return 0;
}

/* One line a cell: name, then value and ratio of each server, tab-separated. */
static void tsv_write(struct report *report, int figure, const char *path)
{
	const struct options *options = report->options;
	FILE *file = fopen(path, "w");
	double spread;

	if (!file)
		die("cannot write %s", path);
	fprintf(file, "%s (%s)", report->figure[figure], report->unit[figure]);
	for (int i = 0; i < options->server_count; i++)
		fprintf(file, "\t%s\t%s ratio", options->server[i].name, options->server[i].name);
	fputc('\n', file);
	for (int cell = 0; cell < report->cell_count; cell++) {
		fprintf(file, "%s", report->cell[cell]);
		for (int i = 0; i < options->server_count; i++)
			fprintf(file, "\t%.4f\t%.4f", cell_median(report, figure, cell, i),
				ratio_median(report, figure, cell, i, &spread));
		fputc('\n', file);
	}
	if (fclose(file))
		die("cannot write %s", path);
}

/* Every window: figure, cell, server, round, value. */
static void raw_write(struct report *report)
{
	const struct options *options = report->options;
	int per_figure = options->server_count * report->rounds,
	    slots = report->figure_count * per_figure;
	FILE *file = fopen(options->raw, "w");

	if (!file)
		die("cannot write %s", options->raw);
	for (int cell = 0; cell < report->cell_count; cell++)
		for (int i = 0; i < slots; i++)
			fprintf(file, "%s\t%s\t%s\t%d\t%.4f\n", report->figure[i / per_figure],
				report->cell[cell],
				options->server[i % per_figure / report->rounds].name,
				i % report->rounds, report->value[cell][i]);
	if (fclose(file))
		die("cannot write %s", options->raw);
}

static void picture_draw(const struct report *report, const char *tsv, const char *picture)
{
	const char *plot = getenv("BENCH_PLOT");
	const char *title = report->options->title ? report->options->title : "";
	char *line = grab_text(
		"%s '%s' '%s' '%s'", plot ? plot : "utils/bench/plot", tsv, picture, title);

	fflush(stdout);
	if (system(line))
		die("gnuplot could not draw %s", picture);
	free(line);
}

void report_print(struct report *report)
{
	const struct options *options = report->options;
	char temporary[] = "/tmp/bench-table-XXXXXX";
	const char *tsv = options->tsv;
	int figure = figure_find(report);

	for (int i = 0; i < report->figure_count; i++) {
		head_print(report, i);
		for (int cell = 0; cell < report->cell_count; cell++)
			row_print(report, i, cell);
	}
	if (options->raw)
		raw_write(report);
	if (!tsv && !options->svg && !options->png)
		return;
	if (!tsv) {
		int fd = mkstemp(temporary);

		if (fd < 0)
			die("cannot make a file under /tmp");
		close(fd);
		tsv = temporary;
	}
	tsv_write(report, figure, tsv);
	if (options->svg)
		picture_draw(report, tsv, options->svg);
	if (options->png)
		picture_draw(report, tsv, options->png);
	if (tsv == temporary)
		remove(temporary);
}
