#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/challenge.h"
#include "common/zonerecord.h"

#define TTL_MAX_S 604800

typedef enum err_code content_fn(char *out, const char *text, struct err *err);

/* Take the next word, up to a blank or tab; "" at the end. */
static void
take_word(char *word, size_t size, const char **text)
{
	size_t len;

	*text += strspn(*text, " \t");
	len = strcspn(*text, " \t");
	(void)snprintf(word, size, "%.*s", (int)len, *text);
	*text += len;
	*text += strspn(*text, " \t");
}

static enum err_code
take_number(unsigned *n, unsigned max, const char **text, struct err *err)
{
	char word[16];

	take_word(word, sizeof(word), text);
	*n = (unsigned)strtoul(word, NULL, 10);
	if (word[0] == '\0' || word[strspn(word, "0123456789")] != '\0' ||
	    strlen(word) > 8 || *n > max)
		return err_set(err, ERR_INPUT,
		    "\"%s\" is no number from 0 to %u", word, max);
	return ERR_OK;
}

static enum err_code
content_address(char *out, const char *text, int family, struct err *err)
{
	unsigned char address[sizeof(struct in6_addr)];

	if (inet_pton(family, text, address) != 1)
		return err_set(err, ERR_INPUT, "\"%.60s\" is no IPv%d address",
		    text, family == AF_INET ? 4 : 6);
	(void)snprintf(out, ZONERECORD_CONTENT, "%s", text);
	return ERR_OK;
}

static enum err_code
content_a(char *out, const char *text, struct err *err)
{
	return content_address(out, text, AF_INET, err);
}

static enum err_code
content_aaaa(char *out, const char *text, struct err *err)
{
	return content_address(out, text, AF_INET6, err);
}

static enum err_code
content_name(char *out, const char *text, struct err *err)
{
	struct dnsname name;
	struct err why = { 0 };

	if (dnsname_parse(&name, text, strlen(text), &why) != ERR_OK)
		return err_set(err, ERR_INPUT, "\"%.60s\": %s", text, why.text);
	(void)snprintf(out, ZONERECORD_CONTENT, "%s", name.text);
	return ERR_OK;
}

static enum err_code
content_mx(char *out, const char *text, struct err *err)
{
	char name[ZONERECORD_CONTENT];
	unsigned preference;

	if (take_number(&preference, 65535, &text, err) != ERR_OK ||
	    content_name(name, text, err) != ERR_OK)
		return ERR_INPUT;
	/* The pipe protocol needs a tab here. */
	(void)snprintf(out, ZONERECORD_CONTENT, "%u\t%.253s", preference, name);
	return ERR_OK;
}

/* A quoted text of printable ASCII, without quotes or backslashes inside. */
static enum err_code
check_quoted(const char *text, size_t max, struct err *err)
{
	size_t len = strlen(text);

	if (len < 2 || text[0] != '"' || text[len - 1] != '"' || len - 2 > max)
		return err_set(err, ERR_INPUT,
		    "one text of at most %zu octets between \"\" is needed",
		    max);
	for (size_t i = 1; i < len - 1; i++)
		if (text[i] < 0x20 || text[i] > 0x7e || text[i] == '"' ||
		    text[i] == '\\')
			return err_set(err, ERR_INPUT,
			    "octet 0x%02x between the quotes",
			    (unsigned char)text[i]);
	return ERR_OK;
}

static enum err_code
content_txt(char *out, const char *text, struct err *err)
{
	if (check_quoted(text, 255, err) != ERR_OK)
		return ERR_INPUT;
	(void)snprintf(out, ZONERECORD_CONTENT, "%s", text);
	return ERR_OK;
}

static enum err_code
content_caa(char *out, const char *text, struct err *err)
{
	static const char *const tags[] = { "issue", "issuewild", "iodef" };
	unsigned flags;
	char tag[16];

	if (take_number(&flags, 255, &text, err) != ERR_OK)
		return ERR_INPUT;
	take_word(tag, sizeof(tag), &text);
	if (check_quoted(text, 255, err) != ERR_OK)
		return ERR_INPUT;
	for (size_t i = 0; i < COUNT_OF(tags); i++)
		if (strcmp(tags[i], tag) == 0) {
			(void)snprintf(out, ZONERECORD_CONTENT, "%u %s %s",
			    flags, tag, text);
			return ERR_OK;
		}
	return err_set(err, ERR_INPUT,
	    "\"%s\" is none of issue, issuewild and iodef", tag);
}

static const struct type {
	const char *name;
	content_fn *parse;
	bool at_apex; /* may be at the zone's own name */
} types[] = {
	{ "A", content_a, true },
	{ "AAAA", content_aaaa, true },
	{ "NS", content_name, false }, /* the setting nameservers */
	{ "MX", content_mx, true },
	{ "TXT", content_txt, true },
	{ "CAA", content_caa, true },
	{ "CNAME", content_name, false },
};

static enum err_code
parse_owner(struct dnsname *owner, const char *text, const struct dnsname *zone,
    struct err *err)
{
	char absolute[2 * DNSNAME_MAX + 4];
	size_t len = strlen(text);
	struct err why = { 0 };

	if (strcmp(text, "@") == 0) {
		*owner = *zone;
		return ERR_OK;
	}
	(void)snprintf(absolute, sizeof(absolute), "%s%s%s", text,
	    len > 0 && text[len - 1] == '.' ? "" : ".",
	    len > 0 && text[len - 1] == '.' ? "" : zone->text);
	if (dnsname_parse(owner, absolute, strlen(absolute), &why) != ERR_OK)
		return err_set(err, ERR_INPUT, "owner: %s", why.text);
	if (!dnsname_is_under(owner, zone))
		return err_set(err, ERR_INPUT, "owner %s is not in the zone",
		    owner->text);
	if (dnsname_n_labels(owner) - dnsname_n_labels(zone) >
	    CHALLENGE_NAME_LABELS)
		return err_set(err, ERR_INPUT,
		    "owner: more than %d labels below the zone",
		    CHALLENGE_NAME_LABELS);
	return ERR_OK;
}

static void
refuse_type(const char *type, size_t len, struct err *err)
{
	char known[sizeof(err->text)] = "";

	for (size_t i = 0; i < COUNT_OF(types); i++) {
		size_t known_len = strlen(known);
		const char *between = i == 0  ? ""
		    : i + 1 < COUNT_OF(types) ? ", "
					      : " and ";

		(void)snprintf(known + known_len, sizeof(known) - known_len,
		    "%s%s", between, types[i].name);
	}
	(void)err_set(err, ERR_INPUT, "\"%.*s\" is none of %s",
	    len < 20 ? (int)len : 20, type, known);
}

/* Take the next word; NULL, with a sentence, unless it is a type. */
static const struct type *
take_type(const char **text, struct err *err)
{
	size_t len = strcspn(*text, " \t");

	for (size_t i = 0; i < COUNT_OF(types); i++)
		if (strlen(types[i].name) == len &&
		    memcmp(types[i].name, *text, len) == 0) {
			*text += len;
			*text += strspn(*text, " \t");
			return &types[i];
		}
	refuse_type(*text, len, err);
	return NULL;
}

enum err_code
zonerecord_parse(struct zonerecord *record, const char *text,
    const struct dnsname *zone, struct err *err)
{
	struct zonerecord out = { .ttl_s = 0 };
	char owner[DNSNAME_MAX + 2];
	const struct type *type;

	text += strspn(text, " \t");
	if (strcspn(text, " \t") >= sizeof(owner))
		return err_set(err, ERR_INPUT, "owner: over %d octets",
		    DNSNAME_MAX);
	take_word(owner, sizeof(owner), &text);
	if (parse_owner(&out.owner, owner, zone, err) != ERR_OK ||
	    take_number(&out.ttl_s, TTL_MAX_S, &text, err) != ERR_OK)
		return ERR_INPUT;
	type = take_type(&text, err);
	if (type == NULL)
		return ERR_INPUT;
	if (!type->at_apex && out.owner.len == zone->len)
		return err_set(err, ERR_INPUT,
		    "%s cannot stand at the zone's own name", type->name);
	if (type->parse(out.content, text, err) != ERR_OK)
		return ERR_INPUT;
	out.type = type->name;
	*record = out;
	return ERR_OK;
}

void
zonerecord_format(char text[ZONERECORD_TEXT], const struct zonerecord *record)
{
	(void)snprintf(text, ZONERECORD_TEXT, "%s. %u %s %s",
	    record->owner.text, record->ttl_s, record->type, record->content);
	for (char *tab = text; (tab = strchr(tab, '\t')) != NULL;)
		*tab = ' ';
}
