#ifndef FCGI_APP_API_CALL_H
#define FCGI_APP_API_CALL_H

#include "fcgi-app/api/api.h"
#include "fcgi-app/api/params.h"
#include "fcgi-app/store/authorisation.h"

/* How a call can end: a row each in api.c's table. */
enum outcome {
	OUTCOME_NONE, /* it has not ended yet */
	OUTCOME_OK,
	OUTCOME_CREATED,
	OUTCOME_CUT_OFF,
	OUTCOME_BAD_PARAMETER,
	OUTCOME_BAD_CREDENTIALS,
	OUTCOME_BAD_ACCOUNT,
	OUTCOME_NOT_PERMITTED,
	OUTCOME_RESERVED,
	OUTCOME_NOT_ENABLED,
	OUTCOME_BAD_SECRET,
	OUTCOME_FOREIGN,
	OUTCOME_UNKNOWN_PATH,
	OUTCOME_NOT_POST,
	OUTCOME_NOT_GET,
	OUTCOME_TAKEN,
	OUTCOME_COVERED,
	OUTCOME_DELETED,
	OUTCOME_QUOTA,
	OUTCOME_FULL,
	OUTCOME_FULL_OF_LABELS,
	OUTCOME_TOO_LARGE,
	OUTCOME_BAD_TYPE,
	OUTCOME_BROKEN,
	OUTCOME_STORE_AWAY,
};

/* One request on its way through. */
struct call {
	const struct request *request;
	struct answer *answer;
	const struct settings *settings;
	struct store *store;
	struct actor actor;
	struct params params; /* what was parsed, for the log and to be wiped */
	const char *sentence; /* of OUTCOME_BAD_PARAMETER */
	struct err why;       /* of OUTCOME_STORE_AWAY and OUTCOME_BROKEN */
};

/*
 * Answer a call: do what it asks for, print the body into call->answer and
 * return OUTCOME_OK or OUTCOME_CREATED; or print nothing and return why not,
 * which the route's dialect prints.
 */
typedef enum outcome handler(struct call *call);

/* The outcome of a failure that call->why tells about. */
enum outcome call_failed(const struct call *call);

/* What our own API says to a refusal; OUTCOME_OK for REFUSED_NOT. */
enum outcome call_refused(enum refusal refusal);

/* endpoints.c: call->params holds what the route asks for. */
handler endpoint_create_authorisation, endpoint_expire_authorisation,
    endpoint_publish_response, endpoint_expire_response,
    endpoint_publish_persistent_record, endpoint_expire_persistent_record;

/* dialects/httpreq.c: lego's httpreq, and acmeproxy in Caddy and acme.sh. */
handler httpreq_present, httpreq_cleanup;

/* dialects/acmedns.c: acme-dns. */
handler acmedns_register, acmedns_update, acmedns_health;
void acmedns_print_refusal(struct call *call, enum outcome outcome);

#endif
