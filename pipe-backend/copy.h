#ifndef PIPE_BACKEND_COPY_H
#define PIPE_BACKEND_COPY_H

#include <stdbool.h>
#include <stddef.h>

#include "common/err.h"

/*
 * A map from short keys to short values, in bounded memory: what was not used
 * for the longest time goes first.  Strangers choose the keys, so a bucket is
 * bounded as well: keys that were made to collide push out one another, and a
 * look-up stays cheap.
 */
struct copy;

/*
 *   max	octets, all included; at least COPY_MIN is taken
 *
 * Returns ERR_OK, or ERR_SYSTEM when out of memory.
 */
#define COPY_MIN 262144 /* whatever one question needs fits */

MUST_CHECK enum err_code copy_new(struct copy **copy, size_t max,
    struct err *err);
void copy_free(struct copy *copy);

/* What a key is about; the same key of another kind is another key. */
struct copy_key {
	int kind;
	const char *text;
	size_t len; /* at most 65535 */
};

/*
 * Find a value; NULL when there is none.  It lives until the next call of
 * another function of this module.
 */
const void *copy_find(struct copy *copy, const struct copy_key *key,
    size_t *len);

/* Put a value in, of at most 65535 octets.  Without memory, it is not. */
void copy_put(struct copy *copy, const struct copy_key *key, const void *value,
    size_t len);

void copy_drop(struct copy *copy, const struct copy_key *key);
void copy_clear(struct copy *copy);

#endif
