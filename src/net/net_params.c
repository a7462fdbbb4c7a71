/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What of the network can be configured: addresses, timeouts, and the limits of one client.
 */
#include "net/net_params.h"

#include "base/mem.h"
#include "base/num.h"
#include "io/files_limit.h"
#include "net/net.h"

#define AT(field) PARAM_FIELD(struct net_config, field)

/* Descriptors that are not clients': listeners, logs, rings, the offload thread's files. */
#define NET_RESERVED_FILES 32

static bool net_apply_listen(void *owner, void *context, struct param_error *error)
{
	char why[256];
	(void)owner;
	if (context == NULL || net_listen(context, why, sizeof(why)))
		return true;
	return param_fail(error, "Unable to listen on this port. Check server logs.");
}

static bool net_apply_bind(void *owner, void *context, struct param_error *error)
{
	char why[256];
	(void)owner;
	if (context == NULL || net_listen(context, why, sizeof(why)))
		return true;
	return param_fail(error, "Failed to bind to specified addresses.");
}

static bool net_apply_pages(void *owner, void *context, struct param_error *error)
{
	char why[256];
	(void)owner;
	if (context == NULL || net_pages_listen(context, why, sizeof(why)))
		return true;
	return param_fail(error, "Unable to listen for metrics: %s", why);
}

static bool net_check_bind(struct bytes text, struct param_error *error)
{
	struct param_words words;
	if (!param_split(text, &words))
		return param_fail(error, "Unbalanced quotes in bind addresses.");
	int count = words.argc;
	param_words_release(&words);
	return count <= NET_BIND_MAX || param_fail(error, "Too many bind addresses specified.");
}

static bool net_apply_maxclients(void *owner, void *context, struct param_error *error)
{
	const struct net_config *config = owner;
	(void)context;
	uint64_t wanted = (uint64_t)config->maxclients + NET_RESERVED_FILES;
	uint64_t got = files_limit_raise(wanted);
	if (got >= wanted)
		return true;
	return param_fail(error,
		"The operating system is not able to handle the specified number of clients, try "
		"with %d",
		got > NET_RESERVED_FILES ? (int)(got - NET_RESERVED_FILES) : 1);
}

static bool net_apply_eviction(void *owner, void *context, struct param_error *error)
{
	(void)owner;
	(void)error;
	if (context != NULL)
		net_evict_clients(context);
	return true;
}

/* --- client-output-buffer-limit: class, hard, soft and seconds, any number of times --- */

static const struct {
	const char *name, *other;
	enum session_class class;
	const char *fallback;
} net_limit_classes[] = {
	{"normal", NULL, CLASS_NORMAL, "0 0 0"},
	{"slave", "replica", CLASS_REPLICA, "268435456 67108864 60"},
	{"pubsub", NULL, CLASS_PUBSUB, "33554432 8388608 60"},
};
#define NET_LIMIT_CLASSES (sizeof(net_limit_classes) / sizeof(net_limit_classes[0]))

static int net_limit_class(struct bytes name)
{
	for (size_t i = 0; i < NET_LIMIT_CLASSES; i++)
		if (bytes_is(name, net_limit_classes[i].name) ||
			(net_limit_classes[i].other != NULL &&
				bytes_is(name, net_limit_classes[i].other)))
			return (int)net_limit_classes[i].class;
	return -1;
}

static bool net_limits_set(const struct param_row *row, void *owner, const struct bytes *argv,
	int argc, struct param_error *error)
{
	struct net_config *config = owner;
	struct net_output_limit limits[CLASS_COUNT];
	(void)row;
	if (argc == 0 || argc % 4 != 0)
		return param_fail(
			error, "Wrong number of arguments in buffer limit configuration.");
	memcpy(limits, config->output_limits, sizeof(limits));
	for (int i = 0; i < argc; i += 4) {
		int class = net_limit_class(argv[i]);
		if (class < 0)
			return param_fail(error,
				"Invalid client class specified in buffer limit configuration.");
		struct net_output_limit *l = &limits[class];
		if (!num_parse_size(argv[i + 1], &l->hard_bytes) ||
			!num_parse_size(argv[i + 2], &l->soft_bytes) ||
			!num_parse_i64(argv[i + 3], &l->soft_seconds) || l->soft_seconds < 0)
			return param_fail(error,
				"Error in hard, soft or soft_seconds setting in buffer "
				"limit configuration.");
	}
	memcpy(config->output_limits, limits, sizeof(limits));
	return true;
}

static void net_limit_print(const struct net_config *config, size_t index, struct buf *out)
{
	const struct net_output_limit *l = &config->output_limits[net_limit_classes[index].class];
	buf_printf(out, "%llu %llu %lld", (unsigned long long)l->hard_bytes,
		(unsigned long long)l->soft_bytes, (long long)l->soft_seconds);
}

static void net_limits_get(const struct param_row *row, const void *owner, struct buf *out)
{
	(void)row;
	for (size_t i = 0; i < NET_LIMIT_CLASSES; i++) {
		buf_printf(out, "%s%s ", i == 0 ? "" : " ", net_limit_classes[i].name);
		net_limit_print(owner, i, out);
	}
}

/* One line per class, so that each can be found and changed by hand. */
static void net_limits_rewrite(const struct param_row *row, const void *owner, struct buf *lines)
{
	for (size_t i = 0; i < NET_LIMIT_CLASSES; i++) {
		const char *name = net_limit_classes[i].other;
		buf_printf(lines, "%s %s ", row->name,
			name == NULL ? net_limit_classes[i].name : name);
		net_limit_print(owner, i, lines);
		buf_add_char(lines, '\n');
	}
}

static const struct param_special net_limits = {
	.set = net_limits_set,
	.get = net_limits_get,
	.rewrite = net_limits_rewrite,
};

const struct param_row net_params[] = {
	{.type = PARAM_SECTION,
		.name = "NETWORK",
		.help = "Where the server can be reached. Without `bind` it listens on every "
			"interface of the "
			"machine; protected-mode then still turns away remote clients as long as "
			"no password is set. "
			"A server that only this machine needs is best kept on the loopback "
			"addresses."},
	{"bind", PARAM_STRING, AT(bind), "* -::*", .flags = PARAM_MULTI_ARG,
		.check = net_check_bind, .apply = net_apply_bind, .conf = "127.0.0.1 -::1",
		.help = "Addresses to listen on, at most 16. * is every IPv4 address, ::* every "
			"IPv6 address. A - "
			"before an address means: go on without it if the machine does not have "
			"it. \"\" listens "
			"nowhere, which leaves the Unix socket. Can be changed while the server "
			"runs; if a new "
			"address fails the old ones stay."},
	{"port", PARAM_INT, AT(port), "6379", .max = 65535, .apply = net_apply_listen,
		.conf = "6379", .help = "The TCP port; 0 closes it."},
	{"tcp-backlog", PARAM_INT, AT(tcp_backlog), "511", .flags = PARAM_IMMUTABLE, .max = INT_MAX,
		.help = "How many connections may wait to be accepted. The kernel cuts it to "
			"/proc/sys/net/core/somaxconn."},
	{"unixsocket", PARAM_STRING_OR_NULL, AT(unixsocket), "", .flags = PARAM_IMMUTABLE,
		.example = "/run/ringlet/ringlet.sock",
		.help = "Path of a Unix socket to listen on as well. Clients on the same machine "
			"save the TCP stack by it."},
	{"unixsocketperm", PARAM_OCTAL, AT(unixsocketperm), "0", .flags = PARAM_IMMUTABLE,
		.max = 0777, .example = "700",
		.help = "Permissions of the Unix socket, octal; 0 leaves them to the umask."},
	{"timeout", PARAM_INT, AT(timeout_s), "0", .max = INT_MAX,
		.help = "Close a client that sent nothing for so many seconds; 0 never does."},
	{"tcp-keepalive", PARAM_INT, AT(tcp_keepalive_s), "300", .max = INT_MAX,
		.help = "Seconds of silence after which the kernel asks whether the peer is still "
			"there; 0 turns "
			"it off. Finds dead peers and keeps connections alive in firewalls "
			"between."},
	{"protected-mode", PARAM_BOOL, AT(protected_mode), "yes", .conf = "yes",
		.help = "Refuse clients of other machines as long as the default user has no "
			"password."},
	{"socket-mark-id", PARAM_INT, AT(socket_mark_id), "0", .flags = PARAM_IMMUTABLE,
		.max = INT_MAX,
		.help = "Mark for the packets of the listening sockets (SO_MARK), for routing and "
			"firewall rules; "
			"0 sets none."},
	{.type = PARAM_SECTION,
		.name = "METRICS",
		.help = "A port on which Prometheus finds /metrics, with the names that "
			"redis_exporter uses, and an orchestrator /healthz (the server answers) "
			"and /readyz (it has loaded its data and takes writes; else 503). Nobody "
			"is asked for a password there and nothing can be changed, but who reads "
			"it sees how the server is used: names of commands, no keys."},
	{"metrics-port", PARAM_INT, AT(metrics_port), "0", .max = 65535, .apply = net_apply_pages,
		.example = "9121", .help = "The TCP port; 0 closes it."},
	{"metrics-bind", PARAM_STRING, AT(metrics_bind), "127.0.0.1 -::1",
		.flags = PARAM_MULTI_ARG, .check = net_check_bind, .apply = net_apply_pages,
		.help = "Addresses to listen on for it, as with bind."},
	{.type = PARAM_SECTION,
		.name = "CLIENTS",
		.help = "What a client may cost. A client that asks for more than it reads, or "
			"sends a request that "
			"never ends, is closed before it takes the memory that the data needs."},
	{"maxclients", PARAM_INT, AT(maxclients), "10000", .min = 1, .max = 4294967295,
		.apply = net_apply_maxclients,
		.help = "Connections at the same time. Each needs a file descriptor: the limit of "
			"open files is "
			"raised at start, and if the system refuses this number is lowered with a "
			"line in the log."},
	{"maxmemory-clients", PARAM_PERCENT_OR_MEMORY, AT(maxmemory_clients), "0",
		.apply = net_apply_eviction, .example = "5%",
		.help = "Memory that all clients' buffers may take together, in bytes or percent "
			"of maxmemory; "
			"above it the largest clients are closed first. 0 sets no limit. CLIENT "
			"NO-EVICT exempts "
			"a connection."},
	{"client-query-buffer-limit", PARAM_MEMORY, AT(query_buffer_limit_bytes), "1gb",
		.min = 1 << 20, .max = INT64_MAX,
		.help = "The most that one client may have sent and not yet been executed."},
	{"proto-max-bulk-len", PARAM_MEMORY, AT(proto_max_bulk_len), "512mb", .min = 1 << 20,
		.max = INT64_MAX,
		.help = "The longest single argument, and so the longest string value."},
	{"client-output-buffer-limit", PARAM_SPECIAL, 0,
		"normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60",
		.flags = PARAM_MULTI_ARG, .special = &net_limits,
		.example = "replica 256mb 64mb 60",
		.help = "Class of clients (normal, replica, pubsub), hard limit, soft limit, "
			"seconds: a client whose "
			"unread replies pass the hard limit, or stay above the soft limit for so "
			"long, is closed. "
			"0 is no limit. Several classes may follow each other, or stand in lines "
			"of their own."},
	{0},
};
