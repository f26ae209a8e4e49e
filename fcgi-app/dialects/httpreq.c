/*
 * The dialect of lego's httpreq (Traefik, CoreDNS) and of the acmeproxy
 * provider in Caddy and acme.sh: POST .../present and .../cleanup, credentials
 * by Basic.  The user is the authorisation's name and the password its secret;
 * or an account and its own, which may present for any name that it may have.
 */
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "fcgi-app/access/reserved.h"
#include "fcgi-app/api/call.h"

/* The body: what is to be published or removed.  Its name is in call->params.
 */
struct body {
	bool is_raw;
	char name[DNSNAME_MAX + 3]; /* fqdn (RAW: domain) as it was sent */
	struct txtvalue value;
};

static const char *
text_of(const struct json *body, const char *key, size_t *len)
{
	const struct json *value = json_member_in_any_case(body, key);

	if (value == NULL || json_kind(value) != JSON_KIND_STRING)
		return NULL;
	return json_as_string(value, len);
}

/* The challenge that an fqdn stands for; a sentence if there is none. */
static const char *
parse_fqdn(struct challenge *challenge, const struct settings *s,
    const char *text, size_t len)
{
	struct dnsname name;
	size_t least = STORE_MIN_LABELS, n_labels;

	if (dnsname_parse(&name, text, len, NULL) != ERR_OK)
		return "The parameter fqdn is not a domain name";
	if (!challenge_parse(challenge, &name)) {
		if (!s->zone.is_set ||
		    !challenge_parse_in_zone(challenge, &name, &s->zone.name))
			return "The parameter fqdn neither begins with "
			       "_acme-challenge nor is in the zone";
		least = 1;
	}
	n_labels = dnsname_n_labels(&challenge->name);
	if (n_labels < least)
		return "The parameter fqdn has too few labels";
	if (n_labels > CHALLENGE_NAME_LABELS)
		return "The parameter fqdn has too many labels";
	return NULL;
}

static const char *
read_default(struct body *body, struct call *call, const struct json *json)
{
	size_t len, value_len;
	const char *fqdn = text_of(json, "fqdn", &len);
	const char *value = text_of(json, "value", &value_len);
	const char *fault;

	if (fqdn == NULL)
		return "The parameter fqdn is missing";
	fault = parse_fqdn(&call->params.challenge, call->settings, fqdn, len);
	if (fault != NULL)
		return fault;
	if (value == NULL ||
	    txtvalue_parse(&body->value, value, value_len, NULL) != ERR_OK)
		return "The parameter value is not 1 to 255 characters of the "
		       "base64url alphabet";
	(void)snprintf(body->name, sizeof(body->name), "%s", fqdn);
	return NULL;
}

static const char *
read_raw(struct body *body, struct call *call, const struct json *json)
{
	size_t len, key_len;
	const char *domain = text_of(json, "domain", &len);
	const char *key = text_of(json, "keyAuth", &key_len);

	if (domain == NULL ||
	    params_parse_name(&call->params.challenge.name, domain, len) !=
		NULL)
		return "The parameter domain is not a domain name";
	if (key == NULL || key_len == 0)
		return "The parameter keyAuth is missing";
	secret_digest(&body->value, key, key_len);
	body->is_raw = true;
	(void)snprintf(body->name, sizeof(body->name), "%s", domain);
	return NULL;
}

static const char *
read_body(struct body *body, struct call *call)
{
	const struct request *r = call->request;
	const char *fault = "The body is not a JSON object";
	struct json *json = NULL;

	memset(body, 0, sizeof(*body));
	if (json_parse(&json, r->body, r->body_len, NULL) == ERR_OK &&
	    json_kind(json) == JSON_KIND_OBJECT)
		fault = json_member_in_any_case(json, "keyAuth") != NULL
		    ? read_raw(body, call, json)
		    : read_default(body, call, json);
	json_free(json);
	return fault;
}

/*
 * Caddy compares fqdn and value with what it sent, acme.sh looks for the value.
 * Both were parsed: there is nothing in them that JSON would have to escape.
 */
static void
print_body(struct call *call, const struct body *body)
{
	answer_print(call->answer, "{\"%s\": \"%s\", \"value\": \"%s\"}",
	    body->is_raw ? "domain" : "fqdn", body->name, body->value.text);
}

/* The user is the name itself or one above it, whose suffix_match may do. */
static bool
is_user_of(const char *user, const struct dnsname *name)
{
	struct dnsname parsed;

	return dnsname_parse(&parsed, user, strlen(user), NULL) == ERR_OK &&
	    dnsname_is_under(name, &parsed);
}

/*
 * Who is it?  The user is an account, or the name, and the store knows whose
 * the secret is.  Returns false when that is malformed.
 */
static bool
read_credentials(struct call *call, char *user, size_t user_size)
{
	if (secret_parse_basic(user, user_size, &call->params.secret,
		call->request->authorization, NULL) != ERR_OK ||
	    user[0] == '\0')
		return false;
	secret_hash(&call->actor.presented, &call->params.secret);
	call->actor.user = user;
	call->actor.user_is_name =
	    is_user_of(user, &call->params.challenge.name);
	return true;
}

/* An account creates the authorisation on the way, where that is possible. */
static bool
may_create(const struct call *call)
{
	const struct dnsname *name = &call->params.challenge.name;

	return dnsname_n_labels(name) >= STORE_MIN_LABELS &&
	    !reserved_has(call->settings, name);
}

static enum outcome
cannot_create(struct call *call)
{
	if (dnsname_n_labels(&call->params.challenge.name) >= STORE_MIN_LABELS)
		return OUTCOME_RESERVED;
	call->sentence = "The parameter fqdn has too few labels";
	return OUTCOME_BAD_PARAMETER;
}

static enum outcome
act(struct call *call, bool is_present)
{
	char user[DNSNAME_MAX + 2];
	struct decision decision;
	struct response response;
	struct body body;
	enum outcome outcome;
	enum err_code rc;

	call->sentence = read_body(&body, call);
	if (call->sentence != NULL)
		return OUTCOME_BAD_PARAMETER;
	if (!read_credentials(call, user, sizeof(user)))
		return OUTCOME_BAD_CREDENTIALS;
	response = (struct response){ .challenge = call->params.challenge,
		.value = body.value,
		.may_create = is_present && may_create(call) };
	rc = is_present ? response_publish(&decision, call->store, &call->actor,
			      &response, &call->why)
			: response_expire(&decision, call->store, &call->actor,
			      &response, &call->why);
	call->actor.user = NULL;
	if (rc != ERR_OK)
		return call_failed(call);
	if (is_present && decision.refusal == REFUSED_FREE)
		return cannot_create(call);
	outcome = call_refused(decision.refusal);
	if (outcome == OUTCOME_OK && is_present && decision.n == 0)
		return OUTCOME_FULL_OF_LABELS;
	/* An account may clean up where nothing was ever authorised. */
	if (outcome != OUTCOME_OK && decision.refusal != REFUSED_FREE)
		return outcome == OUTCOME_BAD_SECRET ? OUTCOME_BAD_CREDENTIALS
						     : outcome;
	print_body(call, &body);
	return OUTCOME_OK;
}

enum outcome
httpreq_present(struct call *call)
{
	return act(call, true);
}

/* Removing an absent value succeeds. */
enum outcome
httpreq_cleanup(struct call *call)
{
	return act(call, false);
}
