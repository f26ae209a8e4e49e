/*
 * Which names are ours and which records they have.
 *
 * The rule of apexes.  N is a name, and _acme-challenge.N what its owner
 * delegates to us.  A name is an apex, with SOA, NS, CAA and its own TXT
 * records, when it is
 *
 *   _acme-challenge.N       and N is covered: authorised, or below an
 *                           authorisation with suffix_match
 *   _validation-persist.N   and N itself is authorised (persistent_records):
 *                           what stays must go with what allowed it
 *   N                       and N itself is authorised (authority name, parent)
 *   the parent of N         and N is authorised (authority parent)
 *   the zone                of the settings
 *
 * N and its parent are apexes outside of other_zones only.  Any other name is
 * data of the zone, or of the challenge one label above, or nobody's.  What is
 * kept true:
 *
 * - A question is answered by one zone.  PowerDNS says which one it looks in by
 *   the id that our SOA gave it; a question with another id is another
 *   backend's, or another zone's of ours, and gets nothing.
 * - A name with data has no NXDOMAIN above it, up to its apex: names between
 *   the two exist without data.
 * - What is not ours gets no record at all, so that other backends are asked.
 */
#include <string.h>

#include "common/clock.h"
#include "common/dnsname.h"
#include "common/store.h"
#include "pipe-backend/names.h"

/*
 * SOA numbers (RFC 1035, 3.3.13).  Nobody transfers these zones, so the serial
 * never changes.  Only the minimum matters: caches must not keep a negative
 * answer beyond the next publication.
 */
#define SOA_SERIAL    1
#define SOA_REFRESH_S 3600
#define SOA_RETRY_S   600
#define SOA_EXPIRE_S  86400
#define SOA_MINIMUM_S 0

/* What the functions that answer one question share. */
struct lookup {
	struct backend *b;
	struct reply *reply;
	struct reply_owner owner;
};

/* A zone's id: not negative, the same in every coprocess (32-bit FNV-1a). */
static int32_t
zone_id(const struct dnsname *apex)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < apex->len; i++)
		hash = (hash ^ (unsigned char)apex->text[i]) * 16777619u;
	return (int32_t)(hash & 0x7fffffffu);
}

static void
add_authority(const struct lookup *l, bool with_caa)
{
	const struct settings *s = &l->b->settings;
	enum rrtype asked = l->owner.asked;
	bool any = asked == RRTYPE_ANY;
	unsigned ttl_s = s->authority_ttl_s;

	if (any || asked == RRTYPE_SOA)
		reply_data(l->reply, &l->owner, "SOA", ttl_s,
		    "%s %s %d %d %d %d %d", s->soa_hostname.text,
		    s->soa_contact.text, SOA_SERIAL, SOA_REFRESH_S, SOA_RETRY_S,
		    SOA_EXPIRE_S, SOA_MINIMUM_S);
	if (any || asked == RRTYPE_NS)
		for (size_t i = 0; i < s->n_nameservers; i++)
			reply_data(l->reply, &l->owner, "NS", ttl_s, "%s",
			    s->nameservers[i].text);
	if (with_caa && (any || asked == RRTYPE_CAA))
		for (size_t i = 0; i < s->n_caa_issuers; i++)
			reply_data(l->reply, &l->owner, "CAA", ttl_s,
			    "0 issue \"%s\"", s->caa_issuers[i].text);
}

/* True in another backend's zone, where only challenges are ours. */
static bool
is_elsewhere(const struct settings *s, const struct dnsname *name)
{
	for (size_t i = 0; i < s->n_other_zones; i++)
		if (dnsname_is_under(name, &s->other_zones[i]))
			return true;
	return false;
}

/*
 * Find out whether this name is the apex of a zone of ours.  If it is,
 * found->values are its TXT records: the responses of a challenge, none for any
 * other name.
 */
static enum err_code
find_apex(bool *is_apex, struct store_name *found, struct backend *b,
    const struct dnsname *name, struct err *err)
{
	const struct settings *s = &b->settings;
	struct challenge challenge;
	bool is_challenge =
	    challenge_parse(&challenge, name) && challenge.label[0] == '\0';
	enum err_code rc;

	*is_apex = false;
	if (!is_challenge)
		challenge = (struct challenge){ .name = *name };
	if (!is_challenge &&
	    (s->authority == AUTHORITY_CHALLENGE || is_elsewhere(s, name)))
		return ERR_OK;
	rc = store_read_name(found, &b->store, &challenge, clock_now_ms(), err);
	if (rc != ERR_OK)
		return rc;
	if (is_challenge) {
		*is_apex = found->is_covered;
	} else {
		*is_apex = found->is_own ||
		    (s->authority == AUTHORITY_PARENT && found->has_child &&
			dnsname_n_labels(name) >= STORE_MIN_LABELS);
		found->n_values = 0;
	}
	return ERR_OK;
}

static void
add_values(const struct lookup *l, const struct store_name *found)
{
	if (l->owner.asked != RRTYPE_ANY && l->owner.asked != RRTYPE_TXT)
		return;
	for (size_t i = 0; i < found->n_values; i++)
		reply_data(l->reply, &l->owner, "TXT",
		    l->b->settings.response_ttl_s, "\"%s\"",
		    found->values[i].text);
}

/*
 * Caches may keep a persistent record for as long as SOA and NS, but not beyond
 * its persistUntil.
 */
static void
add_persistent(const struct lookup *l, const struct store_records *found)
{
	int64_t now_s = clock_now_ms() / 1000;

	if (l->owner.asked != RRTYPE_ANY && l->owner.asked != RRTYPE_TXT)
		return;
	for (size_t i = 0; i < found->n; i++) {
		const struct issuevalue *v = &found->values[i];
		int64_t left_s = v->until_s - now_s;
		unsigned ttl_s = l->b->settings.authority_ttl_s;
		bool is_long = v->len > TXTVALUE_MAX;

		if (left_s < ttl_s)
			ttl_s = left_s > 0 ? (unsigned)left_s : 0;
		reply_data(l->reply, &l->owner, "TXT", ttl_s, "\"%.*s\"%s%s%s",
		    TXTVALUE_MAX, v->text, is_long ? " \"" : "",
		    is_long ? v->text + TXTVALUE_MAX : "", is_long ? "\"" : "");
	}
}

/*
 * Add the configured records of a name in our zone, to the answer to ANY only:
 * PowerDNS asks for nothing else.  Returns true if the name or a name below it
 * has such a record: the name then exists.
 */
static bool
add_records(const struct lookup *l, const struct dnsname *name)
{
	const struct zone_settings *zone = &l->b->settings.zone;
	bool exists = false;

	for (size_t i = 0; i < zone->n_records; i++) {
		const struct zonerecord *r = &zone->records[i];

		exists = exists || dnsname_is_under(&r->owner, name);
		if (l->owner.asked == RRTYPE_ANY &&
		    strcmp(r->owner.text, name->text) == 0)
			reply_data(l->reply, &l->owner, r->type, r->ttl_s, "%s",
			    r->content);
	}
	return exists;
}

/* True if the name is where we serve the persistent records of *of. */
static bool
is_persistent(struct dnsname *of, const struct settings *s,
    const struct dnsname *name)
{
	return s->persistent_records && challenge_parse_persistent(of, name);
}

/*
 * Add the responses to a challenge in our zone.  *exists says whether its name
 * exists, even without responses.
 */
static enum err_code
add_responses_in_zone(bool *exists, const struct lookup *l,
    const struct challenge *challenge, struct err *err)
{
	struct store_name found;
	enum err_code rc;

	rc = store_read_name(&found, &l->b->store, challenge, clock_now_ms(),
	    err);
	if (rc != ERR_OK)
		return rc;
	if (found.is_covered)
		add_values(l, &found);
	*exists = challenge->label[0] == '\0' &&
	    (found.is_covered || found.has_descendant);
	return ERR_OK;
}

/* Read the persistent records of `of`; serve them only if found->is_own. */
static enum err_code
find_persistent(struct store_records *found, const struct lookup *l,
    const struct dnsname *of, struct err *err)
{
	return store_read_records(found, &l->b->store, of, clock_now_ms(), err);
}

/* Answer for a name below our zone's apex; it stands for `challenge`. */
static enum err_code
answer_below(const struct lookup *l, const struct dnsname *name,
    const struct challenge *challenge, struct err *err)
{
	struct dnsname of;
	size_t empty = l->reply->len;
	struct store_records found;
	bool exists = false;
	enum err_code rc;

	if (challenge->label[0] == '\0' &&
	    is_persistent(&of, &l->b->settings, &challenge->name)) {
		rc = find_persistent(&found, l, &of, err);
		if (rc == ERR_OK && found.is_own)
			add_persistent(l, &found);
		exists = rc == ERR_OK && found.is_own;
	} else {
		rc = add_responses_in_zone(&exists, l, challenge, err);
	}
	if (rc != ERR_OK)
		return rc;
	exists = add_records(l, name) || exists;
	/*
	 * PowerDNS says NXDOMAIN for a name without records, even if it exists
	 * (an empty non-terminal, RFC 4592, 2.2.2; an authorisation between two
	 * responses).  So such a name gets a record of a private type (RFC
	 * 6895, 3.1), for which nobody asks.
	 */
	if (exists && l->reply->len == empty && l->owner.asked == RRTYPE_ANY)
		reply_data(l->reply, &l->owner, "TYPE65280", 0, "\\# 0");
	return ERR_OK;
}

/* PowerDNS gives the id of the zone it looks in; -1 if it looks for a zone. */
static bool
is_asked_for(const struct lookup *l, const struct question *q)
{
	return q->zone_id == -1 || q->zone_id == l->owner.id;
}

static enum err_code
answer_zone(struct lookup *l, const struct question *q,
    const struct dnsname *name, struct err *err)
{
	const struct dnsname *zone = &l->b->settings.zone.name;
	struct challenge challenge;
	bool is_below = challenge_parse_in_zone(&challenge, name, zone);

	l->owner.id = zone_id(zone);
	if (!is_asked_for(l, q) || (q->rrtype == RRTYPE_SOA && is_below))
		return ERR_OK;
	if (is_below)
		return answer_below(l, name, &challenge, err);
	add_authority(l, false);
	(void)add_records(l, name);
	return ERR_OK;
}

/*
 * Answer for a name one label below a challenge, where the responses of one
 * ACME account are (dns-account-01).  Its zone is that of the challenge.
 */
static enum err_code
answer_labelled(struct lookup *l, const struct question *q,
    const struct dnsname *name, const struct challenge *challenge,
    struct err *err)
{
	struct store_name found;
	struct dnsname apex = *name;
	enum err_code rc;

	(void)dnsname_to_parent(&apex);
	l->owner.id = zone_id(&apex);
	if (q->rrtype == RRTYPE_SOA || !is_asked_for(l, q))
		return ERR_OK;
	rc = store_read_name(&found, &l->b->store, challenge, clock_now_ms(),
	    err);
	if (rc == ERR_OK && found.is_covered)
		add_values(l, &found);
	return rc;
}

/* Answer for the name if it is an apex of ours; *is_apex says whether it is. */
static enum err_code
answer_apex(bool *is_apex, const struct lookup *l, const struct dnsname *name,
    struct err *err)
{
	struct store_records records;
	struct store_name found;
	struct dnsname of;
	enum err_code rc;

	if (is_persistent(&of, &l->b->settings, name)) {
		rc = find_persistent(&records, l, &of, err);
		if (rc != ERR_OK)
			return rc;
		*is_apex = records.is_own;
		if (*is_apex) {
			add_authority(l, true);
			add_persistent(l, &records);
			return ERR_OK;
		}
	}
	rc = find_apex(is_apex, &found, l->b, name, err);
	if (rc == ERR_OK && *is_apex) {
		add_authority(l, true);
		add_values(l, &found);
	}
	return rc;
}

/*
 * PowerDNS may cache the answer to a SOA question, since a publication does not
 * change it.  Any other answer has scopebits, which keep it out of PowerDNS's
 * cache, so that the next answer has what was published meanwhile.
 */
enum err_code
names_answer(struct backend *b, const struct question *q,
    const struct dnsname *name, struct reply *reply, struct err *err)
{
	const struct zone_settings *zone = &b->settings.zone;
	struct lookup l = { b, reply,
		{ .version = b->version,
		    .qname = q->qname,
		    .id = zone_id(name),
		    .asked = q->rrtype } };
	struct challenge challenge;
	bool is_apex = false;
	enum err_code rc;

	if (is_asked_for(&l, q)) {
		rc = answer_apex(&is_apex, &l, name, err);
		if (rc != ERR_OK || is_apex)
			return rc;
	}
	if (zone->is_set && dnsname_is_under(name, &zone->name))
		return answer_zone(&l, q, name, err);
	if (challenge_parse(&challenge, name) && challenge.label[0] != '\0')
		return answer_labelled(&l, q, name, &challenge, err);
	return ERR_OK;
}
