/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The entrance: what the program is depends on nothing but its arguments.
 */
#include "server/server.h"

int main(int argc, char **argv)
{
	return server_main(argc, argv);
}
