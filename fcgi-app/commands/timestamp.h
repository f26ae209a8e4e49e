#ifndef FCGI_APP_COMMANDS_TIMESTAMP_H
#define FCGI_APP_COMMANDS_TIMESTAMP_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"

#define TIMESTAMP_LEN 32 /* "2016-10-10 03:11:18.525000+00:00" */

/*
 * Write a time as the tables show it; "" for 0.
 *
 *   buf	TIMESTAMP_LEN + 1 octets
 *   ms		milliseconds since the epoch
 */
void timestamp_format(char *buf, int64_t ms);

/*
 * Parse a date ("2016-10-10": midnight) or an RFC 3339 time, in which a blank
 * may replace the T.  Without an offset it is UTC.
 *
 *   is_end	the time ends a range: a date then means its last millisecond
 *   *ms	milliseconds since the epoch
 *
 * Returns ERR_OK or ERR_INPUT.
 */
MUST_CHECK enum err_code timestamp_parse(int64_t *ms, const char *text,
    bool is_end, struct err *err);

#endif
