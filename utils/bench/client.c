/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Blocking sockets on purpose: in a lockstep batch the first receive puts the client to sleep and
 * so hands the core to the server; an event loop on this side would only add system calls to be
 * measured.
 */
#include "client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "util.h"

static char read_buffer[CLIENT_READ_BYTES];

int client_try(int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	struct timeval silence = { .tv_sec = CLIENT_SILENCE_S };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0)
		return -1;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof silence);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &silence, sizeof silence);
	if (!connect(fd, (struct sockaddr *)&address, sizeof address))
		return fd;
	close(fd);
	return -1;
}

void client_open(struct client *client, int port)
{
	memset(client, 0, sizeof *client);
	client->fd = client_try(port);
	if (client->fd < 0)
		die("cannot connect to port %d", port);
}

void client_close(struct client *client)
{
	close(client->fd);
	free(client->out);
	memset(client, 0, sizeof *client);
	client->fd = -1;
}

void client_send(const struct client *client, const char *data, size_t len)
{
	while (len) {
		ssize_t sent = send(client->fd, data, len, MSG_NOSIGNAL);

		if (sent <= 0)
			die("the server takes no more requests");
		data += sent;
		len -= (size_t)sent;
	}
}

void client_await(struct client *client, uint64_t until)
{
	while (client->scan.replies < until) {
		ssize_t got = recv(client->fd, read_buffer, sizeof read_buffer, 0);

		if (got <= 0)
			die("the server sends no reply");
		reply_scan(&client->scan, read_buffer, (size_t)got, until);
		if (client->scan.is_bad)
			die("the server's reply is no RESP");
	}
}

char *client_ask(int port, const char *request)
{
	struct client client;
	char *text = grab(CLIENT_READ_BYTES, 1);
	size_t len = 0;

	client_open(&client, port);
	client_send(&client, request, strlen(request));
	while (!client.scan.replies && len < CLIENT_READ_BYTES - 1) {
		ssize_t got = recv(client.fd, text + len, CLIENT_READ_BYTES - 1 - len, 0);

		if (got <= 0)
			die("the server sends no reply to %s", request);
		reply_scan(&client.scan, text + len, (size_t)got, 1);
		len += (size_t)got;
	}
	client_close(&client);
	return text;
}

void client_load(int port, const struct request *request, uint64_t count)
{
	struct client client;

	client_open(&client, port);
	client.out = grab(LOAD_BATCH, request->size_max);
	for (uint64_t done = 0; done < count;) {
		uint64_t stop = done + LOAD_BATCH < count ? done + LOAD_BATCH : count;
		size_t len = 0;

		for (; done < stop; done++)
			len += request_render_nth(request, done, client.out + len);
		client_send(&client, client.out, len);
		client_await(&client, done);
	}
	if (client.scan.errors)
		die("loading failed: %s", client.scan.error);
	client_close(&client);
}
