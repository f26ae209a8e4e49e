/* The endpoints of our own API: README, "API". */
#include "common/clock.h"
#include "fcgi-app/access/reserved.h"
#include "fcgi-app/api/call.h"

static void
print_secret(struct call *call, const struct secret *secret, bool suffix_match)
{
	answer_print(call->answer,
	    "{\"result\": {\"secret\": \"%s\", \"authorisation\": \"%s\", "
	    "\"suffix_match\": %s}}",
	    secret->text, call->params.challenge.name.text,
	    suffix_match ? "true" : "false");
}

static void
print_decision(struct call *call, const struct decision *decision,
    const char *what, bool value)
{
	answer_print(call->answer,
	    "{\"result\": {\"authorisation\": \"%s\", \"suffix_match\": %s, "
	    "\"%s\": %s}}",
	    decision->name.text, decision->suffix_match ? "true" : "false",
	    what, value ? "true" : "false");
}

/*
 * Act by the secret that was sent.  An unknown name costs what a wrong secret
 * costs: a hash, and the same script in the store.
 */
static void
present_secret(struct call *call)
{
	secret_hash(&call->actor.presented, &call->params.secret);
}

/* May the client create it?  OUTCOME_NONE if so, and who it is is known. */
static enum outcome
check_account(struct call *call)
{
	const struct params *p = &call->params;
	const struct account *account;

	if (reserved_has(call->settings, &p->challenge.name))
		return OUTCOME_RESERVED;
	/* Covering other people's names takes somebody who answers for it. */
	if (call->accounts == NULL)
		return p->suffix_match ? OUTCOME_NOT_PERMITTED : OUTCOME_NONE;
	if ((p->given & PARAM_SECRET) == 0) {
		call->sentence = "The parameter secret is missing";
		return OUTCOME_BAD_PARAMETER;
	}
	account = accounts_find(call->accounts, &p->secret);
	if (account == NULL)
		return OUTCOME_BAD_ACCOUNT;
	call->actor.account = account->name;
	if (!account_permits(account, &p->challenge.name, p->suffix_match))
		return OUTCOME_NOT_PERMITTED;
	return OUTCOME_NONE;
}

enum outcome
endpoint_create_authorisation(struct call *call)
{
	struct creation creation = { .name = call->params.challenge.name,
		.suffix_match = call->params.suffix_match };
	enum outcome outcome = check_account(call);
	struct secret secret;
	enum err_code rc;
	bool done;

	if (outcome != OUTCOME_NONE)
		return outcome;
	secret_make(&secret);
	secret_hash(&creation.secret_hash, &secret);
	rc = authorisation_create(&done, call->store, &call->actor, &creation,
	    &call->why);
	if (rc == ERR_OK && done)
		print_secret(call, &secret, creation.suffix_match);
	secret_wipe(&secret);
	if (rc != ERR_OK)
		return call_failed(call);
	return done ? OUTCOME_OK : OUTCOME_TAKEN;
}

enum outcome
endpoint_expire_authorisation(struct call *call)
{
	struct secret_hash fresh;
	struct secret secret;
	struct decision decision;
	enum err_code rc;

	present_secret(call);
	secret_make(&secret);
	secret_hash(&fresh, &secret);
	rc = authorisation_rotate(&decision, call->store, &call->actor,
	    &call->params.challenge.name, &fresh, &call->why);
	if (rc == ERR_OK && decision.granted)
		print_secret(call, &secret, decision.suffix_match);
	secret_wipe(&secret);
	if (rc != ERR_OK)
		return call_failed(call);
	return decision.granted ? OUTCOME_OK : OUTCOME_BAD_SECRET;
}

static struct response
response_of(const struct call *call)
{
	return (struct response){
		.challenge = call->params.challenge,
		.value = call->params.response,
	};
}

enum outcome
endpoint_publish_response(struct call *call)
{
	const struct response response = response_of(call);
	struct decision decision;

	present_secret(call);
	if (response_publish(&decision, call->store, &call->actor, &response,
		&call->why) != ERR_OK)
		return call_failed(call);
	if (!decision.granted)
		return OUTCOME_BAD_SECRET;
	print_decision(call, &decision, "published", true);
	return OUTCOME_OK;
}

enum outcome
endpoint_expire_response(struct call *call)
{
	const struct response response = response_of(call);
	struct decision decision;

	present_secret(call);
	if (response_expire(&decision, call->store, &call->actor, &response,
		&call->why) != ERR_OK)
		return call_failed(call);
	if (!decision.granted)
		return OUTCOME_BAD_SECRET;
	print_decision(call, &decision, "expired", decision.n > 0);
	return OUTCOME_OK;
}

enum outcome
endpoint_publish_persistent_record(struct call *call)
{
	struct decision decision;

	if (!call->settings->persistent_records)
		return OUTCOME_NOT_ENABLED;
	if (call->params.record.until_s < clock_now_ms() / 1000) {
		call->sentence = "The parameter record has a persistUntil that "
				 "lies in the past";
		return OUTCOME_BAD_PARAMETER;
	}
	present_secret(call);
	if (record_publish(&decision, call->store, &call->actor,
		&call->params.challenge.name, &call->params.record,
		&call->why) != ERR_OK)
		return call_failed(call);
	if (!decision.granted)
		return OUTCOME_BAD_SECRET;
	if (decision.n == 0)
		return OUTCOME_FULL;
	print_decision(call, &decision, "published", true);
	return OUTCOME_OK;
}

/* Whatever the setting says: what was published can always be removed. */
enum outcome
endpoint_expire_persistent_record(struct call *call)
{
	bool one = (call->params.given & PARAM_RECORD) != 0;
	struct decision decision;

	present_secret(call);
	if (record_expire(&decision, call->store, &call->actor,
		&call->params.challenge.name, one ? &call->params.record : NULL,
		&call->why) != ERR_OK)
		return call_failed(call);
	if (!decision.granted)
		return OUTCOME_BAD_SECRET;
	print_decision(call, &decision, "expired", decision.n > 0);
	return OUTCOME_OK;
}
