#ifndef FCGI_APP_ACCESS_ACCOUNTS_FILE_H
#define FCGI_APP_ACCESS_ACCOUNTS_FILE_H

#include "fcgi-app/access/accounts.h"

/*
 * Read an accounts file.
 *
 * Returns ERR_OK and accounts for accounts_free(); ERR_SYSTEM when it cannot be
 * read; or ERR_INPUT with "FILE:LINE: MEMBER: what is wrong", also when others
 * than its owner and group can read it, or others than its owner write it.
 * Source: acmeproxy.json(5), "ACCOUNTS".
 */
MUST_CHECK enum err_code accounts_read(struct accounts **accounts,
    const char *file, struct err *err);

#endif
