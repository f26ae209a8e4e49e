#ifndef FCGI_APP_SERVER_FCGI_H
#define FCGI_APP_SERVER_FCGI_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "fcgi-app/api/answer.h"
#include "fcgi-app/api/request.h"

/*
 * The FastCGI side of one worker thread.
 *
 * Each connection is closed after its request, whatever nginx's
 * fastcgi_keep_conn says: a connection that is kept would occupy a worker, and
 * a few nginx processes could occupy all of them.
 *
 * No peer holds a worker: libfcgi reads only what is there already (room.h),
 * and an answer that the peer does not read is given up after 5 s.
 */
struct fcgi;

/* Call this once, before threads start.  Returns ERR_OK or ERR_SYSTEM. */
MUST_CHECK enum err_code fcgi_init(struct err *err);

/*
 * Get a listening, non-blocking socket.
 *
 *   where	"unix:PATH" or "ADDRESS:PORT" ([ADDRESS] for IPv6) to open one;
 *		NULL to take descriptor 0, as systemd and spawn-fcgi hand
 *		it over
 *
 * Returns ERR_OK; ERR_INPUT if `where` is malformed or descriptor 0 is not a
 * listening socket; or ERR_SYSTEM.
 */
MUST_CHECK enum err_code fcgi_listen(int *fd, const char *where,
    struct err *err);

/*
 * Make the FastCGI side of a worker.  The descriptors stay the caller's.
 *
 *   stop_fd	becomes readable (end of file will do) when it is time to stop
 *   n_workers	of this process, 1 at least
 *
 * Returns ERR_OK or ERR_SYSTEM.
 */
MUST_CHECK enum err_code fcgi_new(struct fcgi **fcgi, int listen_fd,
    int stop_fd, unsigned n_workers, struct err *err);
void fcgi_free(struct fcgi *fcgi);

/*
 * How long, in ms, the worker has been busy with its request; 0 if it has none.
 * Safe from any thread.
 */
int64_t fcgi_busy_ms(const struct fcgi *fcgi);

/*
 * Wait for a request.  Its texts are valid until fcgi_answer().
 *
 * Returns false when it is time to stop, and either no request is waiting or
 * enough have been served since: room_next().
 */
bool fcgi_accept(struct fcgi *fcgi, struct request *request);

/*
 * Send the answer to the request, and close its connection.  An answer with a
 * new secret is waited for.
 *
 * Returns false when the peer is known not to have read it.
 */
bool fcgi_answer(struct fcgi *fcgi, const struct answer *answer);

#endif
