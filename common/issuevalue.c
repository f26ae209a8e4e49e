#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "common/issuevalue.h"

#define UNTIL_DIGITS_MAX 12 /* until the year 33658 */

/* A part of the text, or the rest of it. */
struct reader {
	const char *at, *end;
};

static bool
is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9');
}

static bool
is_value(char c)
{
	return c > 0x20 && c < 0x7f && c != ';' && c != '"' && c != '\\';
}

static void
skip_blanks(struct reader *r)
{
	while (r->at < r->end && *r->at == ' ')
		r->at++;
}

/* Skip blanks, then c, then blanks; false if c is not there. */
static bool
skip(struct reader *r, char c)
{
	skip_blanks(r);
	if (r->at == r->end || *r->at != c)
		return false;
	r->at++;
	skip_blanks(r);
	return true;
}

/* Take a label or a tag: letters and digits, with hyphens between them. */
static bool
take_label(struct reader *r)
{
	const char *from = r->at;

	while (r->at < r->end && (is_alnum(*r->at) || *r->at == '-'))
		r->at++;
	return r->at > from && *from != '-' && r->at[-1] != '-';
}

static bool
take_issuer(struct reader *r)
{
	skip_blanks(r);
	while (take_label(r)) {
		if (r->at == r->end || *r->at != '.')
			return true;
		r->at++;
	}
	return false;
}

static struct reader
take_value(struct reader *r)
{
	struct reader value = { r->at, r->at };

	while (r->at < r->end && is_value(*r->at))
		r->at++;
	value.end = r->at;
	return value;
}

static bool
is_tag(const struct reader *tag, const char *text)
{
	size_t len = (size_t)(tag->end - tag->at);

	return strlen(text) == len && strncasecmp(tag->at, text, len) == 0;
}

/* A scheme, a colon and at least one octet more (RFC 3986, 3). */
static bool
is_uri(struct reader text)
{
	const char *from = text.at;

	while (text.at < text.end &&
	    (is_alnum(*text.at) || strchr("+-.", *text.at) != NULL))
		text.at++;
	return text.at > from && !(*from >= '0' && *from <= '9') &&
	    text.end - text.at >= 2 && *text.at == ':';
}

static bool
parse_until(int64_t *until_s, const struct reader *text)
{
	int64_t s = 0;

	if (text->at == text->end || text->end - text->at > UNTIL_DIGITS_MAX)
		return false;
	for (const char *c = text->at; c < text->end; c++) {
		if (*c < '0' || *c > '9')
			return false;
		s = s * 10 + (*c - '0');
	}
	*until_s = s;
	return true;
}

/* Take "tag=value", and store the value if we know the tag. */
static enum issuevalue_fault
take_parameter(struct reader *r, struct issuevalue *out, bool *has_account)
{
	struct reader tag = { r->at, NULL }, value;

	if (!take_label(r))
		return ISSUEVALUE_BAD_SYNTAX;
	tag.end = r->at;
	if (!skip(r, '='))
		return ISSUEVALUE_BAD_SYNTAX;
	value = take_value(r);
	if (is_tag(&tag, "accounturi")) {
		if (*has_account || !is_uri(value))
			return ISSUEVALUE_BAD_ACCOUNTURI;
		*has_account = true;
	} else if (is_tag(&tag, "persistuntil")) {
		if (out->until_s != ISSUEVALUE_FOREVER ||
		    !parse_until(&out->until_s, &value))
			return ISSUEVALUE_BAD_UNTIL;
	}
	return ISSUEVALUE_OK;
}

enum issuevalue_fault
issuevalue_parse(struct issuevalue *value, const char *text, size_t len)
{
	struct issuevalue out = { .len = len, .until_s = ISSUEVALUE_FOREVER };
	struct reader r = { text, text + len };
	bool has_account = false;

	if (len == 0 || len > ISSUEVALUE_MAX)
		return ISSUEVALUE_BAD_LENGTH;
	if (!take_issuer(&r))
		return ISSUEVALUE_BAD_SYNTAX;
	while (skip(&r, ';')) {
		enum issuevalue_fault fault;

		/* "ca.example;" is valid, but has no account. */
		if (r.at == r.end && !has_account)
			return ISSUEVALUE_BAD_ACCOUNTURI;
		fault = take_parameter(&r, &out, &has_account);
		if (fault != ISSUEVALUE_OK)
			return fault;
	}
	if (r.at != r.end)
		return ISSUEVALUE_BAD_SYNTAX;
	if (!has_account)
		return ISSUEVALUE_BAD_ACCOUNTURI;
	memcpy(out.text, text, len);
	*value = out;
	return ISSUEVALUE_OK;
}
