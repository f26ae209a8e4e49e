#ifndef COMMON_REDISREPLY_H
#define COMMON_REDISREPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A reply of Redis.  It belongs to its connection: common/redis.h. */
struct redis_reply;

/*
 * What a reply, or an element of one, holds.  A reply of any kind may be given:
 * one that is not a text counts as "", and one that is not an array as an array
 * of no elements.  A text lives as long as its reply.  redis_reply_at() needs
 * i < redis_reply_n().
 */
bool redis_reply_is_nil(const struct redis_reply *reply);
bool redis_reply_is_array(const struct redis_reply *reply);
long long redis_reply_integer(
    const struct redis_reply *reply); /* 0 if it is not an integer */
const char *redis_reply_text(const struct redis_reply *reply, size_t *len);
size_t redis_reply_n(const struct redis_reply *reply);
const struct redis_reply *redis_reply_at(const struct redis_reply *reply,
    size_t i);

/*
 * The reply to TIME, seconds and microseconds, in milliseconds since the epoch;
 * 0 if it is none.
 */
int64_t redis_reply_time_ms(const struct redis_reply *reply);

#endif
