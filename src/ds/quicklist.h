/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The quicklist: a long sequence as a doubly linked list of nodes. A packed node is a listpack of
 * up to a node's limit; a plain node is one large element's bytes. Inner nodes may be compressed
 * (LZF).
 *
 * Invariants: no node is empty; `count` is the sum of the nodes' counts; the `depth` nodes next to
 * either end are never compressed (so pushing and popping needs none); with depth 0 none is.
 * Reading never changes a node: a compressed one is unpacked into the reader's scratch.
 */
#ifndef RINGLET_DS_QUICKLIST_H
#define RINGLET_DS_QUICKLIST_H

#include "ds/listpack.h"

#define QUICKLIST_FILL_MAX 32767    /* elements in a node */
#define QUICKLIST_FILL_MIN (-5)     /* the largest size class, 64 KiB */
#define QUICKLIST_SAFETY_BYTES 8192 /* a node's size where the limit is a count */
#define QUICKLIST_NODE_BYTES_MAX                                                                   \
	(64 * 1024)                 /* the size of any packed node of more than one element */
#define QUICKLIST_PACK_MIN_BYTES 48 /* smaller nodes are not compressed */
#define QUICKLIST_PACK_MIN_GAIN 8

struct quicklist_node {
	struct quicklist_node *prev;
	struct quicklist_node *next;
	unsigned char *data;         /* a listpack, an element's bytes, or either compressed */
	struct quicklist_lent *lent; /* NULL: the data are the node's alone */
	uint64_t bytes : 40;         /* of the listpack or element, not compressed */
	uint64_t count : 22;         /* elements */
	uint64_t is_plain : 1;
	uint64_t is_hard : 1;  /* compressing was tried in vain */
	uint32_t packed_bytes; /* compressed; 0 = it is not */
};

/* A node's data, lent to a reader that is slower than the list changes (store/image.h). */
struct quicklist_lent {
	struct quicklist_node *node; /* NULL: it has others now, these are the borrower's */
	unsigned char *data;
	size_t bytes;
	uint32_t packed_bytes;
	bool is_plain;
	struct quicklist_loan *loan;
};

struct quicklist_loan {
	size_t kept_bytes; /* there only for the borrower */
	uint64_t count;
	struct quicklist_lent lent[]; /* in the list's order */
};

/* A node's limit: fill > 0 elements (and the safety size), or -1 to -5 for 4, 8, 16, 32, 64 KiB. */
struct quicklist_limits {
	int32_t fill;
	uint32_t depth;    /* list-compress-depth; 0 = no compression */
	size_t plain_from; /* elements from this size on are plain; 0 = those above a node's limit
			    */
};

struct quicklist {
	struct quicklist_node *head;
	struct quicklist_node *tail;
	uint64_t count;
	uint64_t nodes;
	struct quicklist_limits limits;
};

enum quicklist_end { QUICKLIST_HEAD, QUICKLIST_TAIL };

/* Whether a node of this size and count is beyond the limit `fill`; `half`: beyond half of it. */
bool quicklist_is_beyond(int32_t fill, size_t bytes, size_t count, bool half);

struct quicklist *quicklist_new(struct quicklist_limits limits);
void quicklist_free(struct quicklist *ql);
/* Frees up to `nodes` nodes; true when nothing is left (then ql itself is freed). */
bool quicklist_free_slice(struct quicklist *ql, size_t nodes);
struct quicklist *quicklist_copy(const struct quicklist *ql);

void quicklist_push(struct quicklist *ql, struct bytes text, enum quicklist_end end);
/* Adds a whole listpack (consumed, not empty) or a plain element as a node at the tail. */
void quicklist_add_listpack(struct quicklist *ql, unsigned char *lp);
void quicklist_add_plain(struct quicklist *ql, struct bytes text);
/* Takes the only node's listpack out; ql is freed. The list has one packed node. */
unsigned char *quicklist_take_listpack(struct quicklist *ql);

/* The element at either end; false when empty. The view holds until the list is changed. */
bool quicklist_peek(const struct quicklist *ql, enum quicklist_end end, struct listpack_item *item);
/* Deletes the element at either end. */
void quicklist_drop(struct quicklist *ql, enum quicklist_end end);

/* Inserts in front of `index`, at most the count. */
void quicklist_insert(struct quicklist *ql, uint64_t index, struct bytes text);
/* Replaces the element at `index`, below the count. */
void quicklist_replace(struct quicklist *ql, uint64_t index, struct bytes text);
/* Deletes up to `count` elements from `index` on; returns how many. */
uint64_t quicklist_delete_range(struct quicklist *ql, uint64_t index, uint64_t count);

/* Deletes `count` elements (at most all) at an end without freeing their nodes: whole ones are
 * handed over as a list of their own, to be freed in slices; NULL = there were none. */
struct quicklist *quicklist_cut(struct quicklist *ql, uint64_t count, enum quicklist_end end);

/* A walk in either direction. Between next and next the list may be changed by
 * quicklist_delete_here only. */
struct quicklist_iter {
	struct quicklist *ql;
	struct quicklist_node *node; /* NULL at the end */
	unsigned char *data;         /* the node's listpack or bytes: its own, or in scratch */
	unsigned char *at;
	bool backwards;
	bool is_fresh;   /* `at` was not returned yet */
	bool is_changed; /* the node was unpacked to be changed */
	unsigned char *scratch;
};

/* `index` may be at or behind the count: then there is nothing to walk. */
void quicklist_iter_init(
	struct quicklist_iter *it, const struct quicklist *ql, uint64_t index, bool backwards);
/* The view holds until the next call. */
bool quicklist_next(struct quicklist_iter *it, struct listpack_item *item);
/* All elements from the next one to the end of its node, forwards, to be read by listpack_get and
 * listpack_next; the walk then stands behind them. NULL: there is none, or it is a plain one, which
 * quicklist_next gives. */
const unsigned char *quicklist_next_run(struct quicklist_iter *it);
/* Deletes what quicklist_next gave last. */
void quicklist_delete_here(struct quicklist_iter *it);
void quicklist_iter_release(struct quicklist_iter *it);

/* The node's listpack or bytes; a compressed one is unpacked into *scratch (mem_free it). */
unsigned char *quicklist_node_data(const struct quicklist_node *node, unsigned char **scratch);

/* Lends the data of all nodes as they are now: whoever changes or frees a node leaves its old data
 * to the borrower. At most one loan at a time. Each piece is given back, then the loan itself. */
struct quicklist_loan *quicklist_lend(struct quicklist *ql);
/* As quicklist_node_data. */
unsigned char *quicklist_lent_data(const struct quicklist_lent *lent, unsigned char **scratch);
void quicklist_give_back(struct quicklist_lent *lent);
void quicklist_loan_free(struct quicklist_loan *loan);

/* Bytes in the allocator, measured on the first `samples` nodes (0 = all). */
size_t quicklist_memory_bytes(const struct quicklist *ql, size_t samples);
/* Walks all invariants; aborts on a violation. */
void quicklist_check(const struct quicklist *ql);

#endif
