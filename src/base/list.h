/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Intrusive doubly linked list: the links live in the element, so linking never allocates.
 * A head is a link that points to itself when empty.
 */
#ifndef RINGLET_BASE_LIST_H
#define RINGLET_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct link {
	struct link *next;
	struct link *prev;
};

#define LINK_OWNER(link_ptr, type, member)                                                         \
	((type *)(void *)((char *)(link_ptr)-offsetof(type, member)))
/* Safe against removal of `it` itself in the body. */
#define LINK_EACH(it, after, head)                                                                 \
	for (struct link *it = (head)->next, *after = it->next; it != (head);                      \
	     it = after, after = it->next)

static inline void link_init(struct link *l)
{
	l->next = l;
	l->prev = l;
}

static inline bool link_is_empty(const struct link *head)
{
	return head->next == head;
}

/* Is this element in some list? (After link_init or link_remove: no.) */
static inline bool link_is_linked(const struct link *l)
{
	return l->next != l;
}

static inline void link_add_tail(struct link *head, struct link *l)
{
	l->prev = head->prev;
	l->next = head;
	head->prev->next = l;
	head->prev = l;
}

static inline void link_add_head(struct link *head, struct link *l)
{
	l->next = head->next;
	l->prev = head;
	head->next->prev = l;
	head->next = l;
}

static inline void link_remove(struct link *l)
{
	l->prev->next = l->next;
	l->next->prev = l->prev;
	link_init(l);
}

#endif
