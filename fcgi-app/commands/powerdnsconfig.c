/*
 * acmeproxy powerdnsconfig: prints the PowerDNS settings that fit ours.  The
 * coprocess is the program beside this one, wherever it is installed.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fcgi-app/commands/command.h"
#include "fcgi-app/snippet.h"

#define COPROCESS "acmeproxy-pipe"

/* PowerDNS splits the command at blanks, and has no quotes. */
static enum err_code
check_path(const char *path, struct err *err)
{
	if (strpbrk(path, " \t\r\n") == NULL)
		return ERR_OK;
	return err_set(err, ERR_INPUT,
	    "%s: has a blank, at which PowerDNS would split it", path);
}

static enum err_code
find_coprocess(char *path, size_t size, struct err *err)
{
	char own[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", own, sizeof(own) - 1);

	if (len < 0)
		return err_set(err, ERR_SYSTEM, "/proc/self/exe: %s",
		    strerror(errno));
	own[len] = '\0';
	(void)snprintf(path, size, "%.*s/" COPROCESS,
	    (int)(strrchr(own, '/') - own), own);
	return check_path(path, err);
}

/* PowerDNS has another working directory. */
static enum err_code
find_config(char *path, const char *config, struct err *err)
{
	if (config[0] == '/')
		(void)snprintf(path, PATH_MAX, "%s", config);
	else if (realpath(config, path) == NULL)
		return err_set(err, ERR_SYSTEM, "%s: %s", config,
		    strerror(errno));
	return check_path(path, err);
}

static enum err_code
print(const char *config, struct err *err)
{
	static struct settings settings;
	static char command[3 * PATH_MAX];
	char path[PATH_MAX];

	if (settings_read(&settings, config, err) != ERR_OK ||
	    find_coprocess(command, sizeof(command), err) != ERR_OK ||
	    find_config(path, config, err) != ERR_OK)
		return err->code;
	if (strcmp(path, SETTINGS_FILE) != 0) {
		size_t len = strlen(command);

		(void)snprintf(command + len, sizeof(command) - len,
		    " --config %s", path);
	}
	snippet_print(stdout, command, &settings);
	return ERR_OK;
}

enum exit_status
command_powerdnsconfig(const struct options *o)
{
	struct err err = { 0 };

	if (print(o->config, &err) != ERR_OK)
		return command_fail(&err);
	return EXIT_DONE;
}
