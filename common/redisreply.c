/* What replies hold: a struct redis_reply is a redisReply of hiredis. */
#include <stdlib.h>

#include <hiredis/hiredis.h>

#include "common/redisreply.h"

#define TIME_MAX_S 253402300799 /* the end of the year 9999 */

static const redisReply *
native(const struct redis_reply *reply)
{
	return (const redisReply *)reply;
}

bool
redis_reply_is_nil(const struct redis_reply *reply)
{
	return native(reply)->type == REDIS_REPLY_NIL;
}

bool
redis_reply_is_array(const struct redis_reply *reply)
{
	return native(reply)->type == REDIS_REPLY_ARRAY;
}

long long
redis_reply_integer(const struct redis_reply *reply)
{
	const redisReply *r = native(reply);

	return r->type == REDIS_REPLY_INTEGER ? r->integer : 0;
}

const char *
redis_reply_text(const struct redis_reply *reply, size_t *len)
{
	const redisReply *r = native(reply);
	bool has_text = r->type == REDIS_REPLY_STRING ||
	    r->type == REDIS_REPLY_STATUS || r->type == REDIS_REPLY_ERROR;

	if (len != NULL)
		*len = has_text ? r->len : 0;
	return has_text ? r->str : "";
}

size_t
redis_reply_n(const struct redis_reply *reply)
{
	const redisReply *r = native(reply);

	return r->type == REDIS_REPLY_ARRAY ? r->elements : 0;
}

const struct redis_reply *
redis_reply_at(const struct redis_reply *reply, size_t i)
{
	return (const struct redis_reply *)native(reply)->element[i];
}

int64_t
redis_reply_time_ms(const struct redis_reply *reply)
{
	long long seconds, microseconds;

	if (redis_reply_n(reply) != 2)
		return 0;
	seconds =
	    strtoll(redis_reply_text(redis_reply_at(reply, 0), NULL), NULL, 10);
	microseconds =
	    strtoll(redis_reply_text(redis_reply_at(reply, 1), NULL), NULL, 10);
	if (seconds < 0 || seconds > TIME_MAX_S || microseconds < 0 ||
	    microseconds > 999999)
		return 0;
	return seconds * 1000 + microseconds / 1000;
}
