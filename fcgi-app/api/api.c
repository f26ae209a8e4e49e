#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "fcgi-app/api/api.h"
#include "fcgi-app/api/call.h"
#include "fcgi-app/api/origin.h"
#include "fcgi-app/store/confirmations.h"

/*
 * Hooks look for "published" and "expired" in the body, and acme.sh for the
 * value it sent: no sentence may hold these words or anything submitted.
 */
static const struct {
	int status;
	const char *sentence; /* NULL: the call has its own */
	const char *header;
	const char *reason; /* to be noted; NULL: a script has done so */
} outcomes[] = {
	[OUTCOME_OK] = { 200, NULL, "", NULL },
	[OUTCOME_CREATED] = { 201, NULL, "", NULL },
	[OUTCOME_CUT_OFF] = { 400, "The request was cut off", "", NULL },
	[OUTCOME_BAD_PARAMETER] = { 400, NULL, "", NULL },
	[OUTCOME_BAD_CREDENTIALS] = { 401, "Invalid user or password",
	    "WWW-Authenticate: Basic realm=\"acmeproxy\"\r\n", NULL },
	[OUTCOME_BAD_ACCOUNT] = { 403, "Invalid account token", "", NULL },
	[OUTCOME_NOT_PERMITTED] = { 403,
	    "Changes to this domain are not permitted with this account token",
	    "", NULL },
	[OUTCOME_RESERVED] = { 403,
	    "This name belongs to the zone of the server", "", "reserved" },
	[OUTCOME_NOT_ENABLED] = { 403,
	    "The setting persistent_records does not allow this", "", NULL },
	[OUTCOME_BAD_SECRET] = { 403, "Invalid authorisation token", "", NULL },
	[OUTCOME_FOREIGN] = { 403,
	    "Requests from pages of other web sites are not permitted", "",
	    NULL /* it is no fault of whoever visits a page */ },
	[OUTCOME_UNKNOWN_PATH] = { 404, "There is no such endpoint", "", NULL },
	[OUTCOME_NOT_POST] = { 405, "Only POST is allowed", "Allow: POST\r\n",
	    NULL },
	[OUTCOME_NOT_GET] = { 405, "Only GET is allowed", "Allow: GET\r\n",
	    NULL },
	[OUTCOME_TAKEN] = { 409,
	    "An authorisation for this name exists already", "", NULL },
	[OUTCOME_COVERED] = { 403,
	    "An authorisation of somebody else covers this name", "", NULL },
	[OUTCOME_DELETED] = { 403,
	    "This name had an authorisation until lately: ask the "
	    "administrator",
	    "", NULL },
	[OUTCOME_QUOTA] = { 429,
	    "There are as many authorisations of yours as there may be",
	    "Retry-After: 3600\r\n", NULL },
	[OUTCOME_FULL] = { 409, "The name has as many records as it may have",
	    "", NULL },
	[OUTCOME_FULL_OF_LABELS] = { 409,
	    "The name has as many labels as it may have", "", NULL },
	[OUTCOME_TOO_LARGE] = { 413, "The body is over 8 KiB", "", NULL },
	[OUTCOME_BAD_TYPE] = { 415,
	    "The body must be application/x-www-form-urlencoded or "
	    "application/json",
	    "", NULL },
	[OUTCOME_BROKEN] = { 500, "The server failed, its log says why", "",
	    NULL },
	[OUTCOME_STORE_AWAY] = { 503, "The store is not available, try again",
	    "Retry-After: 1\r\n", NULL },
};

enum outcome
call_failed(const struct call *call)
{
	return call->why.code == ERR_STORE ? OUTCOME_STORE_AWAY
					   : OUTCOME_BROKEN;
}

enum outcome
call_refused(enum refusal refusal)
{
	static const enum outcome said[] = {
		[REFUSED_NOT] = OUTCOME_OK,
		[REFUSED_SECRET] = OUTCOME_BAD_SECRET,
		[REFUSED_ADDRESS] = OUTCOME_BAD_SECRET,
		[REFUSED_FREE] = OUTCOME_BAD_SECRET,
		[REFUSED_ACCOUNT] = OUTCOME_BAD_ACCOUNT,
		[REFUSED_PERMIT] = OUTCOME_NOT_PERMITTED,
		[REFUSED_TAKEN] = OUTCOME_TAKEN,
		[REFUSED_COVERED] = OUTCOME_COVERED,
		[REFUSED_DELETED] = OUTCOME_DELETED,
		[REFUSED_QUOTA] = OUTCOME_QUOTA,
	};

	return said[refusal];
}

static void print_refusal(struct call *call, enum outcome outcome);

/* How a dialect is called in the audit log, and how it says no. */
static const struct dialect {
	const char *via;
	void (*print_refusal)(struct call *, enum outcome);
} api_dialect = { "api", print_refusal },
  httpreq_dialect = { "httpreq", print_refusal },
  acmedns_dialect = { "acme-dns", acmedns_print_refusal };

/*
 * One row an endpoint.  A path that begins with '*' may have anything
 * before the rest: dialects' clients can be given a base address.
 */
static const struct route {
	const char *path;
	handler *handle;
	const struct dialect *dialect;
	unsigned required,
	    optional; /* bits of enum param; 0, 0: reads itself */
	bool is_get;
} routes[] = {
	{ "/create_authorisation", endpoint_create_authorisation, &api_dialect,
	    PARAM_NAME, PARAM_SECRET | PARAM_SUFFIX_MATCH, false },
	{ "/expire_authorisation", endpoint_expire_authorisation, &api_dialect,
	    PARAM_NAME | PARAM_SECRET, 0, false },
	{ "/publish_response", endpoint_publish_response, &api_dialect,
	    PARAM_NAME | PARAM_RESPONSE | PARAM_SECRET, PARAM_LABEL, false },
	{ "/expire_response", endpoint_expire_response, &api_dialect,
	    PARAM_NAME | PARAM_SECRET, PARAM_RESPONSE | PARAM_LABEL, false },
	{ "/publish_persistent_record", endpoint_publish_persistent_record,
	    &api_dialect, PARAM_NAME | PARAM_RECORD | PARAM_SECRET, 0, false },
	{ "/expire_persistent_record", endpoint_expire_persistent_record,
	    &api_dialect, PARAM_NAME | PARAM_SECRET, PARAM_RECORD, false },
	{ "*/present", httpreq_present, &httpreq_dialect, 0, 0, false },
	{ "*/cleanup", httpreq_cleanup, &httpreq_dialect, 0, 0, false },
	{ "*/register", acmedns_register, &acmedns_dialect, 0, 0, false },
	{ "*/update", acmedns_update, &acmedns_dialect, 0, 0, false },
	{ "*/health", acmedns_health, &acmedns_dialect, 0, 0, true },
};

static bool
is_path_of(const struct route *route, const char *path)
{
	const char *own = route->path;
	size_t len = strlen(path);

	if (own[0] != '*')
		return strcmp(own, path) == 0;
	own++;
	return len >= strlen(own) && strcmp(path + len - strlen(own), own) == 0;
}

static const struct route *
find_route(const char *path)
{
	for (size_t i = 0; i < COUNT_OF(routes); i++)
		if (is_path_of(&routes[i], path))
			return &routes[i];
	return NULL;
}

static enum outcome
dispatch(struct call *call, const struct route *route)
{
	const char *method = route != NULL && route->is_get ? "GET" : "POST";

	if (call->request->is_cut_off)
		return OUTCOME_CUT_OFF;
	if (route == NULL)
		return OUTCOME_UNKNOWN_PATH;
	if (strcmp(call->request->method, method) != 0)
		return route->is_get ? OUTCOME_NOT_GET : OUTCOME_NOT_POST;
	/* Every POST changes something. */
	if (!route->is_get && origin_is_foreign(call->request))
		return OUTCOME_FOREIGN;
	if (call->request->body_too_large)
		return OUTCOME_TOO_LARGE;
	if ((route->required | route->optional) == 0)
		return route->handle(call);
	switch (params_parse(&call->params, call->request, route->required,
	    route->optional, &call->sentence)) {
	case PARAMS_BAD_TYPE:
		return OUTCOME_BAD_TYPE;
	case PARAMS_BAD:
		return OUTCOME_BAD_PARAMETER;
	case PARAMS_OK:
		break;
	}
	return route->handle(call);
}

static void
print_refusal(struct call *call, enum outcome outcome)
{
	const char *sentence = outcomes[outcome].sentence;

	answer_print(call->answer, "{\"result\": false, \"error\": \"%s\"}",
	    sentence != NULL ? sentence : call->sentence);
}

/*
 * A line for each request.  What stands before a route's own path may hold an
 * account's secret, and so may a path that is nobody's: only its length is
 * told.
 */
static void
log_call(const struct call *call, const struct route *route,
    enum outcome outcome)
{
	const struct request *r = call->request;
	bool has_why =
	    outcome == OUTCOME_STORE_AWAY || outcome == OUTCOME_BROKEN;
	char other[40];

	(void)snprintf(other, sizeof(other), "(a path of %zu octets)",
	    strlen(r->path));
	log_line("%s %.10s %s %d %s%s%s", r->remote_addr, r->method,
	    route == NULL               ? other
		: route->path[0] == '*' ? route->path + 1
					: route->path,
	    outcomes[outcome].status,
	    call->params.challenge.name.len > 0
		? call->params.challenge.name.text
		: "-",
	    has_why ? " " : "", has_why ? call->why.text : "");
}

static bool
is_refusal(enum outcome outcome)
{
	return outcome != OUTCOME_OK && outcome != OUTCOME_CREATED;
}

/*
 * What becomes of the outcome when all else is done: a refusal that cannot be
 * noted, or a body that cannot be kept, is a failure like any other.
 */
static enum outcome
finish(struct call *call, enum outcome outcome)
{
	const char *reason = outcomes[outcome].reason;

	assert(outcome != OUTCOME_NONE);
	assert(!is_refusal(outcome) || call->answer->len == 0);
	if (reason != NULL &&
	    refusal_note(call->store, &call->actor,
		&call->params.challenge.name, reason, &call->why) != ERR_OK)
		return call_failed(call);
	if (!call->answer->is_cut)
		return outcome;
	(void)err_set(&call->why, ERR_SYSTEM, "out of memory");
	return call_failed(call);
}

void
api_answer(struct answer *answer, const struct request *request,
    const struct config *config, struct store *store)
{
	const struct route *route = find_route(request->path);
	const struct dialect *dialect =
	    route != NULL ? route->dialect : &api_dialect;
	struct call call = {
		.request = request,
		.answer = answer,
		.settings = &config->settings,
		.store = store,
		.actor = { .ip = request->remote_addr, .via = dialect->via },
	};
	enum outcome outcome;

	answer_begin(answer);
	outcome = finish(&call, dispatch(&call, route));
	if (is_refusal(outcome)) {
		answer_begin(answer); /* drop what the handler set */
		dialect->print_refusal(&call, outcome);
	}
	answer->status = outcomes[outcome].status;
	answer->header = outcomes[outcome].header;
	log_call(&call, route, outcome);
	params_wipe(&call.params);
}

void
api_confirm(const struct answer *answer, struct store *store)
{
	bool done;

	if (answer->fresh.is_set &&
	    authorisation_confirm(&done, store, &answer->fresh.name,
		&answer->fresh.hash, NULL) != ERR_OK)
		confirmations_add(store->confirmations, &answer->fresh.name,
		    &answer->fresh.hash);
}
