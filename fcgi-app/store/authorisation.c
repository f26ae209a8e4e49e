/*
 * What is done to an authorisation and to what belongs to it.  Each operation
 * is one script (fcgi-app/store/scripts); here are its arguments and its
 * result.
 *
 * Why nobody is locked out.  An answer can be lost on its way, and then the
 * store has a secret that nobody knows.  What is kept true:
 *
 * - A rotation only adds.  The old secret is good until the new one has been
 *   used, by the client, or by us once nginx has taken the answer from us.
 * - A creation ends by itself after 10 s, unless it is confirmed, which takes
 *   a use of its secret as well.  So without an answer the name is free then.
 * - What becomes of our use does not matter to a client that has the answer:
 *   confirmations.h tries again, and the client's own first use does the same.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "fcgi-app/store/authorisation.h"
#include "fcgi-app/store/operation.h"

#define CONFIRM_MS "10000"
#define MS_A_DAY   INT64_C(86400000)

static enum refusal
refusal_of(const char *word)
{
	static const char *const words[] = {
		[REFUSED_ADDRESS] = "address",
		[REFUSED_FREE] = "free",
		[REFUSED_ACCOUNT] = "account",
		[REFUSED_PERMIT] = "permit",
		[REFUSED_TAKEN] = "taken",
		[REFUSED_COVERED] = "covered",
		[REFUSED_DELETED] = "deleted",
		[REFUSED_QUOTA] = "quota",
	};

	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (words[i] != NULL && strcmp(words[i], word) == 0)
			return (enum refusal)i;
	return REFUSED_SECRET;
}

/* Run a script that returns what granted() or refused() of head.lua do. */
static enum err_code
run_decided(struct decision *decision, const struct operation *op,
    const struct dnsname *name, struct err *err)
{
	struct script_result result;
	enum err_code rc;

	memset(decision, 0, sizeof(*decision));
	rc = operation_run(&result, op, err);
	if (rc != ERR_OK)
		return rc;
	if (result.n < SCRIPT_N_VALUES) {
		decision->refusal = refusal_of(result.text);
		return ERR_OK;
	}
	decision->name = *name;
	for (long long level = result.values[0]; level > 0; level--)
		(void)dnsname_to_parent(&decision->name);
	decision->suffix_match = result.values[1] == 1;
	decision->n = result.values[2];
	return script_wait(op->store, err);
}

/* How many names somebody may have, besides the administrator. */
static void
set_limits(struct operation *op, const struct dnsname *name)
{
	const struct settings *s = op->store->settings;
	bool is_registration = dnsname_n_labels(name) < STORE_MIN_LABELS;

	(void)snprintf(op->most_of_account, sizeof(op->most_of_account), "%u",
	    is_registration ? s->registrations_per_account
			    : s->authorisations_per_account);
	(void)snprintf(op->most_of_network, sizeof(op->most_of_network), "%u",
	    is_registration ? s->registrations_per_address
			    : s->authorisations_per_address);
	op->call.args[ARG_MOST_OF_ACCOUNT] = op->most_of_account;
	op->call.args[ARG_MOST_OF_NETWORK] = op->most_of_network;
}

enum err_code
authorisation_check(struct decision *decision, struct store *store,
    const struct actor *actor, const struct dnsname *name, struct err *err)
{
	const struct challenge challenge = { .name = *name };
	struct operation op;

	operation_begin(&op, &script_check, store, actor, &challenge);
	return run_decided(decision, &op, name, err);
}

enum err_code
authorisation_confirm(bool *done, struct store *store,
    const struct dnsname *name, const struct secret_hash *hash, struct err *err)
{
	const struct challenge challenge = { .name = *name };
	const struct actor self = { .ip = "",
		.via = "serve",
		.presented = *hash };
	struct script_result result;
	struct operation op;
	enum err_code rc;

	operation_begin(&op, &script_confirm, store, &self, &challenge);
	rc = operation_run(&result, &op, err);
	*done = rc == ERR_OK && result.values[0] == 1;
	return rc;
}

enum err_code
authorisation_create(enum refusal *refusal, struct store *store,
    const struct actor *actor, const struct creation *creation, struct err *err)
{
	const struct challenge challenge = { .name = creation->name };
	struct script_result result;
	struct operation op;
	const char **args = op.call.args;
	enum err_code rc;

	operation_begin(&op, &script_create, store, actor, &challenge);
	set_limits(&op, &creation->name);
	if (creation->needs_account)
		args[ARG_RIGHT] = "account";
	args[ARG_ACCOUNT] = creation->account;
	args[ARG_SECRET_HASH] = creation->secret_hash.text;
	args[ARG_CONFIRM_MS] = CONFIRM_MS;
	args[ARG_SUFFIX_MATCH] = creation->suffix_match ? "true" : "false";
	args[ARG_ALLOWFROM] = creation->allowfrom;
	args[ARG_ALLOWFROM_BITS] = creation->allowfrom_bits;
	if (creation->life_s > 0) {
		(void)snprintf(op.own_life_ms, sizeof(op.own_life_ms), "%u000",
		    creation->life_s);
		args[ARG_OWN_LIFE_MS] = op.own_life_ms;
	}
	rc = operation_run(&result, &op, err);
	if (rc == ERR_OK && result.values[0] != 1) {
		*refusal = refusal_of(result.text);
		return ERR_OK;
	}
	*refusal = REFUSED_NOT;
	return rc == ERR_OK ? script_wait(store, err) : rc;
}

enum err_code
authorisation_delete(bool *done, struct store *store, const struct actor *actor,
    const struct dnsname *name, struct err *err)
{
	const struct challenge challenge = { .name = *name };
	struct operation op;
	long long n = 0;
	enum err_code rc;

	operation_begin(&op, &script_delete, store, actor, &challenge);
	(void)snprintf(op.hold_ms, sizeof(op.hold_ms), "%" PRId64,
	    store->settings->deleted_hold_days * MS_A_DAY);
	op.call.args[ARG_HOLD_MS] = op.hold_ms;
	rc = operation_run_number(&n, &op, err);
	*done = n == 1;
	return rc;
}

enum err_code
authorisation_sweep(struct store *store, struct err *err)
{
	static const struct actor self = { .ip = "", .via = "serve" };
	static const struct challenge none;
	struct operation op;
	long long n;

	operation_begin(&op, &script_sweep, store, &self, &none);
	(void)snprintf(op.audit_octets, sizeof(op.audit_octets), "%" PRIu64,
	    (uint64_t)store->settings->audit_memory_mib << 20);
	op.call.args[ARG_AUDIT_OCTETS] = op.audit_octets;
	return operation_run_number(&n, &op, err);
}

enum err_code
authorisation_rotate(struct decision *decision, struct store *store,
    const struct actor *actor, const struct dnsname *name,
    const struct secret_hash *fresh, struct err *err)
{
	const struct challenge challenge = { .name = *name };
	struct operation op;

	operation_begin(&op, &script_rotate, store, actor, &challenge);
	op.call.args[ARG_ONLY_OWN] = "true";
	op.call.args[ARG_SECRET_HASH] = fresh->text;
	return run_decided(decision, &op, name, err);
}

enum err_code
response_publish(struct decision *decision, struct store *store,
    const struct actor *actor, const struct response *response, struct err *err)
{
	struct operation op;
	const char **args = op.call.args;

	operation_begin(&op, &script_publish, store, actor,
	    &response->challenge);
	set_limits(&op, &response->challenge.name);
	(void)snprintf(op.life_ms, sizeof(op.life_ms), "%u000",
	    store->settings->response_life_s);
	(void)snprintf(op.most, sizeof(op.most), "%d", STORE_VALUES_MAX);
	args[ARG_VALUE] = response->value.text;
	args[ARG_LIFE_MS] = op.life_ms;
	args[ARG_MOST] = op.most;
	args[ARG_MOST_LABELS] = STORE_LABELS_MAX;
	args[ARG_MAY_CREATE] = response->may_create ? "true" : "";
	args[ARG_SUFFIX_MATCH] = "false";
	return run_decided(decision, &op, &response->challenge.name, err);
}

enum err_code
response_expire(struct decision *decision, struct store *store,
    const struct actor *actor, const struct response *response, struct err *err)
{
	struct operation op;

	operation_begin(&op, &script_expire, store, actor,
	    &response->challenge);
	op.call.args[ARG_VALUE] = response->value.text;
	op.call.args[ARG_EVENT] = "expired";
	return run_decided(decision, &op, &response->challenge.name, err);
}

enum err_code
record_publish(struct decision *decision, struct store *store,
    const struct actor *actor, const struct dnsname *name,
    const struct issuevalue *record, struct err *err)
{
	const struct challenge challenge = { .name = *name };
	bool is_forever = record->until_s == ISSUEVALUE_FOREVER;
	struct operation op;

	operation_begin(&op, &script_persist, store, actor, &challenge);
	(void)snprintf(op.until_ms, sizeof(op.until_ms), "%" PRId64 "000",
	    record->until_s);
	(void)snprintf(op.most, sizeof(op.most), "%d", STORE_RECORDS_MAX);
	op.call.args[ARG_ONLY_OWN] = "true";
	op.call.args[ARG_VALUE] = record->text;
	op.call.args[ARG_UNTIL_MS] = is_forever ? "+inf" : op.until_ms;
	op.call.args[ARG_MOST] = op.most;
	return run_decided(decision, &op, name, err);
}

enum err_code
record_expire(struct decision *decision, struct store *store,
    const struct actor *actor, const struct dnsname *name,
    const struct issuevalue *record, struct err *err)
{
	const struct challenge challenge = { .name = *name };
	struct operation op;

	operation_begin(&op, &script_expire, store, actor, &challenge);
	op.call.args[ARG_ONLY_OWN] = "true";
	op.call.args[ARG_VALUE] = record != NULL ? record->text : "";
	op.call.args[ARG_EVENT] = "removed";
	return run_decided(decision, &op, name, err);
}

enum err_code
refusal_note(struct store *store, const struct actor *actor,
    const struct dnsname *name, const char *reason, struct err *err)
{
	const struct challenge challenge = { .name = *name };
	struct operation op;
	long long n;

	operation_begin(&op, &script_refuse, store, actor, &challenge);
	op.call.args[ARG_REASON] = reason;
	return operation_run_number(&n, &op, err);
}
