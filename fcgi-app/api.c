#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "fcgi-app/api.h"
#include "fcgi-app/authorisation.h"
#include "fcgi-app/params.h"

/* How a call can end. */
enum outcome {
	DONE,
	BAD_PARAMETER,
	BAD_ACCOUNT,
	NOT_PERMITTED,
	BAD_SECRET,
	UNKNOWN_PATH,
	NOT_POST,
	TAKEN,
	TOO_LARGE,
	BAD_TYPE,
	STORE_AWAY,
};

/*
 * Hooks look for "published" and "expired" in the body, and acme.sh for the
 * value it sent: no sentence may hold these words or anything submitted.
 */
static const struct {
	int status;
	const char *sentence; /* NULL: the call has its own */
	const char *header;
	const char *reason; /* in the audit log; NULL: not an event */
} outcomes[] = {
	[DONE] = { 200, NULL, "", NULL },
	[BAD_PARAMETER] = { 400, NULL, "", NULL },
	[BAD_ACCOUNT] = { 403, "Invalid account token", "", "account" },
	[NOT_PERMITTED] = { 403,
	    "Changes to this domain are not permitted with this account token",
	    "", "permit" },
	[BAD_SECRET] = { 403, "Invalid authorisation token", "",
	    NULL /* head.lua notes it */ },
	[UNKNOWN_PATH] = { 404, "There is no such endpoint", "", NULL },
	[NOT_POST] = { 405, "Only POST is allowed", "Allow: POST\r\n", NULL },
	[TAKEN] = { 409, "An authorisation for this name exists already", "",
	    NULL /* create.lua notes it */ },
	[TOO_LARGE] = { 413, "The body is over 8 KiB", "", NULL },
	[BAD_TYPE] = { 415,
	    "The body must be application/x-www-form-urlencoded or "
	    "application/json",
	    "", NULL },
	[STORE_AWAY] = { 503, "The store is not available, try again", /* */
	    "Retry-After: 1\r\n", NULL },
};

/* One request on its way through. */
struct call {
	const struct api *api;
	const struct request *request;
	struct answer *answer;
	struct ledger ledger;
	struct params params;
	const char *sentence; /* of BAD_PARAMETER */
	struct err why;       /* of STORE_AWAY */
};

typedef enum outcome handler(struct call *);

static void
print_secret(struct call *call, const struct secret *secret, bool suffix_match)
{
	(void)snprintf(call->answer->body, sizeof(call->answer->body),
	    "{\"result\": {\"secret\": \"%s\", \"authorisation\": \"%s\", "
	    "\"suffix_match\": %s}}",
	    secret->text, call->params.name.text,
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
	struct claim claim = { .name = call->params.name };

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
	if (!account_permits(account, &p->name, p->suffix_match))
		return NOT_PERMITTED;
	return DONE;
}

static enum outcome
create_authorisation(struct call *call)
{
	struct claim fresh = { .name = call->params.name };
	bool suffix_match = call->params.suffix_match;
	enum outcome outcome = check_account(call);
	struct secret secret;
	enum err_code rc;
	bool done;

	if (outcome != DONE)
		return outcome;
	secret_make(&secret);
	secret_hash(&fresh.presented, &secret);
	rc = authorisation_create(&done, &call->ledger, &fresh, suffix_match,
	    &call->why);
	if (rc == ERR_OK && done)
		print_secret(call, &secret, suffix_match);
	secret_wipe(&secret);
	if (rc != ERR_OK)
		return STORE_AWAY;
	return done ? DONE : TAKEN;
}

static enum outcome
expire_authorisation(struct call *call)
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

static enum outcome
publish_response(struct call *call)
{
	struct claim claim = claim_of(call);
	struct verdict verdict;

	if (response_publish(&verdict, &call->ledger, &claim,
		&call->params.response, &call->why) != ERR_OK)
		return STORE_AWAY;
	print_response(call, &verdict, "published", true);
	return verdict.granted ? DONE : BAD_SECRET;
}

static enum outcome
expire_response(struct call *call)
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

static const struct route {
	const char *path;
	handler *handle;
	unsigned required, optional; /* bits of enum param */
} routes[] = {
	{ "/create_authorisation", create_authorisation, PARAM_NAME,
	    PARAM_SECRET | PARAM_SUFFIX_MATCH },
	{ "/expire_authorisation", expire_authorisation,
	    PARAM_NAME | PARAM_SECRET, 0 },
	{ "/publish_response", publish_response,
	    PARAM_NAME | PARAM_RESPONSE | PARAM_SECRET, 0 },
	{ "/expire_response", expire_response, PARAM_NAME | PARAM_SECRET,
	    PARAM_RESPONSE },
};

static const struct route *
find_route(const char *path)
{
	for (size_t i = 0; i < COUNT_OF(routes); i++)
		if (strcmp(routes[i].path, path) == 0)
			return &routes[i];
	return NULL;
}

static enum outcome
dispatch(struct call *call)
{
	const struct route *route = find_route(call->request->path);

	if (route == NULL)
		return UNKNOWN_PATH;
	if (strcmp(call->request->method, "POST") != 0)
		return NOT_POST;
	if (call->request->body_too_large)
		return TOO_LARGE;
	switch (params_parse(&call->params, call->request, route->required,
	    route->optional, &call->sentence)) {
	case PARAMS_BAD_TYPE:
		return BAD_TYPE;
	case PARAMS_BAD:
		return BAD_PARAMETER;
	case PARAMS_OK:
		break;
	}
	return route->handle(call);
}

static void
print_refusal(struct call *call, enum outcome outcome)
{
	const char *sentence = outcomes[outcome].sentence;

	(void)snprintf(call->answer->body, sizeof(call->answer->body),
	    "{\"result\": false, \"error\": \"%s\"}",
	    sentence != NULL ? sentence : call->sentence);
}

void
api_answer(const struct api *api, const struct request *request,
    struct answer *answer)
{
	struct call call = {
		.api = api,
		.request = request,
		.answer = answer,
		.ledger = { .redis = api->redis,
		    .settings = &api->config->settings,
		    .ip = request->remote_addr,
		    .account = "",
		    .via = "api" },
	};
	enum outcome outcome = dispatch(&call);

	/* A refusal that cannot be noted is not answered, as anything else. */
	if (outcomes[outcome].reason != NULL &&
	    audit_refuse(&call.ledger, &call.params.name,
		outcomes[outcome].reason, &call.why) != ERR_OK)
		outcome = STORE_AWAY;
	if (outcome != DONE)
		print_refusal(&call, outcome);
	answer->status = outcomes[outcome].status;
	answer->header = outcomes[outcome].header;
	log_line("%s %.10s %.60s %d %s%s%s", request->remote_addr,
	    request->method, request->path, answer->status,
	    call.params.name.len > 0 ? call.params.name.text : "-",
	    outcome == STORE_AWAY ? " " : "",
	    outcome == STORE_AWAY ? call.why.text : "");
	params_wipe(&call.params);
}
