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

/* Where we are, for the walk over an object and for its errors. */
struct walk {
	const struct member *table;
	size_t n;
	char *out;
	char path[SETTINGS_TEXT]; /* of the member at fault */
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

/* An array of min to max names. */
static enum err_code
set_names(const struct member *m, const struct json *value,
    struct dnsname *names, size_t *n, struct err *err)
{
	if (want(value, JSON_KIND_ARRAY, err) != ERR_OK)
		return ERR_INPUT;
	if ((long long)json_n(value) < m->min ||
	    (long long)json_n(value) > m->max)
		return err_set(err, ERR_INPUT, "%lld to %lld names are needed",
		    m->min, m->max);
	*n = json_n(value);
	for (size_t i = 0; i < *n; i++)
		if (set_name(m, json_at(value, i), (char *)&names[i], err) !=
		    ERR_OK)
			return ERR_INPUT;
	return ERR_OK;
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
set_issuers(const struct member *m, const struct json *value, char *out,
    struct err *err)
{
	struct settings *s = (struct settings *)out;
	struct dnsname issuer = { 0 };
	size_t n;

	if (want(value, JSON_KIND_ARRAY, err) != ERR_OK)
		return ERR_INPUT;
	n = json_n(value);
	if (n > SETTINGS_ISSUERS)
		return err_set(err, ERR_INPUT, "at most %d issuers",
		    SETTINGS_ISSUERS);
	for (size_t i = 0; i < n; i++) {
		if (set_name(m, json_at(value, i), (char *)&issuer, err) !=
		    ERR_OK)
			return ERR_INPUT;
		memcpy(s->caa_issuers[i].text, issuer.text, issuer.len + 1);
	}
	s->n_caa_issuers = n;
	return ERR_OK;
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

	(void)snprintf(walk->path, sizeof(walk->path), "%s", key);
	for (size_t i = 0; i < walk->n; i++) {
		const struct member *m = &walk->table[i];

		if (strcmp(m->key, key) == 0)
			return m->set(m, value, walk->out + m->offset, err);
	}
	return err_set(err, ERR_INPUT, "unknown setting");
}

/*
 * The path inside a nested object travels in front of the reason, since the
 * outer walk knows only its own member.
 */
static enum err_code
set_redis(const struct member *m, const struct json *value, char *out,
    struct err *err)
{
	struct redis_settings redis = { .timeout_ms = 500 };
	struct walk walk = { redis_members, COUNT_OF(redis_members),
		(char *)&redis, "" };
	struct err why = { 0 };

	(void)m;
	if (want(value, JSON_KIND_OBJECT, err) != ERR_OK)
		return ERR_INPUT;
	if (json_each(value, set_member, &walk, &why) != ERR_OK)
		return err_set(err, ERR_INPUT, ".%s: %s", walk.path, why.text);
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
set_records(struct zone_settings *zone, const struct json *records,
    struct err *err)
{
	struct err why = { 0 };

	if (want(records, JSON_KIND_ARRAY, err) != ERR_OK)
		return ERR_INPUT;
	if (json_n(records) > SETTINGS_RECORDS)
		return err_set(err, ERR_INPUT, "at most %d records",
		    SETTINGS_RECORDS);
	for (size_t i = 0; i < json_n(records); i++) {
		const struct json *text = json_at(records, i);

		if (want(text, JSON_KIND_STRING, err) != ERR_OK)
			return ERR_INPUT;
		if (zonerecord_parse(&zone->records[i],
			json_as_string(text, NULL), &zone->name,
			&why) != ERR_OK)
			return err_set(err, ERR_INPUT, "record %zu: %s", i,
			    why.text);
		zone->n_records++;
	}
	return check_cnames(zone, err);
}

static const char *const zone_keys[] = { "name", "records" };

static enum err_code
known_in_zone(void *ctx, const char *key, const struct json *value,
    struct err *err)
{
	(void)ctx;
	(void)value;
	for (size_t i = 0; i < COUNT_OF(zone_keys); i++)
		if (strcmp(zone_keys[i], key) == 0)
			return ERR_OK;
	return err_set(err, ERR_INPUT, "unknown member \"%.60s\"", key);
}

static enum err_code
set_zone(const struct member *m, const struct json *value, char *out,
    struct err *err)
{
	struct zone_settings *zone = (struct zone_settings *)out;
	const struct json *name, *records;

	memset(zone, 0, sizeof(*zone));
	if (json_kind(value) == JSON_KIND_NULL)
		return ERR_OK;
	if (want(value, JSON_KIND_OBJECT, err) != ERR_OK ||
	    json_each(value, known_in_zone, NULL, err) != ERR_OK)
		return ERR_INPUT;
	name = json_member(value, "name");
	records = json_member(value, "records");
	if (name == NULL)
		return err_set(err, ERR_INPUT, "name is required");
	if (set_name(m, name, (char *)&zone->name, err) != ERR_OK)
		return ERR_INPUT;
	if (dnsname_n_labels(&zone->name) < 2)
		return err_set(err, ERR_INPUT, "name: two labels are needed");
	zone->is_set = true;
	return records == NULL ? ERR_OK : set_records(zone, records, err);
}

static enum err_code
set_all(struct settings *s, const struct json *doc, const char *text,
    const char *file, struct err *err)
{
	struct walk walk = { members, COUNT_OF(members), (char *)s, "" };
	struct err why = { 0 };
	const char *reason = why.text;
	char path[3 * SETTINGS_TEXT];

	if (want(doc, JSON_KIND_OBJECT, &why) != ERR_OK)
		return err_set(err, ERR_INPUT, "%s:1: %s", file, why.text);
	if (json_each(doc, set_member, &walk, &why) == ERR_OK)
		return ERR_OK;
	(void)snprintf(path, sizeof(path), "%s", walk.path);
	if (reason[0] == '.') { /* a path that set_redis() put there */
		int len = (int)strcspn(reason, ":");

		(void)snprintf(path, sizeof(path), "%s%.*s", walk.path, len,
		    reason);
		reason += len + 2;
	}
	return err_set(err, ERR_INPUT, "%s:%u: %s: %s", file,
	    json_line_of(text, path), path, reason);
}

static enum err_code
check_whole(struct settings *s, const struct json *doc, const char *file,
    struct err *err)
{
	static const char *const required[] = { "soa_hostname", "soa_contact" };

	for (size_t i = 0; i < COUNT_OF(required); i++)
		if (json_member(doc, required[i]) == NULL)
			return err_set(err, ERR_INPUT, "%s:1: %s: is required",
			    file, required[i]);
	if (s->registration != REGISTRATION_CLOSED && !s->zone.is_set)
		return err_set(err, ERR_INPUT,
		    "%s:1: registration: needs a zone", file);
	if (s->registration == REGISTRATION_ACCOUNT &&
	    s->accounts_file[0] == '\0')
		return err_set(err, ERR_INPUT,
		    "%s:1: registration: needs an accounts_file", file);
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
	struct json *doc = NULL;
	struct err why = { 0 };
	enum err_code rc;

	if (json_parse(&doc, text, len, &why) != ERR_OK) {
		/* "line 3: ..." becomes "FILE:3: ..." as for all others */
		return err_set(err, ERR_INPUT, "%s:%s", file,
		    why.text + strlen("line "));
	}
	rc = set_all(&s, doc, text, file, err);
	if (rc == ERR_OK)
		rc = check_whole(&s, doc, file, err);
	if (rc == ERR_OK)
		*settings = s;
	json_free(doc);
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
	if (m->set == set_zone && i < COUNT_OF(zone_keys))
		return zone_keys[i];
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
