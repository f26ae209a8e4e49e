#ifndef FCGI_APP_STORE_AUDITLOG_H
#define FCGI_APP_STORE_AUDITLOG_H

#include <stdbool.h>
#include <stdint.h>

#include "common/store.h"

#define AUDITLOG_ID_MAX     48 /* octets of an event's id, with NUL */
#define AUDITLOG_FIELDS_MAX 32 /* of one event; further ones are dropped */

struct auditlog_field {
	const char *name, *value;
};

/* One event; all texts are borrowed until the callback returns. */
struct auditlog_event {
	const char *id; /* "1476069078525-0": ms since the epoch, and a count */
	int64_t at_ms;
	size_t n_fields;
	struct auditlog_field fields[AUDITLOG_FIELDS_MAX];
};

/* The value of a field; NULL if the event has no such field. */
const char *auditlog_field(const struct auditlog_event *event,
    const char *name);

/* A place in the audit log: after one event and before the next. */
struct auditlog_place {
	char id[AUDITLOG_ID_MAX]; /* what was read has at most this id */
	bool is_event; /* this is the id of an event, which was read */
	/*
	 * How many events the log had, up to that one and with those that were
	 * removed since.  -1: unknown.
	 */
	long long number;
};

/*
 * Read the audit log, oldest event first, a page at a time.
 *
 * The log loses its oldest events while it is read.  Redis counts the events
 * that it ever had, and we count those that we read: the difference tells how
 * many were removed before they were read.  A log that ends before an event
 * that was read has lost its newest ones: a back-up was restored, or Redis died
 * before these were on its disk.
 */
struct auditlog {
	struct store *store;
	char until[AUDITLOG_ID_MAX];
	struct auditlog_place place; /* the caller may keep a copy, or set it */
	/* What the last auditlog_read() found. */
	size_t n;           /* events; 0: there was none */
	bool has_more;      /* there may be more at once */
	long long n_missed; /* removed before they were read; -1: some */
	bool is_shortened;  /* it has lost events that were read */
};

/*
 * Begin to read.  Nothing is read yet.
 *
 *   start_ms, end_ms	both inclusive; 0 and INT64_MAX for all
 */
void auditlog_init(struct auditlog *log, struct store *store, int64_t start_ms,
    int64_t end_ms);

/* Takes an event, and the place after it. */
typedef enum err_code auditlog_fn(void *ctx, const struct auditlog_event *event,
    const struct auditlog_place *after, struct err *err);

/*
 * Read the next page, and call fn for each event of it.  fn must not use the
 * store.  The log's place is after the last event for which fn returned ERR_OK,
 * so that nothing is lost or read twice, whatever fails.
 *
 *   wait_ms	how long to wait for an event if there is none; the connection's
 *		timeout_ms must be longer.  0: not at all
 *
 * Returns ERR_OK, ERR_STORE, or what fn returned.
 */
MUST_CHECK enum err_code auditlog_read(struct auditlog *log, unsigned wait_ms,
    auditlog_fn *fn, void *ctx, struct err *err);

#endif
