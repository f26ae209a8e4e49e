/* Tells requests that a page of another web site makes a browser send. */
#include <string.h>
#include <strings.h>

#include "fcgi-app/api/origin.h"

bool
origin_is_foreign(const struct request *request)
{
	const char *site = request->fetch_site;
	const char *host = strstr(request->origin, "://");

	/* "none" is what the user did, and no page. */
	if (site[0] != '\0' && strcmp(site, "same-origin") != 0 &&
	    strcmp(site, "none") != 0)
		return true;
	if (request->origin[0] == '\0')
		return false;
	/* It is "null" when the page has no origin, or hides it. */
	return host == NULL ||
	    strcasecmp(host + strlen("://"), request->host) != 0;
}
