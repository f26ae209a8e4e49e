#ifndef FCGI_APP_API_API_H
#define FCGI_APP_API_API_H

#include "common/store.h"
#include "fcgi-app/api/http.h"
#include "fcgi-app/config.h"

/* What a worker answers with. */
struct api {
	const struct config *config;
	struct store *store; /* the worker's */
};

/*
 * Answer a request: our endpoints, the dialects, and every refusal.  Never
 * fails: what goes wrong becomes a status and a fixed sentence, and is logged.
 * Source: README, "API".
 */
void api_answer(const struct api *api, const struct request *request,
    struct answer *answer);

#endif
