#include <string.h>

#include "pipe-backend/chain.h"
#include "pipe-backend/tree.h"

#define ROUNDS_MAX 64 /* of reading for one question */

/* All that is known about the question. */
struct tree {
	const struct settings *s;
	struct view *view;
	struct chain plain;  /* the name */
	struct chain inside; /* the same without the zone's name */
	size_t zone_level;   /* of the zone's name in `plain`; 0: not in it */
	size_t elsewhere_level; /* from here on, other_zones; 0: nowhere */
	size_t static_level;    /* down to here, records of the settings */
	int32_t ids[CHAIN_LABELS_MAX];
};

/* Of the two chains, and of what stands for a challenge in each. */
struct source {
	bool is_records;  /* else responses */
	bool is_labelled; /* under an account's label, the first */
	bool is_in_zone;  /* the name is in `inside`, else in `plain` */
	size_t level,
	    of; /* it is at the former, about the name at the latter */
};

/*
 * Does the name of a level stand for something that somebody publishes?  Only
 * its spelling is looked at.
 */
static bool
spelling_of(struct source *out, const struct tree *t, const struct chain *c,
    size_t level)
{
	bool is_in_zone = c == &t->inside;
	struct challenge_form form;

	if (level == 0 ||
	    !challenge_look(&form, c->name + c->at[level],
		c->len - c->at[level], is_in_zone))
		return false;
	if (form.is_persistent && !t->s->persistent_records) {
		if (!is_in_zone)
			return false;
		form = (struct challenge_form){ .n_labels = 0 };
	}
	*out = (struct source){
		.is_records = form.is_persistent,
		.is_labelled = form.has_label,
		.is_in_zone = is_in_zone,
		.level = level,
		.of = level - form.n_labels,
	};
	return out->of >=
	    (out->is_records ? (size_t)STORE_MIN_LABELS : c->own_min);
}

/* And is there somebody who may publish it? */
static bool
source_at(struct source *out, const struct tree *t, const struct chain *c,
    size_t level)
{
	return spelling_of(out, t, c, level) &&
	    (out->is_records ? chain_is_own(c, out->of)
			     : chain_is_covered(c, out->of));
}

static const struct chain *
chain_of(const struct tree *t, const struct source *source)
{
	return source->is_in_zone ? &t->inside : &t->plain;
}

static void
challenge_of(struct challenge *out, const struct tree *t,
    const struct source *source)
{
	const struct chain *c = chain_of(t, source);

	memset(out, 0, sizeof(*out));
	chain_name(&out->name, c, source->of);
	if (source->is_labelled)
		memcpy(out->label, c->name + c->at[source->level],
		    CHALLENGE_LABEL_LEN);
}

/* The level in `inside` of a level in `plain`; 0 when it is not in the zone. */
static size_t
level_inside(const struct tree *t, size_t level)
{
	return t->zone_level != 0 && level > t->zone_level
	    ? level - t->zone_level
	    : 0;
}

/* What stands at a level, by either way of reading its name. */
static bool
find_source(struct source *out, const struct tree *t, size_t level)
{
	return source_at(out, t, &t->plain, level) ||
	    source_at(out, t, &t->inside, level_inside(t, level));
}

static bool
is_apex(enum apex_kind *kind, const struct tree *t, size_t level)
{
	const struct node *node = chain_node(&t->plain, level);
	bool is_in_zone = level_inside(t, level) > 0;
	struct source source;

	*kind = APEX_ZONE;
	if (level == 0)
		return false;
	if (level == t->zone_level)
		return true;
	if (is_in_zone && (t->s->zone.is_signed || level <= t->static_level))
		return false;
	*kind = APEX_CHALLENGE;
	if (find_source(&source, t, level))
		return !source.is_labelled;
	*kind = APEX_NAME;
	if (is_in_zone || level < STORE_MIN_LABELS ||
	    (t->elsewhere_level != 0 && level >= t->elsewhere_level))
		return false;
	return (t->s->authority != AUTHORITY_CHALLENGE && node->is_own) ||
	    (t->s->authority == AUTHORITY_PARENT && node->has_child);
}

/* Does a name exist in its zone although nothing was published there? */
static bool
is_empty_non_terminal(const struct tree *t, const struct dnsname *name)
{
	size_t level = t->plain.n_labels, inside = level_inside(t, level);

	if ((level >= STORE_MIN_LABELS && chain_is_covered(&t->plain, level)) ||
	    chain_node(&t->plain, level)->has_descendant)
		return true;
	if (inside > 0 &&
	    (chain_is_covered(&t->inside, inside) ||
		chain_node(&t->inside, inside)->has_descendant))
		return true;
	return level <= t->static_level ||
	    (t->s->zone.is_set && dnsname_is_under(&t->s->zone.name, name));
}

/* The same numbers in every coprocess: FNV-1a, from the last octet on. */
static void
number_zones(struct tree *t)
{
	const struct chain *c = &t->plain;
	uint32_t hash = 2166136261u;
	size_t level = 1;

	for (size_t i = c->len; i-- > 0;) {
		hash = (hash ^ (unsigned char)c->name[i]) * 16777619u;
		if (i == c->at[level])
			t->ids[level++] = (int32_t)(hash & 0x7fffffffu);
	}
}

/* How many labels a name has in common with the plain one, from the top. */
static size_t
n_common(const struct tree *t, const struct dnsname *name)
{
	const struct chain *c = &t->plain;
	size_t level = 0;

	while (level < c->n_labels) {
		size_t len = c->len - c->at[level + 1];

		if (len > name->len ||
		    memcmp(name->text + name->len - len,
			c->name + c->at[level + 1], len) != 0 ||
		    (len < name->len && name->text[name->len - len - 1] != '.'))
			break;
		level++;
	}
	return level;
}

static void
find_levels_of_settings(struct tree *t, const struct dnsname *name)
{
	const struct zone_settings *zone = &t->s->zone;

	t->zone_level = t->elsewhere_level = t->static_level = 0;
	if (zone->is_set && dnsname_is_under(name, &zone->name))
		t->zone_level = dnsname_n_labels(&zone->name);
	for (size_t i = 0; t->zone_level != 0 && i < zone->n_records; i++) {
		size_t level = n_common(t, &zone->records[i].owner);

		if (level > t->static_level)
			t->static_level = level;
	}
	for (size_t i = 0; i < t->s->n_other_zones; i++) {
		size_t level = dnsname_n_labels(&t->s->other_zones[i]);

		if (dnsname_is_under(name, &t->s->other_zones[i]) &&
		    (t->elsewhere_level == 0 || level < t->elsewhere_level))
			t->elsewhere_level = level;
	}
}

static void
tree_init(struct tree *t, const struct settings *s, struct view *view,
    const struct dnsname *name)
{
	t->s = s;
	t->view = view;
	chain_init(&t->plain, name->text, name->len, STORE_MIN_LABELS);
	find_levels_of_settings(t, name);
	/* A registration has a single label. */
	chain_init(&t->inside, name->text,
	    t->zone_level != 0 && name->len > s->zone.name.len
		? name->len - s->zone.name.len - 1
		: 0,
	    1);
	number_zones(t);
}

/*
 * Have what a name's place depends on by one reading of it.  Responses and
 * records are read as well, so that one trip to the store will do; but not when
 * it is known that nobody may publish there.  PowerDNS asks for every level of
 * a long name, and each would be a trip.
 */
static bool
have_chain(struct tree *t, struct chain *c, bool soa_only)
{
	static struct responses responses;
	static struct records records;
	struct challenge challenge;
	struct source source;
	bool has_nodes = chain_walk(c, t->view);

	if (soa_only || !spelling_of(&source, t, c, c->n_labels) ||
	    (has_nodes && !source_at(&source, t, c, c->n_labels)))
		return has_nodes;
	challenge_of(&challenge, t, &source);
	return (source.is_records
		       ? view_records(t->view, &records, &challenge.name)
		       : view_responses(t->view, &responses, &challenge)) &&
	    has_nodes;
}

/* False when the view has to read first. */
static bool
have_all(struct tree *t, bool soa_only)
{
	bool has_plain = have_chain(t, &t->plain, soa_only);

	return have_chain(t, &t->inside, soa_only) && has_plain;
}

static enum err_code
read_all(struct tree *t, bool soa_only, struct err *err)
{
	bool has_all = have_all(t, soa_only);

	for (int i = 0; !has_all || view_must_read(t->view); i++) {
		enum err_code rc = view_read(t->view, err);

		if (rc != ERR_OK)
			return rc;
		if (i == ROUNDS_MAX)
			return err_set(err, ERR_STORE,
			    "the store changes faster than it can be read");
		has_all = have_all(t, soa_only);
	}
	return ERR_OK;
}

/*
 * Could a zone of ours be meant, by the spelling of the name and the number of
 * the zone alone?  If not, the store is not asked, and need not be there.
 */
static bool
may_be_ours(const struct tree *t, int32_t zone_id, bool soa_only)
{
	struct source source;
	size_t last = soa_only ? t->plain.n_labels : 1;

	for (size_t level = t->plain.n_labels; level >= last; level--)
		if ((zone_id == TREE_ANY_ZONE || t->ids[level] == zone_id) &&
		    (t->s->authority != AUTHORITY_CHALLENGE ||
			(t->zone_level != 0 && level >= t->zone_level) ||
			spelling_of(&source, t, &t->plain, level)))
			return true;
	return false;
}

/* The level of the zone that is asked; 0 when it is none of ours. */
static size_t
find_zone(const struct tree *t, int32_t zone_id)
{
	enum apex_kind kind;

	for (size_t level = t->plain.n_labels; level > 0; level--)
		if ((zone_id == TREE_ANY_ZONE || t->ids[level] == zone_id) &&
		    is_apex(&kind, t, level))
			return level;
	return 0;
}

static bool
has_cut_above(const struct tree *t, size_t zone)
{
	enum apex_kind kind;

	for (size_t level = zone + 1; level < t->plain.n_labels; level++)
		if (is_apex(&kind, t, level))
			return true;
	return false;
}

/* Fill in what was published at the name, if it is data or an apex. */
static void
set_source(struct place *place, const struct tree *t)
{
	struct source source;

	if (!find_source(&source, t, t->plain.n_labels))
		return;
	challenge_of(&place->challenge, t, &source);
	place->has_records = source.is_records;
	place->has_responses = !source.is_records;
}

/* A name below the apex of its zone, with no other apex between the two. */
static void
find_data(struct place *place, struct tree *t, const struct dnsname *name)
{
	static struct responses responses;
	bool exists;

	set_source(place, t);
	exists = place->has_records || is_empty_non_terminal(t, name);
	if (place->has_responses)
		exists = exists || place->challenge.label[0] == '\0' ||
		    (view_responses(t->view, &responses, &place->challenge) &&
			responses.n > 0);
	place->kind = exists ? PLACE_DATA : PLACE_NONE;
}

enum err_code
tree_find(struct place *place, const struct tree_question *q,
    const struct settings *settings, struct view *view, struct err *err)
{
	static struct tree tree;
	struct tree *t = &tree;
	enum err_code rc;
	size_t zone, level;

	memset(place, 0, sizeof(*place));
	tree_init(t, settings, view, q->name);
	level = t->plain.n_labels;
	if (!may_be_ours(t, q->zone_id, q->soa_only))
		return ERR_OK;
	rc = read_all(t, q->soa_only, err);
	if (rc != ERR_OK)
		return rc;
	zone = find_zone(t, q->zone_id);
	if (zone == 0)
		return ERR_OK;
	place->zone_id = t->ids[zone];
	place->is_in_zone = zone == t->zone_level;
	if (zone == level) {
		place->kind = PLACE_APEX;
		(void)is_apex(&place->apex, t, level);
		set_source(place, t);
	} else if (is_apex(&place->apex, t, level)) {
		place->kind = PLACE_CUT;
	} else if (!has_cut_above(t, zone)) {
		find_data(place, t, q->name);
	}
	return ERR_OK;
}
