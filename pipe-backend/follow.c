/*
 * Reads the settings again when their file changes, since PowerDNS cannot
 * tell a coprocess about it.  If the coprocess exited because of a mistake in
 * the file, PowerDNS would exit as well, with all its other zones.
 */
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/piperegex.h"
#include "pipe-backend/follow.h"

#define LOOK_EVERY_MS 1000

/* True if the file was neither written to nor replaced. */
static bool
is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	    a->st_size == b->st_size && a->st_mode == b->st_mode &&
	    memcmp(&a->st_mtim, &b->st_mtim, sizeof(a->st_mtim)) == 0 &&
	    memcmp(&a->st_ctim, &b->st_ctim, sizeof(a->st_ctim)) == 0;
}

/* What PowerDNS does not pass to us is REFUSED, and we would not know. */
static void
say_misfit(const struct follow *follow, const struct settings *settings)
{
	enum piperegex_fit fit;

	if (follow->pipe_regex == NULL)
		return;
	fit = piperegex_compare(follow->pipe_regex, settings);
	if (fit != PIPEREGEX_FITS)
		log_line("%s", piperegex_sentence(fit));
}

static enum err_code
load(const struct follow *follow, struct backend *backend)
{
	struct settings *fresh = malloc(sizeof(*fresh));
	struct err err = { 0 };
	enum err_code rc;

	if (fresh == NULL)
		rc = err_set(&err, ERR_SYSTEM, "out of memory");
	else
		rc = settings_read(fresh, follow->file, &err);
	if (rc == ERR_OK)
		rc = backend_set_up(backend, fresh, &err);
	free(fresh);
	if (rc == ERR_OK) {
		log_line("settings read");
		say_misfit(follow, backend->settings);
	} else if (backend->settings == NULL) {
		backend_log_failure(backend, err.text);
	} else if (strcmp(err.text, backend->why_not.text) != 0) {
		log_line("%s; the old settings stay in force", err.text);
	}
	backend->why_not = err;
	return rc;
}

void
follow_settings(struct follow *follow, struct backend *backend, bool at_once)
{
	int64_t now_ms = clock_steady_ms();
	struct stat now = { 0 };

	if (!at_once && follow->looked_at_ms != 0 &&
	    now_ms - follow->looked_at_ms < LOOK_EVERY_MS)
		return;
	follow->looked_at_ms = now_ms;
	if (stat(follow->file, &now) != 0)
		memset(&now, 0, sizeof(now));
	if (!at_once && backend->settings != NULL &&
	    is_same(&now, &follow->was))
		return;
	follow->was = now;
	/* Too many open files, for instance: that may be over in a second. */
	if (load(follow, backend) == ERR_SYSTEM)
		memset(&follow->was, 0, sizeof(follow->was));
}
