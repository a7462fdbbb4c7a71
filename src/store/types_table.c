/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The table of types, filled at start by the roof: the store uses types without knowing one.
 */
#include "store/type_ops.h"

#include "base/assert.h"

#define TYPE_TAG_END 0xff

const struct type_ops *type_table[TYPE_COUNT];

void type_register(enum value_type type, const struct type_ops *ops)
{
	ASSERT(type < TYPE_COUNT && ops != NULL && ops->name != NULL && ops->tags != NULL);
	type_table[type] = ops;
}

const struct type_ops *type_by_tag(uint8_t tag, enum value_type *type)
{
	for (int i = 0; i < TYPE_COUNT; i++) {
		const struct type_ops *ops = type_table[i];
		if (ops == NULL)
			continue;
		for (const uint8_t *t = ops->tags; *t != TYPE_TAG_END; t++) {
			if (*t != tag)
				continue;
			*type = (enum value_type)i;
			return ops;
		}
	}
	return NULL;
}
