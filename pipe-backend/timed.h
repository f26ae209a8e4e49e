#ifndef PIPE_BACKEND_TIMED_H
#define PIPE_BACKEND_TIMED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/redis.h"

/*
 * Values that end, each at its time, packed for the copy.  In Redis they are a
 * sorted set, whose scores are milliseconds since the epoch, or "inf".
 */
typedef bool timed_check(const char *text, size_t len);

/*
 * Pack the reply to ZRANGE ... WITHSCORES.
 *
 *   most	so many values at most
 *   check	what is not as it should be is left out, and logged
 *   name	for the log
 *
 * Returns the octets that it took; what does not fit is left out, too.
 */
size_t timed_pack(char *buf, size_t size, const struct redis_reply *values,
    size_t most, timed_check *check, const char *name);

/*
 * Take the next value that has not ended.
 *
 *   *at	where to look; afterwards after the value
 *   *text	of *len octets, in what was packed
 *
 * Returns false after the last.
 */
bool timed_next(const char **text, size_t *len, const char **at,
    const char *end, int64_t now_ms);

#endif
