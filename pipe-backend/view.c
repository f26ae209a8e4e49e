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
 *   each answer with the clock of the store.
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
#include "pipe-backend/view.h"

#define LEASE_MS          500
#define RETRY_TRACKING_MS 1000
#define WANTED_MAX        32

enum kind { KIND_NODE, KIND_RESPONSES, KIND_RECORDS };

/* The keys of Redis whose changes matter, and what they are in the copy. */
static const struct {
	enum store_kind kind;
	enum kind kept_as;
} followed[] = {
	{ STORE_AUTHORISATION, KIND_NODE }, { STORE_BELOW, KIND_NODE },
	{ STORE_RESPONSE, KIND_RESPONSES }, { STORE_PERSISTENT, KIND_RECORDS },
	{ STORE_SELF, KIND_NODE }, /* then all is doubtful */
};

struct wanted {
	enum kind kind;
	size_t len;
	char
	    text[DNSNAME_MAX + CHALLENGE_LABEL_LEN + 2]; /* NAME, NAME/_LABEL */
};

struct view {
	struct store store;
	struct copy *copy;
	struct tracking *tracking;
	unsigned tracked; /* the redis_connection() that it was started for */
	struct store_key prefixes[COUNT_OF(followed)];
	bool must_read;
	int64_t read_at_ms;  /* the last exchange began, by the steady clock */
	int64_t retry_at_ms; /* tracking */
	bool has_time;       /* the users of Redis let us ask */
	int64_t offset_ms;   /* of the store's clock from the steady one */
	size_t n_wanted;
	struct wanted wanted[WANTED_MAX];
	struct err complaint; /* about tracking, which was logged */
};

/* A key of Redis has changed, or any. */
static void
on_change(void *ctx, const char *key, size_t len)
{
	struct view *v = ctx;

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
	v->has_time = true;
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
	view->n_wanted = 0;
	view->must_read = clock_steady_ms() - view->read_at_ms > LEASE_MS;
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
	return view->has_time ? clock_steady_ms() + view->offset_ms
			      : clock_now_ms();
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

/* A value and its time, as they are in the copy: these, and then the text. */
struct timed {
	int64_t until_ms;
	uint16_t len;
};

/* Take the next value that is not over; false after the last. */
static bool
next_timed(const char **text, size_t *len, const char **at, const char *end,
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
	while (next_timed(&text, &len, &at, end, view_now_ms(view)))
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
	while (next_timed(&text, &len, &at, end, view_now_ms(view)))
		if (issuevalue_parse(&out->v[out->n], text, len) ==
		    ISSUEVALUE_OK)
			out->n++;
	return true;
}

/* The key of Redis that a wanted value is kept under. */
static void
key_of(struct store_key *key, const struct view *v, enum store_kind kind,
    const struct wanted *wanted)
{
	store_key(key, &v->store, kind, NULL);
	memcpy(key->text + key->len, wanted->text, wanted->len + 1);
	key->len += wanted->len;
}

/* Queue the commands for a wanted value; returns how many they are. */
static size_t
ask(const struct view *v, const struct wanted *wanted)
{
	struct redis *redis = v->store.redis;
	struct store_key key;

	switch (wanted->kind) {
	case KIND_NODE:
		key_of(&key, v, STORE_AUTHORISATION, wanted);
		redis_add_words(redis, "HGET", key.text, "suffix_match",
		    (char *)NULL);
		key_of(&key, v, STORE_BELOW, wanted);
		redis_add_words(redis, "HMGET", key.text, "children",
		    "descendants", (char *)NULL);
		return 2;
	case KIND_RESPONSES:
	case KIND_RECORDS:
		key_of(&key, v,
		    wanted->kind == KIND_RESPONSES ? STORE_RESPONSE
						   : STORE_PERSISTENT,
		    wanted);
		redis_add_words(redis, "ZRANGE", key.text,
		    wanted->kind == KIND_RESPONSES ? "-32" : "-8", "-1",
		    "WITHSCORES", (char *)NULL);
		return 1;
	}
	return 0;
}

_Static_assert(STORE_VALUES_MAX == 32 && STORE_RECORDS_MAX == 8,
    "as many as ask() wants");

static bool
has_field(const struct redis_reply *fields, size_t i)
{
	return i < redis_reply_n(fields) &&
	    !redis_reply_is_nil(redis_reply_at(fields, i));
}

static void
keep_node(struct view *v, const struct copy_key *key, size_t first)
{
	const struct redis_reply *own = redis_reply(v->store.redis, first);
	const struct redis_reply *below =
	    redis_reply(v->store.redis, first + 1);
	struct node node = {
		.is_own = !redis_reply_is_nil(own),
		.suffix_match =
		    strcmp(redis_reply_text(own, NULL), "true") == 0,
		.has_child = has_field(below, 0),
		.has_descendant = has_field(below, 1),
	};

	copy_put(v->copy, key, &node, sizeof(node));
}

/* Is it what it should be?  The store is not ours alone. */
static bool
is_good(enum kind kind, const char *text, size_t len)
{
	struct issuevalue record;
	struct txtvalue value;

	return kind == KIND_RESPONSES
	    ? txtvalue_parse(&value, text, len, NULL) == ERR_OK
	    : issuevalue_parse(&record, text, len) == ISSUEVALUE_OK;
}

/* A score of Redis in ms: digits, or "inf". */
static int64_t
score_ms(const struct redis_reply *score)
{
	const char *text = redis_reply_text(score, NULL);

	return strcmp(text, "inf") == 0 ? INT64_MAX : strtoll(text, NULL, 10);
}

static void
keep_values(struct view *v, const struct copy_key *key, size_t first)
{
	const struct redis_reply *values = redis_reply(v->store.redis, first);
	size_t most =
	    key->kind == KIND_RESPONSES ? STORE_VALUES_MAX : STORE_RECORDS_MAX;
	char kept[UINT16_MAX];
	size_t n = 0;

	for (size_t i = 0; i + 1 < redis_reply_n(values) && i < 2 * most;
	     i += 2) {
		struct timed timed;
		size_t len;
		const char *text =
		    redis_reply_text(redis_reply_at(values, i), &len);

		if (n + sizeof(timed) + len > sizeof(kept) ||
		    !is_good((enum kind)key->kind, text, len)) {
			log_line("%.*s: a value of %zu octets is malformed",
			    (int)key->len, key->text, len);
			continue;
		}
		memset(&timed, 0, sizeof(timed));
		timed.until_ms = score_ms(redis_reply_at(values, i + 1));
		timed.len = (uint16_t)len;
		memcpy(kept + n, &timed, sizeof(timed));
		memcpy(kept + n + sizeof(timed), text, len);
		n += sizeof(timed) + len;
	}
	copy_put(v->copy, key, kept, n);
}

/* Take TIME's reply: seconds and microseconds, as texts. */
static void
take_time(struct view *v, const struct redis_reply *reply)
{
	int64_t now_ms = clock_steady_ms();

	if (redis_reply_n(reply) != 2)
		return;
	v->offset_ms = strtoll(redis_reply_text(redis_reply_at(reply, 0), NULL),
			   NULL, 10) *
		1000 +
	    strtoll(redis_reply_text(redis_reply_at(reply, 1), NULL), NULL,
		10) /
		1000 -
	    now_ms;
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
	v->has_time = true; /* the users of Redis may be others now */
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
		n += ask(v, &v->wanted[i]);
	store_ask_self(&v->store);
	if (v->has_time)
		redis_add_words(redis, "TIME", (char *)NULL);
	rc = redis_end(redis, err);
	if (rc != ERR_OK && redis_failed_with(redis, n + 1, "NOPERM")) {
		v->has_time = false;
		return exchange(v, err);
	}
	if (rc == ERR_OK)
		rc =
		    store_check_readable(&v->store, redis_reply(redis, n), err);
	if (rc != ERR_OK)
		return rc;
	for (size_t i = 0; i < v->n_wanted; i++) {
		const struct wanted *wanted = &v->wanted[i];
		const struct copy_key key = { (int)wanted->kind, wanted->text,
			wanted->len };

		if (wanted->kind == KIND_NODE)
			keep_node(v, &key, first);
		else
			keep_values(v, &key, first);
		first += wanted->kind == KIND_NODE ? 2 : 1;
	}
	if (v->has_time)
		take_time(v, redis_reply(redis, n + 1));
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
	return ERR_OK;
}
