#ifndef FCGI_APP_STORE_ACCOUNT_H
#define FCGI_APP_STORE_ACCOUNT_H

#include "common/store.h"
#include "fcgi-app/access/accounts.h"
#include "fcgi-app/store/actor.h"

/*
 * Create an account, or delete one; its authorisations stay.
 *
 *   *done	false when there is one of that name, or with that secret; when
 *		there is none to delete
 *
 * Return ERR_OK or ERR_STORE.
 */
MUST_CHECK enum err_code account_create(bool *done, struct store *store,
    const struct actor *actor, const struct account *account, struct err *err);
MUST_CHECK enum err_code account_delete(bool *done, struct store *store,
    const struct actor *actor, const char *name, struct err *err);

/*
 * Once, create the accounts that an accounts file has.
 *
 *   *n	how many the file had; -1 if that was done earlier
 *
 * Returns ERR_OK; ERR_STORE; or what accounts_read() does.
 */
MUST_CHECK enum err_code accounts_import(int *n, struct store *store,
    const char *file, struct err *err);

struct listed_account {
	const char *name;
	const char *permit; /* as struct account has it */
	int64_t created_at_ms;
};

typedef enum err_code list_accounts_fn(void *ctx,
    const struct listed_account *account, struct err *err);

/* All accounts, oldest first: as list.h says of its lists. */
MUST_CHECK enum err_code list_accounts(struct store *store,
    list_accounts_fn *fn, void *ctx, struct err *err);

#endif
