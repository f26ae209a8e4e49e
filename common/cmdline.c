/* Reads the options that a table lists.  Hides getopt_long(). */
#include <assert.h>
#include <getopt.h>
#include <string.h>

#include "common/cmdline.h"

/* What getopt_long() returns for the first row: above any character. */
#define FIRST  256

#define COLUMN 24 /* characters for a name and its argument */

/* Say what getopt_long() refused, without repeating the value. */
static enum err_code
explain(const struct cmdline *line, int refusal, struct err *err)
{
	const char *word = line->argv[optind - 1];

	if (refusal == ':')
		return err_set(err, ERR_INPUT, "--%s: %s is missing",
		    line->options[optopt - FIRST].name,
		    line->options[optopt - FIRST].argument);
	if (optopt >= FIRST)
		return err_set(err, ERR_INPUT, "--%s: it takes no argument",
		    line->options[optopt - FIRST].name);
	if (optopt != 0)
		return err_set(err, ERR_INPUT, "-%c: no such option", optopt);
	return err_set(err, ERR_INPUT, "%.*s: no such option",
	    (int)strcspn(word, "="), word);
}

enum err_code
cmdline_next(const struct cmdline_option **option, const char **value,
    const struct cmdline *line, struct err *err)
{
	struct option rows[CMDLINE_OPTIONS_MAX + 1] = { { 0 } };
	int opt;

	assert(line->n_options <= CMDLINE_OPTIONS_MAX);
	for (size_t i = 0; i < line->n_options; i++) {
		const struct cmdline_option *o = &line->options[i];

		rows[i].name = o->name;
		rows[i].has_arg =
		    o->argument != NULL ? required_argument : no_argument;
		rows[i].val = FIRST + (int)i;
	}
	opterr = 0; /* getopt_long() prints nothing: explain() does */
	opt = getopt_long(line->argc, line->argv, ":", rows, NULL);
	if (opt == '?' || opt == ':')
		return explain(line, opt, err);
	*option = opt == -1 ? NULL : &line->options[opt - FIRST];
	*value = opt == -1 ? NULL : optarg;
	return ERR_OK;
}

void
cmdline_print_line(FILE *out, const char *name, const char *argument,
    const char *meaning)
{
	int used;

	used = fprintf(out, "  %s%s%s", name, argument != NULL ? " " : "",
	    argument != NULL ? argument : "");
	(void)fprintf(out, "%*s%s\n", 2 + COLUMN + 2 - used, "", meaning);
}

void
cmdline_print_options(FILE *out, const struct cmdline *line, unsigned bits)
{
	for (size_t i = 0; i < line->n_options; i++) {
		const struct cmdline_option *o = &line->options[i];
		char name[COLUMN];

		(void)snprintf(name, sizeof(name), "--%s", o->name);
		if ((o->bit & bits) != 0)
			cmdline_print_line(out, name, o->argument, o->meaning);
	}
}
