#ifndef PIPE_BACKEND_BACKEND_H
#define PIPE_BACKEND_BACKEND_H

#include "common/err.h"
#include "common/settings.h"
#include "pipe-backend/reply.h"
#include "pipe-backend/view.h"

#define BACKEND_VERSION_MAX 5 /* of PowerDNS's pipe protocol */

/* The state of the coprocess. */
struct backend {
	struct settings *settings; /* NULL until backend_set_up() */
	struct view *view;         /* the same */
	struct err why_not;        /* why there are none */
	unsigned version;          /* of the protocol; 0 before the handshake */
	int64_t logged_at_ms;      /* the last failure, by clock_steady_ms() */
};

/*
 * Replace the settings, of which a copy is kept, and with them the connection.
 * Returns ERR_OK, or ERR_SYSTEM with nothing changed.
 */
MUST_CHECK enum err_code backend_set_up(struct backend *backend,
    const struct settings *settings, struct err *err);
void backend_wipe(struct backend *backend);

/* Between questions: readable when backend_idle() has something to do; or -1.
 */
int backend_fd(const struct backend *backend);
void backend_idle(struct backend *backend);

/* Log why questions fail, at most once a second: thousands may fail. */
void backend_log_failure(struct backend *backend, const char *why);

/*
 * Answer one line from PowerDNS.
 *
 *   line	NUL-terminated, without its newline
 *   reply	afterwards always holds one whole answer
 *
 * When we cannot know the answer (the store is away or not the one that is
 * meant, the line is malformed), it is FAIL, which becomes SERVFAIL, and the
 * reason is logged.  A name that is not ours gets END alone, so that PowerDNS
 * asks its other backends.  Without settings, challenges get FAIL and all other
 * names END.
 *
 * Returns ERR_OK, or ERR_INPUT after a handshake for a version that we do not
 * speak: PowerDNS would carry on regardless, so the caller has to stop.
 */
MUST_CHECK enum err_code backend_answer(struct backend *backend,
    const char *line, struct reply *reply, struct err *err);

#endif
