#ifndef FCGI_APP_COMMANDS_OPTIONS_H
#define FCGI_APP_COMMANDS_OPTIONS_H

#include <stdbool.h>

#include "common/cmdline.h"
#include "fcgi-app/commands/table.h"

#define OPTIONS_PERMITS_MAX 64
#define OPTIONS_EVENTS_MAX  32

/* Options, as bits, with which a command says what it takes. */
enum option_bit {
	OPTION_LISTEN = 1 << 0,
	OPTION_ACCOUNT = 1 << 1,
	OPTION_NAME = 1 << 2,
	OPTION_UNDER = 1 << 3,
	OPTION_START = 1 << 4,
	OPTION_END = 1 << 5,
	OPTION_PERMIT = 1 << 6,
	OPTION_SUFFIX_MATCH = 1 << 7,
	OPTION_JSON = 1 << 8,
	OPTION_TSV = 1 << 9,
	OPTION_FORMAT = OPTION_JSON | OPTION_TSV,
	OPTION_CONFIG = 1 << 10,
	OPTION_FILES = 1 << 11,
	OPTION_HELP = 1 << 12,
	OPTION_VERSION = 1 << 13,
	OPTION_EVENT = 1 << 14,
	OPTION_OWNER = 1 << 15,
	OPTION_IP = 1 << 16,
	OPTION_FOLLOW = 1 << 17,
	OPTION_JOURNAL = 1 << 18,
	OPTION_STATE = 1 << 19,
	OPTION_UNUSED_SINCE = 1 << 20,
	OPTION_ALWAYS = OPTION_CONFIG | OPTION_HELP, /* for every command */
};

/* What the command line says.  What it does not say is NULL or 0. */
struct options {
	unsigned given; /* bits of enum option_bit */
	const char *config;
	const char *listen;
	const char *account, *name, *under, *start, *end;
	const char *owner, *ip, *state, *unused_since;
	const char *permits[OPTIONS_PERMITS_MAX];
	size_t n_permits;
	const char *events[OPTIONS_EVENTS_MAX];
	size_t n_events;
	bool suffix_match;
	enum table_format format;
	const char *command;
	const char *argument;    /* of the command */
	const char *superfluous; /* the first word after that */
};

/*
 * Read a command line.  The caller has to check whether the command takes what
 * was given.  Without --config, config is SETTINGS_FILE.
 *
 * Returns ERR_OK, or ERR_INPUT with a sentence for the user.
 */
MUST_CHECK enum err_code options_read(struct options *options, int argc,
    char **argv, struct err *err);

/* Print the line of the help for each of these options. */
void options_print(unsigned bits);

/* The name of the first of these options, without the dashes. */
const char *options_name(unsigned bits);

#endif
