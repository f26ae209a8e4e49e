#include <stdlib.h>
#include <string.h>

#include "fcgi-app/access/accounts_file.h"
#include "fcgi-app/store/account.h"
#include "fcgi-app/store/members.h"
#include "fcgi-app/store/operation.h"
#include "fcgi-app/store/schema.h"

/* No account's name has blanks. */
#define IMPORTED "accounts imported"

static const struct challenge none;

enum err_code
account_create(bool *done, struct store *store, const struct actor *actor,
    const struct account *account, struct err *err)
{
	const char *permit = account->permit;
	struct operation op;
	long long n = 0;
	enum err_code rc;

	operation_begin(&op, &script_create_account, store, actor, &none);
	op.call.args[ARG_ACCOUNT] = account->name;
	op.call.args[ARG_SECRET_HASH] = account->secret_hash.text;
	if (permit != NULL)
		op.call.args[ARG_PERMIT] = permit[0] != '\0' ? permit : " ";
	rc = operation_run_number(&n, &op, err);
	*done = n == 1;
	return rc;
}

enum err_code
account_delete(bool *done, struct store *store, const struct actor *actor,
    const char *name, struct err *err)
{
	struct operation op;
	long long n = 0;
	enum err_code rc;

	operation_begin(&op, &script_delete_account, store, actor, &none);
	op.call.args[ARG_ACCOUNT] = name;
	rc = operation_run_number(&n, &op, err);
	*done = n == 1;
	return rc;
}

/* Run a command about the store's own hash, whose first words these are. */
static enum err_code
ask_self(const struct redis_reply **reply, const struct store *store,
    const char *command, const char *value, struct err *err)
{
	struct store_key key;
	enum err_code rc;

	rc = redis_begin(store->redis, err);
	if (rc != ERR_OK)
		return rc;
	store_key(&key, store, STORE_SELF, NULL);
	redis_add_words(store->redis, command, key.text, IMPORTED, value,
	    (char *)NULL);
	rc = redis_end(store->redis, err);
	if (rc == ERR_OK)
		*reply = redis_reply(store->redis, 0);
	return rc;
}

static enum err_code
create_all(struct store *store, const struct accounts *accounts,
    struct err *err)
{
	static const struct actor self = { .ip = "",
		.via = "serve",
		.is_administrator = true };
	const struct redis_reply *reply;
	enum err_code rc = ERR_OK;
	bool done;

	for (size_t i = 0; rc == ERR_OK && i < accounts->n; i++)
		rc = account_create(&done, store, &self, &accounts->v[i], err);
	if (rc == ERR_OK)
		rc = ask_self(&reply, store, "HSET", "true", err);
	return rc;
}

enum err_code
accounts_import(int *n, struct store *store, const char *file, struct err *err)
{
	const struct redis_reply *reply;
	struct accounts *accounts = NULL;
	enum err_code rc;

	*n = -1;
	rc = ask_self(&reply, store, "HGET", NULL, err);
	if (rc != ERR_OK || !redis_reply_is_nil(reply))
		return rc;
	rc = accounts_read(&accounts, file, err);
	if (rc == ERR_OK)
		rc = create_all(store, accounts, err);
	if (rc == ERR_OK)
		*n = (int)accounts->n;
	accounts_free(accounts);
	return rc;
}

/* What list_accounts() was called with. */
struct walk {
	list_accounts_fn *fn;
	void *ctx;
};

static enum err_code
show_page(void *ctx, struct store *store, struct members *page, struct err *err)
{
	const struct walk *walk = ctx;
	struct redis *redis = store->redis;
	enum err_code rc;

	rc = redis_begin(redis, err);
	if (rc != ERR_OK)
		return rc;
	for (size_t i = 0; i < page->n; i++) {
		struct store_key key;

		store_key_account(&key, store, page->v[i].text);
		redis_add_words(redis, "HMGET", key.text, "permit",
		    "created_at", (char *)NULL);
	}
	rc = redis_end(redis, err);
	for (size_t i = 0; rc == ERR_OK && i < page->n; i++) {
		const struct redis_reply *fields = redis_reply(redis, i);
		const struct redis_reply *permit = redis_reply_at(fields, 0);
		const char *text = redis_reply_text(permit, NULL);

		rc = walk->fn(walk->ctx,
		    &(struct listed_account){
			.name = page->v[i].text,
			.permit = redis_reply_is_nil(permit)
			    ? NULL
			    : text + strspn(text, " "),
			.created_at_ms =
			    strtoll(redis_reply_text(redis_reply_at(fields, 1),
					NULL),
				NULL, 10),
		    },
		    err);
	}
	return rc;
}

enum err_code
list_accounts(struct store *store, list_accounts_fn *fn, void *ctx,
    struct err *err)
{
	struct walk walk = { fn, ctx };

	return members_walk(store, STORE_ACCOUNTS, show_page, &walk, err);
}
