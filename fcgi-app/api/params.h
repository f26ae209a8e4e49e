#ifndef FCGI_APP_API_PARAMS_H
#define FCGI_APP_API_PARAMS_H

#include <stdbool.h>

#include "common/dnsname.h"
#include "common/store.h"
#include "common/txtvalue.h"
#include "fcgi-app/access/secret.h"
#include "fcgi-app/api/request.h"

/* The API's parameters, as bits, with which a route says what it takes. */
enum param {
	PARAM_NAME = 1 << 0,
	PARAM_SECRET = 1 << 1,
	PARAM_RESPONSE = 1 << 2,
	PARAM_SUFFIX_MATCH = 1 << 3,
	PARAM_LABEL = 1 << 4,
	PARAM_RECORD = 1 << 5,
};

/* Parameters, parsed.  What was not given is zero. */
struct params {
	unsigned given;             /* bits of enum param */
	struct challenge challenge; /* its label is for dns-account-01 */
	struct secret secret;       /* params_wipe() wipes it */
	struct txtvalue response;
	bool suffix_match;
	struct issuevalue record; /* of dns-persist-01 */
};

enum params_fault {
	PARAMS_OK,
	PARAMS_BAD_TYPE, /* neither a form nor JSON: HTTP 415 */
	PARAMS_BAD,      /* HTTP 400; `sentence` says why */
};

/*
 * Parse a body: application/x-www-form-urlencoded, or a JSON object.
 *
 *   required	bits of enum param
 *   optional	bits of enum param; a parameter that is in neither is ignored
 *   *sentence	a constant text, set when PARAMS_BAD is returned; it holds
 *		nothing that the client sent
 *
 * Source: README, "API"; RFC 9110, 8.3 for the media type.
 */
enum params_fault params_parse(struct params *params,
    const struct request *request, unsigned required, unsigned optional,
    const char **sentence);

void params_wipe(struct params *params);

/*
 * Parse a name as people write it for a certificate.  Case is folded, and a
 * leading "*." is dropped.  The name must have at least two labels, the last of
 * which is not a number, and leave room for "_acme-challenge." in front.
 *
 * Returns NULL, or a sentence for the client, with *name untouched.
 */
const char *params_parse_name(struct dnsname *name, const char *text,
    size_t len);

#endif
