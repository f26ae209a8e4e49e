#ifndef FCGI_APP_API_API_H
#define FCGI_APP_API_API_H

#include "common/store.h"
#include "fcgi-app/api/answer.h"
#include "fcgi-app/api/request.h"
#include "fcgi-app/config.h"

/*
 * Answer a request: our endpoints, the dialects, and every refusal.  Never
 * fails: what goes wrong becomes a status and a fixed sentence, and is logged.
 *
 *   config	in force for this request
 *   store	the worker's
 *
 * Source: README, "API".
 */
void api_answer(struct answer *answer, const struct request *request,
    const struct config *config, struct store *store);

/*
 * When the answer has arrived: use the new secret that it holds, if any, so
 * that the creation stays, and the secret that it replaces ends.  If the store
 * is away, somebody else tries again (store/confirmations.h).
 */
void api_confirm(const struct answer *answer, struct store *store);

#endif
