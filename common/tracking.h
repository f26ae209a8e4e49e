#ifndef COMMON_TRACKING_H
#define COMMON_TRACKING_H

#include <stdbool.h>
#include <stddef.h>

#include "common/redis.h"

/*
 * Redis tells what has changed, so that a copy of it can be kept.
 *
 * A connection is told about every key with one of a few prefixes that anybody
 * changes (CLIENT TRACKING with BCAST, over RESP2).  Redis writes that before
 * it answers the client that made the change, if the conditions below are
 * met.  So whoever reads what is pending here before using the copy knows of
 * every change whose author has been answered.
 *
 * The connection tracks for itself: it redirects to its own id.  Tracking for
 * another connection would end in silence when that one is closed.
 *
 * Two cases need more than reading, and tracking_sync() is for both.  When much
 * has been said at once, the rest may wait at Redis.  And only an answer proves
 * that Redis is still at the other end.
 *
 * The conditions:
 *
 * - Redis listens on a Unix socket: what it writes there can be read at once.
 *   Over TCP the two connections' packets may overtake each other.
 * - Redis has io-threads 1, its default: with more, its threads write to
 *   several clients at once (observed with 4 of them on two cores: a third of
 *   the messages came after the author's answer, by up to 0.2 s).
 * - Redis may keep 64 KiB or more for us: client-output-buffer-limit pubsub,
 *   by default 32 MiB.  It hangs up on a connection for which more waits, but
 *   only after it has answered the author.  With so much waiting the socket is
 *   full, and whoever reads that asks for the rest.
 *
 * SWAPDB is the only change that Redis does not tell.
 *
 * Belongs to one thread.
 * Source: Redis documentation, "Client-side caching reference"; Redis 7.0 and
 * 8.0, beforeSleep() in server.c, putClientInPendingWriteQueue() and
 * writeToClient() in networking.c.
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

/* As redis_limit(), for the connection that tracks. */
void tracking_limit(struct tracking *tracking, int64_t until_ms);

/*
 * Connect anew, and track from now on.
 *
 *   prefixes	n of them, none of which begins with another
 *
 * Returns ERR_OK, or ERR_STORE: then it is off.
 */
MUST_CHECK enum err_code tracking_start(struct tracking *tracking,
    const char *const *prefixes, size_t n, struct err *err);

/* True unless it was never started, or has failed. */
bool tracking_is_on(const struct tracking *tracking);

/* For poll(2): readable when there is something to read; -1 while it is off. */
int tracking_fd(const struct tracking *tracking);

/*
 * True when tracking_read() may not have found all that Redis has to say, since
 * so much came at once; tracking_sync() finds it.
 */
bool tracking_lags(const struct tracking *tracking);

/*
 * Read what is pending, without waiting.  tracking_sync() waits until it has
 * read all that Redis had to say when it was called: one round trip.
 *
 * Return ERR_OK, or ERR_STORE: it is off from now on.
 */
MUST_CHECK enum err_code tracking_read(struct tracking *tracking,
    struct err *err);
MUST_CHECK enum err_code tracking_sync(struct tracking *tracking,
    struct err *err);

#endif
