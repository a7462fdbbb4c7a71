/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The parameters of struct log_config. At start the roof calls log_init itself.
 */
#ifndef RINGLET_BASE_LOG_PARAMS_H
#define RINGLET_BASE_LOG_PARAMS_H

#include "base/param.h"

extern const struct param_row log_params[];

#endif
