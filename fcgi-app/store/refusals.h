#ifndef FCGI_APP_STORE_REFUSALS_H
#define FCGI_APP_STORE_REFUSALS_H

#include <stdint.h>

#include "common/store.h"

/* Refusals that differ in nothing but their time. */
struct listed_refusal {
	const char *ip, *via, *reason, *name; /* "" for none */
	long long count;
	int64_t last_at_ms;
};

typedef enum err_code list_refusals_fn(void *ctx,
    const struct listed_refusal *refusal, struct err *err);

/* All refusals, the latest last: as list.h says of its lists. */
MUST_CHECK enum err_code list_refusals(struct store *store,
    list_refusals_fn *fn, void *ctx, struct err *err);

#endif
