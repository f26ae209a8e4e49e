#ifndef COMMON_CMDLINE_H
#define COMMON_CMDLINE_H

#include <stddef.h>
#include <stdio.h>

#include "common/err.h"

#define CMDLINE_OPTIONS_MAX 24 /* in one table */

/*
 * One row of a program's table of options.  The same table is used to read the
 * command line and to print the help.
 */
struct cmdline_option {
	const char *name;     /* without the two dashes */
	const char *argument; /* its name in the help; NULL if it takes none */
	unsigned bit;         /* chosen by the program */
	const char *meaning;  /* for the help: at most 52 characters */
};

struct cmdline {
	int argc;
	char **argv; /* reordered while it is read: getopt_long(3) */
	size_t n_options;
	const struct cmdline_option *options;
};

/*
 * Take the next option.
 *
 *   *option	its row; NULL after the last one: optind is then the index of
 *		the first word that is not an option
 *   *value	its argument, or NULL
 *
 * Returns ERR_OK, or ERR_INPUT with a sentence for the user: there is no such
 * option, its argument is missing, or it takes no argument.
 */
MUST_CHECK enum err_code cmdline_next(const struct cmdline_option **option,
    const char **value, const struct cmdline *line, struct err *err);

/* Print one line of the help; `argument` may be NULL. */
void cmdline_print_line(FILE *out, const char *name, const char *argument,
    const char *meaning);

/* Print a line for each option whose bit is among `bits`, in table order. */
void cmdline_print_options(FILE *out, const struct cmdline *line,
    unsigned bits);

#endif
