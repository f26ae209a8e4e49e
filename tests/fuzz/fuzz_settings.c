/* Settings that are accepted are in range; errors name a line of the file. */
#include <stdlib.h>
#include <string.h>

#include "common/settings.h"
#include "tests/fuzz/check.h"

static void
check_text(const char *text, size_t size)
{
	size_t len = strnlen(text, size);

	CHECK(len < size);
	for (size_t i = 0; i < len; i++)
		CHECK(text[i] >= 0x20 && text[i] <= 0x7e);
}

static void
check_redis(const struct redis_settings *r)
{
	check_text(r->socket, sizeof(r->socket));
	check_text(r->host, sizeof(r->host));
	check_text(r->username, sizeof(r->username));
	check_text(r->password_file, sizeof(r->password_file));
	CHECK((r->socket[0] == '\0') != (r->host[0] == '\0'));
	CHECK((r->host[0] == '\0') == (r->port == 0));
	CHECK(r->port <= 65535);
	CHECK(r->username[0] == '\0' || r->password_file[0] != '\0');
	CHECK(r->timeout_ms >= 10 && r->timeout_ms <= 600);
}

static void
check_names(const struct dnsname *names, size_t n, size_t max)
{
	CHECK(n <= max);
	for (size_t i = 0; i < n; i++)
		check_name(&names[i]);
}

static void
check_zone(const struct zone_settings *zone)
{
	check_name(&zone->name);
	CHECK(zone->n_records <= SETTINGS_RECORDS);
	for (size_t i = 0; i < zone->n_records; i++) {
		check_name(&zone->records[i].owner);
		CHECK(zone->records[i].ttl_s <= 604800);
	}
}

/* Whatever a setting is, it is shown as JSON of one line. */
static void
check_shown(const struct settings *s)
{
	static char shown[SETTINGS_SHOWN_MAX];

	for (size_t i = 0; settings_show(shown, sizeof(shown), s, i) != NULL;
	     i++)
		check_text(shown, sizeof(shown));
}

static void
check_settings(const struct settings *s)
{
	check_redis(&s->redis);
	check_redis(&s->redis_read);
	check_redis(&s->redis_audit);
	check_text(s->key_prefix, sizeof(s->key_prefix));
	check_text(s->store_id_file, sizeof(s->store_id_file));
	check_text(s->accounts_file, sizeof(s->accounts_file));
	check_name(&s->soa_hostname);
	check_name(&s->soa_contact);
	CHECK(s->n_nameservers >= 1);
	check_names(s->nameservers, s->n_nameservers, SETTINGS_NAMESERVERS);
	check_names(s->caa_issuers, s->n_caa_issuers, SETTINGS_ISSUERS);
	check_names(s->other_zones, s->n_other_zones, SETTINGS_OTHER_ZONES);
	if (s->zone.is_set)
		check_zone(&s->zone);
	CHECK(s->registration == REGISTRATION_CLOSED || s->zone.is_set);
	CHECK(s->registration != REGISTRATION_ACCOUNT ||
	    s->accounts_file[0] != '\0');
	CHECK(s->authority == AUTHORITY_CHALLENGE ||
	    s->authority == AUTHORITY_NAME || s->authority == AUTHORITY_PARENT);
	CHECK(s->authority_ttl_s <= 86400 && s->response_ttl_s <= 3600);
	CHECK(s->response_life_s >= 1 && s->response_life_s <= 86400);
	CHECK(s->registration_life_s >= 1 && s->registration_life_s <= 86400);
	CHECK(s->replicas_required <= 16);
	CHECK(s->replicas_timeout_ms >= 10 && s->replicas_timeout_ms <= 10000);
	CHECK(s->workers >= 1 && s->workers <= 256);
	CHECK(s->audit_retention_days >= 1 && s->audit_retention_days <= 36500);
	check_shown(s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct settings s, untouched;
	struct err err = { 0 };
	char *text;

	text = malloc(size + 1);
	CHECK(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	memset(&s, 0xa5, sizeof(s));
	memset(&untouched, 0xa5, sizeof(untouched));
	if (settings_parse(&s, text, size, "f.json", &err) == ERR_OK) {
		check_settings(&s);
	} else {
		CHECK(memcmp(&s, &untouched, sizeof(s)) == 0);
		check_error_line(err.text, "f.json", text, size);
	}
	free(text);
	return 0;
}
