/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The parameters of struct keyspace_config. The group's context is the struct keyspace, or NULL
 * before it exists.
 */
#ifndef RINGLET_STORE_STORE_PARAMS_H
#define RINGLET_STORE_STORE_PARAMS_H

#include "base/param.h"

extern const struct param_row store_params[];

#endif
