#ifndef PIPE_BACKEND_NAMES_H
#define PIPE_BACKEND_NAMES_H

#include "common/dnsname.h"
#include "pipe-backend/backend.h"
#include "pipe-backend/question.h"

/*
 * Add the records of a name to the reply; none if the name is not ours.
 *
 *   name	q's name, parsed
 *
 * Returns ERR_OK, or ERR_STORE: the records are then unknown, and what is in
 * the reply must not be sent.
 * Source: ARCHITECTURE.md, "The way of a question".
 */
MUST_CHECK enum err_code names_answer(struct backend *b,
    const struct question *q, const struct dnsname *name, struct reply *reply,
    struct err *err);

#endif
