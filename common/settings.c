#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "common/json.h"
#include "common/settings.h"

#define SETTINGS_FILE_MAX 65536 /* octets */

/*
 * One row a member.  `set` checks the value and writes it `offset` octets into
 * the struct that the table is about; min and max are what it needs to know.
 */
struct member {
	const char *key;
	enum err_code (*set)(const struct member *, const struct json *,
	    char *out, struct err *);
	size_t offset;
	long long min, max;
};

/* A walk over an object: what its members are, and what they are set in. */
struct walk {
	const struct member *table;
	size_t n;
	char *out;
};

#define AT(s, m) offsetof(struct s, m)

static enum err_code
want(const struct json *value, enum json_kind kind, struct err *err)
{
	if (json_kind(value) == kind)
		return ERR_OK;
	return err_set(err, ERR_INPUT, "%s is needed, not %s",
	    json_kind_name(kind), json_kind_name(json_kind(value)));
}

static enum err_code
set_unsigned(const struct member *m, const struct json *value, char *out,
    struct err *err)
{
	unsigned n;

	if (want(value, JSON_KIND_INTEGER, err) != ERR_OK)
		return ERR_INPUT;
	if (json_as_integer(value) < m->min || json_as_integer(value) > m->max)
		return err_set(err, ERR_INPUT, "must be between %lld and %lld",
		    m->min, m->max);
	n = (unsigned)json_as_integer(value);
	memcpy(out, &n, sizeof(n));
	return ERR_OK;
}

/* A text of at most max octets; graphic ASCII, so that it can be logged. */
static enum err_code
set_text(const struct member *m, const struct json *value, char *out,
    struct err *err)
{
	const char *text;
	size_t len;

	if (want(value, JSON_KIND_STRING, err) != ERR_OK)
		return ERR_INPUT;
	text = json_as_string(value, &len);
	if ((long long)len < m->min || (long long)len >= m->max)
		return err_set(err, ERR_INPUT,
		    "must have between %lld and %lld octets", m->min,
		    m->max - 1);
	for (size_t i = 0; i < len; i++)
		if (text[i] < 0x20 || text[i] > 0x7e)
			return err_set(err, ERR_INPUT, "octet 0x%02x in a text",
			    (unsigned char)text[i]);
	memcpy(out, text, len + 1);
	return ERR_OK;
}

static enum err_code
set_text_or_null(const struct member *m, const struct json *value, char *out,
    struct err *err)
{
	if (json_kind(value) != JSON_KIND_NULL)
		return set_text(m, value, out, err);
	out[0] = '\0';
	return ERR_OK;
}

static enum err_code
set_name(const struct member *m, const struct json *value, char *out,
    struct err *err)
{
	struct dnsname name;
	const char *text;
	size_t len;

	(void)m;
	if (want(value, JSON_KIND_STRING, err) != ERR_OK)
		return ERR_INPUT;
	text = json_as_string(value, &len);
	if (strchr(text, '@') != NULL)
		return err_set(err, ERR_INPUT,
		    "a DNS name is needed: write '.' for '@'");
	if (dnsname_parse(&name, text, len, err) != ERR_OK)
		return ERR_INPUT;
	memcpy(out, &name, sizeof(name));
	return ERR_OK;
}

/* Names in the making. */
struct names {
	struct dnsname *v;
	size_t n;
};

static enum err_code
add_name(void *ctx, const struct json *value, struct err *err)
{
	struct names *names = ctx;

	return set_name(NULL, value, (char *)&names->v[names->n++], err);
}

/* An array of min to max names. */
static enum err_code
set_names(const struct member *m, const struct json *value, struct dnsname *v,
    size_t *n, struct err *err)
{
	struct names names = { v, 0 };

	if (want(value, JSON_KIND_ARRAY, err) != ERR_OK)
		return ERR_INPUT;
	if ((long long)json_n(value) < m->min ||
	    (long long)json_n(value) > m->max)
		return err_set(err, ERR_INPUT, "%lld to %lld names are needed",
		    m->min, m->max);
	*n = json_n(value);
	return json_each_element(value, add_name, &names, err);
}

static enum err_code
set_nameservers(const struct member *m, const struct json *value, char *out,
    struct err *err)
{
	struct settings *s = (struct settings *)out;

	return set_names(m, value, s->nameservers, &s->n_nameservers, err);
}

static enum err_code
set_other_zones(const struct member *m, const struct json *value, char *out,
    struct err *err)
{
	struct settings *s = (struct settings *)out;

	return set_names(m, value, s->other_zones, &s->n_other_zones, err);
}

static enum err_code
add_issuer(void *ctx, const struct json *value, struct err *err)
{
	struct settings *s = ctx;
	struct dnsname issuer = { 0 };

	if (set_name(NULL, value, (char *)&issuer, err) != ERR_OK)
		return ERR_INPUT;
	memcpy(s->caa_issuers[s->n_caa_issuers++].text, issuer.text,
	    issuer.len + 1);
	return ERR_OK;
}

static enum err_code
set_issuers(const struct member *m, const struct json *value, char *out,
    struct err *err)
{
	struct settings *s = (struct settings *)(void *)out;

	(void)m;
	if (want(value, JSON_KIND_ARRAY, err) != ERR_OK)
		return ERR_INPUT;
	if (json_n(value) > SETTINGS_ISSUERS)
		return err_set(err, ERR_INPUT, "at most %d issuers",
		    SETTINGS_ISSUERS);
	s->n_caa_issuers = 0;
	return json_each_element(value, add_issuer, s, err);
}

/* One of a few words, as the enumerator of its index. */
struct words {
	size_t n;
	const char *v[4];
};

static enum err_code
set_word(const struct words *words, const struct json *value, char *out,
    struct err *err)
{
	if (want(value, JSON_KIND_STRING, err) != ERR_OK)
		return ERR_INPUT;
	for (unsigned i = 0; i < words->n; i++)
		if (strcmp(words->v[i], json_as_string(value, NULL)) == 0) {
			memcpy(out, &i, sizeof(i)); /* enums are unsigned */
			return ERR_OK;
		}
	return err_set(err, ERR_INPUT, "must be \"%s\", \"%s\" or \"%s\"",
	    words->v[0], words->v[1], words->v[2]);
}

static enum err_code
set_authority(const struct member *m, const struct json *value, char *out,
    struct err *err)
{
	static const struct words words = { 3,
		{ [AUTHORITY_CHALLENGE] = "challenge",
		    [AUTHORITY_NAME] = "name",
		    [AUTHORITY_PARENT] = "parent" } };

	(void)m;
	return set_word(&words, value, out, err);
}

static enum err_code
set_flag(const struct member *m, const struct json *value, char *out,
    struct err *err)
{
	bool flag;

	(void)m;
	if (want(value, JSON_KIND_BOOLEAN, err) != ERR_OK)
		return ERR_INPUT;
	flag = json_as_boolean(value);
	memcpy(out, &flag, sizeof(flag));
	return ERR_OK;
}

static enum err_code
set_registration(const struct member *m, const struct json *value, char *out,
    struct err *err)
{
	static const struct words words = { 3,
		{ [REGISTRATION_CLOSED] = "closed",
		    [REGISTRATION_ACCOUNT] = "account",
		    [REGISTRATION_OPEN] = "open" } };

	(void)m;
	return set_word(&words, value, out, err);
}

static enum err_code set_redis(const struct member *m, const struct json *value,
    char *out, struct err *err);

static enum err_code set_zone(const struct member *m, const struct json *value,
    char *out, struct err *err);

static const struct member redis_members[] = {
	{ "socket", set_text, AT(redis_settings, socket), 1, 108 },
	{ "host", set_text, AT(redis_settings, host), 1, DNSNAME_MAX + 1 },
	{ "port", set_unsigned, AT(redis_settings, port), 1, 65535 },
	{ "username", set_text, AT(redis_settings, username), 1,
	    SETTINGS_TEXT },
	{ "password_file", set_text, AT(redis_settings, password_file), 1,
	    PATH_MAX },
	{ "timeout_ms", set_unsigned, AT(redis_settings, timeout_ms), 10, 600 },
};

static const struct member members[] = {
	{ "redis", set_redis, AT(settings, redis), 0, 0 },
	{ "redis_read", set_redis, AT(settings, redis_read), 0, 0 },
	{ "key_prefix", set_text, AT(settings, key_prefix), 0, SETTINGS_TEXT },
	{ "store_id_file", set_text, AT(settings, store_id_file), 1, PATH_MAX },
	{ "soa_hostname", set_name, AT(settings, soa_hostname), 0, 0 },
	{ "soa_contact", set_name, AT(settings, soa_contact), 0, 0 },
	{ "nameservers", set_nameservers, 0, 1, SETTINGS_NAMESERVERS },
	{ "caa_issuers", set_issuers, 0, 0, 0 },
	{ "authority", set_authority, AT(settings, authority), 0, 0 },
	{ "other_zones", set_other_zones, 0, 0, SETTINGS_OTHER_ZONES },
	{ "persistent_records", set_flag, AT(settings, persistent_records), 0,
	    0 },
	{ "zone", set_zone, AT(settings, zone), 0, 0 },
	{ "registration", set_registration, AT(settings, registration), 0, 0 },
	{ "registration_life_s", set_unsigned,
	    AT(settings, registration_life_s), 1, 86400 },
	{ "authority_ttl_s", set_unsigned, AT(settings, authority_ttl_s), 0,
	    86400 },
	{ "response_ttl_s", set_unsigned, AT(settings, response_ttl_s), 0,
	    3600 },
	{ "response_life_s", set_unsigned, AT(settings, response_life_s), 1,
	    86400 },
	{ "accounts_file", set_text_or_null, AT(settings, accounts_file), 1,
	    PATH_MAX },
	{ "replicas_required", set_unsigned, AT(settings, replicas_required), 0,
	    16 },
	{ "replicas_timeout_ms", set_unsigned,
	    AT(settings, replicas_timeout_ms), 10, 10000 },
	{ "workers", set_unsigned, AT(settings, workers), 1, 256 },
	{ "audit_retention_days", set_unsigned,
	    AT(settings, audit_retention_days), 1, 36500 },
};

static enum err_code
set_member(void *ctx, const char *key, const struct json *value,
    struct err *err)
{
	struct walk *walk = ctx;

	for (size_t i = 0; i < walk->n; i++) {
		const struct member *m = &walk->table[i];

		if (strcmp(m->key, key) == 0)
			return m->set(m, value, walk->out + m->offset, err);
	}
	return err_set(err, ERR_INPUT, "unknown setting");
}

static enum err_code
set_redis(const struct member *m, const struct json *value, char *out,
    struct err *err)
{
	struct redis_settings redis = { .timeout_ms = 500 };
	struct walk walk = { redis_members, COUNT_OF(redis_members),
		(char *)&redis };

	(void)m;
	if (want(value, JSON_KIND_OBJECT, err) != ERR_OK ||
	    json_each(value, set_member, &walk, err) != ERR_OK)
		return ERR_INPUT;
	if ((redis.socket[0] != '\0') == (redis.host[0] != '\0'))
		return err_set(err, ERR_INPUT,
		    "either socket, or host and port, must be there");
	if ((redis.host[0] != '\0') != (redis.port != 0))
		return err_set(err, ERR_INPUT, "host and port go together");
	if (redis.username[0] != '\0' && redis.password_file[0] == '\0')
		return err_set(err, ERR_INPUT,
		    "username needs a password_file");
	memcpy(out, &redis, sizeof(redis));
	return ERR_OK;
}

/* Other data beside a CNAME is what RFC 1034, 3.6.2 forbids. */
static enum err_code
check_cnames(const struct zone_settings *zone, struct err *err)
{
	for (size_t i = 0; i < zone->n_records; i++)
		for (size_t k = 0; k < zone->n_records; k++)
			if (i != k &&
			    strcmp(zone->records[i].type, "CNAME") == 0 &&
			    strcmp(zone->records[i].owner.text,
				zone->records[k].owner.text) == 0)
				return err_set(err, ERR_INPUT,
				    "%s has a CNAME and other data",
				    zone->records[i].owner.text);
	return ERR_OK;
}

static enum err_code
set_zone_name(const struct member *m, const struct json *value, char *out,
    struct err *err)
{
	struct dnsname name = { 0 };

	if (set_name(m, value, (char *)&name, err) != ERR_OK)
		return ERR_INPUT;
	if (dnsname_n_labels(&name) < 2)
		return err_set(err, ERR_INPUT, "two labels are needed");
	memcpy(out, &name, sizeof(name));
	return ERR_OK;
}

static enum err_code
check_records(const struct member *m, const struct json *value, char *out,
    struct err *err)
{
	(void)out;
	if (want(value, JSON_KIND_ARRAY, err) != ERR_OK)
		return ERR_INPUT;
	if ((long long)json_n(value) > m->max)
		return err_set(err, ERR_INPUT, "at most %lld records", m->max);
	return ERR_OK;
}

static const struct member zone_members[] = {
	{ "name", set_zone_name, AT(zone_settings, name), 0, 0 },
	{ "records", check_records, 0, 0, SETTINGS_RECORDS },
};

static enum err_code
add_record(void *ctx, const struct json *value, struct err *err)
{
	struct zone_settings *zone = ctx;

	if (want(value, JSON_KIND_STRING, err) != ERR_OK)
		return ERR_INPUT;
	return zonerecord_parse(&zone->records[zone->n_records++],
	    json_as_string(value, NULL), &zone->name, err);
}

static enum err_code
add_records(void *ctx, const char *key, const struct json *value,
    struct err *err)
{
	if (strcmp(key, "records") != 0)
		return ERR_OK;
	return json_each_element(value, add_record, ctx, err);
}

/* Twice over the members: a record needs the zone's name, wherever that is. */
static enum err_code
set_zone(const struct member *m, const struct json *value, char *out,
    struct err *err)
{
	struct zone_settings *zone = (struct zone_settings *)(void *)out;
	struct walk walk = { zone_members, COUNT_OF(zone_members), out };

	(void)m;
	memset(zone, 0, sizeof(*zone));
	if (json_kind(value) == JSON_KIND_NULL)
		return ERR_OK;
	if (want(value, JSON_KIND_OBJECT, err) != ERR_OK ||
	    json_each(value, set_member, &walk, err) != ERR_OK)
		return ERR_INPUT;
	if (zone->name.len == 0)
		return err_set(err, ERR_INPUT, "name is required");
	zone->is_set = true;
	if (json_each(value, add_records, zone, err) != ERR_OK)
		return ERR_INPUT;
	return check_cnames(zone, err);
}

/* A fault of `registration`, which is there: its default has none. */
static enum err_code
fault_registration(const struct json *doc, const char *reason, struct err *err)
{
	(void)err_set(err, ERR_INPUT, "%s", reason);
	err_step(err, json_index(doc, "registration"));
	return ERR_INPUT;
}

static enum err_code
check_whole(struct settings *s, const struct json *doc, struct err *err)
{
	static const char *const required[] = { "soa_hostname", "soa_contact" };

	for (size_t i = 0; i < COUNT_OF(required); i++)
		if (json_member(doc, required[i]) == NULL)
			return err_set(err, ERR_INPUT, "%s: is required",
			    required[i]);
	if (s->registration != REGISTRATION_CLOSED && !s->zone.is_set)
		return fault_registration(doc, "needs a zone", err);
	if (s->registration == REGISTRATION_ACCOUNT &&
	    s->accounts_file[0] == '\0')
		return fault_registration(doc, "needs an accounts_file", err);
	if (json_member(doc, "redis_read") == NULL)
		s->redis_read = s->redis;
	if (s->n_nameservers == 0)
		s->nameservers[s->n_nameservers++] = s->soa_hostname;
	return ERR_OK;
}

enum err_code
settings_parse(struct settings *settings, const char *text, size_t len,
    const char *file, struct err *err)
{
	struct settings s = {
		.redis = { .socket = "/run/acmeproxy/redis.sock",
		    .timeout_ms = 500 },
		.key_prefix = "acmeproxy:",
		.store_id_file = "/etc/acmeproxy/store-id",
		.caa_issuers = { { "letsencrypt.org" } },
		.n_caa_issuers = 1,
		.authority_ttl_s = 60,
		.response_ttl_s = 1,
		.response_life_s = 300,
		.registration_life_s = 3600,
		.replicas_timeout_ms = 1000,
		.workers = 8,
		.audit_retention_days = 400,
	};
	struct walk walk = { members, COUNT_OF(members), (char *)&s };
	struct json *doc = NULL;
	struct err why = { 0 };
	enum err_code rc;

	rc = json_parse(&doc, text, len, &why);
	if (rc == ERR_OK)
		rc = want(doc, JSON_KIND_OBJECT, &why);
	if (rc == ERR_OK)
		rc = json_each(doc, set_member, &walk, &why);
	if (rc == ERR_OK)
		rc = check_whole(&s, doc, &why);
	if (rc == ERR_OK)
		*settings = s;
	else
		(void)json_place_error(&why, doc, text, file);
	json_free(doc);
	if (rc != ERR_OK && err != NULL)
		*err = why;
	return rc;
}

enum err_code
settings_read(struct settings *settings, const char *file, struct err *err)
{
	enum err_code rc;
	char *text;
	size_t len;

	rc = file_read(&text, &len, file, SETTINGS_FILE_MAX, err);
	if (rc != ERR_OK)
		return rc;
	rc = settings_parse(settings, text, len, file, err);
	free(text);
	return rc;
}

/* The name of the i-th setting inside a member that is an object, or NULL. */
static const char *
key_inside(const struct member *m, size_t i)
{
	if (m->set == set_redis && i < COUNT_OF(redis_members))
		return redis_members[i].key;
	if (m->set == set_zone && i < COUNT_OF(zone_members))
		return zone_members[i].key;
	return NULL;
}

bool
settings_key(char *key, size_t i)
{
	for (size_t m = 0; m < COUNT_OF(members); m++) {
		const char *inside;

		(void)snprintf(key, SETTINGS_TEXT, "%s", members[m].key);
		if (i-- == 0)
			return true;
		for (size_t k = 0;
		     (inside = key_inside(&members[m], k)) != NULL; k++)
			if (i-- == 0) {
				(void)snprintf(key, SETTINGS_TEXT, "%s.%s",
				    members[m].key, inside);
				return true;
			}
	}
	return false;
}
