/*
 * acmeproxy: `acmeproxy serve` answers the API; the other subcommands are the
 * administrator's.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "common/settings.h"
#include "fcgi-app/serve.h"

struct options {
	const char *config;
	const char *listen;
};

/* One row a subcommand; the usage is printed from it. */
struct command {
	const char *name;
	const char *arguments;
	const char *summary;
	int (*run)(const struct options *);
};

static int
run_serve(const struct options *o)
{
	struct err err = { 0 };

	if (serve(o->config, o->listen, &err) == ERR_OK)
		return 0;
	log_line("%s", err.text);
	return 1;
}

static const struct command commands[] = {
	{ "serve", "[--listen unix:PATH|ADDRESS:PORT]",
	    "answer the API over FastCGI; without --listen on descriptor 0",
	    run_serve },
};

static void
usage(FILE *out)
{
	(void)fprintf(out, "usage: acmeproxy COMMAND [--config FILE] ...\n\n");
	for (size_t i = 0; i < COUNT_OF(commands); i++)
		(void)fprintf(out, "  %s %s\n      %s\n", commands[i].name,
		    commands[i].arguments, commands[i].summary);
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "listen", required_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct options o = { .config = SETTINGS_FILE };
	int opt;

	log_init("acmeproxy");
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 'c':
			o.config = optarg;
			break;
		case 'l':
			o.listen = optarg;
			break;
		default:
			usage(opt == 'h' ? stdout : stderr);
			return opt == 'h' ? 0 : 2;
		}
	}
	for (size_t i = 0; optind + 1 == argc && i < COUNT_OF(commands); i++)
		if (strcmp(commands[i].name, argv[optind]) == 0)
			return commands[i].run(&o);
	usage(stderr);
	return 2;
}
