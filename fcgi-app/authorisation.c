#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "fcgi-app/authorisation.h"
#include "fcgi-app/cidr.h"
#include "fcgi-app/schema.h"
#include "fcgi-app/script.h"

/*
 * The audit log is limited twice: by age (audit_retention_days) and, against a
 * flood of refusals, by number.  README, "Operations" has the bytes.
 */
#define AUDIT_EVENTS_MAX "2000000"
#define MS_A_DAY         INT64_C(86400000)
#define KEYS_MAX         (DNSNAME_MAX / 2 + 8) /* a label takes two octets */

/* A call in the making: the keys and texts that its arguments point to. */
struct call {
	struct script_call script;
	struct store_key keys[KEYS_MAX];
	char
	    allowfrom[SCRIPT_TEXT_MAX]; /* that was compared with the address */
	char retention_ms[24], life_ms[24], most[8], schema[8];
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

/* With the keys that every script takes. */
static void
begin(struct call *call, const struct script *script,
    const struct ledger *ledger)
{
	call->script.script = script;
	call->script.n_keys = call->script.n = 0;
	call->allowfrom[0] = '\0';
	add_key(call, ledger, STORE_AUDIT, NULL);
	add_key(call, ledger, STORE_SELF, NULL);
}

static void
add_response_key(struct call *call, const struct ledger *ledger,
    const struct claim *claim)
{
	struct store_key *key = &call->keys[call->script.n_keys++];
	struct room room = { .name = claim->name };

	memcpy(room.label, claim->label, sizeof(room.label));
	store_key_response(key, ledger->settings->key_prefix, &room);
	add(call, key->text);
}

/* The authorisations that may speak for a name, its own first. */
static void
add_levels(struct call *call, const struct ledger *ledger, struct dnsname level)
{
	do {
		add_key(call, ledger, STORE_AUTHORISATION, &level);
	} while (dnsname_to_parent(&level) &&
	    dnsname_n_labels(&level) >= STORE_MIN_LABELS);
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
	(void)snprintf(call->schema, sizeof(call->schema), "%d", STORE_SCHEMA);
	add(call, ledger->store->id); /* read again by schema_bring_up() */
	add(call, call->schema);
}

/* The counts of what is below each of the names above a name, nearest first. */
static void
add_above(struct call *call, const struct ledger *ledger, struct dnsname name)
{
	while (dnsname_to_parent(&name))
		add_key(call, ledger, STORE_BELOW, &name);
}

/* Run a script; if it found another store or schema, bring that up and retry.
 */
static enum err_code
run_script(struct script_result *result, const struct ledger *ledger,
    const struct call *call, struct err *err)
{
	struct store *store = ledger->store;
	enum err_code rc;

	rc = script_run(result, store->redis, ledger->settings, &call->script,
	    err);
	if (rc == ERR_OK || !redis_failed_with(store->redis, 0, "WRONGSTORE"))
		return rc;
	rc = schema_bring_up(store, err);
	if (rc == ERR_OK)
		rc = script_run(result, store->redis, ledger->settings,
		    &call->script, err);
	return rc;
}

/* Run a script that says whether it was done. */
static enum err_code
run(bool *done, const struct ledger *ledger, const struct call *call,
    struct err *err)
{
	struct script_result result;
	enum err_code rc;

	rc = run_script(&result, ledger, call, err);
	*done = rc == ERR_OK && result.values[0] == 1;
	return rc;
}

/* What authenticate() of head.lua takes. */
static void
add_claim(struct call *call, const struct claim *claim)
{
	add(call, claim->presented.text);
	add(call, call->allowfrom);
}

/*
 * Run a script that begins by authenticate() of head.lua.  When it hands out an
 * allowfrom, the address is compared with that here, and the script runs again.
 */
static enum err_code
judge(struct verdict *verdict, const struct ledger *ledger,
    const struct claim *claim, struct call *call, struct err *err)
{
	struct script_result result;
	enum err_code rc;

	memset(verdict, 0, sizeof(*verdict));
	rc = run_script(&result, ledger, call, err);
	if (rc == ERR_OK && result.text[0] != '\0') {
		if (!cidr_list_has(result.text, ledger->ip))
			return audit_refuse(ledger, &claim->name, "address",
			    err);
		memcpy(call->allowfrom, result.text, sizeof(result.text));
		rc = run_script(&result, ledger, call, err);
	}
	if (rc != ERR_OK || result.n < SCRIPT_N_VALUES)
		return rc;
	verdict->granted = true;
	verdict->name = claim->name;
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
	struct call call;
	enum err_code rc;

	begin(&call, &script_create, ledger);
	add_key(&call, ledger, STORE_AUTHORISATION, &fresh->name);
	add_key(&call, ledger, STORE_AUTHORISATIONS, NULL);
	add_key(&call, ledger, STORE_RESPONSE, &fresh->name);
	add_key(&call, ledger, STORE_PERSISTENT, &fresh->name);
	add_above(&call, ledger, fresh->name);
	add_event(&call, ledger, &fresh->name);
	add(&call, fresh->presented.text);
	add(&call, creation->suffix_match ? "true" : "false");
	add(&call, creation->may_exist ? "may_exist" : "");
	add(&call, creation->allowfrom != NULL ? creation->allowfrom : "");
	call.life_ms[0] = '\0';
	if (creation->life_s > 0)
		(void)snprintf(call.life_ms, sizeof(call.life_ms), "%u000",
		    creation->life_s);
	add(&call, call.life_ms);
	rc = run(done, ledger, &call, err);
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
	struct call call;

	begin(&call, &script_delete, ledger);
	add_key(&call, ledger, STORE_AUTHORISATION, &claim->name);
	add_key(&call, ledger, STORE_AUTHORISATIONS, NULL);
	add_key(&call, ledger, STORE_RESPONSE, &claim->name);
	add_key(&call, ledger, STORE_PERSISTENT, &claim->name);
	add_above(&call, ledger, claim->name);
	add_event(&call, ledger, &claim->name);
	add(&call, claim->presented.text);
	return run(done, ledger, &call, err);
}

enum err_code
authorisation_rotate(struct verdict *verdict, const struct ledger *ledger,
    const struct claim *claim, const struct secret_hash *fresh, struct err *err)
{
	struct call call;

	begin(&call, &script_rotate, ledger);
	add_key(&call, ledger, STORE_AUTHORISATION, &claim->name);
	add_event(&call, ledger, &claim->name);
	add_claim(&call, claim);
	add(&call, fresh->text);
	return judge(verdict, ledger, claim, &call, err);
}

enum err_code
authorisation_check(struct verdict *verdict, const struct ledger *ledger,
    const struct claim *claim, struct err *err)
{
	struct call call;

	begin(&call, &script_check, ledger);
	add_levels(&call, ledger, claim->name);
	add_event(&call, ledger, &claim->name);
	add_claim(&call, claim);
	return judge(verdict, ledger, claim, &call, err);
}

/* What publishing and expiring share. */
static void
begin_response(struct call *call, const struct script *script,
    const struct ledger *ledger, const struct claim *claim)
{
	begin(call, script, ledger);
	add_response_key(call, ledger, claim);
	add_levels(call, ledger, claim->name);
	add_event(call, ledger, &claim->name);
	add_claim(call, claim);
}

enum err_code
response_publish(struct verdict *verdict, const struct ledger *ledger,
    const struct claim *claim, const struct txtvalue *value, struct err *err)
{
	struct call call;

	begin_response(&call, &script_publish, ledger, claim);
	(void)snprintf(call.life_ms, sizeof(call.life_ms), "%u000",
	    ledger->settings->response_life_s);
	(void)snprintf(call.most, sizeof(call.most), "%d", STORE_VALUES_MAX);
	add(&call, value->text);
	add(&call, call.life_ms);
	add(&call, call.most);
	return judge(verdict, ledger, claim, &call, err);
}

enum err_code
response_expire(struct verdict *verdict, const struct ledger *ledger,
    const struct claim *claim, const struct txtvalue *value, struct err *err)
{
	struct call call;

	begin_response(&call, &script_expire, ledger, claim);
	add(&call, value != NULL ? value->text : "");
	add(&call, "expired");
	return judge(verdict, ledger, claim, &call, err);
}

/* The same for persistent records, of the name's own authorisation. */
static void
begin_record(struct call *call, const struct script *script,
    const struct ledger *ledger, const struct claim *claim)
{
	begin(call, script, ledger);
	add_key(call, ledger, STORE_PERSISTENT, &claim->name);
	add_key(call, ledger, STORE_AUTHORISATION, &claim->name);
	add_event(call, ledger, &claim->name);
	add_claim(call, claim);
}

enum err_code
record_publish(struct verdict *verdict, const struct ledger *ledger,
    const struct claim *claim, const struct issuevalue *record, struct err *err)
{
	struct call call;

	begin_record(&call, &script_persist, ledger, claim);
	(void)snprintf(call.life_ms, sizeof(call.life_ms), "%" PRId64 "000",
	    record->until_s);
	(void)snprintf(call.most, sizeof(call.most), "%d", STORE_RECORDS_MAX);
	add(&call, record->text);
	add(&call,
	    record->until_s == ISSUEVALUE_FOREVER ? "+inf" : call.life_ms);
	add(&call, call.most);
	return judge(verdict, ledger, claim, &call, err);
}

enum err_code
record_expire(struct verdict *verdict, const struct ledger *ledger,
    const struct claim *claim, const struct issuevalue *record, struct err *err)
{
	struct call call;

	begin_record(&call, &script_expire, ledger, claim);
	add(&call, record != NULL ? record->text : "");
	add(&call, "removed");
	return judge(verdict, ledger, claim, &call, err);
}

enum err_code
audit_refuse(const struct ledger *ledger, const struct dnsname *name,
    const char *reason, struct err *err)
{
	struct call call;
	bool done;

	begin(&call, &script_refuse, ledger);
	add_event(&call, ledger, name);
	add(&call, reason);
	return run(&done, ledger, &call, err);
}
