#ifndef COMMON_CHALLENGE_H
#define COMMON_CHALLENGE_H

#include "common/dnsname.h"

#define CHALLENGE_LABEL_LEN 17 /* "_" and 80 bits in base32 */

/*
 * The longest name for which _acme-challenge.NAME is a domain name, and
 * _LABEL._acme-challenge.NAME, and _validation-persist.NAME.
 */
#define CHALLENGE_NAME_MAX     (DNSNAME_MAX - 16)
#define CHALLENGE_LABELLED_MAX (CHALLENGE_NAME_MAX - CHALLENGE_LABEL_LEN - 1)
#define CHALLENGE_PERSIST_MAX  (DNSNAME_MAX - 20)

/*
 * What a challenge is about: the name that somebody has to prove, and for
 * dns-account-01 the label of an ACME account.  In DNS its responses are at
 *
 *	_acme-challenge.NAME   _LABEL._acme-challenge.NAME
 *	NAME.ZONE              _LABEL.NAME.ZONE             in our own zone
 *
 * No other module knows these names.
 * Source: RFC 8555, 8.4; draft-ietf-acme-dns-account-label, 3.1.
 */
struct challenge {
	struct dnsname name;
	char label[CHALLENGE_LABEL_LEN + 1]; /* "" for none */
};

/*
 * Parse the name of a challenge outside our own zone.  If it is not one, return
 * false and leave *challenge untouched.
 */
bool challenge_parse(struct challenge *challenge, const struct dnsname *name);

/*
 * Parse the name of a challenge in our own zone: every name below the zone's is
 * one.  Returns false, with *challenge untouched, for the zone's own name and
 * for names outside the zone.
 */
bool challenge_parse_in_zone(struct challenge *challenge,
    const struct dnsname *name, const struct dnsname *zone);

/* True if the text is an account's label: "_" and base32 in lower case. */
bool challenge_is_label(const char *text, size_t len);

/*
 * Parse _validation-persist.OF, where the persistent records of the name *of
 * are (draft-ietf-acme-dns-persist).  Returns false, with *of untouched, if the
 * name does not have this form.
 */
bool challenge_parse_persistent(struct dnsname *of, const struct dnsname *name);

#endif
