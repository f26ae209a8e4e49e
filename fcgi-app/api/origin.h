#ifndef FCGI_APP_API_ORIGIN_H
#define FCGI_APP_API_ORIGIN_H

#include <stdbool.h>

#include "fcgi-app/api/request.h"

/*
 * Was the request sent by a page of another web site, in somebody's browser?
 *
 * Such a page can post a form to any address that its visitor reaches, and so
 * act from inside their network.  Browsers say where a request comes from, in
 * Sec-Fetch-Site or Origin, and pages cannot change that.  Other clients send
 * neither.
 *
 * Source: https://www.w3.org/TR/fetch-metadata/; RFC 6454, 7.
 */
bool origin_is_foreign(const struct request *request);

#endif
