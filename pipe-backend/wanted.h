#ifndef PIPE_BACKEND_WANTED_H
#define PIPE_BACKEND_WANTED_H

#include "common/store.h"
#include "pipe-backend/copy.h"

/* What the copy holds: a struct node, or packed values (timed.h). */
enum kind { KIND_NODE, KIND_RESPONSES, KIND_RECORDS };

/* Something that the copy does not have. */
struct wanted {
	enum kind kind;
	size_t len;
	/* NAME, or NAME/_LABEL, as the keys of Redis end */
	char text[DNSNAME_MAX + CHALLENGE_LABEL_LEN + 2];
};

/*
 * Queue the commands that ask for it, and later put their replies into the
 * copy.
 *
 *   first	the first of its replies
 *
 * Return how many replies that are.
 */
size_t wanted_ask(const struct wanted *wanted, const struct store *store);
size_t wanted_keep(const struct wanted *wanted, struct copy *copy,
    const struct store *store, size_t first);

#endif
