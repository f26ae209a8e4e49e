/* The commands that change one authorisation. */
#include <stdio.h>
#include <string.h>

#include "fcgi-app/access/secret.h"
#include "fcgi-app/commands/command.h"

static void
print_secret(const struct options *o, const char *what,
    const struct dnsname *name, const struct secret *secret, bool suffix_match)
{
	if (o->format == TABLE_JSON)
		(void)printf("{\"secret\": \"%s\", \"authorisation\": \"%s\", "
			     "\"suffix_match\": %s}\n",
		    secret->text, name->text, suffix_match ? "true" : "false");
	else if (o->format == TABLE_TSV)
		(void)printf("%s\t%s\n", name->text, secret->text);
	else
		(void)printf("Successfully %s authorisation \"%s\"\n"
			     "Its secret, which is not shown again: %s\n",
		    what, name->text, secret->text);
}

/* An account that the accounts file has, or none. */
static enum err_code
check_account(const struct session *session, const char *account,
    struct err *err)
{
	const struct accounts *accounts = session->config->accounts;

	if (account == NULL)
		return ERR_OK;
	for (size_t i = 0; accounts != NULL && i < accounts->n; i++)
		if (strcmp(accounts->v[i].name, account) == 0)
			return ERR_OK;
	return err_set(err, ERR_INPUT, "account \"%s\" does not exist",
	    account);
}

enum exit_status
command_createauthorisation(const struct options *o)
{
	struct creation creation = { .suffix_match = o->suffix_match };
	struct dnsname *name = &creation.name;
	struct session session;
	struct err err = { 0 };
	struct secret secret;
	enum err_code rc;
	bool done = false;

	if (command_name(name, o->argument) != ERR_OK)
		return EXIT_USAGE;
	if (session_open(&session, o, &err) != ERR_OK)
		return command_fail(&err);
	secret_make(&secret);
	secret_hash(&creation.secret_hash, &secret);
	rc = check_account(&session, o->account, &err);
	if (rc == ERR_OK) {
		if (o->account != NULL)
			session.actor.account = o->account;
		rc = authorisation_create(&done, &session.store, &session.actor,
		    &creation, &err);
	}
	if (rc == ERR_OK && done)
		print_secret(o, "created", name, &secret, o->suffix_match);
	else if (rc == ERR_OK)
		(void)fprintf(stderr, "Authorisation \"%s\" exists already\n",
		    name->text);
	secret_wipe(&secret);
	session_close(&session);
	if (rc != ERR_OK)
		return command_fail(&err);
	return done ? EXIT_DONE : EXIT_FAILED;
}

static enum exit_status
tell_unknown(const struct dnsname *name)
{
	(void)fprintf(stderr, "Authorisation \"%s\" does not exist\n",
	    name->text);
	return EXIT_FAILED;
}

enum exit_status
command_rotateauthorisation(const struct options *o)
{
	struct decision decision = { 0 };
	struct secret_hash fresh;
	struct session session;
	struct dnsname name;
	struct err err = { 0 };
	struct secret secret;
	enum err_code rc;

	if (command_known_name(&name, o->argument) != ERR_OK)
		return EXIT_USAGE;
	if (session_open(&session, o, &err) != ERR_OK)
		return command_fail(&err);
	secret_make(&secret);
	secret_hash(&fresh, &secret);
	rc = authorisation_rotate(&decision, &session.store, &session.actor,
	    &name, &fresh, &err);
	if (rc == ERR_OK && decision.granted)
		print_secret(o, "rotated the secret of", &name, &secret,
		    decision.suffix_match);
	secret_wipe(&secret);
	session_close(&session);
	if (rc != ERR_OK)
		return command_fail(&err);
	return decision.granted ? EXIT_DONE : tell_unknown(&name);
}

enum exit_status
command_deleteauthorisation(const struct options *o)
{
	struct session session;
	struct dnsname name;
	struct err err = { 0 };
	enum err_code rc;
	bool done = false;

	if (command_known_name(&name, o->argument) != ERR_OK)
		return EXIT_USAGE;
	if (session_open(&session, o, &err) != ERR_OK)
		return command_fail(&err);
	rc = authorisation_delete(&done, &session.store, &session.actor, &name,
	    NULL, &err);
	session_close(&session);
	if (rc != ERR_OK)
		return command_fail(&err);
	if (!done)
		return tell_unknown(&name);
	(void)printf("Successfully deleted authorisation \"%s\"\n", name.text);
	return EXIT_DONE;
}
