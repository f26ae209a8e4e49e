/*
 * acmeproxy: `acmeproxy serve` answers the API; the other commands are for the
 * administrator.
 */
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "fcgi-app/commands/command.h"
#include "fcgi-app/server/serve.h"

static enum exit_status
command_serve(const struct options *o)
{
	struct err err = { 0 };

	if (serve(o->config, o->listen, &err) == ERR_OK)
		return EXIT_DONE;
	return command_fail(&err);
}

/* One row for each command; the help is printed from it. */
static const struct command {
	const char *name;
	const char *argument; /* NULL: it takes none */
	unsigned options;     /* besides OPTION_ALWAYS */
	command_fn *run;
	const char *summary;
} commands[] = {
	{ "serve", NULL, OPTION_LISTEN, command_serve,
	    "answer the API over FastCGI" },
	{ "listauthorisations", NULL,
	    OPTION_ACCOUNT | OPTION_UNDER | OPTION_UNUSED_SINCE | OPTION_FORMAT,
	    command_listauthorisations,
	    "show all authorisations, oldest first" },
	{ "createauthorisation", "NAME",
	    OPTION_ACCOUNT | OPTION_SUFFIX_MATCH | OPTION_FORMAT,
	    command_createauthorisation,
	    "make an authorisation and show its secret" },
	{ "rotateauthorisation", "NAME", OPTION_FORMAT,
	    command_rotateauthorisation, "give an authorisation a new secret" },
	{ "deleteauthorisation", "NAME", 0, command_deleteauthorisation,
	    "remove an authorisation, without asking" },
	{ "listresponses", NULL,
	    OPTION_START | OPTION_END | OPTION_NAME | OPTION_UNDER |
		OPTION_ACCOUNT | OPTION_FORMAT,
	    command_listresponses, "show the responses that were published" },
	{ "listpersistentrecords", NULL, OPTION_UNDER | OPTION_FORMAT,
	    command_listpersistentrecords,
	    "show the records of dns-persist-01" },
	{ "listaudit", NULL,
	    OPTION_START | OPTION_END | OPTION_EVENT | OPTION_NAME |
		OPTION_UNDER | OPTION_ACCOUNT | OPTION_OWNER | OPTION_IP |
		OPTION_FOLLOW | OPTION_JOURNAL | OPTION_STATE | OPTION_FORMAT,
	    command_listaudit, "show the audit log, or send it on" },
	{ "listrefusals", NULL, OPTION_UNDER | OPTION_FORMAT,
	    command_listrefusals, "show who was refused, the latest last" },
	{ "listaccounts", NULL, OPTION_FORMAT, command_listaccounts,
	    "show the accounts" },
	{ "createaccount", "NAME", OPTION_PERMIT, command_createaccount,
	    "make an account and show its secret" },
	{ "deleteaccount", "NAME", 0, command_deleteaccount,
	    "remove an account" },
	{ "initstore", NULL, 0, command_initstore,
	    "say that the store in Redis is the right one" },
	{ "checkconfig", NULL, OPTION_FILES, command_checkconfig,
	    "read all files, reach Redis, show the settings" },
	{ "powerdnsconfig", NULL, 0, command_powerdnsconfig,
	    "print the PowerDNS settings that fit these" },
};

static const struct command *
find_command(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(commands); i++)
		if (name != NULL && strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static void
print_help(void)
{
	(void)puts("usage: acmeproxy COMMAND [ARGUMENT] [OPTION]...\n"
		   "       acmeproxy COMMAND --help\n");
	for (size_t i = 0; i < COUNT_OF(commands); i++)
		cmdline_print_line(stdout, commands[i].name,
		    commands[i].argument, commands[i].summary);
	(void)puts("");
	options_print(OPTION_ALWAYS | OPTION_VERSION);
}

static void
print_help_of(const struct command *c)
{
	(void)printf("usage: acmeproxy %s %s%s[OPTION]...\n%s\n\n", c->name,
	    c->argument != NULL ? c->argument : "",
	    c->argument != NULL ? " " : "", c->summary);
	options_print(c->options | OPTION_ALWAYS);
}

/* Check that the command takes what it was given. */
static enum err_code
check(const struct command *c, const struct options *o, struct err *err)
{
	unsigned foreign = o->given & ~(c->options | OPTION_ALWAYS);
	const char *superfluous =
	    c->argument != NULL ? o->superfluous : o->argument;

	if (foreign != 0)
		return err_set(err, ERR_INPUT, "--%s: %s does not take it",
		    options_name(foreign), c->name);
	if (c->argument != NULL && o->argument == NULL)
		return err_set(err, ERR_INPUT, "%s: %s is missing", c->name,
		    c->argument);
	if (superfluous != NULL)
		return err_set(err, ERR_INPUT, "%s: one argument too many",
		    superfluous);
	return ERR_OK;
}

/* Say what is wrong and which help to read; `c` may be NULL. */
static enum exit_status
misused(const struct command *c, const struct err *err)
{
	log_line("%s; see acmeproxy%s%s --help", err->text,
	    c != NULL ? " " : "", c != NULL ? c->name : "");
	return EXIT_USAGE;
}

static enum exit_status
no_command(const char *name)
{
	struct err err = { .text = "a command is missing" };

	if (name != NULL)
		(void)err_set(&err, ERR_INPUT, "%s: no such command", name);
	return misused(NULL, &err);
}

/* Do what the command line asks for. */
static enum exit_status
run(const struct options *o)
{
	const struct command *c = find_command(o->command);
	struct err err = { 0 };

	if ((o->given & OPTION_VERSION) != 0) {
		(void)puts("acmeproxy " ACMEPROXY_VERSION);
		return EXIT_DONE;
	}
	if ((o->given & OPTION_HELP) != 0 && o->command == NULL) {
		print_help();
		return EXIT_DONE;
	}
	if (c == NULL)
		return no_command(o->command);
	if ((o->given & OPTION_HELP) != 0) {
		print_help_of(c);
		return EXIT_DONE;
	}
	if (check(c, o, &err) != ERR_OK)
		return misused(c, &err);
	return c->run(o);
}

int
main(int argc, char **argv)
{
	const struct command *command = find_command(argc > 1 ? argv[1] : NULL);
	struct err err = { 0 };
	enum exit_status status;
	struct options o;

	log_init("acmeproxy");
	if (options_read(&o, argc, argv, &err) != ERR_OK)
		return (int)misused(command, &err);
	status = run(&o);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		log_line("standard output: it did not take everything");
		return EXIT_FAILED;
	}
	return (int)status;
}
