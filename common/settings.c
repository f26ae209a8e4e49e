/* The tables of settings, their defaults, and checks of several together. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "common/json.h"
#include "common/setting.h"
#include "common/settings.h"

#define SETTINGS_FILE_MAX 65536 /* octets */

static const char *const authorities[] = {
	[AUTHORITY_CHALLENGE] = "challenge",
	[AUTHORITY_NAME] = "name",
	[AUTHORITY_PARENT] = "parent",
	NULL,
};

static const char *const creations[] = {
	[CREATION_OPEN] = "open",
	[CREATION_ACCOUNT] = "account",
	NULL,
};

static const char *const registrations[] = {
	[REGISTRATION_CLOSED] = "closed",
	[REGISTRATION_ACCOUNT] = "account",
	[REGISTRATION_OPEN] = "open",
	NULL,
};

#define REDIS(m) SETTING_AT(redis_settings, m)

static const struct setting redis_rows[] = {
	{ "socket", &setting_text, REDIS(socket), .min = 1 },
	{ "host", &setting_text, REDIS(host), .min = 1 },
	{ "port", &setting_unsigned, REDIS(port), .min = 1, .max = 65535 },
	{ "username", &setting_text, REDIS(username), .min = 1 },
	{ "password_file", &setting_text, REDIS(password_file), .min = 1 },
	{ "timeout_ms", &setting_unsigned, REDIS(timeout_ms), .min = 10,
	    .max = 600 },
};

static enum err_code
set_redis(const struct setting *setting, const struct json *value, char *out,
    struct err *err)
{
	struct redis_settings redis = { .timeout_ms = 500 };
	struct setting_table table = { redis_rows, COUNT_OF(redis_rows),
		(char *)&redis };

	(void)setting;
	if (setting_want(value, JSON_KIND_OBJECT, err) != ERR_OK ||
	    json_each(value, setting_set_member, &table, err) != ERR_OK)
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

static void
show_redis(const struct setting *setting, const char *in,
    struct setting_text *text)
{
	struct redis_settings redis;

	(void)setting;
	memcpy(&redis, in, sizeof(redis));
	setting_show_object(&(struct setting_table){ redis_rows,
				COUNT_OF(redis_rows), (char *)&redis },
	    text);
}

static const struct setting_kind setting_redis = { set_redis, show_redis };

/* RFC 1034, 3.6.2: a name that has a CNAME has no other data. */
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

/* add_record() parses the records later, when the zone's name is known. */
static enum err_code
check_records(const struct setting *setting, const struct json *value,
    char *out, /* NOLINT(readability-non-const-parameter): as in other kinds */
    struct err *err)
{
	size_t max = setting->size / sizeof(struct zonerecord);

	(void)out;
	if (setting_want(value, JSON_KIND_ARRAY, err) != ERR_OK)
		return ERR_INPUT;
	if (json_n(value) > max)
		return err_set(err, ERR_INPUT, "at most %zu records", max);
	return ERR_OK;
}

static void
show_records(const struct setting *setting, const char *in,
    struct setting_text *text)
{
	char record[ZONERECORD_TEXT];
	size_t n;

	memcpy(&n, in - setting->offset + setting->n_offset, sizeof(n));
	setting_add(text, "[");
	for (size_t i = 0; i < n; i++) {
		struct zonerecord r;

		memcpy(&r, in + i * sizeof(r), sizeof(r));
		zonerecord_format(record, &r);
		setting_add(text, "%s", i > 0 ? ", " : "");
		setting_add_string(text, record);
	}
	setting_add(text, "]");
}

static const struct setting_kind setting_records = { check_records,
	show_records };

static const struct setting zone_rows[] = {
	{ "name", &setting_name, SETTING_AT(zone_settings, name), .min = 2 },
	{ "signed", &setting_flag, SETTING_AT(zone_settings, is_signed) },
	{ "records", &setting_records, SETTING_LIST(zone_settings, records) },
};

static enum err_code
add_record(void *ctx, const struct json *value, struct err *err)
{
	struct zone_settings *zone = ctx;

	if (setting_want(value, JSON_KIND_STRING, err) != ERR_OK)
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

/* Go over the members twice: a record may come before the zone's name. */
static enum err_code
set_zone(const struct setting *setting, const struct json *value, char *out,
    struct err *err)
{
	struct zone_settings *zone = (struct zone_settings *)(void *)out;
	struct setting_table table = { zone_rows, COUNT_OF(zone_rows), out };

	(void)setting;
	memset(zone, 0, sizeof(*zone));
	if (json_kind(value) == JSON_KIND_NULL)
		return ERR_OK;
	if (setting_want(value, JSON_KIND_OBJECT, err) != ERR_OK ||
	    json_each(value, setting_set_member, &table, err) != ERR_OK)
		return ERR_INPUT;
	if (zone->name.len == 0)
		return err_set(err, ERR_INPUT, "name is required");
	zone->is_set = true;
	if (json_each(value, add_records, zone, err) != ERR_OK)
		return ERR_INPUT;
	return check_cnames(zone, err);
}

static void
show_zone(const struct setting *setting, const char *in,
    struct setting_text *text)
{
	struct zone_settings zone;

	(void)setting;
	memcpy(&zone, in, sizeof(zone));
	if (zone.is_set)
		setting_show_object(&(struct setting_table){ zone_rows,
					COUNT_OF(zone_rows), (char *)&zone },
		    text);
	else
		setting_add(text, "null");
}

static const struct setting_kind setting_zone = { set_zone, show_zone };

#define HAS_ISSUERS offsetof(struct settings, has_caa_issuers)

/* Names, or null, which leaves the default. */
static enum err_code
set_issuers(const struct setting *setting, const struct json *value, char *out,
    struct err *err)
{
	bool has = json_kind(value) != JSON_KIND_NULL;

	if (has && setting_names.set(setting, value, out, err) != ERR_OK)
		return ERR_INPUT;
	memcpy(out - setting->offset + HAS_ISSUERS, &has, sizeof(has));
	return ERR_OK;
}

static void
show_issuers(const struct setting *setting, const char *in,
    struct setting_text *text)
{
	bool has;

	memcpy(&has, in - setting->offset + HAS_ISSUERS, sizeof(has));
	if (has)
		setting_names.show(setting, in, text);
	else
		setting_add(text, "null");
}

static const struct setting_kind setting_issuers = { set_issuers,
	show_issuers };

#define AT(m)   SETTING_AT(settings, m)
#define LIST(m) SETTING_LIST(settings, m)

static const struct setting rows[] = {
	{ "redis", &setting_redis, AT(redis) },
	{ "redis_read", &setting_redis, AT(redis_read) },
	{ "redis_audit", &setting_redis, AT(redis_audit) },
	{ "key_prefix", &setting_text, AT(key_prefix) },
	{ "store_id_file", &setting_text, AT(store_id_file), .min = 1 },
	{ "soa_hostname", &setting_name, AT(soa_hostname) },
	{ "soa_contact", &setting_name, AT(soa_contact) },
	{ "nameservers", &setting_names, LIST(nameservers), .min = 1 },
	{ "caa_issuers", &setting_issuers, LIST(caa_issuers) },
	{ "authority", &setting_word, AT(authority), .words = authorities },
	{ "other_zones", &setting_names, LIST(other_zones) },
	{ "persistent_records", &setting_flag, AT(persistent_records) },
	{ "zone", &setting_zone, AT(zone) },
	{ "powerdns_conf", &setting_text_or_null, AT(powerdns_conf), .min = 1 },
	{ "creation", &setting_word, AT(creation), .words = creations },
	{ "authorisations_per_account", &setting_unsigned,
	    AT(authorisations_per_account), .max = 100000000 },
	{ "authorisations_per_address", &setting_unsigned,
	    AT(authorisations_per_address), .max = 100000000 },
	{ "deleted_hold_days", &setting_unsigned, AT(deleted_hold_days),
	    .max = 36500 },
	{ "registration", &setting_word, AT(registration),
	    .words = registrations },
	{ "registration_life_s", &setting_unsigned, AT(registration_life_s),
	    .min = 1, .max = 86400 },
	{ "registrations_per_account", &setting_unsigned,
	    AT(registrations_per_account), .max = 100000000 },
	{ "registrations_per_address", &setting_unsigned,
	    AT(registrations_per_address), .max = 100000000 },
	{ "authority_ttl_s", &setting_unsigned, AT(authority_ttl_s),
	    .max = 86400 },
	{ "response_ttl_s", &setting_unsigned, AT(response_ttl_s),
	    .max = 3600 },
	{ "response_life_s", &setting_unsigned, AT(response_life_s), .min = 1,
	    .max = 86400 },
	{ "dns_copy_mib", &setting_unsigned, AT(dns_copy_mib), .max = 4096 },
	{ "accounts_file", &setting_text_or_null, AT(accounts_file), .min = 1 },
	{ "replicas_required", &setting_unsigned, AT(replicas_required),
	    .max = 16 },
	{ "replicas_timeout_ms", &setting_unsigned, AT(replicas_timeout_ms),
	    .min = 10, .max = 10000 },
	{ "workers", &setting_unsigned, AT(workers), .min = 1, .max = 256 },
	{ "audit_retention_days", &setting_unsigned, AT(audit_retention_days),
	    .min = 1, .max = 36500 },
	{ "audit_memory_mib", &setting_unsigned, AT(audit_memory_mib), .min = 1,
	    .max = 65536 },
};

/* Report a fault of `registration`, which is in doc: its default has none. */
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
	/* Who had accounts before there was this setting meant this. */
	if (json_member(doc, "creation") == NULL && s->accounts_file[0] != '\0')
		s->creation = CREATION_ACCOUNT;
	if (json_member(doc, "redis_read") == NULL)
		s->redis_read = s->redis;
	if (json_member(doc, "redis_audit") == NULL)
		s->redis_audit = s->redis;
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
		.caa_issuers = { { strlen("letsencrypt.org"),
		    "letsencrypt.org" } },
		.n_caa_issuers = 1,
		.powerdns_conf = "/etc/powerdns/pdns.d/acmeproxy.conf",
		.authority_ttl_s = 60,
		.response_ttl_s = 0,
		.response_life_s = 300,
		.dns_copy_mib = 32,
		.registration_life_s = 3600,
		.registrations_per_address = 100,
		.deleted_hold_days = 90,
		.replicas_timeout_ms = 1000,
		.workers = 8,
		.audit_retention_days = 400,
		.audit_memory_mib = 256,
	};
	struct setting_table table = { rows, COUNT_OF(rows), (char *)&s };
	struct json *doc = NULL;
	struct err why = { 0 };
	enum err_code rc;

	rc = json_parse(&doc, text, len, &why);
	if (rc == ERR_OK)
		rc = setting_want(doc, JSON_KIND_OBJECT, &why);
	if (rc == ERR_OK)
		rc = json_each(doc, setting_set_member, &table, &why);
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

/* The name of the i-th setting inside one that is an object, or NULL. */
static const char *
key_inside(const struct setting *row, size_t i)
{
	if (row->kind == &setting_redis && i < COUNT_OF(redis_rows))
		return redis_rows[i].key;
	if (row->kind == &setting_zone && i < COUNT_OF(zone_rows))
		return zone_rows[i].key;
	return NULL;
}

bool
settings_key(char *key, size_t i)
{
	for (size_t m = 0; m < COUNT_OF(rows); m++) {
		const char *inside;

		(void)snprintf(key, SETTINGS_TEXT, "%s", rows[m].key);
		if (i-- == 0)
			return true;
		for (size_t k = 0; (inside = key_inside(&rows[m], k)) != NULL;
		     k++)
			if (i-- == 0) {
				(void)snprintf(key, SETTINGS_TEXT, "%s.%s",
				    rows[m].key, inside);
				return true;
			}
	}
	return false;
}

const char *
settings_show(char *buf, size_t size, const struct settings *settings, size_t i)
{
	struct setting_text text = { buf, size, 0 };

	if (i >= COUNT_OF(rows))
		return NULL;
	buf[0] = '\0';
	rows[i].kind->show(&rows[i], (const char *)settings + rows[i].offset,
	    &text);
	return rows[i].key;
}
