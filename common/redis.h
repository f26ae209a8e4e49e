#ifndef COMMON_REDIS_H
#define COMMON_REDIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/redisreply.h"
#include "common/settings.h"

/*
 * A connection to Redis that reconnects by itself.  It belongs to one thread.
 *
 * An exchange is one round trip: redis_begin(), redis_add() for each command,
 * and redis_end(), which sends all of them at once and reads all the replies.
 * Whatever fails, the connection is afterwards either in step or closed, so a
 * reply is never taken for that of another command.
 *
 * When Redis is away, redis_begin() tries to connect once.  It does not try
 * again before a back-off of 50 ms to 1 s has passed, and fails at once until
 * then.  The settings' timeout_ms limits the whole exchange, from
 * redis_begin(), with its connecting and authenticating, to redis_end(),
 * however Redis divides up what it sends.
 */
struct redis;

/*
 * Allocate a connection, but do not connect yet.  The settings are copied.
 * Returns ERR_OK, or ERR_SYSTEM when memory runs out.
 */
MUST_CHECK enum err_code redis_new(struct redis **redis,
    const struct redis_settings *settings, struct err *err);
void redis_free(struct redis *redis);

/* Close the connection, if there is one; redis_begin() opens another. */
void redis_close(struct redis *redis);

/*
 * When the exchange that has begun ends, by Redis's clock, in milliseconds
 * since the epoch; 0 if that clock is not known.  It is read once a connection.
 */
int64_t redis_deadline_ms(const struct redis *redis);

/*
 * From now on no exchange lasts longer than until until_ms, by
 * clock_steady_ms(), and none begins after that.  0 for no such limit.
 */
void redis_limit(struct redis *redis, int64_t until_ms);

/* Begin an exchange; connect if necessary.  Returns ERR_OK or ERR_STORE. */
MUST_CHECK enum err_code redis_begin(struct redis *redis, struct err *err);

/* Queue a command; argv and what it points to are copied. */
void redis_add(struct redis *redis, int argc, const char *const *argv,
    const size_t *argv_len);

/* Queue a command of 1 to 16 NUL-terminated words; NULL ends the list. */
void redis_add_words(struct redis *redis, const char *word, ...)
    __attribute__((sentinel));

/*
 * Send what was queued and read every reply.
 *
 * Returns ERR_OK, or ERR_STORE: either the connection failed and is closed, or
 * a reply is an error, and err has the text of the first.
 */
MUST_CHECK enum err_code redis_end(struct redis *redis, struct err *err);

/* True if the i-th reply is an error that begins with code, say "NOSCRIPT". */
bool redis_failed_with(const struct redis *redis, size_t i, const char *code);

/*
 * The connection's number: another one after each time that it had to connect
 * again; 0 while it is not connected.
 */
unsigned redis_connection(const struct redis *redis);

/*
 * After SUBSCRIBE, Redis speaks without being asked, and exchanges are over.
 *
 * redis_send() sends what was queued and reads nothing.  redis_next() takes the
 * next message; without `wait` only one that is there already, else *message is
 * NULL.  With `wait` it fails timeout_ms after the last redis_send().  A
 * message lives until the next call.  redis_fd() is for poll(2), -1 while there
 * is no connection.  redis_n_received() is how many octets redis_next() has
 * read without waiting, since the beginning.  redis_has_part() is true when the
 * beginning of a message is there, and its end is not.
 *
 * Return ERR_OK, or ERR_STORE: the connection failed and is closed.
 */
MUST_CHECK enum err_code redis_send(struct redis *redis, struct err *err);
MUST_CHECK enum err_code redis_next(struct redis *redis, bool wait,
    const struct redis_reply **message, struct err *err);
int redis_fd(const struct redis *redis);
size_t redis_n_received(const struct redis *redis);
bool redis_has_part(const struct redis *redis);

/*
 * The i-th reply of the last exchange, i < number of commands added; valid
 * until the next redis_begin().
 */
const struct redis_reply *redis_reply(const struct redis *redis, size_t i);

#endif
