/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A payload ends with the version of the format in two bytes and a CRC-64. A younger version is
 * made one that the older server reads: the formats of the types that it knows are the same. What
 * it does not know goes in one direction only: the older server then gets its own payload back.
 */
#include "cross.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../utils/bench/reply.h"

enum {
	OLD_VERSION = 10, /* of 7.0 */
	OLD_TYPE_MAX = 19, /* 20: packed sets, 21: streams of 7.2 */
	FUNCTION_TYPE = 245,
	FOOTER = 10,
};

struct payload {
	char *data;
	size_t len;
	char expiry[32];
};

/* The CRC-64 of the format: polynomial 0xad93d23594c935a9, reflected. */
static uint64_t crc64(const char *data, size_t len)
{
	uint64_t crc = 0;

	for (size_t i = 0; i < len; i++) {
		crc ^= (unsigned char)data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = (crc >> 1) ^ (crc & 1 ? UINT64_C(0x95ac9329ac4bc9b5) : 0);
	}
	return crc;
}

static int payload_is_old(const struct payload *payload)
{
	unsigned char type = payload->len ? (unsigned char)payload->data[0] : 0;

	return type <= OLD_TYPE_MAX || type == FUNCTION_TYPE;
}

static void payload_make_old(struct payload *payload)
{
	char *footer = payload->data + payload->len - FOOTER;

	if (payload->len < FOOTER || (footer[0] <= OLD_VERSION && !footer[1]))
		return;
	footer[0] = OLD_VERSION;
	footer[1] = 0;
	uint64_t crc = crc64(payload->data, payload->len - 8);
	for (int i = 0; i < 8; i++)
		footer[2 + i] = (char)(crc >> (8 * i));
}

/* Takes the text of a bulk string; false for another reply. */
static int payload_take(struct payload *payload, struct text reply)
{
	const char *line = memchr(reply.data, '\n', reply.len);

	if (reply.data[0] != '$' || reply.data[1] == '-' || !line)
		return 0;
	payload->len = strtoul(reply.data + 1, NULL, 10);
	payload->data = malloc(payload->len + 1);
	if (!payload->data)
		abort();
	memcpy(payload->data, line + 1, payload->len);
	return 1;
}

static struct text word(const char *text)
{
	return (struct text){ text, strlen(text) };
}

/* The moment at which the key expires, "0" for never. */
static void expiry_ask(struct peer *peer, struct text key, struct payload *payload)
{
	struct text words[] = { word("PEXPIRETIME"), key };
	struct text reply = peer_call(peer, words, 2);
	long long at = strtoll(reply.data + 1, NULL, 10);

	snprintf(payload->expiry, sizeof payload->expiry, "%lld", at < 0 ? 0 : at);
}

static struct text payload_put(struct peer *peer, struct text key, const struct payload *payload)
{
	struct text bytes = { payload->data, payload->len };
	struct text value[] = { word("RESTORE"), key, word(payload->expiry), bytes,
		word("REPLACE"), word("ABSTTL") };
	struct text functions[] = { word("FUNCTION"), word("RESTORE"), bytes, word("FLUSH") };

	return key.data ? peer_call(peer, value, 6) : peer_call(peer, functions, 4);
}

void cross(struct peer peers[2], struct text key, struct text replies[2])
{
	struct payload payload[2] = { { .data = NULL }, { .data = NULL } };
	struct text dump[] = { word(key.data ? "DUMP" : "FUNCTION"),
		key.data ? key : word("DUMP") };
	int has_payload = 1;

	for (int i = 0; i < 2; i++) {
		replies[i] = peer_call(&peers[i], dump, 2);
		has_payload &= payload_take(&payload[i], replies[i]);
	}
	for (int i = 0; has_payload && key.data && i < 2; i++)
		expiry_ask(&peers[i], key, &payload[i]);
	for (int i = 0; has_payload && i < 2; i++)
		payload_make_old(&payload[i]);
	for (int i = 0; has_payload && i < 2; i++)
		replies[i] = payload_put(&peers[i], key,
			&payload[payload_is_old(&payload[1 - i]) ? 1 - i : i]);
	free(payload[0].data);
	free(payload[1].data);
}
