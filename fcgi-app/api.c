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
	[BAD_SECRET] = { 403, "Invalid authorisation token", "", "secret" },
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
	struct authorisation auth;
	struct err why; /* of STORE_AWAY */
};

typedef enum outcome handler(struct call *);

static void
print_secret(struct call *call, const struct secret *secret)
{
	(void)snprintf(call->answer->body, sizeof(call->answer->body),
	    "{\"result\": {\"secret\": \"%s\", \"authorisation\": \"%s\", "
	    "\"suffix_match\": %s}}",
	    secret->text, call->auth.name.text,
	    call->auth.suffix_match ? "true" : "false");
}

static void
print_response(struct call *call, const char *what, bool value)
{
	(void)snprintf(call->answer->body, sizeof(call->answer->body),
	    "{\"result\": {\"authorisation\": \"%s\", \"suffix_match\": %s, "
	    "\"%s\": %s}}",
	    call->auth.name.text, call->auth.suffix_match ? "true" : "false",
	    what, value ? "true" : "false");
}

/*
 * Find the authorisation and check the secret.  An unknown name costs what a
 * wrong secret costs: a hash, a comparison, and the same trips to the store.
 */
static enum outcome
authenticate(struct call *call)
{
	struct params *p = &call->params;

	if (authorisation_find(&call->auth, &call->ledger, &p->name,
		&call->why) != ERR_OK)
		return STORE_AWAY;
	if (!secret_matches(&p->secret, call->auth.secret_hash.text))
		return BAD_SECRET;
	call->ledger.account = call->auth.account;
	return DONE;
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
	struct secret secret;
	enum outcome outcome = check_account(call);
	enum err_code rc;
	bool done;

	if (outcome != DONE)
		return outcome;
	secret_make(&secret);
	call->auth.name = call->params.name;
	call->auth.suffix_match = call->params.suffix_match;
	secret_hash(&call->auth.secret_hash, &secret);
	rc =
	    authorisation_create(&done, &call->ledger, &call->auth, &call->why);
	if (rc == ERR_OK && done)
		print_secret(call, &secret);
	secret_wipe(&secret);
	if (rc != ERR_OK)
		return STORE_AWAY;
	return done ? DONE : TAKEN;
}

/* Only the authorisation's own name will do: a name below is not it. */
static enum outcome
expire_authorisation(struct call *call)
{
	struct secret_hash fresh;
	struct secret secret;
	enum outcome outcome = authenticate(call);
	enum err_code rc;
	bool done;

	if (outcome == DONE && call->auth.name.len != call->params.name.len)
		outcome = BAD_SECRET;
	if (outcome != DONE)
		return outcome;
	secret_make(&secret);
	secret_hash(&fresh, &secret);
	rc = authorisation_rotate(&done, &call->ledger, &call->auth, &fresh,
	    &call->why);
	if (rc == ERR_OK && done)
		print_secret(call, &secret);
	secret_wipe(&secret);
	if (rc != ERR_OK)
		return STORE_AWAY;
	return done ? DONE : BAD_SECRET;
}

static enum outcome
publish_response(struct call *call)
{
	struct publication publication = { &call->auth, &call->params.name,
		&call->params.response };
	enum outcome outcome = authenticate(call);
	bool done;

	if (outcome != DONE)
		return outcome;
	if (response_publish(&done, &call->ledger, &publication, &call->why) !=
	    ERR_OK)
		return STORE_AWAY;
	print_response(call, "published", true);
	return done ? DONE : BAD_SECRET;
}

static enum outcome
expire_response(struct call *call)
{
	const struct params *p = &call->params;
	struct publication publication = { &call->auth, &p->name,
		(p->given & PARAM_RESPONSE) != 0 ? &p->response : NULL };
	enum outcome outcome = authenticate(call);
	struct expired expired;

	if (outcome != DONE)
		return outcome;
	if (response_expire(&expired, &call->ledger, &publication,
		&call->why) != ERR_OK)
		return STORE_AWAY;
	print_response(call, "expired", expired.n > 0);
	return expired.done ? DONE : BAD_SECRET;
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
