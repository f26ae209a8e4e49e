#ifndef COMMON_FILE_H
#define COMMON_FILE_H

#include <stddef.h>

#include "common/err.h"

/*
 * Read a whole small file.
 *
 *   *text	NUL-terminated; the caller has to free() it
 *   *len	its octets without that NUL; len may be NULL
 *   max	the most octets accepted; a longer file is refused
 *
 * Returns ERR_OK, or ERR_SYSTEM with the file's name and the reason.
 */
MUST_CHECK enum err_code file_read(char **text, size_t *len, const char *file,
    size_t max, struct err *err);

#endif
