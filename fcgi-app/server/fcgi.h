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
 * fastcgi_keep_conn says: a kept connection would own a worker, and a few
 * nginx processes could starve all others.
 */
struct fcgi;

/* Once, before threads start. */
MUST_CHECK enum err_code fcgi_init(struct err *err);

/*
 * Get a listening, non-blocking socket.
 *
 *   where	"unix:PATH" or "ADDRESS:PORT" ([ADDRESS] for IPv6) to open it;
 *		NULL to take descriptor 0, as systemd and spawn-fcgi
 *		hand it over
 */
MUST_CHECK enum err_code fcgi_listen(int *fd, const char *where,
    struct err *err);

/*
 *   stop_fd	becomes readable (end of file will do) when it is time to stop
 */
MUST_CHECK enum err_code fcgi_new(struct fcgi **fcgi, int listen_fd,
    int stop_fd, struct err *err);
void fcgi_free(struct fcgi *fcgi);

/*
 * How long the worker has been at its request, in ms: 0 when it has none.  Safe
 * from any thread.
 */
int64_t fcgi_busy_ms(const struct fcgi *fcgi);

/*
 * Wait for a request.  Its texts live until fcgi_answer().
 *
 * Returns false when it is time to stop and nobody waits to be served.
 */
bool fcgi_accept(struct fcgi *fcgi, struct request *request);

void fcgi_answer(struct fcgi *fcgi, const struct answer *answer);

#endif
