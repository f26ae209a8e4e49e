#include <regex.h>
#include <stdio.h>
#include <string.h>

#include "common/challenge.h"
#include "common/piperegex.h"

static void
add(char *regex, size_t *len, const char *text)
{
	int n = snprintf(regex + *len, PIPEREGEX_SIZE - *len, "%s", text);

	*len += (size_t)n;
}

void
piperegex_write(char *regex, const struct settings *settings)
{
	size_t len = 0;

	regex[0] = '\0';
	if (settings->authority != AUTHORITY_CHALLENGE)
		return;
	len = (size_t)snprintf(regex, PIPEREGEX_SIZE,
	    "^([^*.]+[.]){0,%d}(" CHALLENGE_FIRST "[.]",
	    PIPEREGEX_LABELS_IN_FRONT);
	if (settings->persistent_records)
		add(regex, &len, "|" CHALLENGE_PERSIST "[.]");
	if (settings->zone.is_set) {
		add(regex, &len, "|");
		for (const char *c = settings->zone.name.text; *c != '\0'; c++)
			add(regex, &len,
			    *c == '.' ? "[.]" : (const char[]){ *c, '\0' });
		add(regex, &len, "$");
	}
	add(regex, &len, ")");
}

/*
 * Names of ours, of each kind.  Whoever wrote an expression by hand for the
 * names that they have does not have these, and has to hear that others are
 * refused.
 */
#define NAME  "xq7.zv3.invalid"
#define DEEP  "1.2.3.4.5.6.7.8.9.10.11.12.13." NAME
#define LABEL "_aaaabbbbccccdddd."

static const char *const challenges[] = { CHALLENGE_FIRST "." NAME,
	LABEL CHALLENGE_FIRST "." NAME, "x." CHALLENGE_FIRST "." NAME,
	CHALLENGE_FIRST "." DEEP, NULL };
static const char *const records[] = { CHALLENGE_PERSIST "." NAME,
	"x." CHALLENGE_PERSIST "." NAME, NULL };
static const char *const owners[] = { NAME, "x." NAME, "zv3.invalid", NULL };
static const char *const in_zone[] = { "", "xq7.", NAME ".", LABEL NAME ".",
	LABEL DEEP ".", CHALLENGE_PERSIST "." NAME ".", NULL };

/* Do all these names match, each with this end? */
static bool
match(const regex_t *compiled, const char *const *names, const char *end)
{
	char name[DNSNAME_MAX + 64];

	for (size_t i = 0; names[i] != NULL; i++) {
		(void)snprintf(name, sizeof(name), "%s%s", names[i], end);
		if (regexec(compiled, name, 0, NULL, 0) != 0)
			return false;
	}
	return true;
}

/* Does all that can be ours match? */
static bool
lets_through(const char *regex, const struct settings *s)
{
	regex_t compiled;
	bool all;

	/* The flags are PowerDNS's. */
	if (regcomp(&compiled, regex, REG_EXTENDED | REG_ICASE | REG_NOSUB) !=
	    0)
		return false;
	all = match(&compiled, challenges, "") &&
	    (!s->persistent_records || match(&compiled, records, "")) &&
	    (!s->zone.is_set || match(&compiled, in_zone, s->zone.name.text)) &&
	    (s->authority == AUTHORITY_CHALLENGE ||
		match(&compiled, owners, ""));
	regfree(&compiled);
	return all;
}

enum piperegex_fit
piperegex_compare(const char *regex, const struct settings *settings)
{
	char wanted[PIPEREGEX_SIZE];

	piperegex_write(wanted, settings);
	if (strcmp(regex, wanted) == 0)
		return PIPEREGEX_FITS;
	if (regex[0] == '\0')
		return PIPEREGEX_WIDE;
	if (!lets_through(regex, settings))
		return PIPEREGEX_NARROW;
	return wanted[0] != '\0' ? PIPEREGEX_WIDE : PIPEREGEX_FITS;
}

const char *
piperegex_sentence(enum piperegex_fit fit)
{
	static const char *const sentences[] = {
		[PIPEREGEX_FITS] = "pipe-regex fits the settings",
		[PIPEREGEX_WIDE] =
		    "a narrower pipe-regex would spare questions about names "
		    "that are nobody's: install what \"acmeproxy "
		    "powerdnsconfig\" prints, and restart PowerDNS",
		[PIPEREGEX_NARROW] =
		    "pipe-regex makes PowerDNS refuse names that can be ours: "
		    "install what \"acmeproxy powerdnsconfig\" prints, and "
		    "restart PowerDNS",
	};

	return sentences[fit];
}
