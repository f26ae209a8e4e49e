#ifndef FCGI_APP_STORE_AUTHORISATION_H
#define FCGI_APP_STORE_AUTHORISATION_H

#include <stdbool.h>

#include "common/challenge.h"
#include "common/issuevalue.h"
#include "common/store.h"
#include "common/txtvalue.h"
#include "fcgi-app/store/actor.h"

/* Why somebody may not do something: the audit log's words. */
enum refusal {
	REFUSED_NOT,
	REFUSED_SECRET,  /* wrong; or there is no authorisation */
	REFUSED_ADDRESS, /* not in its allowfrom */
	REFUSED_FREE,    /* an account may have the name, nothing covers it */
	REFUSED_ACCOUNT, /* there is no such account, or it takes one */
	REFUSED_PERMIT,  /* the account may not have the name */
	REFUSED_TAKEN,   /* it has an authorisation */
	REFUSED_COVERED, /* by somebody else's suffix_match */
	REFUSED_DELETED, /* it was somebody else's until lately */
	REFUSED_QUOTA,   /* the account or the network has as many as it may */
};

/* Whether somebody may act for a name, and what came of it. */
struct decision {
	enum refusal refusal; /* unless it is REFUSED_NOT, all else is zero */
	struct dnsname name;  /* of the authorisation: the name or one above */
	bool suffix_match;
	long long n; /* how many values were published, or removed */
};

/* A response to publish, or to remove.  A member that is not set is 0. */
struct response {
	struct challenge challenge;
	struct txtvalue value; /* "": all that the challenge has, to remove */
	/* To publish: an account may create the authorisation on the way. */
	bool may_create;
};

/*
 * Each of these finds the authorisation that speaks for a name, checks the
 * secret, does its work and writes the audit log: one atomic step and one round
 * trip; with replicas_required a second one, unless it is refused.  The secret
 * of the account that owns the authorisation does as well as its own.
 *
 *   record	to remove: NULL for all that the name has
 *
 * response_publish() grants and publishes none (n is 0) when the name has
 * STORE_LABELS_MAX labels.
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
 * The same for records of dns-persist-01.  Only an authorisation of that very
 * name will do, none above it.
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

/* Only find the authorisation and check the secret. */
MUST_CHECK enum err_code authorisation_check(struct decision *decision,
    struct store *store, const struct actor *actor, const struct dnsname *name,
    struct err *err);

/*
 * Give the authorisation of that very name a new secret.  The one that was
 * presented (an administrator's: all others) ends when the new one is used for
 * the first time: authorisation_confirm().  authorisation.c says why nobody is
 * ever locked out.
 *
 * Returns ERR_OK with *decision; or ERR_STORE: the old secret is good.
 */
MUST_CHECK enum err_code authorisation_rotate(struct decision *decision,
    struct store *store, const struct actor *actor, const struct dnsname *name,
    const struct secret_hash *fresh, struct err *err);

/* An authorisation to be made. */
struct creation {
	struct dnsname name;
	struct secret_hash secret_hash;
	const char *account; /* its owner, by an administrator; NULL for none */
	bool needs_account;  /* the secret presented must be an account's */
	bool suffix_match;
	const char *allowfrom;      /* networks separated by blanks; or NULL */
	const char *allowfrom_bits; /* the same, "/" and cidr_bits() each */
	unsigned life_s;            /* of its responses; 0 for the setting's */
};

/*
 * Make an authorisation.  It is stored unconfirmed until its secret is used for
 * the first time, authorisation_confirm() for instance; if that takes more than
 * 10 s, the name is free again.
 *
 * Returns ERR_OK with *refusal; or ERR_STORE: the name is free, or will be.
 */
MUST_CHECK enum err_code authorisation_create(enum refusal *refusal,
    struct store *store, const struct actor *actor,
    const struct creation *creation, struct err *err);

/*
 * Delete one, and all that was published by its right.
 *
 *   *done	false when there is none
 *
 * Returns ERR_OK or ERR_STORE.
 */
MUST_CHECK enum err_code authorisation_delete(bool *done, struct store *store,
    const struct actor *actor, const struct dnsname *name, struct err *err);

/*
 * Use a new secret for the first time, when whoever asked for it has it.
 *
 *   *done	false when it is no good any more
 *
 * Returns ERR_OK or ERR_STORE.
 */
MUST_CHECK enum err_code authorisation_confirm(bool *done, struct store *store,
    const struct dnsname *name, const struct secret_hash *hash,
    struct err *err);

/*
 * Remove creations that nobody confirmed in time, and what the audit log has
 * over audit_memory_mib.  Returns ERR_OK or ERR_STORE.
 */
MUST_CHECK enum err_code authorisation_sweep(struct store *store,
    struct err *err);

/*
 * Note a refusal.  `reason` is one of our words, never the client's.
 * Returns ERR_OK or ERR_STORE.
 */
MUST_CHECK enum err_code refusal_note(struct store *store,
    const struct actor *actor, const struct dnsname *name, const char *reason,
    struct err *err);

#endif
