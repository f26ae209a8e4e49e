#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "fcgi-app/access/secret.h"
#include "fcgi-app/api/params.h"
#include "fcgi-app/commands/command.h"
#include "fcgi-app/commands/timestamp.h"

enum err_code
session_open(struct session *session, const struct options *options,
    struct err *err)
{
	struct redis_settings settings;
	struct redis *redis;
	enum err_code rc;

	memset(session, 0, sizeof(*session));
	rc = secret_init(err);
	if (rc == ERR_OK)
		rc = config_read(&session->config, options->config, err);
	if (rc == ERR_OK) {
		settings = config_redis(&session->config->settings);
		rc = redis_new(&redis, &settings, err);
	}
	if (rc != ERR_OK) {
		session_close(session);
		return rc;
	}
	store_init(&session->store, redis, &session->config->settings);
	session->actor = (struct actor){ .ip = "",
		.via = "command",
		.is_administrator = true };
	return ERR_OK;
}

enum err_code
session_open_to_read(struct session *session, const struct options *options,
    struct err *err)
{
	enum err_code rc;
	int schema;

	rc = session_open(session, options, err);
	if (rc != ERR_OK)
		return rc;
	rc = store_check(&schema, &session->store, err);
	if (rc != ERR_OK)
		session_close(session);
	return rc;
}

void
session_close(struct session *session)
{
	redis_free(session->store.redis);
	config_drop(session->config);
}

enum exit_status
command_fail(const struct err *err)
{
	log_line("%s", err->text);
	return err->code == ERR_STORE ? EXIT_STORE : EXIT_FAILED;
}

enum exit_status
command_print(struct table *table, table_source *source, void *ctx,
    const char *none)
{
	struct err err = { 0 };

	if (table_print(table, source, ctx, &err) != ERR_OK)
		return command_fail(&err);
	if (table->n_rows > 0)
		return EXIT_DONE;
	(void)fprintf(stderr, "%s\n", none);
	return EXIT_FAILED;
}

enum err_code
command_name(struct dnsname *name, const char *text)
{
	const char *sentence = params_parse_name(name, text, strlen(text));

	if (sentence == NULL)
		return ERR_OK;
	log_line("%s: %s", text, sentence);
	return ERR_INPUT;
}

enum err_code
command_known_name(struct dnsname *name, const char *text)
{
	if (dnsname_parse(name, text, strlen(text), NULL) == ERR_OK)
		return ERR_OK;
	return command_name(name, text);
}

enum err_code
command_under(struct dnsname *under, const struct options *o)
{
	struct err err = { 0 };

	if (o->under == NULL ||
	    dnsname_parse(under, o->under, strlen(o->under), &err) == ERR_OK)
		return ERR_OK;
	log_line("--under %s: %s", o->under, err.text);
	return ERR_INPUT;
}

enum err_code
command_times(int64_t *start_ms, int64_t *end_ms, const struct options *o)
{
	struct err err = { 0 };

	*start_ms = 0;
	*end_ms = INT64_MAX;
	if ((o->start != NULL &&
		timestamp_parse(start_ms, o->start, false, &err) != ERR_OK) ||
	    (o->end != NULL &&
		timestamp_parse(end_ms, o->end, true, &err) != ERR_OK)) {
		(void)command_fail(&err);
		return ERR_INPUT;
	}
	if (*start_ms < 0)
		*start_ms = 0;
	return ERR_OK;
}
