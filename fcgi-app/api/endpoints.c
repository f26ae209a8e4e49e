/* The endpoints of our own API: README, "API". */
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "fcgi-app/api/call.h"

static void
print_secret(struct call *call, const struct secret *secret, bool suffix_match)
{
	(void)snprintf(call->answer->body, sizeof(call->answer->body),
	    "{\"result\": {\"secret\": \"%s\", \"authorisation\": \"%s\", "
	    "\"suffix_match\": %s}}",
	    secret->text, call->params.challenge.name.text,
	    suffix_match ? "true" : "false");
}

static void
print_response(struct call *call, const struct verdict *verdict,
    const char *what, bool value)
{
	(void)snprintf(call->answer->body, sizeof(call->answer->body),
	    "{\"result\": {\"authorisation\": \"%s\", \"suffix_match\": %s, "
	    "\"%s\": %s}}",
	    verdict->name.text, verdict->suffix_match ? "true" : "false", what,
	    value ? "true" : "false");
}

/*
 * What the client claims.  An unknown name costs what a wrong secret costs: a
 * hash, and the same script in the store.
 */
static struct claim
claim_of(const struct call *call)
{
	struct claim claim = { .challenge = call->params.challenge };

	secret_hash(&claim.presented, &call->params.secret);
	return claim;
}

static enum outcome
check_account(struct call *call)
{
	const struct accounts *accounts = call->api->config->accounts;
	const struct params *p = &call->params;
	const struct account *account;

	/* Covering other people's names takes somebody who answers for it. */
	if (accounts == NULL)
		return p->suffix_match ? NOT_PERMITTED : DONE;
	if ((p->given & PARAM_SECRET) == 0) {
		call->sentence = "The parameter secret is missing";
		return BAD_PARAMETER;
	}
	account = accounts_find(accounts, &p->secret);
	if (account == NULL)
		return BAD_ACCOUNT;
	call->ledger.account = account->name;
	if (!account_permits(account, &p->challenge.name, p->suffix_match))
		return NOT_PERMITTED;
	return DONE;
}

enum outcome
endpoint_create_authorisation(struct call *call)
{
	struct creation creation = { .fresh.challenge.name =
					 call->params.challenge.name,
		.suffix_match = call->params.suffix_match };
	enum outcome outcome = check_account(call);
	struct secret secret;
	enum err_code rc;
	bool done;

	if (outcome != DONE)
		return outcome;
	secret_make(&secret);
	secret_hash(&creation.fresh.presented, &secret);
	rc = authorisation_create(&done, &call->ledger, &creation, &call->why);
	if (rc == ERR_OK && done)
		print_secret(call, &secret, creation.suffix_match);
	secret_wipe(&secret);
	if (rc != ERR_OK)
		return STORE_AWAY;
	return done ? DONE : TAKEN;
}

enum outcome
endpoint_expire_authorisation(struct call *call)
{
	struct claim claim = claim_of(call);
	struct secret_hash fresh;
	struct secret secret;
	struct verdict verdict;
	enum err_code rc;

	secret_make(&secret);
	secret_hash(&fresh, &secret);
	rc = authorisation_rotate(&verdict, &call->ledger, &claim, &fresh,
	    &call->why);
	if (rc == ERR_OK && verdict.granted)
		print_secret(call, &secret, verdict.suffix_match);
	secret_wipe(&secret);
	if (rc != ERR_OK)
		return STORE_AWAY;
	return verdict.granted ? DONE : BAD_SECRET;
}

enum outcome
endpoint_publish_response(struct call *call)
{
	struct claim claim = claim_of(call);
	struct verdict verdict;

	if (response_publish(&verdict, &call->ledger, &claim,
		&call->params.response, &call->why) != ERR_OK)
		return STORE_AWAY;
	print_response(call, &verdict, "published", true);
	return verdict.granted ? DONE : BAD_SECRET;
}

enum outcome
endpoint_expire_response(struct call *call)
{
	struct claim claim = claim_of(call);
	bool one = (call->params.given & PARAM_RESPONSE) != 0;
	struct verdict verdict;

	if (response_expire(&verdict, &call->ledger, &claim,
		one ? &call->params.response : NULL, &call->why) != ERR_OK)
		return STORE_AWAY;
	print_response(call, &verdict, "expired", verdict.n > 0);
	return verdict.granted ? DONE : BAD_SECRET;
}

enum outcome
endpoint_publish_persistent_record(struct call *call)
{
	struct claim claim = claim_of(call);
	struct verdict verdict;

	if (!call->ledger.settings->persistent_records)
		return NOT_ENABLED;
	if (call->params.record.until_s < clock_now_ms() / 1000) {
		call->sentence = "The parameter record has a persistUntil that "
				 "lies in the past";
		return BAD_PARAMETER;
	}
	if (record_publish(&verdict, &call->ledger, &claim,
		&call->params.record, &call->why) != ERR_OK)
		return STORE_AWAY;
	if (!verdict.granted)
		return BAD_SECRET;
	print_response(call, &verdict, "published", true);
	return verdict.n > 0 ? DONE : FULL;
}

/* Whatever the setting says: what was published must be possible to remove. */
enum outcome
endpoint_expire_persistent_record(struct call *call)
{
	struct claim claim = claim_of(call);
	bool one = (call->params.given & PARAM_RECORD) != 0;
	struct verdict verdict;

	if (record_expire(&verdict, &call->ledger, &claim,
		one ? &call->params.record : NULL, &call->why) != ERR_OK)
		return STORE_AWAY;
	print_response(call, &verdict, "expired", verdict.n > 0);
	return verdict.granted ? DONE : BAD_SECRET;
}
