#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "fcgi-app/store/operation.h"
#include "fcgi-app/store/schema.h"

#define MS_A_DAY INT64_C(86400000)

void
operation_begin(struct operation *op, const struct script *script,
    struct store *store, const struct actor *actor,
    const struct challenge *challenge)
{
	const char **args = op->call.args;

	op->store = store;
	script_call_init(&op->call, script, store);
	(void)snprintf(op->retention_ms, sizeof(op->retention_ms), "%" PRId64,
	    store->settings->audit_retention_days * MS_A_DAY);
	if (!cidr_address_bits(op->address_bits, actor->ip))
		op->address_bits[0] = '\0';
	cidr_network_of(op->network, actor->ip);
	args[ARG_NAME] = challenge->name.text;
	args[ARG_LABEL] = challenge->label;
	args[ARG_IP] = actor->ip;
	args[ARG_VIA] = actor->via;
	args[ARG_RIGHT] = actor->is_administrator ? "administrator" : "";
	args[ARG_PRESENTED] = actor->presented.text;
	args[ARG_USER] = actor->user;
	args[ARG_USER_IS_NAME] = actor->user_is_name ? "true" : "";
	args[ARG_ADDRESS_BITS] = op->address_bits;
	args[ARG_NETWORK] = op->network;
	args[ARG_RETENTION_MS] = op->retention_ms;
	args[ARG_STORE_ID] = store->id; /* schema_bring_up() reads it */
	args[ARG_SCHEMA] = STORE_SCHEMA_TEXT;
}

enum err_code
operation_run(struct script_result *result, const struct operation *op,
    struct err *err)
{
	enum err_code rc;

	rc = script_run(result, &op->call, err);
	if (rc == ERR_OK ||
	    !redis_failed_with(op->store->redis, 0, "WRONGSTORE"))
		return rc;
	rc = schema_bring_up(op->store, err);
	if (rc == ERR_OK)
		rc = script_run(result, &op->call, err);
	return rc;
}

enum err_code
operation_run_number(long long *number, const struct operation *op,
    struct err *err)
{
	struct script_result result;
	enum err_code rc;

	rc = operation_run(&result, op, err);
	if (rc != ERR_OK)
		return rc;
	*number = result.values[0];
	return *number > 0 ? script_wait(op->store, err) : ERR_OK;
}
