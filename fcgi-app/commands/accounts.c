/* The commands that show and change accounts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fcgi-app/commands/command.h"
#include "fcgi-app/commands/timestamp.h"
#include "fcgi-app/store/account.h"

/* What the command line says about an account; a sentence when it is wrong. */
static enum err_code
read_account(struct account *account, const struct options *o, struct err *err)
{
	struct err why = { 0 };
	enum err_code rc = account_set_name(account, o->argument, err);

	for (size_t i = 0; rc == ERR_OK && i < o->n_permits; i++)
		if (account_add_permit(account, o->permits[i], &why) != ERR_OK)
			rc = err_set(err, ERR_INPUT, "--permit %s: %s",
			    o->permits[i], why.text);
	return rc;
}

enum exit_status
command_createaccount(const struct options *o)
{
	struct account account = { 0 };
	struct session session;
	struct err err = { 0 };
	struct secret secret;
	bool done = false;
	enum err_code rc;

	if (session_open(&session, o, &err) != ERR_OK)
		return command_fail(&err);
	secret_make(&secret);
	secret_hash(&account.secret_hash, &secret);
	rc = read_account(&account, o, &err);
	if (rc == ERR_OK)
		rc = account_create(&done, &session.store, &session.actor,
		    &account, &err);
	if (rc == ERR_OK && !done)
		rc = err_set(&err, ERR_INPUT, "account \"%s\" exists already",
		    o->argument);
	if (rc == ERR_OK)
		(void)printf("Successfully created account \"%s\"\n"
			     "Its secret, which is not shown again: %s\n",
		    o->argument, secret.text);
	secret_wipe(&secret);
	account_wipe(&account);
	session_close(&session);
	return rc == ERR_OK ? EXIT_DONE : command_fail(&err);
}

enum exit_status
command_deleteaccount(const struct options *o)
{
	struct session session;
	struct err err = { 0 };
	bool done = false;
	enum err_code rc;

	if (session_open(&session, o, &err) != ERR_OK)
		return command_fail(&err);
	rc = account_delete(&done, &session.store, &session.actor, o->argument,
	    &err);
	if (rc == ERR_OK && !done)
		rc = err_set(&err, ERR_INPUT, "account \"%s\" does not exist",
		    o->argument);
	if (rc == ERR_OK)
		(void)printf("Successfully deleted account \"%s\"; its "
			     "authorisations stay\n",
		    o->argument);
	session_close(&session);
	return rc == ERR_OK ? EXIT_DONE : command_fail(&err);
}

/* "example.com, .example.org"; free() it.  NULL when out of memory. */
static char *
format_permit(const char *permit)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		return NULL;
	if (permit == NULL)
		(void)fputs("any", out);
	for (; permit != NULL && *permit != '\0'; permit++)
		(void)fputs(*permit == ' ' ? ", "
					   : (const char[]){ *permit, '\0' },
		    out);
	return fclose(out) == 0 ? text : NULL;
}

struct listing {
	struct session *session;
	struct table *table;
};

static enum err_code
show_account(void *ctx, const struct listed_account *account, struct err *err)
{
	const struct listing *l = ctx;
	char created_at[TIMESTAMP_LEN + 1];
	char *permit = format_permit(account->permit);

	if (permit == NULL)
		return err_set(err, ERR_SYSTEM, "out of memory");
	timestamp_format(created_at, account->created_at_ms);
	table_row(l->table,
	    (const char *const[]){ account->name, created_at, permit });
	free(permit);
	return ERR_OK;
}

static enum err_code
accounts(void *ctx, struct table *table, struct err *err)
{
	struct listing *l = ctx;

	l->table = table;
	return list_accounts(&l->session->store, show_account, l, err);
}

enum exit_status
command_listaccounts(const struct options *o)
{
	static const char *const columns[] = { "name", "created_at", "permit" };
	struct session session;
	struct listing listing = { .session = &session };
	struct err err = { 0 };
	struct table table;
	enum exit_status status;

	if (session_open_to_read(&session, o, &err) != ERR_OK)
		return command_fail(&err);
	table_init(&table, o->format, columns, COUNT_OF(columns),
	    COUNT_OF(columns));
	status =
	    command_print(&table, accounts, &listing, "There are no accounts");
	session_close(&session);
	return status;
}
