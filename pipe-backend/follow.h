#ifndef PIPE_BACKEND_FOLLOW_H
#define PIPE_BACKEND_FOLLOW_H

#include <sys/stat.h>

#include "pipe-backend/backend.h"

/* A settings file, and its metadata from when it was read. */
struct follow {
	const char *file;
	const char *pipe_regex; /* PowerDNS's; NULL if nobody said */
	struct stat was;        /* all zero if it did not exist */
	int64_t looked_at_ms;   /* by clock_steady_ms() */
};

/*
 * Give the backend the settings that the file now holds.
 *
 *   at_once	read the file now, even if it does not seem to have changed
 *
 * Call this before each question: it looks at the file at most once a second.
 * While the file cannot be read, the backend keeps the settings that it has.
 * If it has none, challenges fail, and the file is tried again.  Whenever the
 * new ones do not fit PowerDNS's pipe-regex, the log says so.
 */
void follow_settings(struct follow *follow, struct backend *backend,
    bool at_once);

#endif
