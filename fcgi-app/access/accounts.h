#ifndef FCGI_APP_ACCESS_ACCOUNTS_H
#define FCGI_APP_ACCESS_ACCOUNTS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/dnsname.h"
#include "fcgi-app/access/secret.h"

#define ACCOUNT_NAME_MAX 64 /* octets */

/*
 * A permission: one name, or (a leading dot in the file) all names below it.
 */
struct permit {
	bool below;
	struct dnsname name;
};

/* Permissions as the file and the command line write them. */
struct permit_texts {
	size_t n;
	const char *const *v;
};

/* Who may create authorisations, and for which names. */
struct account {
	char name[ACCOUNT_NAME_MAX + 1]; /* graphic ASCII */
	struct secret_hash secret_hash;
	bool permits_any; /* the file has no "permit" */
	size_t n_permits;
	struct permit *permits;
};

struct accounts {
	size_t n;
	struct account *v; /* in the order of the file */
};

/*
 * Read an accounts file.
 *
 * Returns ERR_OK and accounts for accounts_free(); ERR_SYSTEM when it cannot be
 * read; ERR_INPUT when it is malformed, or others than its owner and group can
 * read it, or others than its owner write it.
 */
MUST_CHECK enum err_code accounts_read(struct accounts **accounts,
    const char *file, struct err *err);

/*
 * Write an accounts file: whole, or not at all.  An existing file keeps its
 * owner, its group and its mode, less what goes beyond 0640.
 */
MUST_CHECK enum err_code accounts_write(const struct accounts *accounts,
    const char *file, struct err *err);

void accounts_free(struct accounts *accounts);

/*
 * Add an account, or remove one by its name.
 *
 *   permits	n texts as in the file; NULL for any name
 *
 * Return ERR_OK, or ERR_INPUT: the name is there already (is not there), or
 * the name or a permit is malformed.
 */
MUST_CHECK enum err_code accounts_add(struct accounts *accounts,
    const char *name, const struct secret_hash *hash,
    const struct permit_texts *permits, struct err *err);
MUST_CHECK enum err_code accounts_remove(struct accounts *accounts,
    const char *name, struct err *err);

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
