#ifndef COMMON_STORE_H
#define COMMON_STORE_H

#include <stdint.h>

#include "common/challenge.h"
#include "common/dnsname.h"
#include "common/issuevalue.h"
#include "common/redis.h"
#include "common/settings.h"
#include "common/txtvalue.h"

#define STORE_VALUES_MAX  32 /* live responses of one name */
#define STORE_RECORDS_MAX 8  /* persistent records of one name */
#define STORE_KEY_MAX     (SETTINGS_TEXT + DNSNAME_MAX + 32) /* with NUL */
#define STORE_MIN_LABELS  2  /* no authorisation is for a shorter name */
#define STORE_SCHEMA      2  /* of the keys: ARCHITECTURE.md, "Store" */
#define STORE_ID_LEN      32 /* hex digits */

/* The keys of the store: ARCHITECTURE.md, "Store". */
struct store_key {
	size_t len;
	char text[STORE_KEY_MAX];
};

enum store_kind {
	STORE_AUTHORISATION,  /* hash, of a name */
	STORE_RESPONSE,       /* sorted set, of a name: store_key_response() */
	STORE_PERSISTENT,     /* sorted set, of a name */
	STORE_AUTHORISATIONS, /* sorted set, name NULL */
	STORE_BELOW,          /* hash, of a name: how many are below it */
	STORE_PARENTS,        /* hash: these, in schema 1; name NULL */
	STORE_SELF,           /* hash: id and schema of the store; name NULL */
	STORE_AUDIT,          /* stream, name NULL */
};

/* What the store says of one name, for DNS. */
struct store_name {
	bool is_own;         /* there is an authorisation of this very name */
	bool is_covered;     /* there is, or one above it has suffix_match */
	bool has_child;      /* there is one of a name one label below */
	bool has_descendant; /* there is one of a name below, at any depth */
	size_t n_values;
	struct txtvalue values[STORE_VALUES_MAX]; /* live ones */
};

/*
 * A store, as one thread uses it.  It lives as long as its owner, who keeps the
 * connection and the settings for it.
 *
 * A store has an identity, and a file outside of Redis (the setting
 * store_id_file) says which store is meant.  An empty store, or another one,
 * would let strangers claim names that are delegated to us: nobody reads it or
 * writes to it until `acmeproxy initstore` has said that it is right.
 */
struct store {
	struct redis *redis;
	const struct settings *settings;
	char id[STORE_ID_LEN + 1]; /* what store_id_file said; "" before */
};

void store_init(struct store *store, struct redis *redis,
    const struct settings *settings);

/* Format a key.  name is NULL where enum store_kind says so. */
void store_key(struct store_key *key, const struct store *store,
    enum store_kind kind, const struct dnsname *name);
void store_key_response(struct store_key *key, const struct store *store,
    const struct challenge *challenge);

/*
 * Read which store is meant from a file: STORE_ID_LEN hex digits.
 * Returns ERR_OK, or ERR_SYSTEM with the file's name, *id being "".
 */
MUST_CHECK enum err_code store_read_id(char id[STORE_ID_LEN + 1],
    const char *file, struct err *err);

/*
 * Check that this is the store that is meant; when the ids differ,
 * store_id_file is read again first.  One round trip.
 *
 *   *schema	at most STORE_SCHEMA; less when it has yet to be migrated
 *
 * Returns ERR_OK, or ERR_STORE with a sentence for the administrator.
 */
MUST_CHECK enum err_code store_check(int *schema, struct store *store,
    struct err *err);

/*
 * Read what there is of a name and of a challenge for it: one round trip, in
 * which the store is checked as well.
 *
 *   now_ms	responses that expire at or before it are left out
 *
 * Returns ERR_OK or ERR_STORE.
 */
MUST_CHECK enum err_code store_read_name(struct store_name *out,
    struct store *store, const struct challenge *challenge, int64_t now_ms,
    struct err *err);

/* The persistent records of one name, for DNS. */
struct store_records {
	bool is_own; /* there is an authorisation of this very name */
	size_t n;
	struct issuevalue values[STORE_RECORDS_MAX]; /* not past their time */
};

/* Read them: one round trip.  Returns ERR_OK or ERR_STORE. */
MUST_CHECK enum err_code store_read_records(struct store_records *out,
    struct store *store, const struct dnsname *name, int64_t now_ms,
    struct err *err);

#endif
