#ifndef COMMON_DNSNAME_H
#define COMMON_DNSNAME_H

#include <stdbool.h>
#include <stddef.h>

#include "common/err.h"

#define DNSNAME_MAX   253 /* text octets, no trailing dot: RFC 1035, 2.3.4 */
#define DNSNAME_LABEL 63  /* octets in one label:          RFC 1035, 2.3.4 */

/*
 * A domain name that has passed dnsname_parse(): lower case, without a trailing
 * dot, LDH labels plus '_'.  Holding one proves that it is valid, so no other
 * module checks again.
 */
struct dnsname {
	size_t len;                 /* octets in text, 1..DNSNAME_MAX */
	char text[DNSNAME_MAX + 1]; /* NUL-terminated */
};

/*
 * Parse a name as a client, an administrator or PowerDNS writes it.
 *
 *   text, len	the octets; need not be NUL-terminated; may hold NULs
 *
 * Upper case is folded (RFC 4343) and one trailing dot is dropped.  A label may
 * neither begin nor end with a hyphen (RFC 5890, 2.3.1).  Escapes ("\046",
 * RFC 1035, 5.1) are refused: no name that we serve needs them.
 *
 * Returns ERR_OK, or ERR_INPUT with *name left untouched.
 */
MUST_CHECK enum err_code dnsname_parse(struct dnsname *name, const char *text,
    size_t len, struct err *err);

/* True if name equals zone or is below it.  Only whole labels match. */
bool dnsname_is_under(const struct dnsname *name, const struct dnsname *zone);

/* Number of labels: "secure.example.com" has three. */
size_t dnsname_n_labels(const struct dnsname *name);

/*
 * Drop the leftmost label in place.  Returns false, with name untouched, if it
 * is the only one.
 */
bool dnsname_to_parent(struct dnsname *name);

#endif
