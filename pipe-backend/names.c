#include <string.h>

#include "common/clock.h"
#include "common/dnsname.h"
#include "common/store.h"
#include "pipe-backend/names.h"

/*
 * SOA numbers (RFC 1035, 3.3.13).  Nothing transfers these zones, so the
 * serial never moves.  The minimum is what counts: a negative answer must not
 * outlive the next publication.
 */
#define SOA_SERIAL    1
#define SOA_REFRESH_S 3600
#define SOA_RETRY_S   600
#define SOA_EXPIRE_S  86400
#define SOA_MINIMUM_S 0

/* Stable and positive for a zone, in every coprocess (FNV-1a, 32 bits). */
static int32_t
zone_id(const struct dnsname *apex)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < apex->len; i++)
		hash = (hash ^ (unsigned char)apex->text[i]) * 16777619u;
	return (int32_t)(hash & 0x7fffffffu);
}

static void
add_authority(struct reply *reply, const struct reply_owner *owner,
    const struct settings *s, bool with_caa)
{
	enum rrtype asked = owner->asked;
	bool any = asked == RRTYPE_ANY;
	unsigned ttl_s = s->authority_ttl_s;

	if (any || asked == RRTYPE_SOA)
		reply_data(reply, owner, "SOA", ttl_s, "%s %s %d %d %d %d %d",
		    s->soa_hostname.text, s->soa_contact.text, SOA_SERIAL,
		    SOA_REFRESH_S, SOA_RETRY_S, SOA_EXPIRE_S, SOA_MINIMUM_S);
	if (any || asked == RRTYPE_NS)
		for (size_t i = 0; i < s->n_nameservers; i++)
			reply_data(reply, owner, "NS", ttl_s, "%s",
			    s->nameservers[i].text);
	if (with_caa && (any || asked == RRTYPE_CAA))
		for (size_t i = 0; i < s->n_caa_issuers; i++)
			reply_data(reply, owner, "CAA", ttl_s, "0 issue \"%s\"",
			    s->caa_issuers[i].text);
}

/* Inside another backend's zone nothing but challenges is ours. */
static bool
is_elsewhere(const struct settings *s, const struct dnsname *name)
{
	for (size_t i = 0; i < s->n_other_zones; i++)
		if (dnsname_is_under(name, &s->other_zones[i]))
			return true;
	return false;
}

/*
 * Is there a zone apex of ours at this very name?  Sets found's values to what
 * its TXT records are: those of a challenge, none elsewhere.
 */
static enum err_code
find_apex(bool *is_apex, struct store_name *found, struct backend *b,
    const struct dnsname *name, struct err *err)
{
	const struct settings *s = &b->settings;
	struct store store = { b->redis, s->key_prefix };
	struct room room = { .name = *name };
	bool is_challenge = dnsname_drop_label(&room.name, "_acme-challenge");
	enum err_code rc;

	*is_apex = false;
	if (!is_challenge &&
	    (s->authority == AUTHORITY_CHALLENGE || is_elsewhere(s, name)))
		return ERR_OK;
	rc = store_read_name(found, &store, &room, clock_now_ms(), err);
	if (rc != ERR_OK)
		return rc;
	if (is_challenge) {
		*is_apex = found->is_covered;
	} else {
		*is_apex = found->is_own ||
		    (s->authority == AUTHORITY_PARENT && found->is_parent &&
			dnsname_n_labels(name) >= STORE_MIN_LABELS);
		found->n_values = 0;
	}
	return ERR_OK;
}

static void
add_values(struct reply *reply, const struct reply_owner *owner,
    const struct backend *b, const struct store_name *found)
{
	if (owner->asked != RRTYPE_ANY && owner->asked != RRTYPE_TXT)
		return;
	for (size_t i = 0; i < found->n_values; i++)
		reply_data(reply, owner, "TXT", b->settings.response_ttl_s,
		    "\"%s\"", found->values[i].text);
}

/*
 * A persistent record is kept in caches for as long as SOA and NS, but not
 * beyond the time that it gives itself.
 */
static void
add_records_of(struct reply *reply, const struct reply_owner *owner,
    const struct backend *b, const struct store_records *found)
{
	int64_t now_s = clock_now_ms() / 1000;

	if (owner->asked != RRTYPE_ANY && owner->asked != RRTYPE_TXT)
		return;
	for (size_t i = 0; i < found->n; i++) {
		const struct issuevalue *v = &found->values[i];
		int64_t left_s = v->until_s - now_s;
		unsigned ttl_s = b->settings.authority_ttl_s;
		bool is_long = v->len > TXTVALUE_MAX;

		if (left_s < ttl_s)
			ttl_s = left_s > 0 ? (unsigned)left_s : 0;
		reply_data(reply, owner, "TXT", ttl_s, "\"%.*s\"%s%s%s",
		    TXTVALUE_MAX, v->text, is_long ? " \"" : "",
		    is_long ? v->text + TXTVALUE_MAX : "", is_long ? "\"" : "");
	}
}

/*
 * The static records of a name in the zone, for ANY only: PowerDNS asks for
 * nothing else.  Returns whether the name exists by them, be it that it only
 * has names below it.
 */
static bool
add_records(struct reply *reply, const struct reply_owner *owner,
    const struct zone_settings *zone, const struct dnsname *name)
{
	bool exists = false;

	for (size_t i = 0; i < zone->n_records; i++) {
		const struct zonerecord *r = &zone->records[i];

		exists = exists || dnsname_is_under(&r->owner, name);
		if (owner->asked == RRTYPE_ANY &&
		    strcmp(r->owner.text, name->text) == 0)
			reply_data(reply, owner, r->type, r->ttl_s, "%s",
			    r->content);
	}
	return exists;
}

/* _validation-persist.N, if the settings want it: of gets N. */
static bool
is_persistent(struct dnsname *of, const struct settings *s,
    const struct dnsname *name)
{
	*of = *name;
	return s->persistent_records &&
	    dnsname_drop_label(of, "_validation-persist");
}

/*
 * Add the TXT records of a name below the zone's own: L.ZONE has the responses
 * of authorisation L, _LABEL.L.ZONE those of a room of it, and
 * _validation-persist.L.ZONE its persistent records.
 */
static enum err_code
add_below(bool *exists, struct backend *b, const struct reply_owner *owner,
    const struct dnsname *name, struct reply *reply, struct err *err)
{
	struct store store = { b->redis, b->settings.key_prefix };
	struct store_records records;
	struct store_name found;
	struct room room = { .name = *name };
	struct dnsname of;
	bool is_room = room_of(&room, name);
	enum err_code rc;

	if (is_persistent(&of, &b->settings, name)) {
		rc = store_read_records(&records, &store, &of, clock_now_ms(),
		    err);
		if (rc == ERR_OK && records.is_own)
			add_records_of(reply, owner, b, &records);
		*exists = rc == ERR_OK && records.is_own;
		return rc;
	}
	rc = store_read_name(&found, &store, &room, clock_now_ms(), err);
	if (rc == ERR_OK && found.is_covered)
		add_values(reply, owner, b, &found);
	*exists =
	    rc == ERR_OK && !is_room && (found.is_covered || found.is_above);
	return rc;
}

static enum err_code
answer_below(struct backend *b, const struct reply_owner *owner,
    const struct dnsname *name, struct reply *reply, struct err *err)
{
	const struct zone_settings *zone = &b->settings.zone;
	struct dnsname below = *name;
	size_t empty = reply->len;
	enum err_code rc;
	bool exists;

	below.len -= zone->name.len + 1;
	below.text[below.len] = '\0';
	rc = add_below(&exists, b, owner, &below, reply, err);
	if (rc != ERR_OK)
		return rc;
	exists = add_records(reply, owner, zone, name) || exists;
	/*
	 * A name that exists and has no data (an empty non-terminal, RFC 4592,
	 * 2.2.2; an authorisation between two responses) must have a record for
	 * PowerDNS, or it says NXDOMAIN.  One of a private type (RFC 6895, 3.1)
	 * is nobody's answer.
	 */
	if (exists && reply->len == empty && owner->asked == RRTYPE_ANY)
		reply_data(reply, owner, "TYPE65280", 0, "\\# 0");
	return ERR_OK;
}

static enum err_code
answer_zone(struct backend *b, const struct question *q,
    const struct dnsname *name, struct reply *reply, struct err *err)
{
	const struct settings *s = &b->settings;
	bool is_apex = name->len == s->zone.name.len;
	struct reply_owner owner = {
		.version = b->version,
		.qname = q->qname,
		.id = zone_id(&s->zone.name),
		.asked = q->rrtype,
	};

	if ((q->zone_id != -1 && q->zone_id != owner.id) ||
	    (q->rrtype == RRTYPE_SOA && !is_apex))
		return ERR_OK;
	if (!is_apex)
		return answer_below(b, &owner, name, reply, err);
	add_authority(reply, &owner, s, false);
	(void)add_records(reply, &owner, &s->zone, name);
	return ERR_OK;
}

/*
 * A name one label below a challenge: with dns-account-01 each account has a
 * room of its own there.  Its zone is the challenge's.
 */
static enum err_code
answer_room(struct backend *b, const struct question *q, struct room *room,
    struct reply *reply, struct err *err)
{
	struct store store = { b->redis, b->settings.key_prefix };
	struct reply_owner owner = {
		.version = b->version,
		.qname = q->qname,
		.id = zone_id(&room->name),
		.asked = q->rrtype,
	};
	struct store_name found;
	enum err_code rc;

	if (q->rrtype == RRTYPE_SOA ||
	    (q->zone_id != -1 && q->zone_id != owner.id) ||
	    !dnsname_drop_label(&room->name, "_acme-challenge"))
		return ERR_OK;
	rc = store_read_name(&found, &store, room, clock_now_ms(), err);
	if (rc == ERR_OK && found.is_covered)
		add_values(reply, &owner, b, &found);
	return rc;
}

/* Is there an apex of persistent records, those of the name `of`? */
static enum err_code
answer_persistent(bool *is_apex, struct backend *b,
    const struct reply_owner *owner, const struct dnsname *of,
    struct reply *reply, struct err *err)
{
	struct store store = { b->redis, b->settings.key_prefix };
	struct store_records found;
	enum err_code rc;

	rc = store_read_records(&found, &store, of, clock_now_ms(), err);
	*is_apex = rc == ERR_OK && found.is_own;
	if (*is_apex) {
		add_authority(reply, owner, &b->settings, true);
		add_records_of(reply, owner, b, &found);
	}
	return rc;
}

/*
 * PowerDNS may keep the answer to a SOA question: it does not change with a
 * publication.  Any other answer carries scopebits, which keeps it out of
 * PowerDNS's cache, so that the next question sees what was published
 * meanwhile.
 */
enum err_code
names_answer(struct backend *b, const struct question *q,
    const struct dnsname *name, struct reply *reply, struct err *err)
{
	const struct zone_settings *zone = &b->settings.zone;
	struct reply_owner owner = {
		.version = b->version,
		.qname = q->qname,
		.id = zone_id(name),
		.asked = q->rrtype,
	};
	struct store_name found;
	struct dnsname of;
	struct room room;
	enum err_code rc;
	bool is_apex = false;

	/* With an id PowerDNS looks in another zone, perhaps a backend's. */
	if (q->zone_id == -1 || q->zone_id == owner.id) {
		if (is_persistent(&of, &b->settings, name)) {
			rc = answer_persistent(&is_apex, b, &owner, &of, reply,
			    err);
			if (rc != ERR_OK || is_apex)
				return rc;
		}
		rc = find_apex(&is_apex, &found, b, name, err);
		if (rc != ERR_OK)
			return rc;
	}
	if (is_apex) {
		add_authority(reply, &owner, &b->settings, true);
		add_values(reply, &owner, b, &found);
		return ERR_OK;
	}
	if (zone->is_set && dnsname_is_under(name, &zone->name))
		return answer_zone(b, q, name, reply, err);
	if (room_of(&room, name))
		return answer_room(b, q, &room, reply, err);
	return ERR_OK;
}
