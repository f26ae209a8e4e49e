#ifndef COMMON_ZONERECORD_H
#define COMMON_ZONERECORD_H

#include "common/dnsname.h"
#include "common/err.h"

#define ZONERECORD_CONTENT 600 /* octets, with NUL: a TXT value, escaped */

#define ZONERECORD_TEXT    (DNSNAME_MAX + 32 + ZONERECORD_CONTENT) /* with NUL */

/* A record that the settings put into our zone. */
struct zonerecord {
	struct dnsname owner; /* absolute */
	unsigned ttl_s;
	const char *type;                 /* a name in zonerecord.c's table */
	char content[ZONERECORD_CONTENT]; /* as PowerDNS expects it */
};

/*
 * Parse "OWNER TTL TYPE CONTENT", as in a zone file (RFC 1035, 5.1):
 *
 *   OWNER	"@" for the zone itself, a name relative to it, or a name in it
 *		with a trailing dot
 *   TTL		0 to 604800 seconds
 *   TYPE	one of the table `types` in zonerecord.c
 *   CONTENT	what the function in that row takes
 *
 * Names in CONTENT are absolute, with or without the trailing dot.
 *
 * Returns ERR_OK, or ERR_INPUT with a sentence.
 */
MUST_CHECK enum err_code zonerecord_parse(struct zonerecord *record,
    const char *text, const struct dnsname *zone, struct err *err);

/* Write a record as a text that zonerecord_parse() turns into the same one. */
void zonerecord_format(char text[ZONERECORD_TEXT],
    const struct zonerecord *record);

#endif
