/*
 * acmeproxy: `acmeproxy serve` answers the API; the other subcommands are the
 * administrator's.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "common/settings.h"
#include "fcgi-app/command.h"

/* Options, as bits for a subcommand to say what it takes. */
enum option_bit {
	O_LISTEN = 1 << 0,
	O_ACCOUNT = 1 << 1,
	O_NAME = 1 << 2,
	O_UNDER = 1 << 3,
	O_START = 1 << 4,
	O_END = 1 << 5,
	O_PERMIT = 1 << 6,
	O_SUFFIX_MATCH = 1 << 7,
	O_FORMAT = 1 << 8,
	O_CONFIG = 1 << 9, /* every one takes it */
	O_FILES = 1 << 10,
};

/* One row a subcommand; the usage is printed from it. */
static const struct command {
	const char *name;
	const char *arguments;
	const char *summary;
	command_fn *run;
	int n_arguments;
	unsigned options;
} commands[] = {
	{ "serve", "[--listen unix:PATH|ADDRESS:PORT]",
	    "answer the API over FastCGI; without --listen on descriptor 0",
	    command_serve, 0, O_LISTEN },
	{ "listauthorisations", "[--account A] [--under NAME] [--json|--tsv]",
	    "all authorisations, oldest first", command_listauthorisations, 0,
	    O_ACCOUNT | O_UNDER | O_FORMAT },
	{ "createauthorisation",
	    "NAME [--account A] [--suffix-match] [--json|--tsv]",
	    "make one and show its secret", command_createauthorisation, 1,
	    O_ACCOUNT | O_SUFFIX_MATCH | O_FORMAT },
	{ "rotateauthorisation", "NAME [--json|--tsv]",
	    "give one a new secret; the old one is dead",
	    command_rotateauthorisation, 1, O_FORMAT },
	{ "deleteauthorisation", "NAME",
	    "remove one and its responses, without asking",
	    command_deleteauthorisation, 1, 0 },
	{ "listresponses",
	    "[--start DATE] [--end DATE] [--name NAME] [--under NAME]\n"
	    "      [--account A] [--json|--tsv]",
	    "the responses that were published, out of the audit log",
	    command_listresponses, 0,
	    O_START | O_END | O_NAME | O_UNDER | O_ACCOUNT | O_FORMAT },
	{ "listpersistentrecords", "[--under NAME] [--json|--tsv]",
	    "the records of dns-persist-01 that DNS serves",
	    command_listpersistentrecords, 0, O_UNDER | O_FORMAT },
	{ "listaccounts", "[--json|--tsv]", "who may create authorisations",
	    command_listaccounts, 0, O_FORMAT },
	{ "createaccount", "NAME [--permit NAME|.NAME]...",
	    "add an account and show its secret", command_createaccount, 1,
	    O_PERMIT },
	{ "deleteaccount", "NAME", "remove an account", command_deleteaccount,
	    1, 0 },
	{ "initstore", "",
	    "say that the store in Redis, new or restored, is the right one",
	    command_initstore, 0, 0 },
	{ "checkconfig", "[--files]",
	    "read all files, reach Redis, say what is in force",
	    command_checkconfig, 0, O_FILES },
};

static void
usage(FILE *out)
{
	(void)fprintf(out, "usage: acmeproxy COMMAND [--config FILE] ...\n\n");
	for (size_t i = 0; i < COUNT_OF(commands); i++)
		(void)fprintf(out, "  %s %s\n      %s\n", commands[i].name,
		    commands[i].arguments, commands[i].summary);
}

/* Note an option; its bit, or 0 when there is no such thing. */
static unsigned
take_option(struct options *o, int opt, const char *value)
{
	const struct {
		const char **text;
		int opt;
		unsigned bit;
	} texts[] = {
		{ &o->config, 'c', O_CONFIG },
		{ &o->listen, 'l', O_LISTEN },
		{ &o->account, 'a', O_ACCOUNT },
		{ &o->name, 'n', O_NAME },
		{ &o->under, 'u', O_UNDER },
		{ &o->start, 's', O_START },
		{ &o->end, 'e', O_END },
	};

	for (size_t i = 0; i < COUNT_OF(texts); i++)
		if (texts[i].opt == opt) {
			*texts[i].text = value;
			return texts[i].bit;
		}
	switch (opt) {
	case 'p':
		if (o->n_permits == COUNT_OF(o->permits))
			return 0;
		o->permits[o->n_permits++] = value;
		return O_PERMIT;
	case 'm':
		o->suffix_match = true;
		return O_SUFFIX_MATCH;
	case 'f':
		o->files_only = true;
		return O_FILES;
	case 'j':
		o->format = TABLE_JSON;
		return O_FORMAT;
	case 't':
		o->format = TABLE_TSV;
		return O_FORMAT;
	default:
		return 0;
	}
}

static const struct command *
find_command(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

int
main(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "listen", required_argument, NULL, 'l' },
		{ "account", required_argument, NULL, 'a' },
		{ "name", required_argument, NULL, 'n' },
		{ "under", required_argument, NULL, 'u' },
		{ "start", required_argument, NULL, 's' },
		{ "end", required_argument, NULL, 'e' },
		{ "permit", required_argument, NULL, 'p' },
		{ "suffix-match", no_argument, NULL, 'm' },
		{ "files", no_argument, NULL, 'f' },
		{ "json", no_argument, NULL, 'j' },
		{ "tsv", no_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct options o = { .config = SETTINGS_FILE };
	const struct command *command = NULL;
	enum exit_status status;
	unsigned taken = 0;
	int opt;

	log_init("acmeproxy");
	while ((opt = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		unsigned bit = take_option(&o, opt, optarg);

		if (bit == 0) {
			usage(opt == 'h' ? stdout : stderr);
			return opt == 'h' ? EXIT_DONE : EXIT_USAGE;
		}
		taken |= bit;
	}
	if (optind < argc)
		command = find_command(argv[optind]);
	if (command == NULL || argc - optind - 1 != command->n_arguments ||
	    (taken & ~(command->options | O_CONFIG)) != 0) {
		usage(stderr);
		return EXIT_USAGE;
	}
	o.argument = argv[optind + 1]; /* NULL behind the last */
	status = command->run(&o);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		log_line("standard output: it did not take everything");
		return EXIT_FAILED;
	}
	return (int)status;
}
