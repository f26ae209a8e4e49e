#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/store.h"
#include "fcgi-app/authorisation.h"
#include "fcgi-app/script.h"

/*
 * The audit log is bounded twice: by age (audit_retention_days) and, against a
 * flood of refusals, by number.  README, "Operations" has the bytes.
 */
#define AUDIT_EVENTS_MAX "2000000"
#define MS_A_DAY         INT64_C(86400000)

/* A call in the making: the keys and texts that its arguments point to. */
struct call {
	struct script_call script;
	struct store_key keys[4];
	char retention_ms[24], life_ms[24], most[8];
};

static void
add(struct call *call, const char *text)
{
	call->script.args[call->script.n++] = text;
}

static void
add_key(struct call *call, const struct ledger *ledger, enum store_kind kind,
    const struct dnsname *name)
{
	struct store_key *key = &call->keys[call->script.n_keys++];

	store_key(key, ledger->settings->key_prefix, kind, name);
	add(call, key->text);
}

/* After the keys: what head.lua takes. */
static void
add_event(struct call *call, const struct ledger *ledger,
    const struct dnsname *name)
{
	(void)snprintf(call->retention_ms, sizeof(call->retention_ms),
	    "%" PRId64, ledger->settings->audit_retention_days * MS_A_DAY);
	add(call, name->text);
	add(call, ledger->ip);
	add(call, ledger->account);
	add(call, ledger->via);
	add(call, call->retention_ms);
	add(call, AUDIT_EVENTS_MAX);
}

static enum err_code
run(long long *value, const struct ledger *ledger, const struct call *call,
    struct err *err)
{
	struct script_result result;
	enum err_code rc;

	rc = script_run(&result, ledger->redis, ledger->settings, &call->script,
	    err);
	if (rc != ERR_OK)
		return rc;
	if (result.n_acked < ledger->settings->replicas_required)
		return err_set(err, ERR_STORE, "%lld of %u replicas have it",
		    result.n_acked, ledger->settings->replicas_required);
	*value = result.value;
	return ERR_OK;
}

static void
fill_in(struct authorisation *auth, const struct redis_reply *fields)
{
	static const char yes[] = "true";

	(void)snprintf(auth->secret_hash.text, sizeof(auth->secret_hash.text),
	    "%s", reply_text(reply_at(fields, 0), NULL));
	auth->suffix_match =
	    strcmp(reply_text(reply_at(fields, 1), NULL), yes) == 0;
	(void)snprintf(auth->account, sizeof(auth->account), "%s",
	    reply_text(reply_at(fields, 2), NULL));
}

enum err_code
authorisation_find(struct authorisation *out, const struct ledger *ledger,
    const struct dnsname *name, struct err *err)
{
	struct dnsname level = *name;
	struct store_key key;
	enum err_code rc;

	memset(out, 0, sizeof(*out));
	rc = redis_begin(ledger->redis, err);
	if (rc != ERR_OK)
		return rc;
	do {
		store_key(&key, ledger->settings->key_prefix,
		    STORE_AUTHORISATION, &level);
		redis_add_words(ledger->redis, "HMGET", key.text, "secret_hash",
		    "suffix_match", "account", (char *)NULL);
	} while (dnsname_to_parent(&level) &&
	    dnsname_n_labels(&level) >= STORE_MIN_LABELS);
	rc = redis_end(ledger->redis, err);
	if (rc != ERR_OK)
		return rc;

	level = *name;
	for (size_t i = 0; !out->exists; i++) {
		struct authorisation auth = { .name = level };

		fill_in(&auth, redis_reply(ledger->redis, i));
		if (auth.secret_hash.text[0] != '\0' &&
		    (i == 0 || auth.suffix_match)) {
			*out = auth;
			out->exists = true;
		}
		if (!dnsname_to_parent(&level) ||
		    dnsname_n_labels(&level) < STORE_MIN_LABELS)
			break;
	}
	return ERR_OK;
}

enum err_code
authorisation_create(bool *done, const struct ledger *ledger,
    const struct authorisation *auth, struct err *err)
{
	struct call call = { .script = { &script_create, 0, 0, { NULL } } };
	long long value = 0;
	enum err_code rc;

	add_key(&call, ledger, STORE_AUDIT, NULL);
	add_key(&call, ledger, STORE_AUTHORISATION, &auth->name);
	add_key(&call, ledger, STORE_AUTHORISATIONS, NULL);
	add_event(&call, ledger, &auth->name);
	add(&call, auth->secret_hash.text);
	add(&call, auth->suffix_match ? "true" : "false");
	rc = run(&value, ledger, &call, err);
	*done = value == 1;
	if (rc != ERR_OK) {
		/*
		 * The caller will say 503, so nobody will ever hold this
		 * secret: do not leave the name taken.  If Redis is away for
		 * this too, `acmeproxy rotateauthorisation` mends it.
		 */
		bool deleted;

		(void)!authorisation_delete(&deleted, ledger, auth, NULL);
	}
	return rc;
}

enum err_code
authorisation_rotate(bool *done, const struct ledger *ledger,
    const struct authorisation *auth, const struct secret_hash *fresh,
    struct err *err)
{
	struct call call = { .script = { &script_rotate, 0, 0, { NULL } } };
	long long value = 0;
	enum err_code rc;

	add_key(&call, ledger, STORE_AUDIT, NULL);
	add_key(&call, ledger, STORE_AUTHORISATION, &auth->name);
	add_event(&call, ledger, &auth->name);
	add(&call, fresh->text);
	add(&call, auth->secret_hash.text);
	rc = run(&value, ledger, &call, err);
	*done = value == 1;
	return rc;
}

enum err_code
authorisation_delete(bool *done, const struct ledger *ledger,
    const struct authorisation *auth, struct err *err)
{
	struct call call = { .script = { &script_delete, 0, 0, { NULL } } };
	long long value = 0;
	enum err_code rc;

	add_key(&call, ledger, STORE_AUDIT, NULL);
	add_key(&call, ledger, STORE_AUTHORISATION, &auth->name);
	add_key(&call, ledger, STORE_AUTHORISATIONS, NULL);
	add_key(&call, ledger, STORE_RESPONSE, &auth->name);
	add_event(&call, ledger, &auth->name);
	add(&call, auth->secret_hash.text);
	rc = run(&value, ledger, &call, err);
	*done = value == 1;
	return rc;
}

/* What publishing and expiring share. */
static void
add_response(struct call *call, const struct ledger *ledger,
    const struct publication *p)
{
	add_key(call, ledger, STORE_AUDIT, NULL);
	add_key(call, ledger, STORE_AUTHORISATION, &p->auth->name);
	add_key(call, ledger, STORE_RESPONSE, p->name);
	add_event(call, ledger, p->name);
	add(call, p->auth->secret_hash.text);
	add(call, p->value != NULL ? p->value->text : "");
}

enum err_code
response_publish(bool *done, const struct ledger *ledger,
    const struct publication *publication, struct err *err)
{
	struct call call = { .script = { &script_publish, 0, 0, { NULL } } };
	long long result = 0;
	enum err_code rc;

	add_response(&call, ledger, publication);
	(void)snprintf(call.life_ms, sizeof(call.life_ms), "%u000",
	    ledger->settings->response_life_s);
	(void)snprintf(call.most, sizeof(call.most), "%d", STORE_VALUES_MAX);
	add(&call, call.life_ms);
	add(&call, call.most);
	rc = run(&result, ledger, &call, err);
	*done = result == 1;
	return rc;
}

enum err_code
response_expire(struct expired *out, const struct ledger *ledger,
    const struct publication *publication, struct err *err)
{
	struct call call = { .script = { &script_expire, 0, 0, { NULL } } };
	long long n = 0;
	enum err_code rc;

	add_response(&call, ledger, publication);
	rc = run(&n, ledger, &call, err);
	out->done = n >= 0;
	out->n = n;
	return rc;
}

enum err_code
audit_refuse(const struct ledger *ledger, const struct dnsname *name,
    const char *reason, struct err *err)
{
	struct call call = { .script = { &script_refuse, 0, 0, { NULL } } };
	long long value;

	add_key(&call, ledger, STORE_AUDIT, NULL);
	add_event(&call, ledger, name);
	add(&call, reason);
	return run(&value, ledger, &call, err);
}
