/* Parses parameters, and hides whether they came as a form or as JSON. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/json.h"
#include "fcgi-app/api/params.h"

/* A value as it was sent, before it is parsed. */
struct raw {
	const char *text;
	size_t len;
	unsigned times; /* how often it was given */
	bool odd;       /* JSON of a kind that we do not take */
};

static const char *parse_name(struct params *, const struct raw *);
static const char *parse_secret(struct params *, const struct raw *);
static const char *parse_response(struct params *, const struct raw *);
static const char *parse_suffix_match(struct params *, const struct raw *);
static const char *parse_label(struct params *, const struct raw *);
static const char *parse_record(struct params *, const struct raw *);

/*
 * One row for each parameter: a new one needs a row and a parser.  The name
 * comes first: whether it is too long depends on what else is given.
 */
static const struct {
	enum param bit;
	const char *key;
	const char *(*parse)(struct params *, const struct raw *);
	const char *missing, *empty, *twice, *odd;
} table[] = {
#define SENTENCES(p)                                                           \
	"The parameter " p " is missing", "The parameter " p " is empty",      \
	    "The parameter " p " is given twice",                              \
	    "The parameter " p " is of the wrong type"
	{ PARAM_NAME, "name", parse_name, SENTENCES("name") },
	{ PARAM_SECRET, "secret", parse_secret, SENTENCES("secret") },
	{ PARAM_RESPONSE, "response", parse_response, SENTENCES("response") },
	{ PARAM_SUFFIX_MATCH, "suffix_match", parse_suffix_match,
	    SENTENCES("suffix_match") },
	{ PARAM_LABEL, "label", parse_label, SENTENCES("label") },
	{ PARAM_RECORD, "record", parse_record, SENTENCES("record") },
#undef SENTENCES
};

static bool
is_all_digits(const char *text)
{
	return text[strspn(text, "0123456789")] == '\0';
}

const char *
params_parse_name(struct dnsname *name, const char *text, size_t len)
{
	struct dnsname out;
	const char *dot;

	if (len >= 2 && text[0] == '*' && text[1] == '.') {
		text += 2;
		len -= 2;
	}
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] >= 0x80)
			return "The parameter name is not ASCII: send the "
			       "A-label (xn--...) of an internationalised name";
	if (dnsname_parse(&out, text, len, NULL) != ERR_OK)
		return "The parameter name is not a domain name";
	dot = strrchr(out.text, '.');
	if (dot == NULL)
		return "The parameter name has fewer than two labels";
	if (is_all_digits(dot + 1))
		return "The parameter name is an address, not a domain name";
	if (out.len > CHALLENGE_NAME_MAX)
		return "The parameter name is too long for _acme-challenge "
		       "to go in front of it";
	_Static_assert(CHALLENGE_NAME_LABELS == 16, "the sentence says so");
	if (dnsname_n_labels(&out) > CHALLENGE_NAME_LABELS)
		return "The parameter name has more than 16 labels";
	*name = out;
	return NULL;
}

static const char *
parse_name(struct params *p, const struct raw *raw)
{
	return params_parse_name(&p->challenge.name, raw->text, raw->len);
}

static const char *
parse_secret(struct params *p, const struct raw *raw)
{
	if (secret_parse(&p->secret, raw->text, raw->len, NULL) == ERR_OK)
		return NULL;
	return "The parameter secret is malformed";
}

static const char *
parse_response(struct params *p, const struct raw *raw)
{
	if (txtvalue_parse(&p->response, raw->text, raw->len, NULL) == ERR_OK)
		return NULL;
	return "The parameter response is not 1 to 255 characters of the "
	       "base64url alphabet";
}

static const char *
parse_suffix_match(struct params *p, const struct raw *raw)
{
	bool yes = raw->len == 4 && strncasecmp(raw->text, "true", 4) == 0;
	bool no = raw->len == 5 && strncasecmp(raw->text, "false", 5) == 0;

	p->suffix_match = yes;
	return yes || no ? NULL
			 : "The parameter suffix_match is neither true nor "
			   "false";
}

static const char *
parse_label(struct params *p, const struct raw *raw)
{
	if (!challenge_is_label(raw->text, raw->len))
		return "The parameter label is not _ and 16 characters of the "
		       "base32 alphabet in lower case";
	if (p->challenge.name.len > CHALLENGE_LABELLED_MAX)
		return "The parameter name is too long for a label to go in "
		       "front of it";
	memcpy(p->challenge.label, raw->text, raw->len);
	return NULL;
}

static const char *
parse_record(struct params *p, const struct raw *raw)
{
	static const char *const faults[] = {
		[ISSUEVALUE_OK] = NULL,
		[ISSUEVALUE_BAD_LENGTH] =
		    "The parameter record is over 510 octets",
		[ISSUEVALUE_BAD_SYNTAX] =
		    "The parameter record is not an issue-value (RFC 8659, "
		    "4.2): ISSUER; accounturi=URI",
		[ISSUEVALUE_BAD_ACCOUNTURI] =
		    "The parameter record has not one accounturi that is a URI",
		[ISSUEVALUE_BAD_UNTIL] =
		    "The parameter record has a persistUntil that is not a "
		    "number of seconds",
	};

	if (p->challenge.name.len > CHALLENGE_PERSIST_MAX)
		return "The parameter name is too long for "
		       "_validation-persist to go in front of it";
	return faults[issuevalue_parse(&p->record, raw->text, raw->len)];
}

static struct raw *
find_raw(struct raw *raws, const char *key, size_t len)
{
	for (size_t i = 0; i < COUNT_OF(table); i++)
		if (strlen(table[i].key) == len &&
		    memcmp(table[i].key, key, len) == 0)
			return &raws[i];
	return NULL;
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Decode in place (it only shrinks); false if '%' lacks two hex digits. */
static bool
percent_decode(char *text, size_t *len)
{
	size_t n = 0;

	for (size_t i = 0; i < *len; i++) {
		char c = text[i];

		if (c == '+') {
			c = ' ';
		} else if (c == '%') {
			int high = i + 2 < *len ? hex_value(text[i + 1]) : -1;
			int low = i + 2 < *len ? hex_value(text[i + 2]) : -1;

			if (high < 0 || low < 0)
				return false;
			c = (char)(high * 16 + low);
			i += 2;
		}
		text[n++] = c;
	}
	*len = n;
	return true;
}

/* WHATWG URL, 5.1.  Decodes in `body`, to which the values then point. */
static const char *
gather_form(struct raw *raws, char *body, size_t len)
{
	char *end = body + len;

	while (body < end) {
		char *stop = memchr(body, '&', (size_t)(end - body));
		char *pair_end = stop != NULL ? stop : end;
		char *equals = memchr(body, '=', (size_t)(pair_end - body));
		char *value = equals != NULL ? equals + 1 : pair_end;
		size_t key_len =
		    (size_t)((equals != NULL ? equals : pair_end) - body);
		size_t value_len = (size_t)(pair_end - value);
		struct raw *raw;

		if (!percent_decode(body, &key_len) ||
		    !percent_decode(value, &value_len))
			return "The body is not a form: a % without two "
			       "hexadecimal digits";
		raw = find_raw(raws, body, key_len);
		if (raw != NULL) {
			raw->text = value;
			raw->len = value_len;
			raw->times++;
		}
		body = pair_end + 1;
	}
	return NULL;
}

static enum err_code
gather_member(void *ctx, const char *key, const struct json *value,
    struct err *err)
{
	struct raw *raw = find_raw(ctx, key, strlen(key));

	(void)err;
	if (raw == NULL || json_kind(value) == JSON_KIND_NULL)
		return ERR_OK;
	raw->times++;
	if (json_kind(value) == JSON_KIND_STRING) {
		raw->text = json_as_string(value, &raw->len);
	} else if (json_kind(value) == JSON_KIND_BOOLEAN &&
	    raw == find_raw(ctx, "suffix_match", 12)) {
		raw->text = json_as_boolean(value) ? "true" : "false";
		raw->len = strlen(raw->text);
	} else {
		raw->odd = true;
	}
	return ERR_OK;
}

/* The values point into *doc, which the caller frees. */
static const char *
gather_json(struct raw *raws, struct json **doc, const struct request *r)
{
	if (json_parse(doc, r->body, r->body_len, NULL) != ERR_OK)
		return "The body is not JSON, or has a member twice";
	if (json_kind(*doc) != JSON_KIND_OBJECT)
		return "The body is not a JSON object";
	return json_each(*doc, gather_member, raws, NULL) == ERR_OK
	    ? NULL
	    : "The body is not a JSON object";
}

static const char *
check(struct params *params, const struct raw *raws, unsigned required,
    unsigned optional)
{
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		const struct raw *raw = &raws[i];
		const char *sentence;

		if (((required | optional) & table[i].bit) == 0)
			continue;
		if (raw->times == 0 && (required & table[i].bit) == 0)
			continue;
		if (raw->times == 0)
			return table[i].missing;
		if (raw->times > 1)
			return table[i].twice;
		if (raw->odd)
			return table[i].odd;
		if (raw->len == 0)
			return table[i].empty;
		sentence = table[i].parse(params, raw);
		if (sentence != NULL)
			return sentence;
		params->given |= table[i].bit;
	}
	return NULL;
}

/* Compare media types; charset and the like are ignored. */
static bool
is_media_type(const char *content_type, const char *type)
{
	size_t len = strcspn(content_type, "; \t");

	return len == strlen(type) && strncasecmp(content_type, type, len) == 0;
}

enum params_fault
params_parse(struct params *params, const struct request *request,
    unsigned required, unsigned optional, const char **sentence)
{
	struct raw raws[COUNT_OF(table)] = { { 0 } };
	char body[HTTP_BODY_MAX];
	struct json *doc = NULL;
	const char *fault;

	memset(params, 0, sizeof(*params));
	if (is_media_type(request->content_type, "application/json")) {
		fault = gather_json(raws, &doc, request);
	} else if (is_media_type(request->content_type,
		       "application/x-www-form-urlencoded") ||
	    request->body_len == 0) {
		memcpy(body, request->body, request->body_len);
		fault = gather_form(raws, body, request->body_len);
	} else {
		return PARAMS_BAD_TYPE;
	}
	if (fault == NULL)
		fault = check(params, raws, required, optional);
	json_free(doc);
	explicit_bzero(body, sizeof(body));
	if (fault == NULL)
		return PARAMS_OK;
	*sentence = fault;
	return PARAMS_BAD;
}

void
params_wipe(struct params *params)
{
	secret_wipe(&params->secret);
}
