/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the files of the string commands share.
 */
#ifndef RINGLET_CMD_STRING_H
#define RINGLET_CMD_STRING_H

#include "exec/call.h"
#include "store/type_ops.h"

/* A string value as a bulk reply; long ones are lent, not copied. */
static inline void string_reply(struct call *call, const struct value *v)
{
	if (LIKELY(v->encoding == ENC_INLINE || v->encoding == ENC_INLINE_RAW))
		reply_bulk(call->reply, v->string);
	else if (v->encoding == ENC_INT)
		reply_bulk_i64(call->reply, v->integer);
	else
		reply_bulk_lend(call->reply, blob_bytes(v->ptr), blob_drop, blob_hold(v->ptr));
}

/* The longest string that may be built (proto-max-bulk-len). */
int64_t string_max_bytes(const struct call *call);

/* SET's and DELEX's comparison with what is stored. */
enum string_condition_kind {
	CONDITION_NONE,
	CONDITION_EQ,
	CONDITION_NE,
	CONDITION_DIGEST_EQ,
	CONDITION_DIGEST_NE,
};
struct string_condition {
	enum string_condition_kind kind;
	struct bytes value;
	uint64_t digest;
};
/* The kind that this option word names; CONDITION_NONE = none. */
enum string_condition_kind string_condition_word(struct bytes word);
/* Takes the operand; false when it is no digest (the error is written). */
bool string_condition_set(struct call *call, enum string_condition_kind kind, struct bytes operand,
	struct string_condition *out);
/* Does it hold for this entry (NULL = no such key, which equals nothing)? */
bool string_condition_holds(const struct string_condition *c, const struct entry *e);

#endif
