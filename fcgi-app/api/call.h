#ifndef FCGI_APP_API_CALL_H
#define FCGI_APP_API_CALL_H

#include "fcgi-app/api/api.h"
#include "fcgi-app/api/params.h"
#include "fcgi-app/store/authorisation.h"

/* How a call can end: a row each in api.c's table. */
enum outcome {
	DONE,
	MADE,
	BAD_PARAMETER,
	BAD_CREDENTIALS,
	BAD_ACCOUNT,
	NOT_PERMITTED,
	NOT_ENABLED,
	BAD_SECRET,
	UNKNOWN_PATH,
	NOT_POST,
	NOT_GET,
	TAKEN,
	FULL,
	TOO_LARGE,
	BAD_TYPE,
	STORE_AWAY,
};

/* One request on its way through. */
struct call {
	const struct api *api;
	const struct request *request;
	struct answer *answer;
	struct ledger ledger;
	struct params params; /* what was parsed, for the log and to be wiped */
	const char *sentence; /* of BAD_PARAMETER */
	struct err why;       /* of STORE_AWAY */
};

/*
 * Answer a call: print the body into call->answer and return DONE or MADE, or
 * return why not, and the route's dialect prints that.
 */
typedef enum outcome handler(struct call *call);

/* endpoints.c: call->params holds what the route asks for. */
handler endpoint_create_authorisation, endpoint_expire_authorisation,
    endpoint_publish_response, endpoint_expire_response,
    endpoint_publish_persistent_record, endpoint_expire_persistent_record;

/* httpreq.c: lego's httpreq, and acmeproxy in Caddy and acme.sh. */
handler httpreq_present, httpreq_cleanup;

/* acmedns.c: acme-dns. */
handler acmedns_register, acmedns_update, acmedns_health;
void acmedns_print_refusal(struct call *call, enum outcome outcome);

#endif
