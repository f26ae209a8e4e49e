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

/* The i-th migrates from schema i + 1 to i + 2. */
static const struct script *const migrations[] = { &script_migrate_1,
	&script_migrate_2, &script_migrate_3 };

_Static_assert(COUNT_OF(migrations) == STORE_SCHEMA - 1,
    "each schema has its migration");

/* Begin a call about the store as a whole. */
static void
begin(struct script_call *call, const struct script *script,
    const struct store *store)
{
	script_call_init(call, script, store);
	call->args[ARG_SCHEMA] = STORE_SCHEMA_TEXT;
}

enum err_code
schema_init(char id[STORE_ID_LEN + 1], const struct store *store,
    struct err *err)
{
	struct script_call call;
	struct script_result result;
	struct secret fresh; /* 128 random bits: as good an identity */
	enum err_code rc;

	secret_make(&fresh);
	begin(&call, &script_init, store);
	call.args[ARG_STORE_ID] = fresh.text;
	rc = script_run(&result, &call, err);
	if (rc == ERR_OK && strlen(result.text) != STORE_ID_LEN)
		rc = err_set(err, ERR_STORE, "the store's id is malformed");
	if (rc == ERR_OK)
		memcpy(id, result.text, STORE_ID_LEN + 1);
	return rc;
}

enum err_code
schema_count(long long *n, enum store_kind kind, const struct store *store,
    struct err *err)
{
	struct store_key key;
	enum err_code rc;

	rc = redis_begin(store->redis, err);
	if (rc != ERR_OK)
		return rc;
	store_key(&key, store, kind, NULL);
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
	struct script_result result;
	enum err_code rc;

	begin(&call, migrations[schema - 1], store);
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

	begin(&call, &script_beat, store);
	call.args[ARG_STORE_ID] = store->id;
	return script_run(&result, &call, err);
}
