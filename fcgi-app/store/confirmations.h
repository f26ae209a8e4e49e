#ifndef FCGI_APP_STORE_CONFIRMATIONS_H
#define FCGI_APP_STORE_CONFIRMATIONS_H

#include "common/store.h"
#include "fcgi-app/access/secret.h"

/*
 * New secrets that clients were given, but whose first use the store has not
 * answered (authorisation.h): somebody else has to try again.  Shared by
 * threads.  At most 256: each of them means that the store failed between two
 * trips of one request, a moment apart.
 */
struct confirmations;

/* Returns ERR_OK, or ERR_SYSTEM when out of memory. */
MUST_CHECK enum err_code confirmations_new(struct confirmations **confirmations,
    struct err *err);
void confirmations_free(struct confirmations *confirmations);

/* Add one; does nothing if confirmations is NULL. */
void confirmations_add(struct confirmations *confirmations,
    const struct dnsname *name, const struct secret_hash *hash);

/* True if there are any. */
bool confirmations_wait(struct confirmations *confirmations);

/* Use each of the secrets; those that fail wait for the next time. */
void confirmations_try(struct confirmations *confirmations,
    struct store *store);

#endif
