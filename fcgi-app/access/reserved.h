#ifndef FCGI_APP_ACCESS_RESERVED_H
#define FCGI_APP_ACCESS_RESERVED_H

#include <stdbool.h>

#include "common/settings.h"

/*
 * True if only an administrator may create an authorisation of the name, by a
 * command: the names in the zone of the settings, and those whose responses
 * would be at, above or below a record that the settings put there.
 */
bool reserved_has(const struct settings *settings, const struct dnsname *name);

#endif
