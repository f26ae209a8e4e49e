#ifndef FCGI_APP_STORE_AUTHORISATION_H
#define FCGI_APP_STORE_AUTHORISATION_H

#include <stdbool.h>

#include "common/challenge.h"
#include "common/issuevalue.h"
#include "common/store.h"
#include "common/txtvalue.h"
#include "fcgi-app/access/secret.h"

/* Who acts, and by what right.  The audit log gets all but the hash. */
struct actor {
	const char *ip;      /* the client's address; "" for the command line */
	const char *account; /* "" for none */
	const char *via;     /* "api", "command", a dialect's name */
	/*
	 * Of the secret that was sent; "" for an administrator, or for an
	 * account that may act for the name: these need none.
	 */
	struct secret_hash presented;
};

/* Whether somebody may act for a name, and what came of it. */
struct decision {
	bool granted;        /* else all below is zero */
	struct dnsname name; /* of the authorisation: the name or one above */
	bool suffix_match;
	long long n; /* how many values were published, or removed */
};

/* A response to publish, or to remove.  A member that is not set is 0. */
struct response {
	struct challenge challenge;
	struct txtvalue value; /* "": all that the challenge has, to remove */
};

/*
 * Each of these finds the authorisation that speaks for a name, checks the
 * secret, does its work and writes the audit log: one atomic step and one round
 * trip.  A name without authorisation and a wrong secret are both refused, and
 * so is an address that the authorisation does not allow, which takes a second
 * trip.
 *
 *   record	to remove: NULL for all that the name has
 *
 * Return ERR_OK with *decision, or ERR_STORE.
 */
MUST_CHECK enum err_code response_publish(struct decision *decision,
    struct store *store, const struct actor *actor,
    const struct response *response, struct err *err);
MUST_CHECK enum err_code response_expire(struct decision *decision,
    struct store *store, const struct actor *actor,
    const struct response *response, struct err *err);

/*
 * The same for records of dns-persist-01, and for a new secret.  Only an
 * authorisation of that very name will do, none above it.
 *
 * record_publish() grants and publishes none when the name has
 * STORE_RECORDS_MAX of them: a persistent record never goes by itself.
 */
MUST_CHECK enum err_code record_publish(struct decision *decision,
    struct store *store, const struct actor *actor, const struct dnsname *name,
    const struct issuevalue *record, struct err *err);
MUST_CHECK enum err_code record_expire(struct decision *decision,
    struct store *store, const struct actor *actor, const struct dnsname *name,
    const struct issuevalue *record, struct err *err);
MUST_CHECK enum err_code authorisation_rotate(struct decision *decision,
    struct store *store, const struct actor *actor, const struct dnsname *name,
    const struct secret_hash *fresh, struct err *err);

/* Only find the authorisation and check the secret. */
MUST_CHECK enum err_code authorisation_check(struct decision *decision,
    struct store *store, const struct actor *actor, const struct dnsname *name,
    struct err *err);

/* An authorisation to be made. */
struct creation {
	struct dnsname name;
	struct secret_hash secret_hash;
	bool suffix_match;
	bool may_exist;        /* then it is left alone, and nothing is noted */
	const char *allowfrom; /* networks separated by blanks; NULL for all */
	unsigned life_s;       /* of its responses; 0 for the setting's */
};

/*
 * Make an authorisation, or delete one: one atomic step and one round trip.
 * Whether the actor may do it is the caller's to decide.
 *
 *   *done	false when the name is taken; when there is none to delete
 *   hash	delete only the one with this secret_hash; NULL for any
 *
 * A creation whose outcome is not known is taken back, if Redis lets us.
 *
 * Return ERR_OK or ERR_STORE.
 */
MUST_CHECK enum err_code authorisation_create(bool *done, struct store *store,
    const struct actor *actor, const struct creation *creation,
    struct err *err);
MUST_CHECK enum err_code authorisation_delete(bool *done, struct store *store,
    const struct actor *actor, const struct dnsname *name,
    const struct secret_hash *hash, struct err *err);

/*
 * Note a refusal.  `reason` is one of our words, never the client's.
 * Returns ERR_OK or ERR_STORE.
 */
MUST_CHECK enum err_code audit_refuse(struct store *store,
    const struct actor *actor, const struct dnsname *name, const char *reason,
    struct err *err);

#endif
