#ifndef FCGI_APP_AUTHORISATION_H
#define FCGI_APP_AUTHORISATION_H

#include <stdbool.h>

#include "common/dnsname.h"
#include "common/redis.h"
#include "common/settings.h"
#include "common/txtvalue.h"
#include "fcgi-app/accounts.h"
#include "fcgi-app/secret.h"

/* Where authorisations are, and who is at it: the audit log wants to know. */
struct ledger {
	struct redis *redis;
	const struct settings *settings;
	const char *ip;      /* the client's address; "" for the command line */
	const char *account; /* "" for none */
	const char *via;     /* "api", "command", a dialect's name */
};

/* The authorisation that covers a name. */
struct authorisation {
	bool exists;         /* else all below is zero */
	struct dnsname name; /* its own: the name asked for, or one above it */
	bool suffix_match;
	struct secret_hash secret_hash;
	char account[ACCOUNT_NAME_MAX + 1];
};

/*
 * Find the authorisation for a name: its own, or else the nearest one above
 * with suffix_match.  One round trip.
 */
MUST_CHECK enum err_code authorisation_find(struct authorisation *out,
    const struct ledger *ledger, const struct dnsname *name, struct err *err);

/*
 * Each of these is one atomic step and one round trip, with its entry in the
 * audit log.  *done is false when the store had moved on: the name was taken,
 * or the secret_hash of `auth` is not in force any more; then nothing changed.
 *
 * Return ERR_OK or ERR_STORE.
 */
MUST_CHECK enum err_code authorisation_create(bool *done,
    const struct ledger *ledger, const struct authorisation *auth,
    struct err *err);
MUST_CHECK enum err_code authorisation_rotate(bool *done,
    const struct ledger *ledger, const struct authorisation *auth,
    const struct secret_hash *fresh, struct err *err);
MUST_CHECK enum err_code authorisation_delete(bool *done,
    const struct ledger *ledger, const struct authorisation *auth,
    struct err *err);

/* A response, and the authorisation that speaks for its name. */
struct publication {
	const struct authorisation *auth;
	const struct dnsname *name;
	const struct txtvalue *value; /* NULL: all, when expiring */
};

MUST_CHECK enum err_code response_publish(bool *done,
    const struct ledger *ledger, const struct publication *publication,
    struct err *err);

struct expired {
	bool done;
	long long n; /* live ones that went */
};
MUST_CHECK enum err_code response_expire(struct expired *out,
    const struct ledger *ledger, const struct publication *publication,
    struct err *err);

/* Note a refusal.  `reason` is one of our words, never the client's. */
MUST_CHECK enum err_code audit_refuse(const struct ledger *ledger,
    const struct dnsname *name, const char *reason, struct err *err);

#endif
