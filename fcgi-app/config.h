#ifndef FCGI_APP_CONFIG_H
#define FCGI_APP_CONFIG_H

#include "common/settings.h"

/*
 * All that the settings file says, as of one reading.  It is shared by threads
 * and never changes: SIGHUP makes a new one.
 */
struct config {
	struct settings settings;
	unsigned n_references; /* config_hold(), config_drop() */
};

/*
 * Read the settings file.
 * Returns ERR_OK and a config with one reference; ERR_INPUT or ERR_SYSTEM.
 */
MUST_CHECK enum err_code config_read(struct config **config, const char *file,
    struct err *err);

/*
 * The connection to write by: whoever waits for replicas has to wait for the
 * answer to that.
 */
struct redis_settings config_redis(const struct settings *settings);

/* Take or drop a reference; the last one frees.  Not thread-safe. */
struct config *config_hold(struct config *config);
void config_drop(struct config *config);

#endif
