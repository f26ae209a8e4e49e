#ifndef PIPE_BACKEND_STORECLOCK_H
#define PIPE_BACKEND_STORECLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "common/store.h"

/*
 * What time it is by the clock that says when a response ends: the primary's.
 *
 * Each exchange asks the server that we read from for its time, and the steady
 * clock counts from there.  A replica may have another clock than the primary.
 * So the primary writes its time to acmeproxy:clock now and then, and the first
 * exchange after we heard of that compares the two.
 *
 * Where the users of Redis do not let us ask, it is this machine's time.
 */
struct storeclock {
	struct store_key key;
	bool may_ask;
	int64_t offset_ms;  /* of the server's clock from the steady one */
	int64_t skew_ms;    /* of the server's clock from the primary's */
	int64_t beat_at_ms; /* the primary told its time, and we did not read it
			       yet; 0: we did */
	int64_t logged_at_ms;
};

void storeclock_init(struct storeclock *clock, const struct store *store);

/* Ask again: the users of Redis may be others now. */
void storeclock_retry(struct storeclock *clock);

/* Hear that a key has changed; false if that is not the primary's time. */
bool storeclock_hear(struct storeclock *clock, const char *key, size_t len);

/*
 * Parts of an exchange of the caller's.  storeclock_ask() queues questions, and
 * storeclock_take() takes the replies, the first of which is the i-th.  If the
 * exchange failed, storeclock_is_refused() says whether Redis does not let us
 * ask these questions; they are left out from then on.
 */
void storeclock_ask(const struct storeclock *clock, struct redis *redis);
void storeclock_take(struct storeclock *clock, const struct redis *redis,
    size_t i);
bool storeclock_is_refused(struct storeclock *clock, const struct redis *redis,
    size_t i);

/* Milliseconds since the epoch. */
int64_t storeclock_now_ms(const struct storeclock *clock);

/*
 * Returns ERR_OK, or ERR_STORE: the server's clock is so fast that it hides
 * responses which are in force.
 */
MUST_CHECK enum err_code storeclock_check(const struct storeclock *clock,
    struct err *err);

#endif
