#include <string.h>

#include "common/log.h"
#include "fcgi-app/config.h"
#include "fcgi-app/server/keeper.h"
#include "fcgi-app/store/account.h"
#include "fcgi-app/store/authorisation.h"
#include "fcgi-app/store/schema.h"

#define RETRY_MS 1000 /* to bring up the store, and to confirm */
#define TEND_MS  5000 /* to sweep it, and to tell replicas what time it is */

enum err_code
keeper_init(struct keeper *keeper, struct err *err)
{
	*keeper = (struct keeper){ .is_right = false };
	return confirmations_new(&keeper->confirmations, err);
}

void
keeper_wipe(struct keeper *keeper)
{
	keeper_drop(keeper);
	confirmations_free(keeper->confirmations);
}

void
keeper_drop(struct keeper *keeper)
{
	redis_free(keeper->store.redis);
	keeper->store.redis = NULL;
	keeper->is_right = false;
}

/* Accounts were in a file once. */
static enum err_code
import_accounts(struct store *store, const char *file, struct err *err)
{
	enum err_code rc;
	int n;

	rc = accounts_import(&n, store, file, err);
	if (rc == ERR_OK && n >= 0)
		log_line("%s: %d accounts are in the store now; the file is "
			 "not read any more",
		    file, n);
	return rc;
}

static enum err_code
bring_up(struct keeper *keeper, const struct settings *settings,
    struct err *err)
{
	struct redis_settings how = config_redis(settings);
	struct redis *redis;
	enum err_code rc = ERR_OK;

	if (keeper->store.redis == NULL) {
		rc = redis_new(&redis, &how, err);
		if (rc == ERR_OK)
			store_init(&keeper->store, redis, settings);
	}
	if (rc == ERR_OK)
		rc = schema_bring_up(&keeper->store, err);
	if (rc == ERR_OK && settings->accounts_file[0] != '\0')
		rc = import_accounts(&keeper->store, settings->accounts_file,
		    err);
	return rc;
}

static bool
is_brought_up(struct keeper *keeper, const struct settings *settings)
{
	struct err err = { 0 };
	bool is_right = bring_up(keeper, settings, &err) == ERR_OK;

	if (!is_right && strcmp(err.text, keeper->complaint.text) != 0)
		log_line("%s", err.text);
	keeper->complaint = err;
	return is_right;
}

void
keeper_tend(struct keeper *keeper, const struct settings *settings)
{
	if (!keeper->is_right)
		keeper->is_right = is_brought_up(keeper, settings);
	if (!keeper->is_right)
		return;
	confirmations_try(keeper->confirmations, &keeper->store);
	if (authorisation_sweep(&keeper->store, NULL) != ERR_OK ||
	    (settings->replicas_required > 0 &&
		schema_beat(&keeper->store, NULL) != ERR_OK))
		keeper->is_right = false;
}

int64_t
keeper_pause_ms(const struct keeper *keeper)
{
	return !keeper->is_right || confirmations_wait(keeper->confirmations)
	    ? RETRY_MS
	    : TEND_MS;
}
