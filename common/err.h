#ifndef COMMON_ERR_H
#define COMMON_ERR_H

#include <stddef.h>

#include "common/attr.h"

/* The kinds of failure that a caller can tell apart. */
enum err_code {
	ERR_OK = 0,
	ERR_INPUT,  /* what we were given is malformed */
	ERR_STORE,  /* Redis is away, slow or read-only, or answers wrongly */
	ERR_SYSTEM, /* the operating system refused: memory, files, sockets */
};

#define ERR_STEPS_MAX 4 /* "zone.records.3" takes three */

/* The reason, for the log.  Never holds a secret; never sent to a client. */
struct err {
	enum err_code code;
	unsigned line; /* of the file that was read, from 1; 0 for none */
	/* Indexes of the member at fault, innermost first: err_step(). */
	size_t n_steps, steps[ERR_STEPS_MAX];
	char text[400];
};

/*
 * Record a failure and return its code, so that a function can fail in one
 * line:  return err_set(err, ERR_INPUT, "line %u: no '='", n);
 *
 * err may be NULL if the caller needs only the code.
 */
enum err_code err_set(struct err *err, enum err_code code, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/*
 * Note that the fault is in the i-th member, from 0, of an object or array.
 * Call this on the way out, for the innermost one first.  Steps after the first
 * ERR_STEPS_MAX are dropped.  err may be NULL.
 */
void err_step(struct err *err, size_t i);

/*
 * Put the place of the fault in front of the text: "FILE:LINE: MEMBER: text".
 *
 *   member	"redis.timeout_ms"; "" for the whole file
 *
 * Returns the error's code.
 */
enum err_code err_place(struct err *err, const char *file, unsigned line,
    const char *member);

#endif
