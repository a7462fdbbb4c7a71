/* SPDX-License-Identifier: BSD-3-Clause
 *
 * LOLWUT: art, and the version. A ringlet: a ribbon of characters that winds around a circle, from
 * where chance wants it to begin.
 */
#include "base/buf.h"
#include "base/num.h"
#include "base/rand.h"
#include "base/version.h"
#include "cmd/commands.h"
#include "exec/exec.h"

#include <math.h>

#define LOLWUT_RADIUS 9
#define LOLWUT_RADIUS_MAX 40

static char ribbon_at(double x, double y, double radius, double phase)
{
	static const char shades[] = " .:-=+*#%@";
	double distance = sqrt(x * x + y * y), angle = atan2(y, x);
	double width = radius * (0.22 + 0.16 * sin(3 * angle + phase));
	double across = fabs(distance - radius * 0.75) / width;
	if (across >= 1)
		return ' ';
	double light = 0.5 + 0.5 * sin(5 * angle + phase + across * 2);
	return shades[1 + (int)(light * 8.99)];
}

static void draw_ringlet(struct buf *out, int radius)
{
	double phase = (double)rand_below(6283) / 1000;
	for (int row = -radius; row <= radius; row++) {
		size_t start = out->len;
		for (int column = -2 * radius; column <= 2 * radius; column++)
			buf_add_char(out, ribbon_at(column / 2.0, row, radius, phase));
		while (out->len > start && out->ptr[out->len - 1] == ' ')
			out->len--;
		buf_add_char(out, '\n');
	}
}

static enum outcome lolwut(struct call *call)
{
	int64_t radius = LOLWUT_RADIUS, number, version = 0;
	struct buf text = {0};
	int next = 1;

	if (call->argc >= 3 && call_arg_is(call, 1, "version")) {
		if (!call_arg_i64(call, 2, &version))
			return FAILED;
		next = 3;
	}
	/* The drawings of these versions read so many numbers; what else is said is ignored. */
	int wanted = version == 5 ? 3 : version == 6 ? 2 : 0;
	for (int i = next; i < call->argc && i < next + wanted; i++)
		if (!call_arg_i64(call, i, &number))
			return FAILED;
	if (next < call->argc && num_parse_i64(call->argv[next], &number))
		radius = number;
	radius = radius < 1 ? 1 : radius > LOLWUT_RADIUS_MAX ? LOLWUT_RADIUS_MAX : radius;
	draw_ringlet(&text, (int)radius);
	buf_add_text(&text, "\nRinglet " RINGLET_VERSION ", Redis ver. " REDIS_VERSION "\n");
	reply_verbatim(call->reply, buf_bytes(&text), "txt");
	buf_release(&text);
	return DONE;
}

const struct command_row lolwut_commands[] = {
	{.name = "LOLWUT", .run = lolwut, .flags = CMD_READONLY | CMD_FAST, .group = "server",
		.since = "5.0.0", .syntax = "[VERSION version:integer]<[arg...]>",
		.summary = "Draws a ringlet and tells the version."},
	{.name = NULL},
};
