#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "fcgi-app/access/cidr.h"
#include "fcgi-app/store/authorisation.h"
#include "fcgi-app/store/schema.h"
#include "fcgi-app/store/script.h"

/*
 * The audit log is limited twice: by age (audit_retention_days) and, against a
 * flood of refusals, by number.  README, "Operations" has the bytes.
 */
#define AUDIT_EVENTS_MAX "2000000"
#define MS_A_DAY         INT64_C(86400000)

/* A script's call in the making, with the texts that its arguments point to. */
struct operation {
	struct script_call call;
	char allowfrom[SCRIPT_TEXT_MAX];
	char retention_ms[24], life_ms[24], until_ms[24], most[8], schema[8];
};

static void
begin(struct operation *op, const struct script *script,
    const struct ledger *ledger, const struct claim *claim)
{
	const char **args = op->call.args;

	script_call_init(&op->call, script, ledger->store, &claim->challenge);
	(void)snprintf(op->retention_ms, sizeof(op->retention_ms), "%" PRId64,
	    ledger->settings->audit_retention_days * MS_A_DAY);
	(void)snprintf(op->schema, sizeof(op->schema), "%d", STORE_SCHEMA);
	args[ARG_NAME] = claim->challenge.name.text;
	args[ARG_IP] = ledger->ip;
	args[ARG_ACCOUNT] = ledger->account;
	args[ARG_VIA] = ledger->via;
	args[ARG_RETENTION_MS] = op->retention_ms;
	args[ARG_MAX_EVENTS] = AUDIT_EVENTS_MAX;
	args[ARG_STORE_ID] = ledger->store->id; /* schema_bring_up() reads it */
	args[ARG_SCHEMA] = op->schema;
	args[ARG_PRESENTED] = claim->presented.text;
}

/* The authorisations above a name that may speak for it. */
static void
add_levels(struct operation *op, const struct ledger *ledger,
    struct dnsname level)
{
	while (dnsname_to_parent(&level) &&
	    dnsname_n_labels(&level) >= STORE_MIN_LABELS)
		script_call_add_key(&op->call, ledger->store,
		    STORE_AUTHORISATION, &level);
}

/* The counts of what is below each of the names above a name. */
static void
add_counts(struct operation *op, const struct ledger *ledger,
    struct dnsname name)
{
	while (dnsname_to_parent(&name))
		script_call_add_key(&op->call, ledger->store, STORE_BELOW,
		    &name);
}

/* Run a script; if it found another store or schema, bring that up and retry.
 */
static enum err_code
run_script(struct script_result *result, const struct ledger *ledger,
    const struct operation *op, struct err *err)
{
	struct store *store = ledger->store;
	enum err_code rc;

	rc = script_run(result, store->redis, ledger->settings, &op->call, err);
	if (rc == ERR_OK || !redis_failed_with(store->redis, 0, "WRONGSTORE"))
		return rc;
	rc = schema_bring_up(store, err);
	if (rc == ERR_OK)
		rc = script_run(result, store->redis, ledger->settings,
		    &op->call, err);
	return rc;
}

/* Run a script that says whether it was done. */
static enum err_code
run(bool *done, const struct ledger *ledger, const struct operation *op,
    struct err *err)
{
	struct script_result result;
	enum err_code rc;

	rc = run_script(&result, ledger, op, err);
	*done = rc == ERR_OK && result.values[0] == 1;
	return rc;
}

/*
 * Run a script that begins by authenticate() of head.lua.  When it hands out an
 * allowfrom, the address is compared with that here, and the script runs again.
 */
static enum err_code
judge(struct verdict *verdict, const struct ledger *ledger,
    const struct claim *claim, struct operation *op, struct err *err)
{
	struct script_result result;
	enum err_code rc;

	memset(verdict, 0, sizeof(*verdict));
	rc = run_script(&result, ledger, op, err);
	if (rc == ERR_OK && result.text[0] != '\0') {
		if (!cidr_list_has(result.text, ledger->ip))
			return audit_refuse(ledger, &claim->challenge.name,
			    "address", err);
		memcpy(op->allowfrom, result.text, sizeof(result.text));
		op->call.args[ARG_ALLOWFROM] = op->allowfrom;
		rc = run_script(&result, ledger, op, err);
	}
	if (rc != ERR_OK || result.n < SCRIPT_N_VALUES)
		return rc;
	verdict->granted = true;
	verdict->name = claim->challenge.name;
	for (long long level = result.values[0]; level > 0; level--)
		(void)dnsname_to_parent(&verdict->name);
	verdict->suffix_match = result.values[1] == 1;
	verdict->n = result.values[2];
	return ERR_OK;
}

enum err_code
authorisation_create(bool *done, const struct ledger *ledger,
    const struct creation *creation, struct err *err)
{
	const struct claim *fresh = &creation->fresh;
	struct operation op;
	const char **args = op.call.args;
	enum err_code rc;

	begin(&op, &script_create, ledger, fresh);
	add_counts(&op, ledger, fresh->challenge.name);
	args[ARG_SECRET_HASH] = fresh->presented.text;
	args[ARG_SUFFIX_MATCH] = creation->suffix_match ? "true" : "false";
	args[ARG_MAY_EXIST] = creation->may_exist ? "true" : "";
	args[ARG_ALLOWFROM] = creation->allowfrom;
	if (creation->life_s > 0) {
		(void)snprintf(op.life_ms, sizeof(op.life_ms), "%u000",
		    creation->life_s);
		args[ARG_LIFE_MS] = op.life_ms;
	}
	rc = run(done, ledger, &op, err);
	if (rc != ERR_OK) {
		/*
		 * The caller will say 503, so nobody will ever hold this
		 * secret: do not leave the name taken.  If Redis is away for
		 * this too, `acmeproxy rotateauthorisation` helps.
		 */
		bool deleted;

		(void)!authorisation_delete(&deleted, ledger, fresh, NULL);
	}
	return rc;
}

enum err_code
authorisation_delete(bool *done, const struct ledger *ledger,
    const struct claim *claim, struct err *err)
{
	struct operation op;

	begin(&op, &script_delete, ledger, claim);
	add_counts(&op, ledger, claim->challenge.name);
	return run(done, ledger, &op, err);
}

enum err_code
authorisation_rotate(struct verdict *verdict, const struct ledger *ledger,
    const struct claim *claim, const struct secret_hash *fresh, struct err *err)
{
	struct operation op;

	begin(&op, &script_rotate, ledger, claim);
	op.call.args[ARG_SECRET_HASH] = fresh->text;
	return judge(verdict, ledger, claim, &op, err);
}

enum err_code
authorisation_check(struct verdict *verdict, const struct ledger *ledger,
    const struct claim *claim, struct err *err)
{
	struct operation op;

	begin(&op, &script_check, ledger, claim);
	add_levels(&op, ledger, claim->challenge.name);
	return judge(verdict, ledger, claim, &op, err);
}

enum err_code
response_publish(struct verdict *verdict, const struct ledger *ledger,
    const struct claim *claim, const struct txtvalue *value, struct err *err)
{
	struct operation op;

	begin(&op, &script_publish, ledger, claim);
	add_levels(&op, ledger, claim->challenge.name);
	(void)snprintf(op.life_ms, sizeof(op.life_ms), "%u000",
	    ledger->settings->response_life_s);
	(void)snprintf(op.most, sizeof(op.most), "%d", STORE_VALUES_MAX);
	op.call.args[ARG_VALUE] = value->text;
	op.call.args[ARG_LIFE_MS] = op.life_ms;
	op.call.args[ARG_MOST] = op.most;
	return judge(verdict, ledger, claim, &op, err);
}

enum err_code
response_expire(struct verdict *verdict, const struct ledger *ledger,
    const struct claim *claim, const struct txtvalue *value, struct err *err)
{
	struct operation op;

	begin(&op, &script_expire, ledger, claim);
	add_levels(&op, ledger, claim->challenge.name);
	op.call.args[ARG_VALUE] = value != NULL ? value->text : "";
	op.call.args[ARG_EVENT] = "expired";
	return judge(verdict, ledger, claim, &op, err);
}

/* Of the name's own authorisation: hence no levels above. */
enum err_code
record_publish(struct verdict *verdict, const struct ledger *ledger,
    const struct claim *claim, const struct issuevalue *record, struct err *err)
{
	bool is_forever = record->until_s == ISSUEVALUE_FOREVER;
	struct operation op;

	begin(&op, &script_persist, ledger, claim);
	(void)snprintf(op.until_ms, sizeof(op.until_ms), "%" PRId64 "000",
	    record->until_s);
	(void)snprintf(op.most, sizeof(op.most), "%d", STORE_RECORDS_MAX);
	op.call.args[ARG_VALUE] = record->text;
	op.call.args[ARG_UNTIL_MS] = is_forever ? "+inf" : op.until_ms;
	op.call.args[ARG_MOST] = op.most;
	return judge(verdict, ledger, claim, &op, err);
}

enum err_code
record_expire(struct verdict *verdict, const struct ledger *ledger,
    const struct claim *claim, const struct issuevalue *record, struct err *err)
{
	struct operation op;

	begin(&op, &script_expire, ledger, claim);
	op.call.args[ARG_VALUE] = record != NULL ? record->text : "";
	op.call.args[ARG_EVENT] = "removed";
	return judge(verdict, ledger, claim, &op, err);
}

enum err_code
audit_refuse(const struct ledger *ledger, const struct dnsname *name,
    const char *reason, struct err *err)
{
	struct claim nobody = { .challenge.name = *name };
	struct operation op;
	bool done;

	begin(&op, &script_refuse, ledger, &nobody);
	op.call.args[ARG_REASON] = reason;
	return run(&done, ledger, &op, err);
}
