#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "pipe-backend/timed.h"

/* Before each text. */
struct timed {
	int64_t until_ms;
	uint16_t len;
};

static int64_t
score_ms(const struct redis_reply *score)
{
	const char *text = redis_reply_text(score, NULL);

	return strcmp(text, "inf") == 0 ? INT64_MAX : strtoll(text, NULL, 10);
}

size_t
timed_pack(char *buf, size_t size, const struct redis_reply *values,
    size_t most, timed_check *check, const char *name)
{
	size_t used = 0;

	for (size_t i = 0; i + 1 < redis_reply_n(values) && i < 2 * most;
	     i += 2) {
		struct timed timed;
		size_t len;
		const char *text =
		    redis_reply_text(redis_reply_at(values, i), &len);

		if (len > size || used + sizeof(timed) + len > size ||
		    !check(text, len)) {
			log_line("%s: a value of %zu octets is malformed", name,
			    len);
			continue;
		}
		memset(&timed, 0, sizeof(timed));
		timed.until_ms = score_ms(redis_reply_at(values, i + 1));
		timed.len = (uint16_t)len;
		memcpy(buf + used, &timed, sizeof(timed));
		memcpy(buf + used + sizeof(timed), text, len);
		used += sizeof(timed) + len;
	}
	return used;
}

bool
timed_next(const char **text, size_t *len, const char **at, const char *end,
    int64_t now_ms)
{
	struct timed timed;

	while (*at < end) {
		memcpy(&timed, *at, sizeof(timed));
		*text = *at + sizeof(timed);
		*len = timed.len;
		*at = *text + timed.len;
		if (timed.until_ms > now_ms)
			return true;
	}
	return false;
}
