#ifndef COMMON_REDISIO_H
#define COMMON_REDISIO_H

#include <stdint.h>

#include "common/err.h"
#include "common/settings.h"

/*
 * One connection of hiredis, with a deadline.  Only common/redis.c uses this.
 *
 * The time-out of hiredis is for each read: a Redis that sends an octet at a
 * time never meets it.  So its connections do not block here, and these wait by
 * poll(2) until deadline_ms, by clock_steady_ms().
 */
struct redisContext; /* of hiredis */

/*
 * Connect, authenticate, and read the clock.
 *
 *   *context	for redisFree(); NULL on failure
 *   *offset_ms	what Redis's time of the day, in ms since the epoch, is ahead of
 *		clock_steady_ms(); 0 if Redis does not tell the time: old lists
 *		of users do not allow it
 *   *doing	on failure, at what: "connect" or "authenticate"
 *
 * Returns ERR_OK, or ERR_STORE or ERR_SYSTEM with the reason.
 */
MUST_CHECK enum err_code redisio_connect(struct redisContext **context,
    int64_t *offset_ms, const char **doing,
    const struct redis_settings *settings, int64_t deadline_ms,
    struct err *err);

/*
 * Send what hiredis has queued; read one reply, for freeReplyObject().
 * Return NULL, or why that failed, which lives as long as the context does.
 */
const char *redisio_send(struct redisContext *context, int64_t deadline_ms);
const char *redisio_read(struct redisContext *context, void **reply,
    int64_t deadline_ms);

#endif
