#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
account_add_permit(struct account *account, const char *text, struct err *err)
{
	struct permit permit = { .below = text[0] == '.' };
	struct permit *more;
	enum err_code rc;

	if (permit.below)
		text++;
	rc = dnsname_parse(&permit.name, text, strlen(text), err);
	if (rc != ERR_OK)
		return rc;
	more =
	    realloc(account->permits, (account->n_permits + 1) * sizeof(*more));
	if (more == NULL)
		return err_set(err, ERR_SYSTEM, "out of memory");
	account->permits = more;
	account->permits[account->n_permits++] = permit;
	return ERR_OK;
}

void
account_wipe(struct account *account)
{
	free(account->permits);
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

enum err_code
accounts_remove(struct accounts *accounts, const char *name, struct err *err)
{
	for (size_t i = 0; i < accounts->n; i++) {
		if (strcmp(accounts->v[i].name, name) != 0)
			continue;
		account_wipe(&accounts->v[i]);
		accounts->n--;
		memmove(&accounts->v[i], &accounts->v[i + 1],
		    (accounts->n - i) * sizeof(accounts->v[0]));
		return ERR_OK;
	}
	return err_set(err, ERR_INPUT, "account \"%s\" does not exist", name);
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

const struct account *
accounts_find(const struct accounts *accounts, const struct secret *secret)
{
	const struct account *found = NULL;

	for (size_t i = 0; i < accounts->n; i++)
		if (secret_matches(secret, accounts->v[i].secret_hash.text))
			found = &accounts->v[i];
	return found;
}

static bool
permit_covers(const struct permit *permit, const struct dnsname *name,
    bool all_below)
{
	bool is_same = permit->name.len == name->len &&
	    dnsname_is_under(name, &permit->name);

	if (all_below)
		return permit->below && dnsname_is_under(name, &permit->name);
	if (!permit->below)
		return is_same;
	return !is_same && dnsname_is_under(name, &permit->name);
}

static bool
is_covered(const struct account *account, const struct dnsname *name,
    bool all_below)
{
	for (size_t i = 0; i < account->n_permits; i++)
		if (permit_covers(&account->permits[i], name, all_below))
			return true;
	return account->permits_any;
}

bool
account_permits(const struct account *account, const struct dnsname *name,
    bool suffix_match)
{
	return is_covered(account, name, false) &&
	    (!suffix_match || is_covered(account, name, true));
}
