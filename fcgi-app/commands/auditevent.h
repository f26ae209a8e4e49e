#ifndef FCGI_APP_COMMANDS_AUDITEVENT_H
#define FCGI_APP_COMMANDS_AUDITEVENT_H

#include "fcgi-app/commands/table.h"
#include "fcgi-app/store/auditlog.h"

/*
 * How one event of the audit log is shown.  Nothing here knows which events
 * there are.  Older versions wrote fewer fields: what is missing is empty, and
 * null in JSON.
 */

/* Begin a table of events on standard output. */
void auditevent_table(struct table *table, enum table_format format);

/*
 * Print an event as a row of that table.  JSON has each field under its name;
 * other formats have those without a column in the last one, as FIELD=VALUE.
 */
void auditevent_print(struct table *table, const struct auditlog_event *event);

/*
 * Send an event to the journal, each field as ACMEPROXY_FIELD, and its id as
 * ACMEPROXY_ID.  Empty fields are left out.
 *
 * Returns ERR_OK or ERR_SYSTEM.
 */
MUST_CHECK enum err_code auditevent_send(const struct auditlog_event *event,
    struct err *err);

#endif
