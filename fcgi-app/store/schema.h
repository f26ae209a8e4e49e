#ifndef FCGI_APP_STORE_SCHEMA_H
#define FCGI_APP_STORE_SCHEMA_H

#include "common/store.h"

/*
 * Give the store an identity unless it has one; *id is what it has afterwards.
 * Nothing checks that it is the store that is meant: the caller says so.
 * Returns ERR_OK or ERR_STORE.
 */
MUST_CHECK enum err_code schema_init(char id[STORE_ID_LEN + 1],
    const struct store *store, struct err *err);

/*
 * Count the authorisations in a store, or the accounts: those in a sorted set
 * of no name.  Returns ERR_OK or ERR_STORE.
 */
MUST_CHECK enum err_code schema_count(long long *n, enum store_kind kind,
    const struct store *store, struct err *err);

/*
 * Make sure that this is the store that is meant and that its schema is ours.
 * A store that an older version wrote is migrated, one schema at a time; each
 * of these steps happens as a whole or not at all.
 * Returns ERR_OK, or ERR_STORE: away, another store, or a newer schema.
 */
MUST_CHECK enum err_code schema_bring_up(struct store *store, struct err *err);

/*
 * Write down what time it is at Redis, which its replicas will hear.
 * Returns ERR_OK or ERR_STORE.
 */
MUST_CHECK enum err_code schema_beat(const struct store *store,
    struct err *err);

#endif
