/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Timeouts as arguments: the two forms and their errors.
 */
#include "cmd/timeout.h"

#include "base/num.h"
#include "exec/exec.h"

#include <math.h>

/* A moment must fit when the timeout is added to it. */
static bool timeout_fits(struct call *call, int64_t ms)
{
	if (ms < 0) {
		call_fail(call, E_TIMEOUT_NEGATIVE);
		return false;
	}
	if (ms > INT64_MAX - call->exec->now_ms) {
		call_fail(call, E_TIMEOUT_RANGE);
		return false;
	}
	return true;
}

bool timeout_parse_ms(struct call *call, int index, int64_t *out_ms)
{
	if (num_parse_i64(call->argv[index], out_ms))
		return timeout_fits(call, *out_ms);
	call_fail(call, E_TIMEOUT);
	return false;
}

bool timeout_parse_seconds(struct call *call, int index, int64_t *out_ms)
{
	long double seconds;

	if (!num_parse_long_double(call->argv[index], &seconds)) {
		call_fail(call, E_TIMEOUT_FLOAT);
		return false;
	}
	long double ms = ceill(seconds * 1000);
	if (ms > (long double)INT64_MAX) {
		call_fail(call, E_TIMEOUT_RANGE);
		return false;
	}
	*out_ms = ms < 0 ? -1 : (int64_t)ms;
	return timeout_fits(call, *out_ms);
}
