#ifndef FCGI_APP_STORE_AUTHORISATION_H
#define FCGI_APP_STORE_AUTHORISATION_H

#include <stdbool.h>

#include "common/dnsname.h"
#include "common/redis.h"
#include "common/settings.h"
#include "common/store.h"
#include "common/txtvalue.h"
#include "fcgi-app/access/secret.h"

/* Where authorisations are, and who is at it: the audit log wants to know. */
struct ledger {
	struct store *store;
	const struct settings *settings;
	const char *ip;      /* the client's address; "" for the command line */
	const char *account; /* "" for none */
	const char *via;     /* "api", "command", a dialect's name */
};

/* A name, and the secret that somebody presents for it. */
struct claim {
	struct challenge challenge;
	struct secret_hash
	    presented; /* "": the administrator, who needs none */
};

/* What became of a claim, and which authorisation speaks for the name. */
struct verdict {
	bool granted;        /* else all below is zero */
	struct dnsname name; /* the authorisation's: the claim's or one above */
	bool suffix_match;
	long long n; /* how many were published, or expired */
};

/*
 * Each of these is one atomic step and one round trip, with its entry in the
 * audit log: finding the authorisation, checking the secret, and what depends
 * on it.  An unknown name and a wrong secret are the same: not granted.  So is
 * an address that the authorisation does not allow, which takes a second trip.
 *
 *   value	NULL: all that the name has
 *
 * Return ERR_OK or ERR_STORE.
 */
MUST_CHECK enum err_code response_publish(struct verdict *verdict,
    const struct ledger *ledger, const struct claim *claim,
    const struct txtvalue *value, struct err *err);
MUST_CHECK enum err_code response_expire(struct verdict *verdict,
    const struct ledger *ledger, const struct claim *claim,
    const struct txtvalue *value, struct err *err);

/*
 * Records of dns-persist-01.  Here, and in authorisation_rotate(), only an
 * authorisation of that very name will do, none above it.
 *
 * record_publish() grants and publishes none when the name has
 * STORE_RECORDS_MAX already: a persistent record never goes by itself.
 */
MUST_CHECK enum err_code record_publish(struct verdict *verdict,
    const struct ledger *ledger, const struct claim *claim,
    const struct issuevalue *record, struct err *err);
MUST_CHECK enum err_code record_expire(struct verdict *verdict,
    const struct ledger *ledger, const struct claim *claim,
    const struct issuevalue *record, struct err *err);

MUST_CHECK enum err_code authorisation_rotate(struct verdict *verdict,
    const struct ledger *ledger, const struct claim *claim,
    const struct secret_hash *fresh, struct err *err);

/* Only find the authorisation and check the secret. */
MUST_CHECK enum err_code authorisation_check(struct verdict *verdict,
    const struct ledger *ledger, const struct claim *claim, struct err *err);

/* An authorisation to be. */
struct creation {
	struct claim fresh; /* its name and the hash of its secret */
	bool suffix_match;
	bool may_exist;        /* then it is left alone, and nothing noted */
	const char *allowfrom; /* networks, separated by blanks; "" for all */
	unsigned life_s;       /* of its responses; 0 for the setting's */
};

/*
 * Make an authorisation, or delete one: one atomic step as well.
 *
 *   *done	false when the name is taken (is not there, or has another hash)
 *   claim	to delete: its hash is that of the one to go, "" for any
 *
 * A creation whose outcome is not known is taken back, if Redis lets us.
 */
MUST_CHECK enum err_code authorisation_create(bool *done,
    const struct ledger *ledger, const struct creation *creation,
    struct err *err);
MUST_CHECK enum err_code authorisation_delete(bool *done,
    const struct ledger *ledger, const struct claim *claim, struct err *err);

/* Note a refusal.  `reason` is one of our words, never the client's. */
MUST_CHECK enum err_code audit_refuse(const struct ledger *ledger,
    const struct dnsname *name, const char *reason, struct err *err);

#endif
