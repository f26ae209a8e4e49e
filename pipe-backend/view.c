/*
 * Why no first question after a 200 gets an old answer.
 *
 * 1. Redis runs the script of a publication.  Before it answers the API, it
 *    writes the names of the changed keys to the connection that this module
 *    reads (tracking.h).  With replicas_required, the API also waits until the
 *    replica has run the script, and the replica does the same for those that
 *    follow it.
 * 2. The API answers 200 after that, and the question comes after the 200.  So
 *    when PowerDNS's line arrives here, the names can be read.
 * 3. view_begin() reads them all, after the line has arrived and before
 *    anything is taken from the copy, and drops what they name.
 *
 * What could break that, and what is kept true instead:
 *
 * - The names wait at Redis, because nobody has read for a while: main.c reads
 *   while it waits for questions.  When much came at once, tracking_sync()
 *   waits for the last.
 * - The connection is closed: by Redis when it stops, by an administrator, or
 *   because too much waits for us.  Its end is read like a message, and the
 *   copy is emptied.
 * - Redis no longer follows its primary, hangs, or is another store: the lease
 *   ends.  LEASE_MS after the last exchange a question has to read from the
 *   store, which proves that it is there, willing and the one that is meant,
 *   and tracking_sync() proves the same of the other connection.
 * - The two connections lead to different servers: tracking starts anew with
 *   each connection that reads.
 * - What was read before tracking began is not tracked: the copy is emptied
 *   each time that tracking starts.
 * - A key changes while it is being read: the message about that comes after
 *   the reply, and is read before the next question is answered.
 * - Time passes without a message: each value has its time, and is compared at
 *   each answer with the clock of the store, less what that differs from the
 *   primary's.
 *
 * Without tracking (over TCP, an old list of users in Redis) the copy is
 * emptied for each question.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/tracking.h"
#include "pipe-backend/copy.h"
#include "pipe-backend/storeclock.h"
#include "pipe-backend/timed.h"
#include "pipe-backend/view.h"
#include "pipe-backend/wanted.h"

#define LEASE_MS          500
#define RETRY_TRACKING_MS 1000
#define WANTED_MAX        32

/*
 * A question may take as long as so many exchanges that just meet their
 * time-out.  A slow Redis could draw it out to four: one to wait for what was
 * said, two to start tracking anew, one to read.  PowerDNS kills a coprocess
 * that answers later than its pipe-timeout, 2 s.
 */
#define EXCHANGES_A_QUESTION INT64_C(2)

/* The keys of Redis whose changes matter, and what they are in the copy. */
static const struct {
	enum store_kind kind;
	enum kind kept_as;
} followed[] = {
	{ STORE_AUTHORISATION, KIND_NODE }, { STORE_BELOW, KIND_NODE },
	{ STORE_RESPONSE, KIND_RESPONSES }, { STORE_PERSISTENT, KIND_RECORDS },
	{ STORE_CLOCK, KIND_NODE }, /* storeclock_hear() */
	{ STORE_SELF, KIND_NODE },  /* then all is doubtful */
};

struct view {
	struct store store;
	struct copy *copy;
	struct tracking *tracking;
	unsigned tracked; /* the redis_connection() that it was started for */
	struct store_key prefixes[COUNT_OF(followed)];
	struct storeclock clock;
	bool must_read;
	int64_t read_at_ms;  /* the last exchange began, by the steady clock */
	int64_t retry_at_ms; /* tracking */
	size_t n_wanted;
	struct wanted wanted[WANTED_MAX];
	struct err complaint; /* about tracking, which was logged */
};

/* A key of Redis has changed, or any. */
static void
on_change(void *ctx, const char *key, size_t len)
{
	struct view *v = ctx;

	if (key != NULL && storeclock_hear(&v->clock, key, len))
		return;
	for (size_t i = 0; key != NULL && i < COUNT_OF(followed); i++) {
		const struct store_key *prefix = &v->prefixes[i];

		if (followed[i].kind == STORE_SELF || len <= prefix->len ||
		    memcmp(key, prefix->text, prefix->len) != 0)
			continue;
		copy_drop(v->copy,
		    &(struct copy_key){ (int)followed[i].kept_as,
			key + prefix->len, len - prefix->len });
		return;
	}
	copy_clear(v->copy);
	v->must_read = true;
}

enum err_code
view_new(struct view **view, const struct settings *settings, struct err *err)
{
	struct view *v = calloc(1, sizeof(*v));
	struct redis *redis;
	enum err_code rc;

	if (v == NULL)
		return err_set(err, ERR_SYSTEM, "out of memory");
	rc = redis_new(&redis, &settings->redis_read, err);
	if (rc != ERR_OK) {
		free(v);
		return rc;
	}
	store_init(&v->store, redis, settings);
	storeclock_init(&v->clock, &v->store);
	for (size_t i = 0; i < COUNT_OF(followed); i++)
		store_key(&v->prefixes[i], &v->store, followed[i].kind, NULL);
	rc = copy_new(&v->copy, (size_t)settings->dns_copy_mib << 20, err);
	if (rc == ERR_OK)
		rc = tracking_new(&v->tracking, &settings->redis_read,
		    on_change, v, err);
	if (rc != ERR_OK) {
		view_free(v);
		return rc;
	}
	*view = v;
	return ERR_OK;
}

void
view_free(struct view *view)
{
	if (view == NULL)
		return;
	tracking_free(view->tracking);
	redis_free(view->store.redis);
	copy_free(view->copy);
	free(view);
}

static bool
is_tracked(const struct view *v)
{
	return tracking_is_on(v->tracking) &&
	    v->tracked == redis_connection(v->store.redis);
}

int
view_fd(const struct view *view)
{
	return tracking_fd(view->tracking);
}

void
view_idle(struct view *view)
{
	/* A failure has emptied the copy, and the next question says why. */
	if (tracking_is_on(view->tracking))
		(void)!tracking_read(view->tracking, NULL);
}

void
view_begin(struct view *view)
{
	int64_t now_ms = clock_steady_ms();
	int64_t until_ms = now_ms +
	    EXCHANGES_A_QUESTION * view->store.settings->redis_read.timeout_ms;

	redis_limit(view->store.redis, until_ms);
	tracking_limit(view->tracking, until_ms);
	view->n_wanted = 0;
	view->must_read = now_ms - view->read_at_ms > LEASE_MS;
	if (is_tracked(view))
		(void)!tracking_read(view->tracking, NULL);
	if (is_tracked(view) &&
	    (view->must_read || tracking_lags(view->tracking)))
		(void)!tracking_sync(view->tracking, NULL);
	if (!is_tracked(view)) {
		copy_clear(view->copy);
		view->must_read = true;
	}
}

bool
view_must_read(const struct view *view)
{
	return view->must_read;
}

int64_t
view_now_ms(const struct view *view)
{
	return storeclock_now_ms(&view->clock);
}

/* Find a value in the copy, or note that it is wanted. */
static const char *
find(struct view *v, enum kind kind, const char *text, size_t len,
    size_t *value_len)
{
	const struct copy_key key = { (int)kind, text, len };
	const char *value = copy_find(v->copy, &key, value_len);
	struct wanted *wanted = &v->wanted[v->n_wanted];

	if (value != NULL || v->n_wanted == WANTED_MAX)
		return value;
	for (size_t i = 0; i < v->n_wanted; i++)
		if (v->wanted[i].kind == kind && v->wanted[i].len == len &&
		    memcmp(v->wanted[i].text, text, len) == 0)
			return NULL;
	wanted->kind = kind;
	wanted->len = len;
	memcpy(wanted->text, text, len);
	wanted->text[len] = '\0';
	v->n_wanted++;
	return NULL;
}

bool
view_node(struct view *view, struct node *out, const char *name, size_t len)
{
	size_t size;
	const char *value = find(view, KIND_NODE, name, len, &size);

	if (value != NULL)
		memcpy(out, value, sizeof(*out));
	return value != NULL;
}

bool
view_responses(struct view *view, struct responses *out,
    const struct challenge *challenge)
{
	char key[DNSNAME_MAX + CHALLENGE_LABEL_LEN + 2];
	int key_len = snprintf(key, sizeof(key), "%s%s%s", challenge->name.text,
	    challenge->label[0] != '\0' ? "/" : "", challenge->label);
	size_t size, len;
	const char *text, *at, *end;

	at = find(view, KIND_RESPONSES, key, (size_t)key_len, &size);
	if (at == NULL)
		return false;
	end = at + size;
	out->n = 0;
	while (timed_next(&text, &len, &at, end, view_now_ms(view)))
		if (txtvalue_parse(&out->v[out->n], text, len, NULL) == ERR_OK)
			out->n++;
	return true;
}

bool
view_records(struct view *view, struct records *out, const struct dnsname *name)
{
	size_t size, len;
	const char *text, *at, *end;

	at = find(view, KIND_RECORDS, name->text, name->len, &size);
	if (at == NULL)
		return false;
	end = at + size;
	out->n = 0;
	while (timed_next(&text, &len, &at, end, view_now_ms(view)))
		if (issuevalue_parse(&out->v[out->n], text, len) ==
		    ISSUEVALUE_OK)
			out->n++;
	return true;
}

/* Have tracking, if that is possible, before anything is read. */
static void
start_tracking(struct view *v)
{
	const struct settings *s = v->store.settings;
	const char *prefixes[COUNT_OF(followed)];
	struct err err = { 0 };

	if (s->dns_copy_mib == 0 || s->redis_read.socket[0] == '\0' ||
	    clock_steady_ms() < v->retry_at_ms)
		return;
	for (size_t i = 0; i < COUNT_OF(followed); i++)
		prefixes[i] = v->prefixes[i].text;
	copy_clear(v->copy);
	storeclock_retry(&v->clock);
	if (tracking_start(v->tracking, prefixes, COUNT_OF(prefixes), &err) !=
	    ERR_OK)
		v->retry_at_ms = clock_steady_ms() + RETRY_TRACKING_MS;
	if (err.text[0] != '\0' && strcmp(err.text, v->complaint.text) != 0)
		log_line("%s; each question is asked of Redis", err.text);
	v->complaint = err;
	v->tracked = redis_connection(v->store.redis);
}

/* One exchange: all that is wanted, the time, and whether it is our store. */
static enum err_code
exchange(struct view *v, struct err *err)
{
	struct redis *redis = v->store.redis;
	int64_t began_ms = clock_steady_ms();
	size_t n = 0, first = 0;
	enum err_code rc;

	rc = redis_begin(redis, err);
	if (rc != ERR_OK)
		return rc;
	for (size_t i = 0; i < v->n_wanted; i++)
		n += wanted_ask(&v->wanted[i], &v->store);
	store_ask_self(&v->store);
	storeclock_ask(&v->clock, redis);
	rc = redis_end(redis, err);
	if (rc != ERR_OK && storeclock_is_refused(&v->clock, redis, n + 1))
		return exchange(v, err);
	if (rc == ERR_OK)
		rc =
		    store_check_readable(&v->store, redis_reply(redis, n), err);
	if (rc != ERR_OK)
		return rc;
	for (size_t i = 0; i < v->n_wanted; i++)
		first += wanted_keep(&v->wanted[i], v->copy, &v->store, first);
	storeclock_take(&v->clock, redis, n + 1);
	v->read_at_ms = began_ms;
	return ERR_OK;
}

enum err_code
view_read(struct view *view, struct err *err)
{
	enum err_code rc;

	rc = redis_begin(view->store.redis, err);
	if (rc != ERR_OK)
		return rc;
	if (!is_tracked(view))
		start_tracking(view);
	rc = exchange(view, err);
	if (rc != ERR_OK) {
		copy_clear(view->copy); /* in doubt */
		return rc;
	}
	view->must_read = false;
	view->n_wanted = 0;
	return storeclock_check(&view->clock, err);
}
