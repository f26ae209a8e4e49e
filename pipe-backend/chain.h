#ifndef PIPE_BACKEND_CHAIN_H
#define PIPE_BACKEND_CHAIN_H

#include "common/dnsname.h"
#include "pipe-backend/view.h"

#define CHAIN_LABELS_MAX 128 /* more than 253 octets can have */

/*
 * A name, level by level from its top: level k is its last k labels, and the
 * last level the whole.  The store is asked from the top, too, as far as there
 * is anything.
 *
 *	level 1 com, level 2 example.com, level 3 secure.example.com
 */
struct chain {
	const char *name; /* borrowed */
	size_t len;
	size_t n_labels;
	size_t own_min;              /* an authorisation has so many labels */
	size_t at[CHAIN_LABELS_MAX]; /* where level k begins in name */
	size_t n_nodes;              /* below this level nobody has anything */
	size_t covered_from;         /* from this level on all are covered */
	struct node nodes[CHAIN_LABELS_MAX]; /* of levels 1 to n_nodes */
};

/*
 *   name	of len octets; none for an empty chain
 *   own_min	an authorisation of fewer labels does not count
 */
void chain_init(struct chain *chain, const char *name, size_t len,
    size_t own_min);

/*
 * Go down the name as far as there is anything.  Returns false when the view
 * has to read first; then it knows what.
 */
bool chain_walk(struct chain *chain, struct view *view);

/* What the store knows of a level; nothing below the last one. */
const struct node *chain_node(const struct chain *chain, size_t level);

/* True if the level has an authorisation; or one above it with suffix_match. */
bool chain_is_own(const struct chain *chain, size_t level);
bool chain_is_covered(const struct chain *chain, size_t level);

/* The name of a level. */
void chain_name(struct dnsname *out, const struct chain *chain, size_t level);

#endif
