#ifndef PIPE_BACKEND_TREE_H
#define PIPE_BACKEND_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/challenge.h"
#include "common/settings.h"
#include "pipe-backend/view.h"

/*
 * What a name is.
 *
 * N is a name that somebody has to prove.  It is covered when it has an
 * authorisation, or when one above it has suffix_match.  These are apexes of
 * zones of ours:
 *
 *	the zone of the settings, Z
 *	_acme-challenge.N	N is covered
 *	_validation-persist.N	N has an authorisation (persistent_records)
 *	N.Z			N is covered
 *	_validation-persist.N.Z	N has an authorisation (persistent_records)
 *	N			N has an authorisation (authority name, parent)
 *	the parent of N		N has an authorisation (authority parent)
 *
 * The last two hold outside of other_zones and of Z only.  When Z is signed,
 * nothing in it but Z itself is an apex: another one would have no keys, and
 * what it has would not be signed.  Nor is a name at which, or below which, Z
 * has a record of the settings: nobody takes that away.  What would be an apex
 * is data of Z instead.
 *
 * Every name below an apex, down to the next apex, is the zone's.  It exists
 * when it has data: the responses under an account's label, a record of the
 * settings, in a signed zone what was just said; or when a name below it exists
 * (RFC 8020; an empty non-terminal of RFC 4592, 2.2.2).  For the latter the
 * counts of authorisations below each name are enough, and that a covered name
 * has a challenge below it.
 *
 * An apex below another one is a cut in the outer zone, whose answer about it
 * is a delegation: a DS question is one for the outer zone (RFC 4035, 3.1.4.1).
 *
 * What is kept true: no name has NXDOMAIN while a name below it exists; and a
 * name has one answer in one zone, which is the one that PowerDNS asks for: it
 * repeats the id that our SOA gave it.
 */
enum place_kind {
	PLACE_NONE, /* nobody's, or nothing */
	PLACE_APEX,
	PLACE_CUT,  /* the apex of another zone, seen from the one asked */
	PLACE_DATA, /* it exists in the zone; it may be empty */
};

/* What an apex is for: it decides about CAA and static records. */
enum apex_kind {
	APEX_CHALLENGE, /* responses or persistent records */
	APEX_NAME,      /* of authority name or parent */
	APEX_ZONE,      /* of the settings */
};

struct place {
	enum place_kind kind;
	enum apex_kind apex; /* of an apex */
	int32_t zone_id;     /* of the zone that answers; not negative */
	bool is_in_zone;     /* that zone is the one of the settings */
	bool has_responses, has_records;
	struct challenge challenge; /* whose responses, or records, it has */
};

#define TREE_ANY_ZONE (-1)

struct tree_question {
	const struct dnsname *name;
	int32_t zone_id; /* of the zone that is asked, or TREE_ANY_ZONE */
	bool soa_only;   /* it matters only whether the name is an apex */
};

/*
 * Find out what a name is.
 *
 * Reads what it needs through the view, whose view_begin() was called; the
 * responses and records of the place are then in it.
 *
 * Returns ERR_OK or ERR_STORE.
 */
MUST_CHECK enum err_code tree_find(struct place *place,
    const struct tree_question *question, const struct settings *settings,
    struct view *view, struct err *err);

#endif
