#ifndef FCGI_APP_STORE_MEMBERS_H
#define FCGI_APP_STORE_MEMBERS_H

#include <stdint.h>

#include "common/store.h"

#define MEMBERS_A_PAGE 200
#define MEMBER_TEXT    512 /* octets of one, with NUL */

/* Some members of a sorted set, in order. */
struct members {
	size_t n;
	struct {
		char text[MEMBER_TEXT];
		int64_t score;
	} v[MEMBERS_A_PAGE];
};

/* Show a page; it may use the store, and change the texts. */
typedef enum err_code members_fn(void *ctx, struct store *store,
    struct members *page, struct err *err);

/*
 * Read a sorted set of no name a page at a time, as list.h says of its lists.
 * Returns ERR_OK, ERR_STORE, ERR_SYSTEM when out of memory, or what fn
 * returned.
 */
MUST_CHECK enum err_code members_walk(struct store *store, enum store_kind kind,
    members_fn *fn, void *ctx, struct err *err);

#endif
