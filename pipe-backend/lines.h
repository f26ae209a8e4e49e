#ifndef PIPE_BACKEND_LINES_H
#define PIPE_BACKEND_LINES_H

#include <stdbool.h>
#include <stddef.h>

#define LINES_MAX 4096 /* octets of a line, its newline included */

/* Lines from a descriptor, which can be waited for beside something else. */
struct lines {
	int fd;
	bool is_at_end;   /* nothing more will come */
	bool is_skipping; /* in a line that is too long */
	size_t begin, end;
	char octets[LINES_MAX];
};

void lines_init(struct lines *lines, int fd);

/*
 * Take the next line of those that were read, NUL-terminated and without its
 * newline; NULL when there is no whole one.  It lives until the next call.  One
 * that is too long is "", and what comes before the end without a newline is
 * none.
 */
char *lines_take(struct lines *lines);

/* Read what there is; waits if there is nothing. */
void lines_read(struct lines *lines);

#endif
