#ifndef COMMON_ZONERECORD_H
#define COMMON_ZONERECORD_H

#include "common/dnsname.h"
#include "common/err.h"

#define ZONERECORD_CONTENT 600 /* octets, with NUL: a TXT value, escaped */

#define ZONERECORD_TEXT    (DNSNAME_MAX + 32 + ZONERECORD_CONTENT) /* with NUL */

/* A record that stands in our zone by configuration. */
struct zonerecord {
	struct dnsname owner; /* absolute */
	unsigned ttl_s;
	char type[8]; /* one of A AAAA NS MX TXT CAA CNAME */
	char content[ZONERECORD_CONTENT]; /* as PowerDNS wants it */
};

/*
 * Parse "OWNER TTL TYPE CONTENT", as in a zone file (RFC 1035, 5.1):
 *
 *   OWNER	"@" for the zone itself, a name relative to it, or one with a
 *		trailing dot that lies in it
 *   CONTENT	an address; a name; "10 name" for MX; one quoted text for TXT;
 *		0 issue "ca.example" for CAA
 *
 * Names in CONTENT are absolute, with or without the trailing dot.
 *
 * Returns ERR_OK, or ERR_INPUT with a sentence.
 */
MUST_CHECK enum err_code zonerecord_parse(struct zonerecord *record,
    const char *text, const struct dnsname *zone, struct err *err);

/* The same as a text, which would be parsed to the same. */
void zonerecord_format(char text[ZONERECORD_TEXT],
    const struct zonerecord *record);

#endif
