/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The parameters of struct net_config. The group's context is the struct net, or NULL before it
 * exists.
 */
#ifndef RINGLET_NET_NET_PARAMS_H
#define RINGLET_NET_NET_PARAMS_H

#include "base/param.h"

extern const struct param_row net_params[];

#endif
