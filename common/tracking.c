/*
 * When do messages wait at Redis although the client that made the change has
 * its answer?
 *
 * - The socket's buffer is full.  That takes at least FEW_MESSAGES of them,
 *   since each takes less than 1 KiB with what the kernel adds, or FEW_OCTETS:
 *   the smallest buffer that anybody sets is larger.
 * - Redis writes no more than 64 KiB to one client before it turns to others.
 *   The kernel passes that on in pieces of 32 KiB.
 *
 * So a reader that has emptied the socket and found less than this knows all
 * that was said.  One that found more, or the beginning of a message without
 * its end, has to ask, and nothing but an answer lets it forget that.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/tracking.h"

#define CHANNEL      "__redis__:invalidate"
#define PREFIXES_MAX 8
#define FEW_MESSAGES 64
#define FEW_OCTETS   8192

struct tracking {
	struct redis *redis;
	bool is_on, lags;
	tracking_fn *fn;
	void *ctx;
};

enum err_code
tracking_new(struct tracking **tracking, const struct redis_settings *settings,
    tracking_fn *fn, void *ctx, struct err *err)
{
	struct tracking *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return err_set(err, ERR_SYSTEM, "out of memory");
	if (redis_new(&t->redis, settings, err) != ERR_OK) {
		free(t);
		return ERR_SYSTEM;
	}
	t->fn = fn;
	t->ctx = ctx;
	*tracking = t;
	return ERR_OK;
}

void
tracking_free(struct tracking *tracking)
{
	if (tracking == NULL)
		return;
	redis_free(tracking->redis);
	free(tracking);
}

void
tracking_limit(struct tracking *tracking, int64_t until_ms)
{
	redis_limit(tracking->redis, until_ms);
}

/* Connect; *id is the connection's at Redis. */
static enum err_code
connect_anew(struct tracking *t, long long *id, struct err *err)
{
	enum err_code rc;

	redis_close(t->redis);
	rc = redis_begin(t->redis, err);
	if (rc != ERR_OK)
		return rc;
	redis_add_words(t->redis, "CLIENT", "ID", (char *)NULL);
	rc = redis_end(t->redis, err);
	if (rc != ERR_OK)
		return rc;
	/* 0 would mean: redirect to nobody. */
	*id = redis_reply_integer(redis_reply(t->redis, 0));
	return *id > 0
	    ? ERR_OK
	    : err_set(err, ERR_STORE, "tracking: a connection without an id");
}

static enum err_code
start(struct tracking *t, const char *const *prefixes, size_t n,
    struct err *err)
{
	const char *argv[6 + 2 * PREFIXES_MAX] = { "CLIENT", "TRACKING", "ON",
		"REDIRECT", NULL, "BCAST" };
	size_t len[6 + 2 * PREFIXES_MAX];
	int argc = 6;
	char id_text[24];
	long long id = 0;
	enum err_code rc;

	rc = connect_anew(t, &id, err);
	if (rc == ERR_OK)
		rc = redis_begin(t->redis, err);
	if (rc != ERR_OK)
		return rc;
	(void)snprintf(id_text, sizeof(id_text), "%lld", id);
	argv[4] = id_text;
	for (size_t i = 0; i < n && i < PREFIXES_MAX; i++) {
		argv[argc++] = "PREFIX";
		argv[argc++] = prefixes[i];
	}
	for (int i = 0; i < argc; i++)
		len[i] = strlen(argv[i]);
	/* In this order: once subscribed, it may not ask for tracking. */
	redis_add(t->redis, argc, argv, len);
	redis_add_words(t->redis, "SUBSCRIBE", CHANNEL, (char *)NULL);
	return redis_end(t->redis, err);
}

enum err_code
tracking_start(struct tracking *tracking, const char *const *prefixes, size_t n,
    struct err *err)
{
	enum err_code rc = start(tracking, prefixes, n, err);

	tracking->is_on = rc == ERR_OK;
	tracking->lags = false;
	if (rc != ERR_OK)
		redis_close(tracking->redis);
	return rc;
}

bool
tracking_is_on(const struct tracking *tracking)
{
	return tracking->is_on;
}

int
tracking_fd(const struct tracking *tracking)
{
	return tracking->is_on ? redis_fd(tracking->redis) : -1;
}

bool
tracking_lags(const struct tracking *tracking)
{
	return tracking->lags;
}

/* It failed, or said what nobody understands: believe nothing any more. */
static enum err_code
turn_off(struct tracking *t, struct err *err, const char *why)
{
	t->is_on = false;
	redis_close(t->redis);
	t->fn(t->ctx, NULL, 0);
	return why == NULL ? ERR_STORE
			   : err_set(err, ERR_STORE, "tracking: %s", why);
}

/*
 * Take ["message", CHANNEL, [KEY...]], with nil instead of the keys for all of
 * them, or ["pong", ""].
 */
static enum err_code
take(struct tracking *t, const struct redis_reply *message, bool *is_pong,
    struct err *err)
{
	size_t n = redis_reply_n(message);
	const char *kind =
	    n > 0 ? redis_reply_text(redis_reply_at(message, 0), NULL) : "";
	const struct redis_reply *keys;

	*is_pong = n == 2 && strcmp(kind, "pong") == 0;
	if (*is_pong)
		return ERR_OK;
	if (n != 3 || strcmp(kind, "message") != 0)
		return turn_off(t, err, "an unknown message");
	keys = redis_reply_at(message, 2);
	if (!redis_reply_is_array(keys))
		t->fn(t->ctx, NULL, 0);
	for (size_t i = 0; i < redis_reply_n(keys); i++) {
		size_t len;
		const char *key =
		    redis_reply_text(redis_reply_at(keys, i), &len);

		t->fn(t->ctx, key, len);
	}
	return ERR_OK;
}

enum err_code
tracking_read(struct tracking *tracking, struct err *err)
{
	size_t received = redis_n_received(tracking->redis);

	for (size_t n = 0;; n++) {
		const struct redis_reply *message;
		enum err_code rc;
		bool is_pong;

		rc = redis_next(tracking->redis, false, &message, err);
		if (rc != ERR_OK)
			return turn_off(tracking, err, NULL);
		if (n > FEW_MESSAGES ||
		    redis_n_received(tracking->redis) - received > FEW_OCTETS ||
		    (message == NULL && redis_has_part(tracking->redis)))
			tracking->lags = true;
		if (message == NULL)
			return ERR_OK;
		rc = take(tracking, message, &is_pong, err);
		if (rc != ERR_OK)
			return rc;
	}
}

enum err_code
tracking_sync(struct tracking *tracking, struct err *err)
{
	bool is_pong = false;

	redis_add_words(tracking->redis, "PING", (char *)NULL);
	if (redis_send(tracking->redis, err) != ERR_OK)
		return turn_off(tracking, err, NULL);
	while (!is_pong) {
		const struct redis_reply *message;
		enum err_code rc;

		if (redis_next(tracking->redis, true, &message, err) != ERR_OK)
			return turn_off(tracking, err, NULL);
		rc = take(tracking, message, &is_pong, err);
		if (rc != ERR_OK)
			return rc;
	}
	tracking->lags = false;
	return ERR_OK;
}
