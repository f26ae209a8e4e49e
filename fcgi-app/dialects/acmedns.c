/*
 * The dialect of acme-dns: POST /register, POST /update, GET /health.  A
 * registration is an authorisation whose name is a random label; its responses
 * are at that label in our zone.  Its user name and its subdomain are the same.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/json.h"
#include "fcgi-app/access/accounts.h"
#include "fcgi-app/access/cidr.h"
#include "fcgi-app/api/call.h"

#define NETWORKS_MAX   16
#define ACME_VALUE_LEN 43 /* RFC 8555, 8.4 */

static const struct {
	enum outcome outcome;
	const char *error;
} errors[] = {
	{ OUTCOME_CUT_OFF, "malformed_json_payload" },
	{ OUTCOME_BAD_CREDENTIALS, "forbidden" },
	{ OUTCOME_FOREIGN, "foreign_origin" },
	{ OUTCOME_UNKNOWN_PATH, "registration_disabled" },
	{ OUTCOME_NOT_POST, "method_not_allowed" },
	{ OUTCOME_NOT_GET, "method_not_allowed" },
	{ OUTCOME_TOO_LARGE, "malformed_json_payload" },
	{ OUTCOME_QUOTA, "too_many_registrations" },
	{ OUTCOME_FULL_OF_LABELS, "too_many_labels" },
	{ OUTCOME_BROKEN, "internal_error" },
	{ OUTCOME_STORE_AWAY, "not_available" },
};

void
acmedns_print_refusal(struct call *call, enum outcome outcome)
{
	const char *error = call->sentence;

	for (size_t i = 0; i < COUNT_OF(errors); i++)
		if (errors[i].outcome == outcome)
			error = errors[i].error;
	answer_print(call->answer, "{\"error\": \"%s\"}", error);
}

/* A list of networks as it is kept, "a b", and as it is echoed, "a","b". */
struct networks {
	char kept[NETWORKS_MAX * CIDR_MAX];
	char bits[NETWORKS_MAX * (CIDR_BITS + 1)]; /* "/4110.../6001..." */
	char echo[NETWORKS_MAX * (CIDR_MAX + 3)];
};

static bool
add_network(struct networks *out, const struct json *item)
{
	size_t kept = strlen(out->kept), echo = strlen(out->echo);
	size_t n_bits = strlen(out->bits), len;
	char text[CIDR_MAX], bits[CIDR_BITS];
	const char *sent;

	if (json_kind(item) != JSON_KIND_STRING)
		return false;
	sent = json_as_string(item, &len);
	if (cidr_parse(text, sent, len, NULL) != ERR_OK ||
	    !cidr_bits(bits, text))
		return false;
	(void)snprintf(out->bits + n_bits, sizeof(out->bits) - n_bits, "/%s",
	    bits);
	(void)snprintf(out->kept + kept, sizeof(out->kept) - kept, "%s%s",
	    kept > 0 ? " " : "", text);
	(void)snprintf(out->echo + echo, sizeof(out->echo) - echo, "%s\"%s\"",
	    echo > 0 ? "," : "", text);
	return true;
}

static const char *
read_networks(struct networks *out, const struct json *list)
{
	if (list == NULL || json_kind(list) == JSON_KIND_NULL)
		return NULL;
	if (json_kind(list) != JSON_KIND_ARRAY)
		return "malformed_json_payload";
	if (json_n(list) > NETWORKS_MAX)
		return "invalid_allowfrom_cidr";
	for (size_t i = 0; i < json_n(list); i++)
		if (!add_network(out, json_at(list, i)))
			return "invalid_allowfrom_cidr";
	return NULL;
}

/* Nothing, null, {} or {"allowfrom": [...]}, whatever the Content-Type. */
static const char *
read_registration(struct networks *out, const struct request *r)
{
	const char *fault = "malformed_json_payload";
	struct json *body = NULL;

	memset(out, 0, sizeof(*out));
	if (r->body_len == 0)
		return NULL;
	if (json_parse(&body, r->body, r->body_len, NULL) == ERR_OK) {
		if (json_kind(body) == JSON_KIND_NULL)
			fault = NULL;
		else if (json_kind(body) == JSON_KIND_OBJECT)
			fault = read_networks(out,
			    json_member_in_any_case(body, "allowfrom"));
	}
	json_free(body);
	return fault;
}

/*
 * The account's secret is the password, or in /account/SECRET/register.
 * Returns false if there is none.
 */
static bool
read_account(struct call *call, char *user, size_t user_size)
{
	static const char front[] = "/account/", back[] = "/register";
	const char *path = call->request->path;
	struct secret *secret = &call->params.secret;
	size_t len = strlen(path);
	enum err_code rc;

	if (strncmp(path, front, strlen(front)) == 0 &&
	    len > strlen(front) + strlen(back)) {
		rc = secret_parse(secret, path + strlen(front),
		    len - strlen(front) - strlen(back), NULL);
	} else {
		rc = secret_parse_basic(user, user_size, secret,
		    call->request->authorization, NULL);
		call->actor.user = user;
	}
	if (rc == ERR_OK)
		secret_hash(&call->actor.presented, secret);
	return rc == ERR_OK;
}

static enum outcome
refuse_registration(enum refusal refusal)
{
	return refusal == REFUSED_QUOTA ? OUTCOME_QUOTA
					: OUTCOME_BAD_CREDENTIALS;
}

/* Create it, and print it unless it is refused. */
static enum outcome
create_registration(struct call *call, const struct networks *networks)
{
	const struct settings *s = call->settings;
	bool needs_account = s->registration == REGISTRATION_ACCOUNT;
	struct creation creation = { .life_s = s->registration_life_s,
		.needs_account = needs_account,
		.allowfrom = networks->kept,
		.allowfrom_bits = networks->bits };
	char id[SECRET_UUID_LEN + 1];
	struct secret password;
	enum refusal refusal = REFUSED_NOT;
	enum err_code rc;

	secret_make_uuid(id);
	secret_make_password(&password);
	rc = dnsname_parse(&creation.name, id, strlen(id), &call->why);
	call->params.challenge.name = creation.name;
	secret_hash(&creation.secret_hash, &password);
	if (rc == ERR_OK)
		rc = authorisation_create(&refusal, call->store, &call->actor,
		    &creation, &call->why);
	if (rc == ERR_OK && refusal == REFUSED_NOT) {
		answer_print(call->answer,
		    "{\"username\":\"%s\",\"password\":\"%s\",\"fulldomain\":"
		    "\"%s.%s\",\"subdomain\":\"%s\",\"allowfrom\":[%s]}",
		    id, password.text, id, s->zone.name.text, id,
		    networks->echo);
		answer_set_fresh(call->answer, &creation.name,
		    &creation.secret_hash);
	}
	secret_wipe(&password);
	if (rc != ERR_OK)
		return call_failed(call);
	return refusal == REFUSED_NOT ? OUTCOME_CREATED
				      : refuse_registration(refusal);
}

enum outcome
acmedns_register(struct call *call)
{
	const struct settings *s = call->settings;
	char user[ACCOUNT_NAME_MAX + 1];
	struct networks networks;
	enum outcome outcome;

	if (s->registration == REGISTRATION_CLOSED)
		return OUTCOME_UNKNOWN_PATH;
	if (s->registration == REGISTRATION_ACCOUNT &&
	    !read_account(call, user, sizeof(user)))
		return OUTCOME_BAD_CREDENTIALS;
	call->sentence = read_registration(&networks, call->request);
	outcome = call->sentence != NULL ? OUTCOME_BAD_PARAMETER
					 : create_registration(call, &networks);
	call->actor.user = NULL;
	return outcome;
}

/* Eight, four, four, four and twelve hexadecimal digits. */
static bool
is_uuid(const char *text)
{
	if (strlen(text) != SECRET_UUID_LEN)
		return false;
	for (size_t i = 0; i < SECRET_UUID_LEN; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? text[i] != '-'
			 : strchr("0123456789abcdefABCDEF", text[i]) == NULL)
			return false;
	}
	return true;
}

static const char *
text_member(const struct json *body, const char *key)
{
	const struct json *value = json_member_in_any_case(body, key);

	return value != NULL && json_kind(value) == JSON_KIND_STRING
	    ? json_as_string(value, NULL)
	    : "";
}

/*
 * Who it is and for which registration: false when that is malformed.  What
 * does not authenticate is 401, whatever else is wrong.
 */
static bool
read_credentials(struct call *call, const struct json *body)
{
	const struct request *r = call->request;
	struct dnsname name;

	if (!is_uuid(r->api_user) ||
	    strcasecmp(text_member(body, "subdomain"), r->api_user) != 0 ||
	    dnsname_parse(&name, r->api_user, strlen(r->api_user), NULL) !=
		ERR_OK ||
	    secret_parse(&call->params.secret, r->api_key, strlen(r->api_key),
		NULL) != ERR_OK)
		return false;
	call->params.challenge.name = name;
	secret_hash(&call->actor.presented, &call->params.secret);
	return true;
}

/* What is to be published, and under which label; returns NULL or an error. */
static const char *
read_update(struct response *response, const struct json *body)
{
	const char *txt = text_member(body, "txt");
	const char *label = text_member(body, "label");

	if (strlen(txt) != ACME_VALUE_LEN ||
	    txtvalue_parse(&response->value, txt, ACME_VALUE_LEN, NULL) !=
		ERR_OK)
		return "bad_txt";
	if (label[0] == '\0')
		return NULL;
	if (!challenge_is_label(label, strlen(label)))
		return "bad_label";
	memcpy(response->challenge.label, label,
	    sizeof(response->challenge.label));
	return NULL;
}

enum outcome
acmedns_update(struct call *call)
{
	const struct request *r = call->request;
	struct json *body = NULL;
	struct response response;
	struct decision decision;
	bool has_credentials = false;
	enum err_code rc;

	if (json_parse(&body, r->body, r->body_len, NULL) == ERR_OK &&
	    json_kind(body) == JSON_KIND_OBJECT) {
		has_credentials = read_credentials(call, body);
		response =
		    (struct response){ .challenge = call->params.challenge };
		call->sentence = read_update(&response, body);
	}
	json_free(body);
	if (!has_credentials)
		return OUTCOME_BAD_CREDENTIALS;
	rc = call->sentence == NULL
	    ? response_publish(&decision, call->store, &call->actor, &response,
		  &call->why)
	    : authorisation_check(&decision, call->store, &call->actor,
		  &call->params.challenge.name, &call->why);
	if (rc != ERR_OK)
		return call_failed(call);
	if (decision.refusal != REFUSED_NOT)
		return OUTCOME_BAD_CREDENTIALS;
	if (call->sentence != NULL)
		return OUTCOME_BAD_PARAMETER;
	if (decision.n == 0)
		return OUTCOME_FULL_OF_LABELS;
	answer_print(call->answer, "{\"txt\": \"%s\"}", response.value.text);
	return OUTCOME_OK;
}

enum outcome
acmedns_health(struct call *call)
{
	int schema;

	if (store_check(&schema, call->store, &call->why) != ERR_OK)
		return call_failed(call);
	return OUTCOME_OK;
}
