#ifndef COMMON_FILE_H
#define COMMON_FILE_H

#include <stddef.h>

#include "common/err.h"

/*
 * Read a whole small file.
 *
 *   max	the most octets taken; a longer file is refused
 *
 * Returns ERR_OK with a NUL-terminated text for free(), its length in *len
 * (len may be NULL), or ERR_SYSTEM with the file's name and the reason.
 */
MUST_CHECK enum err_code file_read(char **text, size_t *len, const char *file,
    size_t max, struct err *err);

#endif
