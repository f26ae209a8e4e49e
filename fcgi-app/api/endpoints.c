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

enum outcome
endpoint_create_authorisation(struct call *call)
{
	const struct params *p = &call->params;
	bool needs_account = call->settings->creation == CREATION_ACCOUNT;
	struct creation creation = { .name = p->challenge.name,
		.needs_account = needs_account,
		.suffix_match = p->suffix_match };
	struct secret secret;
	enum refusal refusal;
	enum err_code rc;

	if (reserved_has(call->settings, &creation.name))
		return OUTCOME_RESERVED;
	if (needs_account && (p->given & PARAM_SECRET) == 0) {
		call->sentence = "The parameter secret is missing";
		return OUTCOME_BAD_PARAMETER;
	}
	if ((p->given & PARAM_SECRET) != 0)
		present_secret(call);
	secret_make(&secret);
	secret_hash(&creation.secret_hash, &secret);
	rc = authorisation_create(&refusal, call->store, &call->actor,
	    &creation, &call->why);
	if (rc == ERR_OK && refusal == REFUSED_NOT) {
		print_secret(call, &secret, creation.suffix_match);
		answer_set_fresh(call->answer, &creation.name,
		    &creation.secret_hash);
	}
	secret_wipe(&secret);
	return rc == ERR_OK ? call_refused(refusal) : call_failed(call);
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
	if (rc == ERR_OK && decision.refusal == REFUSED_NOT) {
		print_secret(call, &secret, decision.suffix_match);
		answer_set_fresh(call->answer, &decision.name, &fresh);
	}
	secret_wipe(&secret);
	return rc == ERR_OK ? call_refused(decision.refusal)
			    : call_failed(call);
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
	if (decision.refusal != REFUSED_NOT)
		return call_refused(decision.refusal);
	if (decision.n == 0)
		return OUTCOME_FULL_OF_LABELS;
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
	if (decision.refusal != REFUSED_NOT)
		return call_refused(decision.refusal);
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
	if (decision.refusal != REFUSED_NOT)
		return call_refused(decision.refusal);
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
	if (decision.refusal != REFUSED_NOT)
		return call_refused(decision.refusal);
	print_decision(call, &decision, "expired", decision.n > 0);
	return OUTCOME_OK;
}
