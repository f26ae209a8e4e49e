#ifndef COMMON_TRACKING_H
#define COMMON_TRACKING_H

#include <stdbool.h>
#include <stddef.h>

#include "common/redis.h"

/*
 * Redis tells what has changed, so that a copy of it can be kept.
 *
 * A second connection is told about every key with one of a few prefixes that
 * anybody changes (CLIENT TRACKING with BCAST and REDIRECT, over RESP2).  Redis
 * writes that before it answers the client that made the change.  So whoever
 * reads what is pending here before using the copy knows of every change whose
 * author has been answered.
 *
 * Two cases need more than reading, and tracking_sync() is for both.  When
 * nobody has read for a while the connection fills up, and the last messages
 * wait at Redis.  And RESP2 does not announce that the connection has died
 * without a trace: only an answer proves that Redis is still at its other end.
 *
 * Belongs to one thread.
 * Source: Redis documentation, "Client-side caching reference".
 */
struct tracking;

/*
 * Told of a key that has changed; key is NULL when any may have: then nothing
 * that was read before may be used.
 */
typedef void tracking_fn(void *ctx, const char *key, size_t len);

/*
 * Allocate; does not connect.  The settings are copied.
 *
 *   fn, ctx	called by tracking_read() and tracking_sync()
 *
 * Returns ERR_OK, or ERR_SYSTEM when out of memory.
 */
MUST_CHECK enum err_code tracking_new(struct tracking **tracking,
    const struct redis_settings *settings, tracking_fn *fn, void *ctx,
    struct err *err);
void tracking_free(struct tracking *tracking);

/*
 * Track what the connection of `redis` reads from now on.
 *
 *   redis	connected; no exchange has begun
 *   prefixes	n of them, none of which begins with another
 *
 * Returns ERR_OK, or ERR_STORE: then it is off.
 */
MUST_CHECK enum err_code tracking_start(struct tracking *tracking,
    struct redis *redis, const char *const *prefixes, size_t n,
    struct err *err);

/* True unless it was never started, has failed, or is for another connection.
 */
bool tracking_is_on(const struct tracking *tracking, const struct redis *redis);

/* For poll(2): readable when there is something to read; -1 while it is off. */
int tracking_fd(const struct tracking *tracking);

/*
 * Read what is pending, without waiting; *n is how many messages it was.
 * tracking_sync() waits until it has read all that Redis had to say when it was
 * called: one round trip.
 *
 * Return ERR_OK, or ERR_STORE: it is off from now on.
 */
MUST_CHECK enum err_code tracking_read(struct tracking *tracking, size_t *n,
    struct err *err);
MUST_CHECK enum err_code tracking_sync(struct tracking *tracking,
    struct err *err);

#endif
