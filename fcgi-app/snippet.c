#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "fcgi-app/snippet.h"

#define SNIPPET_MAX 65536 /* octets */
#define COMMAND     "pipe-command="

void
snippet_print(FILE *out, const char *command, const struct settings *settings)
{
	char regex[PIPEREGEX_SIZE];

	piperegex_write(regex, settings);
	for (size_t i = 0; snippet_lines[i] != NULL; i++)
		if (strncmp(snippet_lines[i], COMMAND, strlen(COMMAND)) != 0)
			(void)fprintf(out, "%s\n", snippet_lines[i]);
		else if (regex[0] == '\0')
			(void)fprintf(out, COMMAND "%s\n", command);
		else
			(void)fprintf(out,
			    COMMAND "%s --pipe-regex %s\npipe-regex=%s\n",
			    command, regex, regex);
}

/*
 * The value of a setting in a line of PowerDNS's, which is cut after it; NULL
 * if it is another line.
 */
static char *
value_in(char *line, const char *key)
{
	char *value, *end;

	line += strspn(line, " \t");
	if (strncmp(line, key, strlen(key)) != 0)
		return NULL;
	value = line + strlen(key);
	value += strspn(value, " \t");
	if (*value++ != '=')
		return NULL;
	value += strspn(value, " \t");
	/* A comment begins after a blank. */
	for (end = value; *end != '\0'; end++)
		if (*end == '#' && (end[-1] == ' ' || end[-1] == '\t'))
			break;
	while (end > value && strchr(" \t\r", end[-1]) != NULL)
		end--;
	*end = '\0';
	return value;
}

bool
snippet_compare(enum piperegex_fit *fit, const struct settings *settings)
{
	const char *regex = "";
	char *text, *rest, *line;

	if (settings->powerdns_conf[0] == '\0' ||
	    file_read(&text, NULL, settings->powerdns_conf, SNIPPET_MAX,
		NULL) != ERR_OK)
		return false;
	rest = text;
	while ((line = strsep(&rest, "\n")) != NULL) {
		const char *value = value_in(line, "pipe-regex");

		if (value != NULL) /* the last one counts */
			regex = value;
	}
	*fit = piperegex_compare(regex, settings);
	free(text);
	return true;
}
