#ifndef FCGI_APP_ACCESS_ACCOUNTS_H
#define FCGI_APP_ACCESS_ACCOUNTS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/dnsname.h"
#include "fcgi-app/access/secret.h"

#define ACCOUNT_NAME_MAX 64 /* octets */

/*
 * A permission: one name, or all names below it, which is written with a
 * leading dot.
 */
struct permit {
	bool below;
	struct dnsname name;
};

/* Who may create authorisations, and for which names. */
struct account {
	char name[ACCOUNT_NAME_MAX + 1]; /* graphic ASCII */
	struct secret_hash secret_hash;
	bool permits_any; /* else only these */
	size_t n_permits;
	struct permit *permits;
};

struct accounts {
	size_t n;
	struct account *v; /* in the order of the file */
};

/*
 * Set an account's name.  Returns ERR_OK, or ERR_INPUT: 1 to ACCOUNT_NAME_MAX
 * graphic octets are needed.
 */
MUST_CHECK enum err_code account_set_name(struct account *account,
    const char *name, struct err *err);

/*
 * Add a permission, "example.com" or ".example.com".
 * Returns ERR_OK, ERR_INPUT, or ERR_SYSTEM when out of memory.
 */
MUST_CHECK enum err_code account_add_permit(struct account *account,
    const char *text, struct err *err);

/* Free what an account owns. */
void account_wipe(struct account *account);

/*
 * Add an account, or remove one by its name.
 *
 *   account	on success the accounts own what it owned
 *
 * Return ERR_OK; ERR_INPUT when the name is there already, or is not there; or
 * ERR_SYSTEM when out of memory.
 */
MUST_CHECK enum err_code accounts_add(struct accounts *accounts,
    const struct account *account, struct err *err);
MUST_CHECK enum err_code accounts_remove(struct accounts *accounts,
    const char *name, struct err *err);

void accounts_free(struct accounts *accounts);

/*
 * The account whose secret this is, or NULL.  Takes the same time whichever it
 * is.  Lifetime: that of accounts.
 */
const struct account *accounts_find(const struct accounts *accounts,
    const struct secret *secret);

/*
 * True when the account may have the name; with suffix_match, when it may have
 * every name below as well.
 */
bool account_permits(const struct account *account, const struct dnsname *name,
    bool suffix_match);

#endif
