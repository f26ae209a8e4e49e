#ifndef FCGI_APP_SNIPPET_H
#define FCGI_APP_SNIPPET_H

#include <stdio.h>

#include "common/piperegex.h"
#include "common/settings.h"

/* The lines of deploy/powerdns/acmeproxy.conf, then NULL: the Makefile. */
extern const char *const snippet_lines[];

/*
 * Print the PowerDNS settings that fit ours.
 *
 *   command	how PowerDNS starts the coprocess; --pipe-regex is added to it
 */
void snippet_print(FILE *out, const char *command,
    const struct settings *settings);

/*
 * Compare the installed file, powerdns_conf, with the settings.
 *
 * Returns false, with *fit untouched, when nobody wants to know, or there is no
 * such file, or it cannot be read: PowerDNS may be on another machine.
 */
bool snippet_compare(enum piperegex_fit *fit, const struct settings *settings);

#endif
