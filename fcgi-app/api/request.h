#ifndef FCGI_APP_API_REQUEST_H
#define FCGI_APP_API_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#define HTTP_BODY_MAX 8192 /* octets of a request's body */

/*
 * A request, as FastCGI parameters describe it.  Texts are borrowed until the
 * answer is sent; what is missing is "".
 */
struct request {
	const char *method;
	const char *path; /* decoded, without the query */
	const char *content_type;
	const char *remote_addr; /* as nginx knows it, not from a header */
	const char *authorization, *api_user, *api_key; /* headers */
	const char *host, *origin, *fetch_site;         /* headers */
	const char *body;                               /* may hold NULs */
	size_t body_len;
	bool body_too_large; /* then body is empty */
	bool is_cut_off;     /* it ended too early: then body is empty */
};

#endif
