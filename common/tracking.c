#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/tracking.h"

#define CHANNEL      "__redis__:invalidate"
#define PREFIXES_MAX 8

struct tracking {
	struct redis *redis; /* the connection that is told */
	unsigned tracked;    /* redis_connection() of the other; 0: off */
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

/* Connect and subscribe; *id is the connection's at Redis. */
static enum err_code
subscribe(struct tracking *t, long long *id, struct err *err)
{
	enum err_code rc;

	redis_close(t->redis);
	rc = redis_begin(t->redis, err);
	if (rc != ERR_OK)
		return rc;
	redis_add_words(t->redis, "CLIENT", "ID", (char *)NULL);
	redis_add_words(t->redis, "SUBSCRIBE", CHANNEL, (char *)NULL);
	rc = redis_end(t->redis, err);
	if (rc == ERR_OK)
		*id = redis_reply_integer(redis_reply(t->redis, 0));
	return rc;
}

enum err_code
tracking_start(struct tracking *tracking, struct redis *redis,
    const char *const *prefixes, size_t n, struct err *err)
{
	const char *argv[6 + 2 * PREFIXES_MAX] = { "CLIENT", "TRACKING", "ON",
		"REDIRECT", NULL, "BCAST" };
	size_t len[6 + 2 * PREFIXES_MAX];
	int argc = 6;
	char id_text[24];
	long long id = 0;
	enum err_code rc;

	tracking->tracked = 0;
	rc = subscribe(tracking, &id, err);
	if (rc == ERR_OK)
		rc = redis_begin(redis, err);
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
	/* Prefixes are added to those of before: forget these first. */
	redis_add_words(redis, "CLIENT", "TRACKING", "OFF", (char *)NULL);
	redis_add(redis, argc, argv, len);
	rc = redis_end(redis, err);
	if (rc == ERR_OK)
		tracking->tracked = redis_connection(redis);
	return rc;
}

bool
tracking_is_on(const struct tracking *tracking, const struct redis *redis)
{
	return tracking->tracked != 0 &&
	    tracking->tracked == redis_connection(redis);
}

int
tracking_fd(const struct tracking *tracking)
{
	return tracking->tracked != 0 ? redis_fd(tracking->redis) : -1;
}

/* It failed, or said what nobody understands: believe nothing any more. */
static enum err_code
turn_off(struct tracking *t, struct err *err, const char *why)
{
	t->tracked = 0;
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
tracking_read(struct tracking *tracking, size_t *n, struct err *err)
{
	const struct redis_reply *message;
	enum err_code rc;
	bool is_pong;

	*n = 0;
	for (;;) {
		rc = redis_next(tracking->redis, false, &message, err);
		if (rc != ERR_OK)
			return turn_off(tracking, err, NULL);
		if (message == NULL)
			return ERR_OK;
		rc = take(tracking, message, &is_pong, err);
		if (rc != ERR_OK)
			return rc;
		(*n)++;
	}
}

enum err_code
tracking_sync(struct tracking *tracking, struct err *err)
{
	const struct redis_reply *message;
	bool is_pong = false;
	enum err_code rc;

	redis_add_words(tracking->redis, "PING", (char *)NULL);
	rc = redis_send(tracking->redis, err);
	while (rc == ERR_OK && !is_pong) {
		rc = redis_next(tracking->redis, true, &message, err);
		if (rc != ERR_OK)
			break;
		rc = take(tracking, message, &is_pong, err);
		if (rc != ERR_OK)
			return rc;
	}
	return rc == ERR_OK ? ERR_OK : turn_off(tracking, err, NULL);
}
