#ifndef COMMON_STORE_H
#define COMMON_STORE_H

#include <stdint.h>

#include "common/challenge.h"
#include "common/dnsname.h"
#include "common/issuevalue.h"
#include "common/redis.h"
#include "common/settings.h"
#include "common/txtvalue.h"

#define STORE_VALUES_MAX  32   /* live responses of one name and label */
#define STORE_LABELS_MAX  "16" /* labels of one name with live responses */
#define STORE_RECORDS_MAX 8    /* persistent records of one name */
#define STORE_KEY_MAX     (SETTINGS_TEXT + DNSNAME_MAX + 32) /* with NUL */
#define STORE_MIN_LABELS  2 /* no authorisation is for a shorter name */
#define STORE_SCHEMA      4 /* of the keys: ARCHITECTURE.md, "Store" */
#define STORE_SCHEMA_TEXT "4"
#define STORE_ID_LEN      32 /* hex digits */

/* A key of the store: ARCHITECTURE.md, "Store". */
struct store_key {
	size_t len;
	char text[STORE_KEY_MAX];
};

enum store_kind {
#define KEY(upper, lower, text) STORE_##upper,
#include "common/keys.def"
#undef KEY
};

/*
 * A store, for the use of one thread.  It borrows the connection and the
 * settings: its owner must keep both for as long as the store is used.
 *
 * A store has an identity, and a file outside Redis (the setting store_id_file)
 * says which store is meant.  An empty store, or another one, would let
 * strangers claim names that are delegated to us.  So nobody reads such a store
 * or writes to it until the administrator has run `acmeproxy initstore`.
 */
struct store {
	struct redis *redis;
	const struct settings *settings;
	char id[STORE_ID_LEN + 1]; /* what store_id_file said; "" until read */
	struct confirmations *confirmations; /* fcgi-app's; NULL for none */
};

/* Make a store.  Nothing is read yet. */
void store_init(struct store *store, struct redis *redis,
    const struct settings *settings);

/* Format a key.  name is NULL for one of no name. */
void store_key(struct store_key *key, const struct store *store,
    enum store_kind kind, const struct dnsname *name);
void store_key_account(struct store_key *key, const struct store *store,
    const char *account);
void store_key_response(struct store_key *key, const struct store *store,
    const struct challenge *challenge);

/*
 * Read the id of the store that is meant from a file: STORE_ID_LEN hex digits.
 * Returns ERR_OK, or ERR_SYSTEM with the file's name: then id is "".
 */
MUST_CHECK enum err_code store_read_id(char id[STORE_ID_LEN + 1],
    const char *file, struct err *err);

/*
 * Check that this is the store that is meant, in one round trip.  If the ids
 * differ, store_id_file is read again before they are compared once more.
 *
 *   *schema	at most STORE_SCHEMA; less if the store has yet to be migrated
 *
 * Returns ERR_OK, or ERR_STORE with a sentence for the administrator.
 */
MUST_CHECK enum err_code store_check(int *schema, struct store *store,
    struct err *err);

/*
 * The same as part of an exchange of the caller's: store_ask_self() queues the
 * question, after everything that depends on it, and store_check_readable()
 * takes its reply.
 *
 * Returns ERR_OK, or ERR_STORE: not our store, or not migrated yet.
 */
void store_ask_self(const struct store *store);
MUST_CHECK enum err_code store_check_readable(struct store *store,
    const struct redis_reply *self, struct err *err);

#endif
