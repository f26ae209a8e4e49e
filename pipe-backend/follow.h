#ifndef PIPE_BACKEND_FOLLOW_H
#define PIPE_BACKEND_FOLLOW_H

#include <sys/stat.h>

#include "pipe-backend/backend.h"

/* A settings file, and what it looked like when it was read. */
struct follow {
	const char *file;
	struct stat was;      /* all zero when it was not there */
	int64_t looked_at_ms; /* by the steady clock */
};

/*
 * Let the backend have the settings that the file holds now.
 *
 *   at_once	read it even if it does not seem to have changed
 *
 * The file is looked at once a second at most, so call this before each
 * question.  While it cannot be read the backend keeps the settings that it
 * has; without any, challenges fail, and the file is tried again.
 */
void follow_settings(struct follow *follow, struct backend *backend,
    bool at_once);

#endif
