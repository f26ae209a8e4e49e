#ifndef FCGI_APP_CONFIG_H
#define FCGI_APP_CONFIG_H

#include "common/settings.h"
#include "fcgi-app/access/accounts.h"

/*
 * All that the files say, as of one reading.  It is shared by threads and never
 * changes: SIGHUP makes a new one.
 */
struct config {
	struct settings settings;
	struct accounts *accounts; /* NULL: anybody may create */
	unsigned n_references;     /* config_hold(), config_drop() */
};

/*
 * Read the settings file and the accounts file that it names.
 * Returns ERR_OK and a config with one reference; ERR_INPUT or ERR_SYSTEM.
 */
MUST_CHECK enum err_code config_read(struct config **config, const char *file,
    struct err *err);

/* Take or drop a reference; the last one frees.  Not thread-safe. */
struct config *config_hold(struct config *config);
void config_drop(struct config *config);

#endif
