/* The options of all commands: one table is used to read and to show them. */
#include <string.h>
#include <unistd.h>

#include "common/settings.h"
#include "fcgi-app/commands/options.h"

static const struct cmdline_option table[] = {
	{ "listen", "WHERE", OPTION_LISTEN,
	    "at unix:PATH or ADDRESS:PORT, not at descriptor 0" },
	{ "account", "ACCOUNT", OPTION_ACCOUNT, "belonging to this account" },
	{ "name", "NAME", OPTION_NAME, "of this name" },
	{ "under", "NAME", OPTION_UNDER, "of this name and of names below it" },
	{ "event", "EVENT", OPTION_EVENT,
	    "of this kind, say \"created\"; repeatable" },
	{ "owner", "ACCOUNT", OPTION_OWNER,
	    "of authorisations that this account owns" },
	{ "ip", "NETWORK", OPTION_IP, "by this address or network" },
	{ "start", "TIME", OPTION_START, "from this date or time on" },
	{ "end", "TIME", OPTION_END, "until this time; a date counts whole" },
	{ "unused-since", "TIME", OPTION_UNUSED_SINCE,
	    "not used since this date or time" },
	{ "permit", "NAME", OPTION_PERMIT,
	    "allow NAME, or with .NAME all below it; repeatable" },
	{ "suffix-match", NULL, OPTION_SUFFIX_MATCH,
	    "for all names below it as well" },
	{ "follow", NULL, OPTION_FOLLOW, "go on with what is new" },
	{ "journal", NULL, OPTION_JOURNAL,
	    "send to the journal instead of printing" },
	{ "state", "FILE", OPTION_STATE,
	    "go on after the last event, which FILE names" },
	{ "json", NULL, OPTION_JSON, "print a JSON object a line" },
	{ "tsv", NULL, OPTION_TSV, "print columns separated by tabs" },
	{ "files", NULL, OPTION_FILES, "only read the files" },
	{ "config", "FILE", OPTION_CONFIG,
	    "read FILE instead of " SETTINGS_FILE },
	{ "help", NULL, OPTION_HELP, "show this" },
	{ "version", NULL, OPTION_VERSION, "show the version" },
};

/* Add a value of an option that is repeatable. */
static enum err_code
add(const char **values, size_t *n, size_t max, const char *name,
    const char *value, struct err *err)
{
	if (*n == max)
		return err_set(err, ERR_INPUT, "--%s: at most %zu", name, max);
	values[(*n)++] = value;
	return ERR_OK;
}

static enum err_code
take(struct options *o, unsigned bit, const char *value, struct err *err)
{
	const struct {
		unsigned bit;
		const char **text;
	} texts[] = {
		{ OPTION_CONFIG, &o->config },
		{ OPTION_LISTEN, &o->listen },
		{ OPTION_ACCOUNT, &o->account },
		{ OPTION_NAME, &o->name },
		{ OPTION_UNDER, &o->under },
		{ OPTION_START, &o->start },
		{ OPTION_END, &o->end },
		{ OPTION_UNUSED_SINCE, &o->unused_since },
		{ OPTION_OWNER, &o->owner },
		{ OPTION_IP, &o->ip },
		{ OPTION_STATE, &o->state },
	};

	o->given |= bit;
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		if (texts[i].bit == bit)
			*texts[i].text = value;
	if (bit == OPTION_SUFFIX_MATCH)
		o->suffix_match = true;
	if (bit == OPTION_JSON)
		o->format = TABLE_JSON;
	if (bit == OPTION_TSV)
		o->format = TABLE_TSV;
	if (bit == OPTION_PERMIT)
		return add(o->permits, &o->n_permits, COUNT_OF(o->permits),
		    "permit", value, err);
	if (bit == OPTION_EVENT)
		return add(o->events, &o->n_events, COUNT_OF(o->events),
		    "event", value, err);
	return ERR_OK;
}

enum err_code
options_read(struct options *options, int argc, char **argv, struct err *err)
{
	const struct cmdline line = { argc, argv, COUNT_OF(table), table };
	struct options o = { .config = SETTINGS_FILE };
	const struct cmdline_option *option;
	const char *value;
	enum err_code rc;

	do {
		rc = cmdline_next(&option, &value, &line, err);
		if (rc == ERR_OK && option != NULL)
			rc = take(&o, option->bit, value, err);
		if (rc != ERR_OK)
			return rc;
	} while (option != NULL);
	o.command = optind < argc ? argv[optind] : NULL;
	o.argument = optind + 1 < argc ? argv[optind + 1] : NULL;
	o.superfluous = optind + 2 < argc ? argv[optind + 2] : NULL;
	*options = o;
	return ERR_OK;
}

void
options_print(unsigned bits)
{
	const struct cmdline line = { 0, NULL, COUNT_OF(table), table };

	cmdline_print_options(stdout, &line, bits);
}

const char *
options_name(unsigned bits)
{
	for (size_t i = 0; i < COUNT_OF(table); i++)
		if ((table[i].bit & bits) != 0)
			return table[i].name;
	return "";
}
