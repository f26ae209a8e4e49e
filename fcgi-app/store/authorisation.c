/*
 * What is done to an authorisation and to what belongs to it.  Each operation
 * is one script (fcgi-app/store/scripts); here are its arguments and its
 * result.
 *
 * The two trips of allowfrom.  Redis compares secrets but cannot compare an
 * address with a network.  So an operation on an authorisation that has an
 * allowfrom does nothing at first: after it has checked the secret, the script
 * returns the allowfrom.  We compare, and run the script once more with the
 * allowfrom that we compared.  What is kept true:
 *
 * - Nothing is done for an address that was not compared.  The script does its
 *   work only when the allowfrom that it is given is the one in the store, so a
 *   change between the trips refuses the call, once.
 * - A wrong secret never learns that there is an allowfrom: the secret is
 *   checked first, on both trips.
 * - Administrators and accounts (no secret presented) act from anywhere.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "fcgi-app/access/cidr.h"
#include "fcgi-app/store/authorisation.h"
#include "fcgi-app/store/schema.h"
#include "fcgi-app/store/script.h"

/*
 * The audit log is limited twice: by age (audit_retention_days) and, against a
 * flood of refusals, by number.  README, "Operations" has the size.
 */
#define AUDIT_EVENTS_MAX "2000000"
#define MS_A_DAY         INT64_C(86400000)

/* A script's call in the making, with the texts that its arguments point to. */
struct operation {
	struct script_call call;
	struct store *store;
	const struct actor *actor;
	const struct challenge *challenge;
	char allowfrom[SCRIPT_TEXT_MAX];
	char retention_ms[24], life_ms[24], until_ms[24], most[8], schema[8];
};

static void
begin(struct operation *op, const struct script *script, struct store *store,
    const struct actor *actor, const struct challenge *challenge)
{
	const char **args = op->call.args;

	op->store = store;
	op->actor = actor;
	op->challenge = challenge;
	script_call_init(&op->call, script, store, challenge);
	(void)snprintf(op->retention_ms, sizeof(op->retention_ms), "%" PRId64,
	    store->settings->audit_retention_days * MS_A_DAY);
	(void)snprintf(op->schema, sizeof(op->schema), "%d", STORE_SCHEMA);
	args[ARG_NAME] = challenge->name.text;
	args[ARG_IP] = actor->ip;
	args[ARG_ACCOUNT] = actor->account;
	args[ARG_VIA] = actor->via;
	args[ARG_RETENTION_MS] = op->retention_ms;
	args[ARG_MAX_EVENTS] = AUDIT_EVENTS_MAX;
	args[ARG_STORE_ID] = store->id; /* schema_bring_up() reads it */
	args[ARG_SCHEMA] = op->schema;
	args[ARG_PRESENTED] = actor->presented.text;
}

/* The authorisations of names above that may speak for the name. */
static void
add_levels(struct operation *op)
{
	struct dnsname level = op->challenge->name;

	while (dnsname_to_parent(&level) &&
	    dnsname_n_labels(&level) >= STORE_MIN_LABELS)
		script_call_add_key(&op->call, STORE_AUTHORISATION, &level);
}

/* The counts of each of the names above the name. */
static void
add_counts(struct operation *op)
{
	struct dnsname level = op->challenge->name;

	while (dnsname_to_parent(&level))
		script_call_add_key(&op->call, STORE_BELOW, &level);
}

/*
 * Run a script.  When it finds another store or schema than it expects, bring
 * the store up and run it again.
 */
static enum err_code
run(struct script_result *result, const struct operation *op, struct err *err)
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

/* Run a script that returns whether it did something. */
static enum err_code
run_simple(bool *done, const struct operation *op, struct err *err)
{
	struct script_result result;
	enum err_code rc;

	rc = run(&result, op, err);
	*done = rc == ERR_OK && result.values[0] == 1;
	return rc;
}

/* Run a script that begins with authenticate() of head.lua. */
static enum err_code
run_authenticated(struct decision *decision, struct operation *op,
    struct err *err)
{
	const struct dnsname *name = &op->challenge->name;
	struct script_result result;
	enum err_code rc;

	memset(decision, 0, sizeof(*decision));
	rc = run(&result, op, err);
	if (rc == ERR_OK && result.text[0] != '\0') {
		if (!cidr_list_has(result.text, op->actor->ip))
			return audit_refuse(op->store, op->actor, name,
			    "address", err);
		memcpy(op->allowfrom, result.text, sizeof(result.text));
		op->call.args[ARG_ALLOWFROM] = op->allowfrom;
		rc = run(&result, op, err);
	}
	if (rc != ERR_OK || result.n < SCRIPT_N_VALUES)
		return rc;
	decision->granted = true;
	decision->name = *name;
	for (long long level = result.values[0]; level > 0; level--)
		(void)dnsname_to_parent(&decision->name);
	decision->suffix_match = result.values[1] == 1;
	decision->n = result.values[2];
	return ERR_OK;
}

enum err_code
authorisation_create(bool *done, struct store *store, const struct actor *actor,
    const struct creation *creation, struct err *err)
{
	const struct challenge challenge = { .name = creation->name };
	struct operation op;
	const char **args = op.call.args;
	enum err_code rc;

	begin(&op, &script_create, store, actor, &challenge);
	add_counts(&op);
	args[ARG_SECRET_HASH] = creation->secret_hash.text;
	args[ARG_SUFFIX_MATCH] = creation->suffix_match ? "true" : "false";
	args[ARG_MAY_EXIST] = creation->may_exist ? "true" : "";
	args[ARG_ALLOWFROM] = creation->allowfrom;
	if (creation->life_s > 0) {
		(void)snprintf(op.life_ms, sizeof(op.life_ms), "%u000",
		    creation->life_s);
		args[ARG_LIFE_MS] = op.life_ms;
	}
	rc = run_simple(done, &op, err);
	if (rc != ERR_OK) {
		/*
		 * The caller will say 503, so nobody will ever have this
		 * secret: do not leave the name taken.  If Redis is away for
		 * this too, `acmeproxy rotateauthorisation` helps.
		 */
		bool deleted;

		(void)!authorisation_delete(&deleted, store, actor,
		    &creation->name, &creation->secret_hash, NULL);
	}
	return rc;
}

enum err_code
authorisation_delete(bool *done, struct store *store, const struct actor *actor,
    const struct dnsname *name, const struct secret_hash *hash, struct err *err)
{
	const struct challenge challenge = { .name = *name };
	struct operation op;

	begin(&op, &script_delete, store, actor, &challenge);
	add_counts(&op);
	if (hash != NULL)
		op.call.args[ARG_SECRET_HASH] = hash->text;
	return run_simple(done, &op, err);
}

enum err_code
authorisation_rotate(struct decision *decision, struct store *store,
    const struct actor *actor, const struct dnsname *name,
    const struct secret_hash *fresh, struct err *err)
{
	const struct challenge challenge = { .name = *name };
	struct operation op;

	begin(&op, &script_rotate, store, actor, &challenge);
	op.call.args[ARG_SECRET_HASH] = fresh->text;
	return run_authenticated(decision, &op, err);
}

enum err_code
authorisation_check(struct decision *decision, struct store *store,
    const struct actor *actor, const struct dnsname *name, struct err *err)
{
	const struct challenge challenge = { .name = *name };
	struct operation op;

	begin(&op, &script_check, store, actor, &challenge);
	add_levels(&op);
	return run_authenticated(decision, &op, err);
}

enum err_code
response_publish(struct decision *decision, struct store *store,
    const struct actor *actor, const struct response *response, struct err *err)
{
	struct operation op;

	begin(&op, &script_publish, store, actor, &response->challenge);
	add_levels(&op);
	(void)snprintf(op.life_ms, sizeof(op.life_ms), "%u000",
	    store->settings->response_life_s);
	(void)snprintf(op.most, sizeof(op.most), "%d", STORE_VALUES_MAX);
	op.call.args[ARG_VALUE] = response->value.text;
	op.call.args[ARG_LIFE_MS] = op.life_ms;
	op.call.args[ARG_MOST] = op.most;
	return run_authenticated(decision, &op, err);
}

enum err_code
response_expire(struct decision *decision, struct store *store,
    const struct actor *actor, const struct response *response, struct err *err)
{
	struct operation op;

	begin(&op, &script_expire, store, actor, &response->challenge);
	add_levels(&op);
	op.call.args[ARG_VALUE] = response->value.text;
	op.call.args[ARG_EVENT] = "expired";
	return run_authenticated(decision, &op, err);
}

/* Of the name's own authorisation: hence no levels above. */
enum err_code
record_publish(struct decision *decision, struct store *store,
    const struct actor *actor, const struct dnsname *name,
    const struct issuevalue *record, struct err *err)
{
	const struct challenge challenge = { .name = *name };
	bool is_forever = record->until_s == ISSUEVALUE_FOREVER;
	struct operation op;

	begin(&op, &script_persist, store, actor, &challenge);
	(void)snprintf(op.until_ms, sizeof(op.until_ms), "%" PRId64 "000",
	    record->until_s);
	(void)snprintf(op.most, sizeof(op.most), "%d", STORE_RECORDS_MAX);
	op.call.args[ARG_VALUE] = record->text;
	op.call.args[ARG_UNTIL_MS] = is_forever ? "+inf" : op.until_ms;
	op.call.args[ARG_MOST] = op.most;
	return run_authenticated(decision, &op, err);
}

enum err_code
record_expire(struct decision *decision, struct store *store,
    const struct actor *actor, const struct dnsname *name,
    const struct issuevalue *record, struct err *err)
{
	const struct challenge challenge = { .name = *name };
	struct operation op;

	begin(&op, &script_expire, store, actor, &challenge);
	op.call.args[ARG_VALUE] = record != NULL ? record->text : "";
	op.call.args[ARG_EVENT] = "removed";
	return run_authenticated(decision, &op, err);
}

enum err_code
audit_refuse(struct store *store, const struct actor *actor,
    const struct dnsname *name, const char *reason, struct err *err)
{
	const struct challenge challenge = { .name = *name };
	struct operation op;
	bool done;

	begin(&op, &script_refuse, store, actor, &challenge);
	op.call.args[ARG_REASON] = reason;
	return run_simple(&done, &op, err);
}
