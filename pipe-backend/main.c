/*
 * acmeproxy-pipe: PowerDNS's coprocess.  A line of question in, lines of
 * answer out, until the end of input.  It knows no secret and only reads.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "pipe-backend/backend.h"
#include "pipe-backend/follow.h"

#define LINE_MAX_OCTETS 4096

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

/* Read a line without its newline; false at the end of input. */
static bool
read_line(char *line, int size)
{
	size_t len;
	int c;

	if (fgets(line, size, stdin) == NULL)
		return false;
	len = strlen(line);
	if (len > 0 && line[len - 1] == '\n') {
		line[len - 1] = '\0';
		return true;
	}
	/* Over-long, or cut by the end: no question that can be answered. */
	while ((c = getchar()) != EOF && c != '\n')
		;
	line[0] = '\0';
	return c != EOF;
}

static enum err_code
loop(struct backend *backend, struct follow *follow, struct err *err)
{
	static struct reply reply;
	char line[LINE_MAX_OCTETS];
	enum err_code rc = ERR_OK;

	while (rc == ERR_OK && read_line(line, sizeof(line))) {
		enum err_code wrote;
		bool at_once = reload_wanted;

		reload_wanted = 0;
		follow_settings(follow, backend, at_once);
		rc = backend_answer(backend, line, &reply, err);
		wrote = write_all(&reply, rc == ERR_OK ? err : NULL);
		if (rc == ERR_OK)
			rc = wrote;
	}
	return rc;
}

static void
usage(FILE *out)
{
	(void)fprintf(out,
	    "usage: acmeproxy-pipe [--config FILE]\n"
	    "The coprocess of PowerDNS's pipe backend: see pipe-command.\n");
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct sigaction hangup = { .sa_handler = on_hangup,
		.sa_flags = SA_RESTART };
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	static struct backend backend;
	struct follow follow = { .file = SETTINGS_FILE };
	struct err err = { 0 };
	enum err_code rc;
	int opt;

	log_init("acmeproxy-pipe");
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt != 'c') {
			usage(opt == 'h' ? stdout : stderr);
			return opt == 'h' ? 0 : 2;
		}
		follow.file = optarg;
	}
	if (optind != argc) {
		usage(stderr);
		return 2;
	}
	(void)sigaction(SIGHUP, &hangup, NULL);
	(void)sigaction(SIGPIPE, &ignore, NULL);

	rc = loop(&backend, &follow, &err);
	if (rc != ERR_OK)
		log_line("%s", err.text);
	backend_wipe(&backend);
	return rc == ERR_OK ? 0 : 1;
}
