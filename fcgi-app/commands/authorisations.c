/* The commands that change one authorisation. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "fcgi-app/access/secret.h"
#include "fcgi-app/commands/command.h"

#define CONFIRM_TRIES 25

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

/*
 * Use a secret now that it was shown: the creation stays, and the secrets that
 * it replaces end.  Redis may just be busy.
 */
static enum err_code
use_secret(struct session *session, const struct dnsname *name,
    const struct secret_hash *hash, struct err *err)
{
	const struct timespec pause = { .tv_nsec = 200000000 };
	enum err_code rc;
	bool done = false;

	if (fflush(stdout) != 0)
		return err_set(err, ERR_SYSTEM, "the secret was not shown");
	for (int i = 0; i < CONFIRM_TRIES; i++) {
		rc = authorisation_confirm(&done, &session->store, name, hash,
		    err);
		if (rc == ERR_OK)
			break;
		(void)nanosleep(&pause, NULL);
	}
	if (rc == ERR_OK && !done)
		rc = err_set(err, ERR_STORE, "it came too late");
	return rc;
}

enum exit_status
command_createauthorisation(const struct options *o)
{
	struct creation creation = { .suffix_match = o->suffix_match,
		.account = o->account };
	struct dnsname *name = &creation.name;
	struct session session;
	struct err err = { 0 };
	struct secret secret;
	enum refusal refusal = REFUSED_NOT;
	enum err_code rc;

	if (command_name(name, o->argument) != ERR_OK)
		return EXIT_USAGE;
	if (session_open(&session, o, &err) != ERR_OK)
		return command_fail(&err);
	secret_make(&secret);
	secret_hash(&creation.secret_hash, &secret);
	rc = authorisation_create(&refusal, &session.store, &session.actor,
	    &creation, &err);
	if (rc == ERR_OK && refusal == REFUSED_NOT) {
		print_secret(o, "created", name, &secret, o->suffix_match);
		rc = use_secret(&session, name, &creation.secret_hash, &err);
	} else if (rc == ERR_OK && refusal == REFUSED_ACCOUNT) {
		rc = err_set(&err, ERR_INPUT, "account \"%s\" does not exist",
		    o->account);
	} else if (rc == ERR_OK) {
		(void)fprintf(stderr, "Authorisation \"%s\" exists already\n",
		    name->text);
	}
	secret_wipe(&secret);
	session_close(&session);
	if (rc != ERR_OK)
		return command_fail(&err);
	return refusal == REFUSED_NOT ? EXIT_DONE : EXIT_FAILED;
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
	if (rc == ERR_OK && decision.refusal == REFUSED_NOT) {
		print_secret(o, "rotated the secret of", &name, &secret,
		    decision.suffix_match);
		rc = use_secret(&session, &name, &fresh, &err);
	}
	secret_wipe(&secret);
	session_close(&session);
	if (rc != ERR_OK)
		return command_fail(&err);
	return decision.refusal == REFUSED_NOT ? EXIT_DONE
					       : tell_unknown(&name);
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
	    &err);
	session_close(&session);
	if (rc != ERR_OK)
		return command_fail(&err);
	if (!done)
		return tell_unknown(&name);
	(void)printf("Successfully deleted authorisation \"%s\"\n", name.text);
	return EXIT_DONE;
}
