#ifndef FCGI_APP_SERVER_JOURNAL_H
#define FCGI_APP_SERVER_JOURNAL_H

#include <stddef.h>

#include "common/err.h"

#define JOURNAL_FIELDS_MAX 64

/*
 * A field of a message.  The name is of upper-case letters, digits and '_', as
 * journald wants it: systemd.journal-fields(7).
 */
struct journal_field {
	const char *name, *value;
};

/*
 * Send one message to the journal, and return when it has it.
 *
 *   fields	at most JOURNAL_FIELDS_MAX
 *
 * Returns ERR_OK, or ERR_SYSTEM: there is no journal, or it does not take it.
 * Source: sd_journal_sendv(3).
 */
MUST_CHECK enum err_code journal_send(const struct journal_field *fields,
    size_t n_fields, struct err *err);

#endif
