#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/dnsname.h"
#include "fcgi-app/access/accounts.h"

enum err_code
account_set_name(struct account *account, const char *name, struct err *err)
{
	size_t len = strlen(name);

	if (len == 0 || len > ACCOUNT_NAME_MAX)
		return err_set(err, ERR_INPUT,
		    "an account's name has 1 to %d octets", ACCOUNT_NAME_MAX);
	for (size_t i = 0; i < len; i++)
		if (name[i] <= 0x20 || name[i] > 0x7e)
			return err_set(err, ERR_INPUT,
			    "an account's name is graphic ASCII");
	memcpy(account->name, name, len + 1);
	return ERR_OK;
}

enum err_code
account_permit_none(struct account *account, struct err *err)
{
	free(account->permit);
	account->permit = calloc(1, 1);
	return account->permit != NULL
	    ? ERR_OK
	    : err_set(err, ERR_SYSTEM, "out of memory");
}

enum err_code
account_add_permit(struct account *account, const char *text, struct err *err)
{
	const char *dot = text[0] == '.' ? "." : "";
	size_t len = account->permit != NULL ? strlen(account->permit) : 0;
	size_t room = len + DNSNAME_MAX + 3; /* a blank, a dot, a NUL */
	struct dnsname name;
	enum err_code rc;
	char *more;

	text += strlen(dot);
	rc = dnsname_parse(&name, text, strlen(text), err);
	if (rc != ERR_OK)
		return rc;
	more = realloc(account->permit, room);
	if (more == NULL)
		return err_set(err, ERR_SYSTEM, "out of memory");
	(void)snprintf(more + len, room - len, "%s%s%s", len > 0 ? " " : "",
	    dot, name.text);
	account->permit = more;
	return ERR_OK;
}

void
account_wipe(struct account *account)
{
	free(account->permit);
	memset(account, 0, sizeof(*account));
}

enum err_code
accounts_add(struct accounts *accounts, const struct account *account,
    struct err *err)
{
	struct account *more;

	assert(account->name[0] != '\0');
	for (size_t i = 0; i < accounts->n; i++)
		if (strcmp(accounts->v[i].name, account->name) == 0)
			return err_set(err, ERR_INPUT,
			    "account \"%s\" exists already", account->name);
	more = realloc(accounts->v, (accounts->n + 1) * sizeof(*more));
	if (more == NULL)
		return err_set(err, ERR_SYSTEM, "out of memory");
	accounts->v = more;
	accounts->v[accounts->n++] = *account;
	return ERR_OK;
}

void
accounts_free(struct accounts *accounts)
{
	if (accounts == NULL)
		return;
	for (size_t i = 0; i < accounts->n; i++)
		account_wipe(&accounts->v[i]);
	free(accounts->v);
	free(accounts);
}
