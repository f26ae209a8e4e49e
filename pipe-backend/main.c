/*
 * acmeproxy-pipe: PowerDNS's coprocess.  It reads a question, which is one
 * line, and writes the lines of the answer, until the end of input.  It knows
 * no secrets and never writes to the store.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cmdline.h"
#include "common/log.h"
#include "pipe-backend/backend.h"
#include "pipe-backend/follow.h"
#include "pipe-backend/lines.h"

static volatile sig_atomic_t reload_wanted;

static void
on_hangup(int signo)
{
	(void)signo;
	reload_wanted = 1;
}

static enum err_code
write_all(const struct reply *reply, struct err *err)
{
	size_t done = 0;

	while (done < reply->len) {
		ssize_t n =
		    write(STDOUT_FILENO, reply->text + done, reply->len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(err, ERR_SYSTEM, "write: %s",
			    strerror(errno));
		done += (size_t)n;
	}
	return ERR_OK;
}

/*
 * Wait for the next line, and hear meanwhile what Redis has to say.  NULL at
 * the end of input.
 *
 * When poll() says that there is a line, it has looked at the other descriptor
 * after that: what Redis said before the line came is known.
 */
static char *
next_line(struct lines *lines, struct backend *backend)
{
	char *line;

	while ((line = lines_take(lines)) == NULL && !lines->is_at_end) {
		struct pollfd fds[] = {
			{ .fd = lines->fd, .events = POLLIN },
			{ .fd = backend_fd(backend), .events = POLLIN },
		};

		if (poll(fds, COUNT_OF(fds), -1) < 0)
			continue; /* a signal */
		if (fds[1].revents != 0)
			backend_idle(backend);
		if (fds[0].revents != 0)
			lines_read(lines);
	}
	return line;
}

static enum err_code
loop(struct backend *backend, struct follow *follow, struct err *err)
{
	static struct reply reply;
	static struct lines lines;
	enum err_code rc = ERR_OK;
	const char *line;

	lines_init(&lines, STDIN_FILENO);
	while (rc == ERR_OK && (line = next_line(&lines, backend)) != NULL) {
		enum err_code wrote;
		bool at_once = reload_wanted;

		if (at_once) /* else one that comes just now would be lost */
			reload_wanted = 0;
		follow_settings(follow, backend, at_once);
		rc = backend_answer(backend, line, &reply, err);
		wrote = write_all(&reply, rc == ERR_OK ? err : NULL);
		if (rc == ERR_OK)
			rc = wrote;
	}
	return rc;
}

enum option_bit {
	OPTION_CONFIG = 1 << 0,
	OPTION_PIPE_REGEX = 1 << 1,
	OPTION_HELP = 1 << 2,
	OPTION_VERSION = 1 << 3,
};

static const struct cmdline_option options[] = {
	{ "config", "FILE", OPTION_CONFIG,
	    "read FILE instead of " SETTINGS_FILE },
	{ "pipe-regex", "REGEX", OPTION_PIPE_REGEX,
	    "what PowerDNS has: log it when it does not fit" },
	{ "help", NULL, OPTION_HELP, "show this" },
	{ "version", NULL, OPTION_VERSION, "show the version" },
};

static void
print_help(const struct cmdline *line)
{
	(void)puts("usage: acmeproxy-pipe [OPTION]...\n"
		   "what PowerDNS's pipe backend starts as its pipe-command\n");
	cmdline_print_options(stdout, line, ~0u);
}

/*
 * Read the command line: add the bits of its options to *given, and their
 * arguments to *follow.
 */
static enum err_code
read_options(unsigned *given, struct follow *follow, const struct cmdline *line,
    struct err *err)
{
	const struct cmdline_option *option;
	const char *value;

	do {
		if (cmdline_next(&option, &value, line, err) != ERR_OK)
			return ERR_INPUT;
		if (option != NULL)
			*given |= option->bit;
		if (option != NULL && option->bit == OPTION_CONFIG)
			follow->file = value;
		if (option != NULL && option->bit == OPTION_PIPE_REGEX)
			follow->pipe_regex = value;
	} while (option != NULL);
	if (optind < line->argc)
		return err_set(err, ERR_INPUT, "%s: one argument too many",
		    line->argv[optind]);
	return ERR_OK;
}

int
main(int argc, char **argv)
{
	const struct cmdline line = { argc, argv, COUNT_OF(options), options };
	struct sigaction hangup = { .sa_handler = on_hangup,
		.sa_flags = SA_RESTART };
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	static struct backend backend;
	struct follow follow = { .file = SETTINGS_FILE };
	struct err err = { 0 };
	enum err_code rc;
	unsigned given = 0;

	log_init("acmeproxy-pipe");
	if (read_options(&given, &follow, &line, &err) != ERR_OK) {
		log_line("%s; see acmeproxy-pipe --help", err.text);
		return 2;
	}
	if ((given & OPTION_VERSION) != 0)
		(void)puts("acmeproxy-pipe " ACMEPROXY_VERSION);
	else if ((given & OPTION_HELP) != 0)
		print_help(&line);
	if ((given & (OPTION_VERSION | OPTION_HELP)) != 0)
		return fflush(stdout) == 0 ? 0 : 1;
	(void)sigaction(SIGHUP, &hangup, NULL);
	(void)sigaction(SIGPIPE, &ignore, NULL);

	rc = loop(&backend, &follow, &err);
	if (rc != ERR_OK)
		log_line("%s", err.text);
	backend_wipe(&backend);
	return rc == ERR_OK ? 0 : 1;
}
