#include <stdint.h>
#include <string.h>

#include "pipe-backend/chain.h"

/*
 * So many levels of a name are read at once.  Most names have no more; and a
 * name of a hundred labels, which anybody may ask for, costs no more either,
 * since nothing is below the first level that is empty.
 */
#define LEVELS_AT_ONCE 6

void
chain_init(struct chain *c, const char *name, size_t len, size_t own_min)
{
	c->name = name;
	c->len = len;
	c->own_min = own_min;
	c->n_labels = 0;
	c->n_nodes = 0;
	c->covered_from = SIZE_MAX;
	c->at[0] = len + 1;
	if (len == 0)
		return;
	for (size_t i = len; i > 0; i--)
		if (name[i - 1] == '.')
			c->at[++c->n_labels] = i;
	c->at[++c->n_labels] = 0;
}

const struct node *
chain_node(const struct chain *c, size_t level)
{
	static const struct node none;

	return level >= 1 && level <= c->n_nodes ? &c->nodes[level] : &none;
}

bool
chain_is_own(const struct chain *c, size_t level)
{
	return level >= c->own_min && chain_node(c, level)->is_own;
}

bool
chain_is_covered(const struct chain *c, size_t level)
{
	return chain_is_own(c, level) || level >= c->covered_from;
}

/*
 * Go down the name as far as there is anything.  False when the view has to
 * read first: then so many levels more were asked for.
 */
bool
chain_walk(struct chain *c, struct view *view)
{
	size_t n_missing = 0;

	c->n_nodes = 0;
	c->covered_from = SIZE_MAX;
	for (size_t k = 1; k <= c->n_labels; k++) {
		struct node *node = &c->nodes[k];

		if (!view_node(view, node, c->name + c->at[k],
			c->len - c->at[k])) {
			if (++n_missing == LEVELS_AT_ONCE)
				break;
			continue;
		}
		if (n_missing > 0)
			continue;
		c->n_nodes = k;
		if (chain_is_own(c, k) && node->suffix_match &&
		    c->covered_from == SIZE_MAX)
			c->covered_from = k + 1;
		if (!node->has_descendant)
			break;
	}
	return n_missing == 0;
}

/* The name of a level, as a value of its own. */
void
chain_name(struct dnsname *out, const struct chain *c, size_t level)
{
	out->len = c->len - c->at[level];
	memcpy(out->text, c->name + c->at[level], out->len);
	out->text[out->len] = '\0';
}
