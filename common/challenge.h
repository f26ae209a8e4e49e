#ifndef COMMON_CHALLENGE_H
#define COMMON_CHALLENGE_H

#include "common/dnsname.h"

#define CHALLENGE_FIRST     "_acme-challenge"
#define CHALLENGE_PERSIST   "_validation-persist"
#define CHALLENGE_LABEL_LEN 17 /* "_" and 80 bits in base32 */

/*
 * The longest name for which _acme-challenge.NAME is a domain name, and
 * _LABEL._acme-challenge.NAME, and _validation-persist.NAME.
 */
#define CHALLENGE_NAME_MAX     (DNSNAME_MAX - sizeof(CHALLENGE_FIRST))
#define CHALLENGE_LABELLED_MAX (CHALLENGE_NAME_MAX - CHALLENGE_LABEL_LEN - 1)
#define CHALLENGE_PERSIST_MAX  (DNSNAME_MAX - sizeof(CHALLENGE_PERSIST))

/*
 * How many labels a name may have.  Whoever asks for a name of a hundred labels
 * makes PowerDNS ask for each of the names above it; so names that are deeper
 * than this need not reach us (common/piperegex.h).  Let's Encrypt refuses
 * names of more than 10.
 */
#define CHALLENGE_NAME_LABELS 16

/*
 * What a challenge is about: the name that somebody has to prove, and for
 * dns-account-01 the label of an ACME account.  In DNS its responses are at
 *
 *	_acme-challenge.NAME   _LABEL._acme-challenge.NAME
 *	NAME.ZONE              _LABEL.NAME.ZONE             in our own zone
 *
 * and its persistent records are at
 *
 *	_validation-persist.NAME
 *	_validation-persist.NAME.ZONE
 *
 * No other module takes such a name apart.
 * Source: RFC 8555, 8.4; draft-ietf-acme-dns-account-label, 3.1;
 * draft-ietf-acme-dns-persist.
 */
struct challenge {
	struct dnsname name;
	char label[CHALLENGE_LABEL_LEN + 1]; /* "" for none */
};

/* What the first labels of a name make of it. */
struct challenge_form {
	bool is_persistent; /* it has persistent records, else responses */
	bool has_label;     /* its first label is that of an ACME account */
	size_t n_labels;    /* in front of the name that it is about; 0 to 2 */
};

/*
 * Look at the first labels of a name.
 *
 *   name	of len octets, as struct dnsname has it
 *   in_zone	the labels of our own zone were taken off: then each name is one
 *		of a challenge
 *
 * Returns false, with *form undefined, if it is not about a name.
 */
bool challenge_look(struct challenge_form *form, const char *name, size_t len,
    bool in_zone);

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

#endif
