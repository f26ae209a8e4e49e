#include <stdlib.h>

#include "fcgi-app/config.h"

enum err_code
config_read(struct config **config, const char *file, struct err *err)
{
	struct config *c = calloc(1, sizeof(*c));
	enum err_code rc;

	if (c == NULL)
		return err_set(err, ERR_SYSTEM, "out of memory");
	rc = settings_read(&c->settings, file, err);
	if (rc != ERR_OK) {
		free(c);
		return rc;
	}
	c->n_references = 1;
	*config = c;
	return ERR_OK;
}

struct redis_settings
config_redis(const struct settings *settings)
{
	struct redis_settings redis = settings->redis;

	if (settings->replicas_required > 0)
		redis.timeout_ms += settings->replicas_timeout_ms;
	return redis;
}

struct config *
config_hold(struct config *config)
{
	config->n_references++;
	return config;
}

void
config_drop(struct config *config)
{
	if (config == NULL || --config->n_references > 0)
		return;
	free(config);
}
