#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "pipe-backend/storeclock.h"

#define BEAT_MAX_MS    INT64_C(253402300799000) /* the end of the year 9999 */
#define SKEW_LOGGED_MS 5000
#define SKEW_MAX_MS    60000
#define LOG_EVERY_MS   60000

void
storeclock_init(struct storeclock *clock, const struct store *store)
{
	*clock = (struct storeclock){ .may_ask = true };
	store_key(&clock->key, store, STORE_CLOCK, NULL);
}

void
storeclock_retry(struct storeclock *clock)
{
	clock->may_ask = true;
}

bool
storeclock_hear(struct storeclock *clock, const char *key, size_t len)
{
	if (len != clock->key.len || memcmp(key, clock->key.text, len) != 0)
		return false;
	clock->beat_at_ms = clock_steady_ms();
	return true;
}

void
storeclock_ask(const struct storeclock *clock, struct redis *redis)
{
	if (!clock->may_ask)
		return;
	redis_add_words(redis, "TIME", (char *)NULL);
	redis_add_words(redis, "HMGET", clock->key.text, "now_ms",
	    (char *)NULL);
}

bool
storeclock_is_refused(struct storeclock *clock, const struct redis *redis,
    size_t i)
{
	bool is_refused = clock->may_ask &&
	    (redis_failed_with(redis, i, "NOPERM") ||
		redis_failed_with(redis, i + 1, "NOPERM"));

	if (is_refused)
		clock->may_ask = false;
	return is_refused;
}

/* When the primary wrote the beat, in ms since the epoch; 0 if it is none. */
static int64_t
beat_ms(const struct redis_reply *beat)
{
	const struct redis_reply *ms;

	if (redis_reply_n(beat) != 1)
		return 0;
	ms = redis_reply_at(beat, 0);
	return strtoll(redis_reply_text(ms, NULL), NULL, 10);
}

static void
log_skew(struct storeclock *clock)
{
	int64_t now_ms = clock_steady_ms();

	if (llabs(clock->skew_ms) < SKEW_LOGGED_MS ||
	    (clock->logged_at_ms != 0 &&
		now_ms - clock->logged_at_ms < LOG_EVERY_MS))
		return;
	clock->logged_at_ms = now_ms;
	log_line("the clock of this server is %lld s %s, compared with that of "
		 "the first server: use NTP",
	    (long long)(llabs(clock->skew_ms) / 1000),
	    clock->skew_ms > 0 ? "fast" : "slow");
}

void
storeclock_take(struct storeclock *clock, const struct redis *redis, size_t i)
{
	int64_t time_ms, told_ms;

	if (!clock->may_ask)
		return;
	time_ms = redis_reply_time_ms(redis_reply(redis, i));
	if (time_ms != 0)
		clock->offset_ms = time_ms - clock_steady_ms();
	told_ms = beat_ms(redis_reply(redis, i + 1));
	if (clock->beat_at_ms == 0 || told_ms <= 0 || told_ms > BEAT_MAX_MS)
		return;
	clock->skew_ms = clock->beat_at_ms + clock->offset_ms - told_ms;
	clock->beat_at_ms = 0;
	log_skew(clock);
}

int64_t
storeclock_now_ms(const struct storeclock *clock)
{
	if (!clock->may_ask)
		return clock_now_ms();
	return clock_steady_ms() + clock->offset_ms - clock->skew_ms;
}

enum err_code
storeclock_check(const struct storeclock *clock, struct err *err)
{
	if (clock->skew_ms <= SKEW_MAX_MS)
		return ERR_OK;
	return err_set(err, ERR_STORE,
	    "the clock of this server is %lld s fast",
	    (long long)(clock->skew_ms / 1000));
}
