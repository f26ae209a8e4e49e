#ifndef FCGI_APP_COMMANDS_TIMESTAMP_H
#define FCGI_APP_COMMANDS_TIMESTAMP_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"

#define TIMESTAMP_LEN 32 /* "2016-10-10 03:11:18.525000+00:00" */

/* A moment as the tables show it; "" for 0.  buf has TIMESTAMP_LEN + 1 octets
 */
void timestamp_format(char *buf, int64_t ms);

/*
 * Parse a date ("2016-10-10": midnight) or an RFC 3339 time, with a blank for
 * the T if you like; without an offset it is UTC.
 *
 *   is_end	of a range: a date means its last millisecond
 *   *ms	milliseconds since the epoch
 *
 * Returns ERR_OK or ERR_INPUT.
 */
MUST_CHECK enum err_code timestamp_parse(int64_t *ms, const char *text,
    bool is_end, struct err *err);

#endif
