#ifndef PIPE_BACKEND_BACKEND_H
#define PIPE_BACKEND_BACKEND_H

#include "common/err.h"
#include "common/settings.h"
#include "common/store.h"
#include "pipe-backend/reply.h"

#define BACKEND_VERSION_MAX 5 /* of PowerDNS's pipe protocol */

/* One coprocess: what it was told, and its way to the store. */
struct backend {
	bool is_set_up; /* settings and store are there: backend_set_up() */
	struct err why_not;
	struct settings settings;
	struct store store;   /* whose connection is ours */
	unsigned version;     /* of the protocol; 0 before the handshake */
	int64_t logged_at_ms; /* the last failure, by the steady clock */
};

/*
 * Replace the settings, and with them the connection.
 * Returns ERR_OK, or ERR_SYSTEM and nothing has changed.
 */
MUST_CHECK enum err_code backend_set_up(struct backend *backend,
    const struct settings *settings, struct err *err);
void backend_wipe(struct backend *backend);

/* Log why questions fail, once a second at most: there may be thousands. */
void backend_log_failure(struct backend *backend, const char *why);

/*
 * Answer one line of PowerDNS.
 *
 *   line	NUL-terminated, without its newline
 *   reply	always one whole answer afterwards
 *
 * Whatever is doubtful (store away or not the one that is meant, malformed
 * line) is answered by FAIL, that is SERVFAIL, and the reason logged.  A name
 * that is not ours gets END alone, so that the other backends of the same
 * PowerDNS are asked.  Without settings, challenges get FAIL and all other
 * names END.
 *
 * Returns ERR_OK, or ERR_INPUT after a handshake for a version that we do not
 * speak: PowerDNS would carry on regardless, so the caller has to stop.
 */
MUST_CHECK enum err_code backend_answer(struct backend *backend,
    const char *line, struct reply *reply, struct err *err);

#endif
