#ifndef FCGI_APP_STORE_LIST_H
#define FCGI_APP_STORE_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include "common/dnsname.h"
#include "common/store.h"

/*
 * Lists of what is in the store, for administrators.  They are read a page at a
 * time: memory is constant, and no command keeps Redis from others for longer
 * than a page takes.  What changes meanwhile may be in the list or not.
 *
 * Each calls fn for one element after the other.  The element's texts are
 * borrowed until fn returns.  fn must not use the store; when it does not
 * return ERR_OK, the list ends there.
 *
 * Return ERR_OK, ERR_STORE, or what fn returned.
 */

struct listed_authorisation {
	const struct dnsname *name;
	const char *account, *created_by_ip; /* "" for none */
	int64_t created_at_ms;
	int64_t last_used_at_ms; /* 0: never */
	bool suffix_match;
};

typedef enum err_code list_authorisations_fn(void *ctx,
    const struct listed_authorisation *authorisation, struct err *err);

/* All authorisations, oldest first. */
MUST_CHECK enum err_code list_authorisations(struct store *store,
    list_authorisations_fn *fn, void *ctx, struct err *err);

struct listed_record {
	const struct dnsname *name;
	const char *text; /* an issue-value */
	int64_t until_ms; /* INT64_MAX: without end */
};

typedef enum err_code list_records_fn(void *ctx,
    const struct listed_record *record, struct err *err);

/* All persistent records that are in force, in the order of their names' age.
 */
MUST_CHECK enum err_code list_records(struct store *store, list_records_fn *fn,
    void *ctx, struct err *err);

/* One event of the audit log; "" for a field that it has not. */
struct listed_event {
	int64_t at_ms;
	const char *event, *name, *ip, *value;
	const char *owner; /* the account that owns the authorisation */
};

typedef enum err_code list_events_fn(void *ctx,
    const struct listed_event *event, struct err *err);

/*
 * The audit log, oldest event first.
 *
 *   start_ms, end_ms	both inclusive; 0 and INT64_MAX for all
 */
MUST_CHECK enum err_code list_events(struct store *store, int64_t start_ms,
    int64_t end_ms, list_events_fn *fn, void *ctx, struct err *err);

#endif
