/*
 * The dialect of lego's httpreq (Traefik, CoreDNS) and of the acmeproxy
 * provider in Caddy and acme.sh: POST .../present and .../cleanup, credentials
 * by Basic.  The user is the authorisation's name and the password its secret;
 * or an account and its own, which may present for any name that it may have.
 */
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "fcgi-app/api/call.h"

/* What the client wants published or gone. */
struct wish {
	bool is_raw;
	char shown[DNSNAME_MAX + 3]; /* fqdn (RAW: domain) as it was sent */
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

	if (dnsname_parse(&name, text, len, NULL) != ERR_OK)
		return "The parameter fqdn is not a domain name";
	if (challenge_parse(challenge, &name))
		return dnsname_n_labels(&challenge->name) < STORE_MIN_LABELS
		    ? "The parameter fqdn has too few labels"
		    : NULL;
	if (s->zone.is_set &&
	    challenge_parse_in_zone(challenge, &name, &s->zone.name))
		return NULL;
	return "The parameter fqdn neither begins with _acme-challenge nor is "
	       "in the zone";
}

static const char *
read_default(struct wish *wish, struct call *call, const struct json *body)
{
	size_t len, value_len;
	const char *fqdn = text_of(body, "fqdn", &len);
	const char *value = text_of(body, "value", &value_len);
	const char *fault;

	if (fqdn == NULL)
		return "The parameter fqdn is missing";
	fault = parse_fqdn(&call->params.challenge, call->ledger.settings, fqdn,
	    len);
	if (fault != NULL)
		return fault;
	if (value == NULL ||
	    txtvalue_parse(&wish->value, value, value_len, NULL) != ERR_OK)
		return "The parameter value is not 1 to 255 characters of the "
		       "base64url alphabet";
	(void)snprintf(wish->shown, sizeof(wish->shown), "%s", fqdn);
	return NULL;
}

static const char *
read_raw(struct wish *wish, struct call *call, const struct json *body)
{
	size_t len, key_len;
	const char *domain = text_of(body, "domain", &len);
	const char *key = text_of(body, "keyAuth", &key_len);

	if (domain == NULL ||
	    params_parse_name(&call->params.challenge.name, domain, len) !=
		NULL)
		return "The parameter domain is not a domain name";
	if (key == NULL || key_len == 0)
		return "The parameter keyAuth is missing";
	secret_digest(&wish->value, key, key_len);
	wish->is_raw = true;
	(void)snprintf(wish->shown, sizeof(wish->shown), "%s", domain);
	return NULL;
}

static const char *
read_wish(struct wish *wish, struct call *call)
{
	const struct request *r = call->request;
	const char *fault = "The body is not a JSON object";
	struct json *body = NULL;

	memset(wish, 0, sizeof(*wish));
	if (json_parse(&body, r->body, r->body_len, NULL) == ERR_OK &&
	    json_kind(body) == JSON_KIND_OBJECT)
		fault = json_member_in_any_case(body, "keyAuth") != NULL
		    ? read_raw(wish, call, body)
		    : read_default(wish, call, body);
	json_free(body);
	return fault;
}

/*
 * Caddy compares fqdn and value with what it sent, acme.sh looks for the value.
 * Both were parsed: there is nothing in them that JSON would have to escape.
 */
static void
print_wish(struct call *call, const struct wish *wish)
{
	(void)snprintf(call->answer->body, sizeof(call->answer->body),
	    "{\"%s\": \"%s\", \"value\": \"%s\"}",
	    wish->is_raw ? "domain" : "fqdn", wish->shown, wish->value.text);
}

/* The user is the name itself or one above it, whose suffix_match may do. */
static bool
is_user_of(const char *user, const struct dnsname *name)
{
	struct dnsname parsed;

	return dnsname_parse(&parsed, user, strlen(user), NULL) == ERR_OK &&
	    dnsname_is_under(name, &parsed);
}

static const struct account *
find_account(const struct call *call, const char *user)
{
	const struct accounts *accounts = call->api->config->accounts;
	const struct account *account;

	if (accounts == NULL)
		return NULL;
	account = accounts_find(accounts, &call->params.secret);
	return account != NULL && strcmp(account->name, user) == 0 ? account
								   : NULL;
}

/* An authorisation whose secret nobody knows: the account speaks for it. */
static enum outcome
ensure_authorisation(struct call *call)
{
	struct creation creation = { .fresh.challenge.name =
					 call->params.challenge.name,
		.may_exist = true };
	struct secret secret;
	bool done;

	secret_make(&secret);
	secret_hash(&creation.fresh.presented, &secret);
	secret_wipe(&secret);
	return authorisation_create(&done, &call->ledger, &creation,
		   &call->why) == ERR_OK
	    ? DONE
	    : STORE_AWAY;
}

/* Who is it?  DONE with the claim to make. */
static enum outcome
authenticate(struct call *call, struct claim *claim, bool is_present)
{
	const struct account *account;
	char user[DNSNAME_MAX + 2];

	memset(claim, 0, sizeof(*claim));
	claim->challenge = call->params.challenge;
	if (secret_parse_basic(user, sizeof(user), &call->params.secret,
		call->request->authorization, NULL) != ERR_OK)
		return BAD_CREDENTIALS;
	account = find_account(call, user);
	if (account == NULL) {
		secret_hash(&claim->presented, &call->params.secret);
		return is_user_of(user, &claim->challenge.name)
		    ? DONE
		    : BAD_CREDENTIALS;
	}
	call->ledger.account = account->name;
	if (!account_permits(account, &claim->challenge.name, false))
		return NOT_PERMITTED;
	return is_present ? ensure_authorisation(call) : DONE;
}

static enum outcome
act(struct call *call, bool is_present)
{
	struct verdict verdict;
	struct claim claim;
	struct wish wish;
	enum outcome outcome;
	enum err_code rc;

	call->sentence = read_wish(&wish, call);
	if (call->sentence != NULL)
		return BAD_PARAMETER;
	outcome = authenticate(call, &claim, is_present);
	if (outcome != DONE)
		return outcome;
	rc = is_present ? response_publish(&verdict, &call->ledger, &claim,
			      &wish.value, &call->why)
			: response_expire(&verdict, &call->ledger, &claim,
			      &wish.value, &call->why);
	if (rc != ERR_OK)
		return STORE_AWAY;
	print_wish(call, &wish);
	/* An account may clean up where nothing was ever authorised. */
	return verdict.granted ||
		(!is_present && claim.presented.text[0] == '\0')
	    ? DONE
	    : BAD_CREDENTIALS;
}

enum outcome
httpreq_present(struct call *call)
{
	return act(call, true);
}

/* Of a value that is gone already nothing is left to do. */
enum outcome
httpreq_cleanup(struct call *call)
{
	return act(call, false);
}
