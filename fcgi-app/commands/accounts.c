/* The commands that show and change the accounts file; `serve` reads it. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "fcgi-app/access/accounts_file.h"
#include "fcgi-app/commands/command.h"

/* The accounts file, locked so that nobody else changes it meanwhile. */
struct editing {
	struct settings settings;
	struct accounts *accounts;
	int lock_fd;
};

static void
stop_editing(struct editing *e)
{
	accounts_free(e->accounts);
	if (e->lock_fd >= 0)
		(void)close(e->lock_fd);
	free(e);
}

/* Lock the folder, since the file itself is replaced by a new one. */
static int
lock_folder(const char *file)
{
	char folder[PATH_MAX];
	char *slash;
	int fd;

	(void)snprintf(folder, sizeof(folder), "%s", file);
	slash = strrchr(folder, '/');
	if (slash == NULL)
		(void)snprintf(folder, sizeof(folder), ".");
	else
		slash[slash == folder ? 1 : 0] = '\0';
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		(void)flock(fd, LOCK_EX);
	return fd;
}

static struct editing *
start_editing(const struct options *o, struct err *err)
{
	struct editing *e = calloc(1, sizeof(*e));
	enum err_code rc;

	if (e == NULL) {
		(void)err_set(err, ERR_SYSTEM, "out of memory");
		return NULL;
	}
	e->lock_fd = -1;
	rc = secret_init(err);
	if (rc == ERR_OK)
		rc = settings_read(&e->settings, o->config, err);
	if (rc == ERR_OK && e->settings.accounts_file[0] == '\0')
		rc = err_set(err, ERR_INPUT,
		    "%s: set accounts_file to the file that shall hold them",
		    o->config);
	if (rc == ERR_OK) {
		e->lock_fd = lock_folder(e->settings.accounts_file);
		if (access(e->settings.accounts_file, F_OK) == 0)
			rc = accounts_read(&e->accounts,
			    e->settings.accounts_file, err);
		else
			e->accounts = calloc(1, sizeof(*e->accounts));
		if (rc == ERR_OK && e->accounts == NULL)
			rc = err_set(err, ERR_SYSTEM, "out of memory");
	}
	if (rc != ERR_OK) {
		stop_editing(e);
		return NULL;
	}
	return e;
}

static void
tell_how_to_reload(void)
{
	(void)puts("To put this in force: systemctl reload acmeproxy "
		   "(or send SIGHUP)");
}

/* What the command line says about an account; a sentence when it is wrong. */
static enum err_code
read_account(struct account *account, const struct options *o, struct err *err)
{
	struct err why = { 0 };
	enum err_code rc = account_set_name(account, o->argument, err);

	account->permits_any = o->n_permits == 0;
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
	struct err err = { 0 };
	struct secret secret;
	struct editing *e = start_editing(o, &err);
	enum err_code rc;

	if (e == NULL)
		return command_fail(&err);
	secret_make(&secret);
	secret_hash(&account.secret_hash, &secret);
	rc = read_account(&account, o, &err);
	if (rc == ERR_OK)
		rc = accounts_add(e->accounts, &account, &err);
	if (rc != ERR_OK)
		account_wipe(&account); /* else the accounts have it */
	else
		rc = accounts_write(e->accounts, e->settings.accounts_file,
		    &err);
	if (rc == ERR_OK) {
		(void)printf("Successfully created account \"%s\"\n"
			     "Its secret, which is not shown again: %s\n",
		    o->argument, secret.text);
		tell_how_to_reload();
	}
	secret_wipe(&secret);
	stop_editing(e);
	return rc == ERR_OK ? EXIT_DONE : command_fail(&err);
}

enum exit_status
command_deleteaccount(const struct options *o)
{
	struct err err = { 0 };
	struct editing *e = start_editing(o, &err);
	enum err_code rc;

	if (e == NULL)
		return command_fail(&err);
	rc = accounts_remove(e->accounts, o->argument, &err);
	if (rc == ERR_OK)
		rc = accounts_write(e->accounts, e->settings.accounts_file,
		    &err);
	if (rc == ERR_OK) {
		(void)printf("Successfully deleted account \"%s\"; its "
			     "authorisations stay\n",
		    o->argument);
		tell_how_to_reload();
	}
	stop_editing(e);
	return rc == ERR_OK ? EXIT_DONE : command_fail(&err);
}

/* "example.com, .example.org"; free() it.  NULL when out of memory. */
static char *
format_permits(const struct account *account)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		return NULL;
	if (account->permits_any)
		(void)fputs("any", out);
	for (size_t i = 0; i < account->n_permits; i++)
		(void)fprintf(out, "%s%s%s", i > 0 ? ", " : "",
		    account->permits[i].below ? "." : "",
		    account->permits[i].name.text);
	return fclose(out) == 0 ? text : NULL;
}

static enum err_code
accounts(void *ctx, struct table *table, struct err *err)
{
	const struct accounts *accounts = ctx;

	for (size_t i = 0; i < accounts->n; i++) {
		char *permits = format_permits(&accounts->v[i]);

		if (permits == NULL)
			return err_set(err, ERR_SYSTEM, "out of memory");
		table_row(table,
		    (const char *const[]){ accounts->v[i].name, permits });
		free(permits);
	}
	return ERR_OK;
}

enum exit_status
command_listaccounts(const struct options *o)
{
	static const char *const columns[] = { "name", "permit" };
	struct err err = { 0 };
	struct editing *e = start_editing(o, &err);
	struct table table;
	enum exit_status status;

	if (e == NULL)
		return command_fail(&err);
	table_init(&table, o->format, columns, COUNT_OF(columns),
	    COUNT_OF(columns));
	status = command_print(&table, accounts, e->accounts,
	    "There are no accounts");
	stop_editing(e);
	return status;
}
