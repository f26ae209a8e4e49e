#ifndef FCGI_APP_COMMANDS_PUBLICATIONS_H
#define FCGI_APP_COMMANDS_PUBLICATIONS_H

#include <stdint.h>

#include "common/err.h"

/*
 * A queue of publications that may yet be marked complete, while the audit log
 * is read from old to new.  A client can mark a response complete only while it
 * is live, so memory is limited by how many can be live at once, not by the
 * length of the log.
 */
struct publications;

struct publication {
	const char *name, *value, *ip, *account; /* copied by the queue */
	int64_t created_at_ms;
	int64_t ends_at_ms;    /* when it goes by itself */
	int64_t expired_at_ms; /* when it was marked complete; 0: it was not */
};

typedef void publication_fn(void *ctx, const struct publication *publication);

MUST_CHECK enum err_code publications_new(struct publications **publications,
    struct err *err);
void publications_free(struct publications *publications);

/* Add one that is newer than all others. */
MUST_CHECK enum err_code publications_add(struct publications *publications,
    const struct publication *publication, struct err *err);

/* Mark all live ones of this name and value complete. */
void publications_complete(struct publications *publications, const char *name,
    const char *value, int64_t now_ms);

/*
 * Give fn those that nobody can mark complete any more, and drop them: oldest
 * first, up to the first one that is live.  INT64_MAX is the end of all.
 */
void publications_flush(struct publications *publications, int64_t now_ms,
    publication_fn *fn, void *ctx);

#endif
