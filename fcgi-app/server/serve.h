#ifndef FCGI_APP_SERVER_SERVE_H
#define FCGI_APP_SERVER_SERVE_H

#include "common/err.h"

/*
 * Answer FastCGI requests until SIGTERM or SIGINT, then finish those in hand.
 * SIGHUP reads the files again; if they are bad, the old ones stay in force.
 *
 *   file	the settings file
 *   where	as fcgi_listen() takes it
 *
 * Call it from a process that has no threads yet.
 */
MUST_CHECK enum err_code serve(const char *file, const char *where,
    struct err *err);

#endif
