#ifndef FCGI_APP_COMMANDS_PUBLICATIONS_H
#define FCGI_APP_COMMANDS_PUBLICATIONS_H

#include <stdint.h>

#include "common/err.h"

/*
 * Publications that may yet be marked complete, while the audit log is read
 * from old to new.  A client marks a response complete within its life, so that
 * only those of the last few minutes are here: memory is bounded by how many
 * can be live at once, not by the length of the log.
 */
struct publications;

struct publication {
	const char *name, *value, *ip, *account; /* copied by the queue */
	int64_t created_at_ms;
	int64_t expired_at_ms; /* 0: it was left to its five minutes */
};

typedef void publication_fn(void *ctx, const struct publication *publication);

MUST_CHECK enum err_code publications_new(struct publications **publications,
    struct err *err);
void publications_free(struct publications *publications);

/* Put one behind the others, by time. */
MUST_CHECK enum err_code publications_add(struct publications *publications,
    const struct publication *publication, struct err *err);

/* All of this name and value that are still open were completed now. */
void publications_complete(struct publications *publications, const char *name,
    const char *value, int64_t now_ms);

/* Give fn those that were made before `before_ms`, oldest first; drop them. */
void publications_flush(struct publications *publications, int64_t before_ms,
    publication_fn *fn, void *ctx);

#endif
