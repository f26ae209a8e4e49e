#ifndef FCGI_APP_COMMANDS_COMMAND_H
#define FCGI_APP_COMMANDS_COMMAND_H

#include "common/err.h"
#include "fcgi-app/commands/options.h"
#include "fcgi-app/config.h"
#include "fcgi-app/store/authorisation.h"

/* The exit status of a command: acmeproxy(8), "EXIT STATUS". */
enum exit_status {
	EXIT_DONE = 0,
	EXIT_FAILED = 1, /* or nothing found */
	EXIT_USAGE = 2,
	EXIT_STORE = 3, /* the store is not available, or not ours */
};

/* A command at work: its files read, its store ready to be asked. */
struct session {
	struct config *config;
	struct store store;
	struct actor actor; /* the administrator */
};

MUST_CHECK enum err_code session_open(struct session *session,
    const struct options *options, struct err *err);
/*
 * The same for a command that only reads.  The store must be the one that is
 * meant: a list of another one would be believed.
 */
MUST_CHECK enum err_code session_open_to_read(struct session *session,
    const struct options *options, struct err *err);

void session_close(struct session *session);

/* Print "acmeproxy: REASON" on stderr; the exit status for it. */
enum exit_status command_fail(const struct err *err);

/*
 * Print a table.  Returns EXIT_DONE; or, after a sentence on stderr,
 * EXIT_FAILED when it has no rows, or what command_fail() returns.
 *
 *   none	the sentence about a table without rows
 */
enum exit_status command_print(struct table *table, table_source *source,
    void *ctx, const char *none);

/*
 * The name on the command line, folded.  On failure the sentence is on stderr,
 * with EXIT_USAGE to return.
 */
MUST_CHECK enum err_code command_name(struct dnsname *name, const char *text);

/* The same for one that may be there: a registration's is a single label. */
MUST_CHECK enum err_code command_known_name(struct dnsname *name,
    const char *text);

/* The same for --under, which may be a single label; untouched without it. */
MUST_CHECK enum err_code command_under(struct dnsname *under,
    const struct options *options);

/*
 * The times of --start and --end, in milliseconds since the epoch: 0 and
 * INT64_MAX without them.  On failure the sentence is on stderr, with
 * EXIT_USAGE to return.
 */
MUST_CHECK enum err_code command_times(int64_t *start_ms, int64_t *end_ms,
    const struct options *options);

/* One a row of main.c's table. */
typedef enum exit_status command_fn(const struct options *options);
command_fn command_listauthorisations, command_listresponses,
    command_listpersistentrecords, command_listaudit, command_listrefusals,
    command_createauthorisation, command_deleteauthorisation,
    command_rotateauthorisation, command_createaccount, command_deleteaccount,
    command_listaccounts, command_checkconfig, command_initstore,
    command_powerdnsconfig;

#endif
