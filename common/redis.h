#ifndef COMMON_REDIS_H
#define COMMON_REDIS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/err.h"
#include "common/settings.h"

/*
 * A connection to Redis that mends itself.  It belongs to one thread.
 *
 * An exchange is redis_begin(), redis_add() for each command, and redis_end()
 * which sends all of them at once and reads all the replies: one round trip.
 * Whatever fails, the connection is either in step or closed, so a reply never
 * answers the wrong command.
 *
 * When Redis is away, redis_begin() tries to connect at most once and then
 * not again before a back-off of 50 ms to 1 s has passed: it fails at once
 * meanwhile.  Nothing waits longer than the settings' timeout_ms for one step
 * (connect, authenticate, exchange).
 */
struct redis;

/* A reply of the exchange before; dies with the next redis_begin(). */
struct redis_reply;

/* Allocate; does not connect.  The settings are copied. */
MUST_CHECK enum err_code redis_new(struct redis **redis,
    const struct redis_settings *settings, struct err *err);
void redis_free(struct redis *redis);

/* Be connected, or fail with ERR_STORE. */
MUST_CHECK enum err_code redis_begin(struct redis *redis, struct err *err);

/* Queue a command; argv and what it points to are copied. */
void redis_add(struct redis *redis, int argc, const char *const *argv,
    const size_t *argv_len);

/* Queue a command of NUL-terminated words, the last argument being NULL. */
void redis_add_words(struct redis *redis, const char *word, ...)
    __attribute__((sentinel));

/*
 * Send what was queued and read every reply.
 *
 * Returns ERR_OK; or ERR_STORE when the connection failed, which closes it, or
 * when any reply is an error, whose text is then in err.
 */
MUST_CHECK enum err_code redis_end(struct redis *redis, struct err *err);

/* True when the i-th reply is the error called `code`, such as "NOSCRIPT". */
bool redis_failed_with(const struct redis *redis, size_t i, const char *code);

/* The i-th reply of the last exchange.  i < number of commands added. */
const struct redis_reply *redis_reply(const struct redis *redis, size_t i);

/* A reply or an element of one; each suits every kind of reply. */
bool redis_reply_is_nil(const struct redis_reply *reply);
bool redis_reply_is_array(const struct redis_reply *reply);
long long redis_reply_integer(
    const struct redis_reply *reply); /* 0: no integer */
const char *redis_reply_text(const struct redis_reply *reply, size_t *len);
size_t redis_reply_n(const struct redis_reply *reply);
const struct redis_reply *redis_reply_at(const struct redis_reply *reply,
    size_t i);

#endif
