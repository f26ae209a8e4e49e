/*
 * The store's identity, the schema of its keys, and its time.  What has changed
 * from one schema to the next is a row and a script; ARCHITECTURE.md, "Store".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "fcgi-app/access/secret.h"
#include "fcgi-app/store/schema.h"
#include "fcgi-app/store/script.h"

/*
 * Row i migrates from schema i + 1 to i + 2.  The script gets the prefix of the
 * keys of one kind.
 */
static const struct {
	const struct script *script;
	enum store_kind prefix;
} migrations[] = {
	{ &script_migrate_1, STORE_BELOW },
	{ &script_migrate_2, STORE_AUTHORISATION },
};

_Static_assert(COUNT_OF(migrations) == STORE_SCHEMA - 1,
    "each schema has its migration");

/*
 * Begin a call about the store as a whole.  No client hears of it, so it does
 * not wait for replicas.
 */
static void
begin(struct script_call *call, const struct script *script,
    const struct store *store)
{
	static const struct challenge none;

	script_call_init(call, script, store, &none);
	call->waits = false;
}

enum err_code
schema_init(char id[STORE_ID_LEN + 1], const struct store *store,
    struct err *err)
{
	struct script_call call;
	struct script_result result;
	struct secret fresh; /* 128 random bits: as good an identity */
	char schema[16];
	enum err_code rc;

	secret_make(&fresh);
	(void)snprintf(schema, sizeof(schema), "%d", STORE_SCHEMA);
	begin(&call, &script_init, store);
	call.args[ARG_STORE_ID] = fresh.text;
	call.args[ARG_SCHEMA] = schema;
	rc = script_run(&result, &call, err);
	if (rc == ERR_OK && strlen(result.text) != STORE_ID_LEN)
		rc = err_set(err, ERR_STORE, "the store's id is malformed");
	if (rc == ERR_OK)
		memcpy(id, result.text, STORE_ID_LEN + 1);
	return rc;
}

enum err_code
schema_count(long long *n, const struct store *store, struct err *err)
{
	struct store_key key;
	enum err_code rc;

	rc = redis_begin(store->redis, err);
	if (rc != ERR_OK)
		return rc;
	store_key(&key, store, STORE_AUTHORISATIONS, NULL);
	redis_add_words(store->redis, "ZCARD", key.text, (char *)NULL);
	rc = redis_end(store->redis, err);
	if (rc == ERR_OK)
		*n = redis_reply_integer(redis_reply(store->redis, 0));
	return rc;
}

static enum err_code
migrate(const struct store *store, int schema, struct err *err)
{
	struct script_call call;
	struct store_key prefix;
	struct script_result result;
	enum err_code rc;

	begin(&call, migrations[schema - 1].script, store);
	script_call_add_key(&call, STORE_PARENTS, NULL);
	store_key(&prefix, store, migrations[schema - 1].prefix, NULL);
	call.args[ARG_VALUE] = prefix.text;
	rc = script_run(&result, &call, err);
	if (rc == ERR_OK && result.values[0] == 1)
		log_line("the store is migrated from schema %d to %d", schema,
		    schema + 1);
	return rc;
}

enum err_code
schema_bring_up(struct store *store, struct err *err)
{
	enum err_code rc;
	int schema;

	do {
		rc = store_check(&schema, store, err);
		if (rc == ERR_OK && schema < STORE_SCHEMA)
			rc = migrate(store, schema, err);
	} while (rc == ERR_OK && schema < STORE_SCHEMA);
	return rc;
}

enum err_code
schema_beat(const struct store *store, struct err *err)
{
	struct script_call call;
	struct script_result result;
	char schema[16];

	(void)snprintf(schema, sizeof(schema), "%d", STORE_SCHEMA);
	begin(&call, &script_beat, store);
	call.args[ARG_STORE_ID] = store->id;
	call.args[ARG_SCHEMA] = schema;
	return script_run(&result, &call, err);
}
