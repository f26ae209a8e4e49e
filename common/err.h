#ifndef COMMON_ERR_H
#define COMMON_ERR_H

#include "common/attr.h"

/* What went wrong, in the words the caller can act on. */
enum err_code {
	ERR_OK = 0,
	ERR_INPUT,  /* what we were given is malformed */
	ERR_STORE,  /* Redis is away, slow, read-only or lied */
	ERR_SYSTEM, /* the operating system refused: memory, files, sockets */
};

/* The reason, for the log.  Never holds a secret; never sent to a client. */
struct err {
	enum err_code code;
	char text[400];
};

/*
 * Record a failure and return its code, so that a function can fail in one
 * line:  return err_set(err, ERR_INPUT, "line %u: no '='", n);
 *
 * err may be NULL when the caller needs only the code.
 */
enum err_code err_set(struct err *err, enum err_code code, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

#endif
