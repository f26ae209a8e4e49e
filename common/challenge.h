#ifndef COMMON_CHALLENGE_H
#define COMMON_CHALLENGE_H

#include "common/dnsname.h"

#define CHALLENGE_LABEL_LEN 17 /* "_" and 80 bits in base32 */

/* The longest name for which _acme-challenge.NAME is a domain name. */
#define CHALLENGE_NAME_MAX (DNSNAME_MAX - 16)

/*
 * What a challenge is about, and with that where its responses are: the name
 *that somebody has to prove, and for dns-account-01 the label of an ACME
 *account. In DNS that is
 *
 *	_acme-challenge.NAME   _LABEL._acme-challenge.NAME
 *	NAME.ZONE              _LABEL.NAME.ZONE	in the zone of ours
 *
 * This is the one place that knows.
 * Source: RFC 8555, 8.4; draft-ietf-acme-dns-account-label, 3.1.
 */
struct challenge {
	struct dnsname name;
	char label[CHALLENGE_LABEL_LEN + 1]; /* "" for none */
};

/* False, with the challenge untouched, when the name is none. */
bool challenge_parse(struct challenge *challenge, const struct dnsname *name);

/*
 * The same in a zone of ours.  Any name below the zone's is one, so this is
 * false for the zone itself, and for what is not in it, only.
 */
bool challenge_parse_in_zone(struct challenge *challenge,
    const struct dnsname *name, const struct dnsname *zone);

/* True when a text is an account's label, in lower case. */
bool challenge_is_label(const char *text, size_t len);

/*
 * The name whose persistent records (draft-ietf-acme-dns-persist) are at
 * _validation-persist.NAME.  False, with *of untouched, when it is no such
 * name.
 */
bool challenge_parse_persistent(struct dnsname *of, const struct dnsname *name);

#endif
