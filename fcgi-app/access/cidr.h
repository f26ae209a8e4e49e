#ifndef FCGI_APP_ACCESS_CIDR_H
#define FCGI_APP_ACCESS_CIDR_H

#include <stdbool.h>
#include <stddef.h>

#include "common/err.h"

#define CIDR_MAX  64  /* octets of one network as text, with NUL */
#define CIDR_BITS 130 /* the same of its bits */

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
 * Write a network, or an address, as "4" or "6" and its bits: "41100..." is in
 * 192.0.0.0/8.  An address is in a network if its bits begin with those of the
 * network.  IPv4-mapped addresses and networks are those of IPv4.
 *
 *   out	CIDR_BITS octets
 *
 * Return false, with *out untouched, if the text is none.
 */
bool cidr_bits(char *out, const char *network);
bool cidr_address_bits(char *out, const char *text);

/*
 * Write the network that a client's address is counted by: an IPv4 address
 * alone, or the /64 of an IPv6 address, which is what one customer has; "" if
 * it is no address.
 *
 *   out	CIDR_MAX octets
 */
void cidr_network_of(char *out, const char *text);

#endif
