/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The pages of metrics-port: /metrics, /healthz, /readyz.
 */
#ifndef RINGLET_SERVER_PAGES_H
#define RINGLET_SERVER_PAGES_H

#include "net/http.h"

/* For net_pages_init; context: the struct server. */
void pages_write(struct bytes path, struct http_page *page, void *context);

#endif
