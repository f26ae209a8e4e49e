/*
 * Whatever the body, parameters that are accepted are in our alphabets, and a
 * refusal comes with one of our sentences.  The first octet says what kind of
 * body it is and what the route takes.
 */
#include <stdio.h>
#include <string.h>

#include "fcgi-app/api/params.h"
#include "tests/fuzz/check.h"

#define SENTENCE_MAX 256 /* octets */

#define ALL                                                                    \
	(PARAM_NAME | PARAM_SECRET | PARAM_RESPONSE | PARAM_SUFFIX_MATCH |     \
	    PARAM_LABEL | PARAM_RECORD)

static void
check_sentence(const char *sentence)
{
	CHECK(sentence != NULL);
	CHECK(strlen(sentence) < SENTENCE_MAX);
	CHECK(strstr(sentence, "published") == NULL);
	CHECK(strstr(sentence, "expired") == NULL);
	for (; *sentence != '\0'; sentence++)
		CHECK(*sentence >= 0x20 && *sentence <= 0x7e &&
		    *sentence != '"' && *sentence != '\\');
}

static void
check_params(const struct params *p)
{
	static const struct params zero;

	if ((p->given & PARAM_NAME) != 0) {
		check_name(&p->challenge.name);
		CHECK(strchr(p->challenge.name.text, '.') != NULL);
		CHECK(p->challenge.name.len + strlen("_acme-challenge.") <=
		    DNSNAME_MAX);
	}
	if ((p->given & PARAM_SECRET) != 0) {
		CHECK(p->secret.len == strlen(p->secret.text));
		CHECK(p->secret.len >= 1 && p->secret.len <= SECRET_MAX);
		CHECK(strpbrk(p->secret.text, " \t\r\n\"'\\%&<>") == NULL);
	} else {
		CHECK(memcmp(&p->secret, &zero.secret, sizeof(p->secret)) == 0);
	}
	if ((p->given & PARAM_RESPONSE) != 0) {
		CHECK(p->response.len == strlen(p->response.text));
		check_is_base64url(p->response.text, p->response.len);
	}
	CHECK(!p->suffix_match || (p->given & PARAM_SUFFIX_MATCH) != 0);
}

/* The same parameters, sent as JSON, are parsed to the same. */
static void
check_in_json(const struct params *p)
{
	struct request request = { .content_type = "application/json" };
	const char *sentence = NULL;
	struct params again;
	char body[2048];
	size_t n;

	n = (size_t)snprintf(body, sizeof(body), "{\"suffix_match\": %s",
	    p->suffix_match ? "true" : "false");
#define ADD(bit, key, value)                                                   \
	if ((p->given & (bit)) != 0)                                           \
	n += (size_t)snprintf(body + n, sizeof(body) - n,                      \
	    ", \"" key "\": \"%s\"", (value))
	ADD(PARAM_NAME, "name", p->challenge.name.text);
	ADD(PARAM_SECRET, "secret", p->secret.text);
	ADD(PARAM_RESPONSE, "response", p->response.text);
	ADD(PARAM_LABEL, "label", p->challenge.label);
	ADD(PARAM_RECORD, "record", p->record.text);
#undef ADD
	n += (size_t)snprintf(body + n, sizeof(body) - n, "}");
	request.body = body;
	request.body_len = n;
	CHECK(params_parse(&again, &request, 0, ALL, &sentence) == PARAMS_OK);
	CHECK(again.given == (p->given | PARAM_SUFFIX_MATCH));
	CHECK(strcmp(again.challenge.name.text, p->challenge.name.text) == 0);
	CHECK(strcmp(again.secret.text, p->secret.text) == 0);
	CHECK(strcmp(again.response.text, p->response.text) == 0);
	CHECK(again.suffix_match == p->suffix_match);
	CHECK(strcmp(again.challenge.label, p->challenge.label) == 0);
	CHECK(strcmp(again.record.text, p->record.text) == 0);
	CHECK(again.record.until_s == p->record.until_s);
	params_wipe(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct request request = { .content_type = "" };
	const char *sentence = NULL;
	unsigned required, optional;
	struct params p;

	if (size < 1 || size - 1 > HTTP_BODY_MAX)
		return 0;
	request.content_type = (data[0] & 1) != 0
	    ? "application/json"
	    : "application/x-www-form-urlencoded";
	required = (data[0] >> 1) & ALL;
	optional = (data[0] & 0x20) != 0 ? 0 : ALL;
	request.body = (const char *)data + 1;
	request.body_len = size - 1;
	switch (params_parse(&p, &request, required, optional, &sentence)) {
	case PARAMS_OK:
		CHECK((p.given & required) == required);
		CHECK((p.given & ~(required | optional)) == 0);
		check_params(&p);
		check_in_json(&p);
		break;
	case PARAMS_BAD:
		check_sentence(sentence);
		break;
	case PARAMS_BAD_TYPE:
		CHECK(false);
	}
	params_wipe(&p);
	return 0;
}
