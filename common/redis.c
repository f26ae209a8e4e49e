/* Exchanges with Redis, and when to connect again.  Hides hiredis. */
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <hiredis/hiredis.h>

#include "common/clock.h"
#include "common/redis.h"
#include "common/redisio.h"

#define BACKOFF_MIN_MS 50
#define BACKOFF_MAX_MS 1000
#define WORDS_MAX      16

struct redis {
	struct redis_settings settings;
	redisContext *context; /* NULL: not connected */
	unsigned n_connections;
	int64_t retry_at_ms; /* by clock_steady_ms(), as the next two */
	int64_t deadline_ms; /* of this exchange */
	int64_t limit_ms;    /* by redis_limit(); 0: none */
	int64_t offset_ms;   /* of Redis's clock from ours; 0: not known */
	int backoff_ms;
	redisReply **replies; /* room for n_room; the first n_replies are set */
	size_t n_replies, n_queued, n_room;
	size_t n_received; /* octets, by next_pending() */
	bool has_part;     /* of a message */
};

enum err_code
redis_new(struct redis **redis, const struct redis_settings *settings,
    struct err *err)
{
	struct redis *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return err_set(err, ERR_SYSTEM, "out of memory");
	r->settings = *settings;
	*redis = r;
	return ERR_OK;
}

static void
drop_replies(struct redis *redis)
{
	while (redis->n_replies > 0)
		freeReplyObject(redis->replies[--redis->n_replies]);
}

static void
disconnect(struct redis *redis)
{
	if (redis->context != NULL)
		redisFree(redis->context);
	redis->context = NULL;
	redis->has_part = false;
}

void
redis_close(struct redis *redis)
{
	drop_replies(redis);
	disconnect(redis);
}

void
redis_free(struct redis *redis)
{
	if (redis == NULL)
		return;
	redis_close(redis);
	free(redis->replies);
	free(redis);
}

/* Close the connection; nobody may connect again before the back-off ends. */
static enum err_code
give_up(struct redis *redis, struct err *err, const char *doing,
    const char *reason)
{
	enum err_code rc;

	rc = err_set(err, ERR_STORE, "redis: %s: %s", doing, reason);
	disconnect(redis);
	redis->backoff_ms =
	    redis->backoff_ms == 0 ? BACKOFF_MIN_MS : 2 * redis->backoff_ms;
	if (redis->backoff_ms > BACKOFF_MAX_MS)
		redis->backoff_ms = BACKOFF_MAX_MS;
	redis->retry_at_ms = clock_steady_ms() + redis->backoff_ms;
	return rc;
}

static void
set_deadline(struct redis *redis)
{
	redis->deadline_ms = clock_steady_ms() + redis->settings.timeout_ms;
	if (redis->limit_ms != 0 && redis->limit_ms < redis->deadline_ms)
		redis->deadline_ms = redis->limit_ms;
}

static enum err_code
connect_once(struct redis *redis, struct err *err)
{
	struct err why = { 0 };
	const char *doing;

	if (redisio_connect(&redis->context, &redis->offset_ms, &doing,
		&redis->settings, redis->deadline_ms, &why) != ERR_OK)
		return give_up(redis, err, doing, why.text);
	redis->backoff_ms = 0;
	redis->n_connections++;
	return ERR_OK;
}

/*
 * What can be read between exchanges says that Redis has closed the socket (end
 * of file) or that we are out of step.  We must connect again before a command
 * is sent, since none may be sent twice.
 */
static bool
is_stale(const redisContext *context)
{
	char octet;

	return recv(context->fd, &octet, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 ||
	    errno != EAGAIN;
}

int64_t
redis_deadline_ms(const struct redis *redis)
{
	return redis->offset_ms != 0 ? redis->deadline_ms + redis->offset_ms
				     : 0;
}

void
redis_limit(struct redis *redis, int64_t until_ms)
{
	redis->limit_ms = until_ms;
}

enum err_code
redis_begin(struct redis *redis, struct err *err)
{
	drop_replies(redis);
	redis->n_queued = 0;
	set_deadline(redis);
	if (redis->deadline_ms <= clock_steady_ms())
		return err_set(err, ERR_STORE, "redis: no time is left");
	if (redis->context != NULL && is_stale(redis->context))
		disconnect(redis);
	if (redis->context != NULL)
		return ERR_OK;
	if (clock_steady_ms() < redis->retry_at_ms)
		return err_set(err, ERR_STORE, "redis: away");
	return connect_once(redis, err);
}

void
redis_add(struct redis *redis, int argc, const char *const *argv,
    const size_t *argv_len)
{
	/*
	 * hiredis takes argv as const char **, but does not write to it.  When
	 * memory runs out, the context says so, and redisio_send() fails.
	 */
	/* NOLINTNEXTLINE(performance-no-int-to-ptr): casts const away */
	const char **native_argv = (const char **)(uintptr_t)argv;

	(void)redisAppendCommandArgv(redis->context, argc, native_argv,
	    argv_len);
	redis->n_queued++;
}

void
redis_add_words(struct redis *redis, const char *word, ...)
{
	const char *argv[WORDS_MAX];
	size_t len[WORDS_MAX];
	int argc = 0;
	va_list ap;

	va_start(ap, word);
	for (; word != NULL && argc < WORDS_MAX;
	     word = va_arg(ap, const char *)) {
		argv[argc] = word;
		len[argc++] = strlen(word);
	}
	va_end(ap);
	redis_add(redis, argc, argv, len);
}

static enum err_code
make_room(struct redis *redis, size_t n)
{
	redisReply **more;

	if (n <= redis->n_room)
		return ERR_OK;
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): they are pointers */
	more = realloc(redis->replies, n * sizeof(*more));
	if (more == NULL)
		return ERR_SYSTEM;
	redis->replies = more;
	redis->n_room = n;
	return ERR_OK;
}

enum err_code
redis_end(struct redis *redis, struct err *err)
{
	enum err_code rc = ERR_OK;
	const char *why;

	why = make_room(redis, redis->n_queued) == ERR_OK
	    ? redisio_send(redis->context, redis->deadline_ms)
	    : "out of memory";
	while (why == NULL && redis->n_replies < redis->n_queued) {
		void *reply;
		const redisReply *r;

		why = redisio_read(redis->context, &reply, redis->deadline_ms);
		if (why != NULL)
			break;
		r = redis->replies[redis->n_replies++] = reply;
		if (r->type == REDIS_REPLY_ERROR && rc == ERR_OK)
			rc = err_set(err, ERR_STORE, "redis: %s", r->str);
	}
	return why == NULL ? rc : give_up(redis, err, "exchange", why);
}

unsigned
redis_connection(const struct redis *redis)
{
	return redis->context != NULL ? redis->n_connections : 0;
}

int
redis_fd(const struct redis *redis)
{
	return redis->context != NULL ? redis->context->fd : -1;
}

size_t
redis_n_received(const struct redis *redis)
{
	return redis->n_received;
}

bool
redis_has_part(const struct redis *redis)
{
	return redis->has_part;
}

enum err_code
redis_send(struct redis *redis, struct err *err)
{
	const char *why;

	redis->n_queued = 0;
	set_deadline(redis);
	why = redisio_send(redis->context, redis->deadline_ms);
	return why == NULL ? ERR_OK : give_up(redis, err, "send", why);
}

/* Parse what is there already; *reply is NULL when that is no whole one. */
static enum err_code
next_pending(struct redis *redis, void **reply, struct err *err)
{
	redisContext *c = redis->context;
	char octets[16384];

	for (;;) {
		ssize_t n;

		if (redisGetReplyFromReader(c, reply) != REDIS_OK)
			return give_up(redis, err, "read", c->errstr);
		if (*reply != NULL)
			return ERR_OK;
		n = recv(c->fd, octets, sizeof(octets), MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return ERR_OK;
		if (n <= 0)
			return give_up(redis, err, "read",
			    n == 0 ? "closed by Redis" : strerror(errno));
		redis->n_received += (size_t)n;
		redis->has_part = true;
		if (redisReaderFeed(c->reader, octets, (size_t)n) != REDIS_OK)
			return give_up(redis, err, "read", "out of memory");
	}
}

enum err_code
redis_next(struct redis *redis, bool wait, const struct redis_reply **message,
    struct err *err)
{
	redisContext *c = redis->context;
	const char *why = NULL;
	void *reply = NULL;
	enum err_code rc;

	drop_replies(redis);
	*message = NULL;
	if (c == NULL)
		return err_set(err, ERR_STORE, "redis: away");
	if (make_room(redis, 1) != ERR_OK)
		return give_up(redis, err, "read", "out of memory");
	rc = next_pending(redis, &reply, err);
	if (rc != ERR_OK)
		return rc;
	if (reply == NULL && wait)
		why = redisio_read(redis->context, &reply, redis->deadline_ms);
	if (why != NULL)
		return give_up(redis, err, "read", why);
	if (reply == NULL)
		return ERR_OK;
	redis->replies[redis->n_replies++] = reply;
	redis->has_part = c->reader->pos < c->reader->len;
	*message = reply;
	return ERR_OK;
}

bool
redis_failed_with(const struct redis *redis, size_t i, const char *code)
{
	return i < redis->n_replies &&
	    redis->replies[i]->type == REDIS_REPLY_ERROR &&
	    strncmp(redis->replies[i]->str, code, strlen(code)) == 0;
}

const struct redis_reply *
redis_reply(const struct redis *redis, size_t i)
{
	return (const struct redis_reply *)redis->replies[i];
}
