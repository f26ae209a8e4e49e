#ifndef FCGI_APP_ACCESS_ACCOUNTS_H
#define FCGI_APP_ACCESS_ACCOUNTS_H

#include <stdbool.h>
#include <stddef.h>

#include "fcgi-app/access/secret.h"

#define ACCOUNT_NAME_MAX 64 /* octets */

/* Who may create authorisations, and for which names. */
struct account {
	char name[ACCOUNT_NAME_MAX + 1]; /* graphic ASCII */
	struct secret_hash secret_hash;
	/*
	 * The names that it may have, separated by blanks: "example.com" is
	 * that name, ".example.com" all below it.  "" for none, NULL for any.
	 */
	char *permit;
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
 * Make the permit one that has no name yet.
 * Returns ERR_OK, or ERR_SYSTEM when out of memory.
 */
MUST_CHECK enum err_code account_permit_none(struct account *account,
    struct err *err);

/*
 * Add a name to the permit, "example.com" or ".example.com".
 * Returns ERR_OK, ERR_INPUT, or ERR_SYSTEM when out of memory.
 */
MUST_CHECK enum err_code account_add_permit(struct account *account,
    const char *text, struct err *err);

/* Free what an account owns. */
void account_wipe(struct account *account);

/*
 * Add an account.
 *
 *   account	on success the accounts own what it owned
 *
 * Returns ERR_OK; ERR_INPUT when the name is there already; or ERR_SYSTEM when
 * out of memory.
 */
MUST_CHECK enum err_code accounts_add(struct accounts *accounts,
    const struct account *account, struct err *err);

void accounts_free(struct accounts *accounts);

#endif
