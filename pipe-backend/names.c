/* Which records a name has; tree.h says what the name is. */
#include <string.h>

#include "common/dnsname.h"
#include "pipe-backend/names.h"
#include "pipe-backend/tree.h"

/*
 * SOA numbers (RFC 1035, 3.3.13).  Nobody transfers these zones, so the serial
 * never changes, and the times are those that checkers of zones want.  Only the
 * minimum matters: caches must not keep a negative answer beyond the next
 * publication.
 */
#define SOA_SERIAL    1
#define SOA_REFRESH_S 14400
#define SOA_RETRY_S   3600
#define SOA_EXPIRE_S  1209600
#define SOA_MINIMUM_S 0

/* What the functions that answer one question share. */
struct lookup {
	struct backend *b;
	struct reply *reply;
	struct reply_owner owner;
};

static bool
is_asked(const struct lookup *l, enum rrtype rrtype)
{
	return l->owner.asked == RRTYPE_ANY || l->owner.asked == rrtype;
}

static void
add_soa(const struct lookup *l)
{
	const struct settings *s = l->b->settings;

	if (is_asked(l, RRTYPE_SOA))
		reply_data(l->reply, &l->owner, "SOA", s->authority_ttl_s,
		    "%s %s %d %d %d %d %d", s->soa_hostname.text,
		    s->soa_contact.text, SOA_SERIAL, SOA_REFRESH_S, SOA_RETRY_S,
		    SOA_EXPIRE_S, SOA_MINIMUM_S);
}

static void
add_ns(const struct lookup *l)
{
	const struct settings *s = l->b->settings;

	if (is_asked(l, RRTYPE_NS))
		for (size_t i = 0; i < s->n_nameservers; i++)
			reply_data(l->reply, &l->owner, "NS",
			    s->authority_ttl_s, "%s", s->nameservers[i].text);
}

/*
 * At challenges, and at their owners' names only if the settings say so: a CAA
 * record there replaces what the owner has said above, which is inherited
 * otherwise (RFC 8659, 3).
 */
static void
add_caa(const struct lookup *l, enum apex_kind kind)
{
	const struct settings *s = l->b->settings;

	if (is_asked(l, RRTYPE_CAA) &&
	    (kind == APEX_CHALLENGE ||
		(kind == APEX_NAME && s->has_caa_issuers)))
		for (size_t i = 0; i < s->n_caa_issuers; i++)
			reply_data(l->reply, &l->owner, "CAA",
			    s->authority_ttl_s, "0 issue \"%s\"",
			    s->caa_issuers[i].text);
}

static void
add_responses(const struct lookup *l, const struct challenge *challenge)
{
	static struct responses found;

	if (!view_responses(l->b->view, &found, challenge))
		return;
	for (size_t i = 0; i < found.n; i++)
		reply_data(l->reply, &l->owner, "TXT",
		    l->b->settings->response_ttl_s, "\"%s\"", found.v[i].text);
}

/*
 * A persistent record may stay in caches for as long as SOA and NS do, but not
 * beyond its own end.
 */
static void
add_records(const struct lookup *l, const struct dnsname *name)
{
	static struct records found;
	int64_t now_s = view_now_ms(l->b->view) / 1000;

	if (!view_records(l->b->view, &found, name))
		return;
	for (size_t i = 0; i < found.n; i++) {
		const struct issuevalue *v = &found.v[i];
		int64_t left_s = v->until_s - now_s;
		unsigned ttl_s = l->b->settings->authority_ttl_s;
		bool is_long = v->len > TXTVALUE_MAX;

		if (left_s < ttl_s)
			ttl_s = left_s > 0 ? (unsigned)left_s : 0;
		reply_data(l->reply, &l->owner, "TXT", ttl_s, "\"%.*s\"%s%s%s",
		    TXTVALUE_MAX, v->text, is_long ? " \"" : "",
		    is_long ? v->text + TXTVALUE_MAX : "", is_long ? "\"" : "");
	}
}

static void
add_txt(const struct lookup *l, const struct place *place)
{
	if (!is_asked(l, RRTYPE_TXT))
		return;
	if (place->has_responses)
		add_responses(l, &place->challenge);
	if (place->has_records)
		add_records(l, &place->challenge.name);
}

/* Is a name at, or below, an NS record of the settings? */
static bool
is_delegated(const struct zone_settings *zone, const struct dnsname *name)
{
	for (size_t i = 0; i < zone->n_records; i++)
		if (strcmp(zone->records[i].type, "NS") == 0 &&
		    dnsname_is_under(name, &zone->records[i].owner))
			return true;
	return false;
}

/*
 * The records of the settings, for ANY: PowerDNS asks for nothing else.  It
 * must not sign a delegation and its addresses (RFC 4035, 2.2).
 */
static void
add_static(const struct lookup *l, const struct dnsname *name)
{
	const struct zone_settings *zone = &l->b->settings->zone;
	struct reply_owner owner = l->owner;

	owner.is_delegated = is_delegated(zone, name);
	for (size_t i = 0; i < zone->n_records; i++) {
		const struct zonerecord *r = &zone->records[i];

		if (l->owner.asked == RRTYPE_ANY &&
		    strcmp(r->owner.text, name->text) == 0)
			reply_data(l->reply, &owner, r->type, r->ttl_s, "%s",
			    r->content);
	}
}

/*
 * "Exists, no data".  PowerDNS would say NXDOMAIN to a name without a record.
 * It has no answer of its own to IXFR, and auth 0 keeps the record out of ANY
 * and of what DNSSEC says about the types of a name.
 */
static void
add_nothing(const struct lookup *l)
{
	struct reply_owner owner = l->owner;

	owner.is_delegated = true;
	if (owner.asked == RRTYPE_ANY)
		reply_data(l->reply, &owner, "IXFR", 0, "\\# 0");
}

static void
add_apex(const struct lookup *l, const struct place *place,
    const struct dnsname *name)
{
	add_soa(l);
	add_ns(l);
	add_caa(l, place->apex);
	add_txt(l, place);
	if (place->apex == APEX_ZONE)
		add_static(l, name);
}

static void
add_data(const struct lookup *l, const struct place *place,
    const struct dnsname *name)
{
	size_t empty = l->reply->len;

	add_txt(l, place);
	if (place->is_in_zone)
		add_static(l, name);
	if (l->reply->len == empty)
		add_nothing(l);
}

/*
 * PowerDNS may cache the answer to an SOA question: a publication does not
 * change it.  Any other answer has scopebits, which keeps it out of PowerDNS's
 * cache, so that the next question sees what has been published meanwhile.
 */
enum err_code
names_answer(struct backend *b, const struct question *q,
    const struct dnsname *name, struct reply *reply, struct err *err)
{
	struct lookup l = {
		b, reply,
		{ .version = b->version, .qname = q->qname, .asked = q->rrtype }
	};
	const struct tree_question question = { name, q->zone_id,
		q->rrtype == RRTYPE_SOA };
	struct place place;
	enum err_code rc;

	view_begin(b->view);
	rc = tree_find(&place, &question, b->settings, b->view, err);
	if (rc != ERR_OK)
		return rc;
	l.owner.id = place.zone_id;
	switch (place.kind) {
	case PLACE_NONE:
		break;
	case PLACE_APEX:
		add_apex(&l, &place, name);
		break;
	case PLACE_CUT:
		l.owner.is_delegated = true;
		add_ns(&l);
		break;
	case PLACE_DATA:
		add_data(&l, &place, name);
		break;
	}
	return ERR_OK;
}
