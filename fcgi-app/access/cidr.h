#ifndef FCGI_APP_ACCESS_CIDR_H
#define FCGI_APP_ACCESS_CIDR_H

#include <stdbool.h>
#include <stddef.h>

#include "common/err.h"

#define CIDR_MAX 64 /* octets of one network as text, with NUL */

/*
 * Parse one network, "192.0.2.0/24" or "2001:db8::/32".  The prefix length is
 * required.  Host bits may be set, and are kept.  Brackets around an IPv6
 * address are dropped.
 *
 *   out	the network as text, CIDR_MAX octets
 *
 * Returns ERR_OK or ERR_INPUT.
 */
MUST_CHECK enum err_code cidr_parse(char *out, const char *text, size_t len,
    struct err *err);

/*
 * True if address is in one of the networks, which are separated by blanks.
 * IPv4-mapped addresses and networks are those of IPv4.
 */
bool cidr_list_has(const char *networks, const char *address);

#endif
