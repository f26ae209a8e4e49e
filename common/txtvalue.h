#ifndef COMMON_TXTVALUE_H
#define COMMON_TXTVALUE_H

#include <stddef.h>

#include "common/err.h"

#define TXTVALUE_MAX 255 /* octets in one character-string: RFC 1035, 3.3 */

/*
 * A challenge response that has passed txtvalue_parse(): octets of the
 * base64url alphabet only.  Nothing else reaches the pipe protocol, so no
 * value can smuggle a tab, a newline or a quote into it.
 */
struct txtvalue {
	size_t len;                  /* octets in text, 1..TXTVALUE_MAX */
	char text[TXTVALUE_MAX + 1]; /* NUL-terminated */
};

/*
 * Parse a response.  ACME's own are 43 octets long (RFC 8555, section 8.4);
 * any length that fits one character-string is accepted.
 *
 *   text, len	the octets; need not be NUL-terminated; may hold NULs
 *
 * Returns ERR_OK, or ERR_INPUT with *value left untouched.
 */
MUST_CHECK enum err_code txtvalue_parse(struct txtvalue *value,
    const char *text, size_t len, struct err *err);

#endif
