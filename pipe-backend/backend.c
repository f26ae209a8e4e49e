#include <string.h>

#include "common/clock.h"
#include "common/dnsname.h"
#include "common/log.h"
#include "common/store.h"
#include "pipe-backend/backend.h"
#include "pipe-backend/question.h"

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

/* A name below the zone's own: L.ZONE has the responses of authorisation L. */
static enum err_code
answer_below(struct backend *b, const struct reply_owner *owner,
    const struct dnsname *name, struct reply *reply, struct err *err)
{
	const struct zone_settings *zone = &b->settings.zone;
	struct store store = { b->redis, b->settings.key_prefix };
	struct room room = { .name = *name };
	struct store_name found;
	size_t empty = reply->len;
	enum err_code rc;
	bool exists;

	room.name.len -= zone->name.len + 1;
	room.name.text[room.name.len] = '\0';
	rc = store_read_name(&found, &store, &room, clock_now_ms(), err);
	if (rc != ERR_OK)
		return rc;
	exists = add_records(reply, owner, zone, name) || found.is_covered ||
	    found.is_above;
	if (found.is_covered)
		add_values(reply, owner, b, &found);
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

/*
 * PowerDNS may keep the answer to a SOA question: it does not change with a
 * publication.  Any other answer carries scopebits, which keeps it out of
 * PowerDNS's cache, so that the next question sees what was published
 * meanwhile.
 */
static enum err_code
answer_name(struct backend *b, const struct question *q,
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
	struct room room;
	enum err_code rc;
	bool is_apex = false;

	/* With an id PowerDNS looks in another zone, perhaps a backend's. */
	if (q->zone_id == -1 || q->zone_id == owner.id) {
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

static enum err_code
answer_q(struct backend *b, const struct question *q, struct reply *reply,
    struct err *err)
{
	struct dnsname name;
	enum err_code rc = ERR_OK;

	if (b->version == 0)
		return err_set(err, ERR_INPUT, "Q before HELO");
	/* The root, escapes, odd octets: nobody's authorisation. */
	if (q->rrtype != RRTYPE_OTHER &&
	    dnsname_parse(&name, q->qname, strlen(q->qname), NULL) == ERR_OK)
		rc = answer_name(b, q, &name, reply, err);
	if (rc == ERR_OK && !reply_end(reply))
		rc = err_set(err, ERR_SYSTEM, "an answer without an end");
	return rc;
}

static enum err_code
answer_helo(struct backend *b, const struct question *q, struct reply *reply,
    struct err *err)
{
	if (q->version < 1 || q->version > BACKEND_VERSION_MAX)
		return err_set(err, ERR_INPUT,
		    "pipe-abi-version=%u: 1 to %d are spoken here", q->version,
		    BACKEND_VERSION_MAX);
	b->version = q->version;
	reply_line(reply, "OK\tacmeproxy-pipe");
	return ERR_OK;
}

/* `pdnsutil backend-cmd`: how is it? */
static void
answer_cmd(struct backend *b, struct reply *reply)
{
	struct err why = { 0 };
	enum err_code rc;

	rc = redis_begin(b->redis, &why);
	if (rc == ERR_OK) {
		redis_add_words(b->redis, "PING", (char *)NULL);
		rc = redis_end(b->redis, &why);
	}
	if (rc != ERR_OK)
		log_line("%s", why.text);
	reply_line(reply, "acmeproxy-pipe: store: %s\nEND",
	    rc == ERR_OK ? "ok" : "away");
}

/* A store that is away is away for thousands of questions: a line a second. */
static void
log_failure(struct backend *b, const char *why)
{
	int64_t now_ms = clock_steady_ms();

	if (b->logged_at_ms != 0 && now_ms - b->logged_at_ms < 1000)
		return;
	b->logged_at_ms = now_ms;
	log_line("%s", why);
}

enum err_code
backend_answer(struct backend *backend, const char *line, struct reply *reply,
    struct err *err)
{
	struct err why = { 0 };
	struct question q = { .rrtype = RRTYPE_OTHER };
	enum err_code rc;

	reply_begin(reply);
	if (question_parse(&q, line, &why) != ERR_OK) {
		reply_fail(reply, q.rrtype == RRTYPE_SOA);
		log_failure(backend, why.text);
		return ERR_OK;
	}
	switch (q.kind) {
	case QUESTION_HELO:
		rc = answer_helo(backend, &q, reply, err);
		if (rc != ERR_OK)
			reply_fail(reply, false);
		return rc;
	case QUESTION_Q:
		if (answer_q(backend, &q, reply, &why) == ERR_OK)
			return ERR_OK;
		reply_fail(reply, q.rrtype == RRTYPE_SOA);
		log_failure(backend, why.text);
		return ERR_OK;
	case QUESTION_AXFR:
		/* Zones of one moment: there is nothing to mirror. */
		reply_fail(reply, false);
		return ERR_OK;
	case QUESTION_CMD:
		answer_cmd(backend, reply);
		return ERR_OK;
	}
	return ERR_OK;
}
