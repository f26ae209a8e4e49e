#include <stdio.h>
#include <string.h>

#include "fcgi-app/store/script.h"

void
script_call_add_key(struct script_call *call, enum store_kind kind,
    const struct dnsname *name)
{
	store_key(&call->keys[call->n_keys++], call->store, kind, name);
}

void
script_call_init(struct script_call *call, const struct script *script,
    const struct store *store, const struct challenge *challenge)
{
	struct store_key *keys = call->keys;

	call->script = script;
	call->store = store;
	call->waits = true;
	call->n_keys = KEY_ABOVE;
	memset(call->args, 0, sizeof(call->args));
	store_key(&keys[KEY_AUDIT], store, STORE_AUDIT, NULL);
	store_key(&keys[KEY_STORE], store, STORE_SELF, NULL);
	store_key(&keys[KEY_CLOCK], store, STORE_CLOCK, NULL);
	store_key(&keys[KEY_AUTHORISATIONS], store, STORE_AUTHORISATIONS, NULL);
	store_key(&keys[KEY_LAST_USED], store, STORE_LAST_USED, NULL);
	store_key_response(&keys[KEY_RESPONSES], store, challenge);
	store_key(&keys[KEY_RECORDS], store, STORE_PERSISTENT,
	    &challenge->name);
	store_key(&keys[KEY_OWN], store, STORE_AUTHORISATION, &challenge->name);
}

/* By its hash, or whole. */
static enum err_code
exchange(const struct script_call *call, bool whole, struct err *err)
{
	struct redis *redis = call->store->redis;
	const struct settings *s = call->store->settings;
	const char *argv[3 + SCRIPT_KEYS_MAX + SCRIPT_N_ARGS];
	size_t len[COUNT_OF(argv)];
	char n_keys[16], replicas[16], timeout[16];
	int argc = 0;
	enum err_code rc;

	rc = redis_begin(redis, err);
	if (rc != ERR_OK)
		return rc;
	(void)snprintf(n_keys, sizeof(n_keys), "%d", call->n_keys);
	argv[argc++] = whole ? "EVAL" : "EVALSHA";
	argv[argc++] = whole ? call->script->text : call->script->sha1;
	argv[argc++] = n_keys;
	for (int i = 0; i < call->n_keys; i++)
		argv[argc++] = call->keys[i].text;
	for (int i = 0; i < SCRIPT_N_ARGS; i++)
		argv[argc++] = call->args[i] != NULL ? call->args[i] : "";
	for (int i = 0; i < argc; i++)
		len[i] = strlen(argv[i]);
	redis_add(redis, argc, argv, len);
	if (call->waits && s->replicas_required > 0) {
		(void)snprintf(replicas, sizeof(replicas), "%u",
		    s->replicas_required);
		(void)snprintf(timeout, sizeof(timeout), "%u",
		    s->replicas_timeout_ms);
		redis_add_words(redis, "WAIT", replicas, timeout, (char *)NULL);
	}
	return redis_end(redis, err);
}

static void
take_values(struct script_result *result, const struct redis_reply *reply)
{
	memset(result, 0, sizeof(*result));
	if (redis_reply_n(reply) == 0 && !redis_reply_is_array(reply))
		result->values[result->n++] = redis_reply_integer(reply);
	if (redis_reply_n(reply) == 1)
		(void)snprintf(result->text, sizeof(result->text), "%s",
		    redis_reply_text(redis_reply_at(reply, 0), NULL));
	for (size_t i = 0; i < redis_reply_n(reply) && i < SCRIPT_N_VALUES; i++)
		result->values[result->n++] =
		    redis_reply_integer(redis_reply_at(reply, i));
}

enum err_code
script_run(struct script_result *result, const struct script_call *call,
    struct err *err)
{
	const struct redis *redis = call->store->redis;
	unsigned required = call->store->settings->replicas_required;
	enum err_code rc;

	rc = exchange(call, false, err);
	if (rc != ERR_OK && redis_failed_with(redis, 0, "NOSCRIPT"))
		rc = exchange(call, true, err);
	if (rc != ERR_OK)
		return rc;
	if (call->waits && required > 0) {
		long long n = redis_reply_integer(redis_reply(redis, 1));

		if (n < (long long)required)
			return err_set(err, ERR_STORE,
			    "%lld of %u replicas have it", n, required);
	}
	take_values(result, redis_reply(redis, 0));
	return ERR_OK;
}
