#ifndef FCGI_APP_API_PARAMS_H
#define FCGI_APP_API_PARAMS_H

#include <stdbool.h>

#include "common/dnsname.h"
#include "common/store.h"
#include "common/txtvalue.h"
#include "fcgi-app/access/secret.h"
#include "fcgi-app/api/request.h"

/* Parameters of the API, as bits for a route to say what it takes. */
enum param {
	PARAM_NAME = 1 << 0,
	PARAM_SECRET = 1 << 1,
	PARAM_RESPONSE = 1 << 2,
	PARAM_SUFFIX_MATCH = 1 << 3,
	PARAM_LABEL = 1 << 4,
	PARAM_RECORD = 1 << 5,
};

/* Parameters that passed their parsers.  What was not given is zero. */
struct params {
	unsigned given;             /* bits of enum param */
	struct challenge challenge; /* its label is of dns-account-01 */
	struct secret secret;       /* for params_wipe() */
	struct txtvalue response;
	bool suffix_match;
	struct issuevalue record; /* of dns-persist-01 */
};

enum params_fault {
	PARAMS_OK,
	PARAMS_BAD_TYPE, /* neither a form nor JSON: HTTP 415 */
	PARAMS_BAD,      /* HTTP 400, `sentence` says which and why */
};

/*
 * Read a body: application/x-www-form-urlencoded, or a JSON object.
 *
 *   required, optional	bits of enum param; a known parameter in neither, and
 *			any unknown one, is passed over
 *   sentence	set to a constant text when PARAMS_BAD is returned; it holds
 *		nothing that the client sent
 *
 * Source: README, "API"; RFC 9110, 8.3 for the media type.
 */
enum params_fault params_parse(struct params *params,
    const struct request *request, unsigned required, unsigned optional,
    const char **sentence);

void params_wipe(struct params *params);

/*
 * Take a name as people write it for a certificate: case folded, a leading
 * "*." dropped, at least two labels, the last not a number, and short enough
 * for "_acme-challenge." to go in front.
 *
 * Returns NULL, or a sentence with *name untouched.
 */
const char *params_parse_name(struct dnsname *name, const char *text,
    size_t len);

#endif
