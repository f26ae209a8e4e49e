/*
 * acmeproxy checkconfig: reads all files, connects to Redis, and prints what is
 * in force, and whether PowerDNS's settings fit.  With --files it only reads
 * our files: a reload must not depend on anything else.
 */
#include <stdio.h>
#include <string.h>

#include "fcgi-app/commands/command.h"
#include "fcgi-app/snippet.h"
#include "fcgi-app/store/schema.h"

static void
print_settings(const struct settings *s)
{
	static char value[SETTINGS_SHOWN_MAX];
	const char *key;

	for (size_t i = 0;
	     (key = settings_show(value, sizeof(value), s, i)) != NULL; i++)
		(void)printf("%s: %s\n", key, value);
}

/* Print one of the connections to Redis; false if Redis does not answer. */
static bool
print_redis(const char *which, const struct redis_settings *settings)
{
	struct redis *redis = NULL;
	struct err err = { 0 };
	enum err_code rc;

	(void)printf("%s: ", which);
	if (settings->socket[0] != '\0')
		(void)printf("%s", settings->socket);
	else
		(void)printf("%s port %u", settings->host, settings->port);
	if (settings->username[0] != '\0')
		(void)printf(" as %s", settings->username);
	rc = redis_new(&redis, settings, &err);
	if (rc == ERR_OK)
		rc = redis_begin(redis, &err);
	if (rc == ERR_OK) {
		redis_add_words(redis, "PING", (char *)NULL);
		rc = redis_end(redis, &err);
	}
	(void)printf(": %s\n", rc == ERR_OK ? "it answers" : err.text);
	redis_free(redis);
	return rc == ERR_OK;
}

/* Print whether the store is the one that is meant; false if not. */
static bool
print_store(const struct settings *settings)
{
	struct redis *redis = NULL;
	struct store store;
	struct err err = { 0 };
	long long n = 0, n_accounts = 0;
	enum err_code rc;
	int schema = 0;

	rc = redis_new(&redis, &settings->redis, &err);
	if (rc == ERR_OK) {
		store_init(&store, redis, settings);
		rc = store_check(&schema, &store, &err);
	}
	if (rc == ERR_OK)
		rc = schema_count(&n, STORE_AUTHORISATIONS, &store, &err);
	if (rc == ERR_OK)
		rc = schema_count(&n_accounts, STORE_ACCOUNTS, &store, &err);
	if (rc == ERR_OK)
		(void)printf("store: %s, schema %d, authorisations: %lld, "
			     "accounts: %lld\n",
		    store.id, schema, n, n_accounts);
	else
		(void)printf("store: %s\n", err.text);
	redis_free(redis);
	return rc == ERR_OK;
}

/* Print whether PowerDNS's settings fit; false if it refuses names of ours. */
static bool
print_snippet(const struct settings *settings)
{
	enum piperegex_fit fit;

	if (!snippet_compare(&fit, settings))
		return true;
	(void)printf("%s: %s\n", settings->powerdns_conf,
	    piperegex_sentence(fit));
	return fit != PIPEREGEX_NARROW;
}

/* Print all that is in force, and what is not right. */
static enum exit_status
print_all(const struct config *config)
{
	const struct settings *s = &config->settings;
	bool has_store, good;

	print_settings(s);
	good = print_snippet(s);
	has_store = print_redis("redis", &s->redis);
	has_store = print_redis("redis_read", &s->redis_read) && has_store;
	has_store = print_redis("redis_audit", &s->redis_audit) && has_store;
	has_store = print_store(s) && has_store;
	if (!has_store)
		return EXIT_STORE;
	return good ? EXIT_DONE : EXIT_FAILED;
}

enum exit_status
command_checkconfig(const struct options *o)
{
	struct config *config;
	struct err err = { 0 };
	enum exit_status status = EXIT_DONE;

	if (config_read(&config, o->config, &err) != ERR_OK)
		return command_fail(&err);
	(void)printf("%s: good\n", o->config);
	if ((o->given & OPTION_FILES) == 0)
		status = print_all(config);
	config_drop(config);
	return status;
}
