#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "fcgi-app/store/script.h"

void
script_call_init(struct script_call *call, const struct script *script,
    const struct store *store)
{
	call->script = script;
	call->store = store;
	memset(call->args, 0, sizeof(call->args));
}

/* By its hash, or whole. */
static enum err_code
exchange(const struct script_call *call, bool whole, struct err *err)
{
	struct redis *redis = call->store->redis;
	const char *argv[4 + SCRIPT_N_ARGS];
	size_t len[COUNT_OF(argv)];
	char deadline_ms[24];
	int argc = 0;
	enum err_code rc;

	rc = redis_begin(redis, err);
	if (rc != ERR_OK)
		return rc;
	(void)snprintf(deadline_ms, sizeof(deadline_ms), "%" PRId64,
	    redis_deadline_ms(redis));
	argv[argc++] = whole ? "EVAL" : "EVALSHA";
	argv[argc++] = whole ? call->script->text : call->script->sha1;
	argv[argc++] = "1";
	argv[argc++] = call->store->settings->key_prefix;
	for (int i = 0; i < SCRIPT_N_ARGS; i++)
		argv[argc++] = i == ARG_DEADLINE_MS ? deadline_ms
		    : call->args[i] != NULL         ? call->args[i]
						    : "";
	for (int i = 0; i < argc; i++)
		len[i] = strlen(argv[i]);
	redis_add(redis, argc, argv, len);
	return redis_end(redis, err);
}

static void
take_values(struct script_result *result, const struct redis_reply *reply)
{
	memset(result, 0, sizeof(*result));
	if (!redis_reply_is_array(reply))
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
	enum err_code rc;

	rc = exchange(call, false, err);
	if (rc != ERR_OK &&
	    redis_failed_with(call->store->redis, 0, "NOSCRIPT"))
		rc = exchange(call, true, err);
	/* Redis was slow, or its clock has jumped: read that again. */
	if (rc != ERR_OK && redis_failed_with(call->store->redis, 0, "LATE"))
		redis_close(call->store->redis);
	if (rc == ERR_OK)
		take_values(result, redis_reply(call->store->redis, 0));
	return rc;
}

enum err_code
script_wait(const struct store *store, struct err *err)
{
	const struct settings *s = store->settings;
	unsigned written_by = redis_connection(store->redis);
	char replicas[16], timeout[16];
	enum err_code rc;
	long long n;

	if (s->replicas_required == 0)
		return ERR_OK;
	rc = redis_begin(store->redis, err);
	if (rc != ERR_OK)
		return rc;
	/* WAIT is about what its own connection has written. */
	if (redis_connection(store->redis) != written_by)
		return err_set(err, ERR_STORE,
		    "the connection was lost before the replicas had it");
	(void)snprintf(replicas, sizeof(replicas), "%u", s->replicas_required);
	(void)snprintf(timeout, sizeof(timeout), "%u", s->replicas_timeout_ms);
	redis_add_words(store->redis, "WAIT", replicas, timeout, (char *)NULL);
	rc = redis_end(store->redis, err);
	if (rc != ERR_OK)
		return rc;
	n = redis_reply_integer(redis_reply(store->redis, 0));
	if (n < (long long)s->replicas_required)
		return err_set(err, ERR_STORE, "%lld of %u replicas have it", n,
		    s->replicas_required);
	return ERR_OK;
}
