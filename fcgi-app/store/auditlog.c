#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fcgi-app/store/auditlog.h"

#define EVENTS_A_PAGE            500

#define TEXT_OF(number)          TEXT_OF_EXPANDED(number)
#define TEXT_OF_EXPANDED(number) #number

const char *
auditlog_field(const struct auditlog_event *event, const char *name)
{
	for (size_t i = 0; i < event->n_fields; i++)
		if (strcmp(event->fields[i].name, name) == 0)
			return event->fields[i].value;
	return NULL;
}

void
auditlog_init(struct auditlog *log, struct store *store, int64_t start_ms,
    int64_t end_ms)
{
	*log = (struct auditlog){
		.store = store,
		.until = "+",
		.place = { .id = "0-0", .number = -1 },
	};
	if (start_ms > 0) /* after the last id of the millisecond before it */
		(void)snprintf(log->place.id, sizeof(log->place.id),
		    "%" PRId64 "-%" PRIu64, start_ms - 1, UINT64_MAX);
	if (end_ms != INT64_MAX)
		(void)snprintf(log->until, sizeof(log->until), "%" PRId64,
		    end_ms < 0 ? 0 : end_ms);
}

/* Compare two ids as Redis does; what is no id counts as "0-0". */
static int
compare_ids(const char *a, const char *b)
{
	char *rest_a, *rest_b;
	unsigned long long ms_a = strtoull(a, &rest_a, 10);
	unsigned long long ms_b = strtoull(b, &rest_b, 10);
	unsigned long long n_a, n_b;

	if (ms_a != ms_b)
		return ms_a < ms_b ? -1 : 1;
	n_a = *rest_a == '-' ? strtoull(rest_a + 1, NULL, 10) : 0;
	n_b = *rest_b == '-' ? strtoull(rest_b + 1, NULL, 10) : 0;
	return n_a < n_b ? -1 : n_a > n_b;
}

/* The stream as a whole, at the moment when the page was read. */
struct whole {
	const char *first_id, *last_id; /* "" if there is none */
	long long n, n_added;           /* entries; ever added */
};

static struct whole
read_whole(const struct redis_reply *info)
{
	struct whole w = { "", "", 0, 0 };

	/* Without the key it is an error, which has no elements. */
	for (size_t i = 0; i + 1 < redis_reply_n(info); i += 2) {
		const char *what =
		    redis_reply_text(redis_reply_at(info, i), NULL);
		const struct redis_reply *value = redis_reply_at(info, i + 1);

		if (strcmp(what, "length") == 0)
			w.n = redis_reply_integer(value);
		else if (strcmp(what, "entries-added") == 0)
			w.n_added = redis_reply_integer(value);
		else if (strcmp(what, "last-generated-id") == 0)
			w.last_id = redis_reply_text(value, NULL);
		else if (strcmp(what, "first-entry") == 0 &&
		    redis_reply_n(value) > 0)
			w.first_id =
			    redis_reply_text(redis_reply_at(value, 0), NULL);
	}
	return w;
}

/*
 * Ask for a page, for the whole stream and for the store's identity, as of one
 * moment; before that, wait until there is an event.
 */
static enum err_code
ask(const struct redis_reply **replies, const struct auditlog *log,
    unsigned wait_ms, struct err *err)
{
	struct redis *redis = log->store->redis;
	char after[AUDITLOG_ID_MAX + 1], wait[16];
	struct store_key key;
	enum err_code rc;

	rc = redis_begin(redis, err);
	if (rc != ERR_OK)
		return rc;
	store_key(&key, log->store, STORE_AUDIT, NULL);
	(void)snprintf(after, sizeof(after), "(%s", log->place.id);
	(void)snprintf(wait, sizeof(wait), "%u", wait_ms);
	if (wait_ms > 0)
		redis_add_words(redis, "XREAD", "COUNT", "1", "BLOCK", wait,
		    "STREAMS", key.text, log->place.id, (char *)NULL);
	redis_add_words(redis, "MULTI", (char *)NULL);
	redis_add_words(redis, "XRANGE", key.text, after, log->until, "COUNT",
	    TEXT_OF(EVENTS_A_PAGE), (char *)NULL);
	redis_add_words(redis, "XINFO", "STREAM", key.text, (char *)NULL);
	store_ask_self(log->store);
	redis_add_words(redis, "EXEC", (char *)NULL);
	rc = redis_end(redis, err);
	if (rc != ERR_OK)
		return rc;
	*replies = redis_reply(redis, wait_ms > 0 ? 5 : 4);
	if (redis_reply_n(*replies) != 3 ||
	    !redis_reply_is_array(redis_reply_at(*replies, 0)))
		return err_set(err, ERR_STORE, "redis: %s: %s", key.text,
		    redis_reply_n(*replies) == 3
			? redis_reply_text(redis_reply_at(*replies, 0), NULL)
			: "no reply");
	return store_check_readable(log->store, redis_reply_at(*replies, 2),
	    err);
}

/*
 * Compare the stream with what was read of it.  Returns how many events it had
 * before those of the page, -1 if that is unknown.
 */
static long long
compare(struct auditlog *log, const struct whole *whole,
    const struct redis_reply *page)
{
	struct auditlog_place *place = &log->place;
	long long n_removed = whole->n_added - whole->n, before = place->number;
	long long n = (long long)redis_reply_n(page);

	log->n_missed = 0;
	log->is_shortened =
	    place->is_event && compare_ids(whole->last_id, place->id) < 0;
	if (place->number >= 0 && n_removed > place->number)
		log->n_missed = n_removed - place->number;
	else if (place->number < 0 && place->is_event &&
	    compare_ids(whole->first_id, place->id) > 0)
		log->n_missed = -1;
	if (log->is_shortened) {
		(void)snprintf(place->id, sizeof(place->id), "%s",
		    whole->last_id[0] != '\0' ? whole->last_id : "0-0");
		place->number = whole->n_added;
	}
	if (log->until[0] == '+' && n < EVENTS_A_PAGE)
		return whole->n_added - n;
	if (before >= 0)
		return before + log->n_missed;
	if (n > 0 &&
	    strcmp(whole->first_id,
		redis_reply_text(redis_reply_at(redis_reply_at(page, 0), 0),
		    NULL)) == 0)
		return n_removed;
	return -1;
}

static void
read_event(struct auditlog_event *event, const struct redis_reply *entry)
{
	const struct redis_reply *pairs = redis_reply_at(entry, 1);

	event->id = redis_reply_text(redis_reply_at(entry, 0), NULL);
	event->at_ms = strtoll(event->id, NULL, 10);
	event->n_fields = 0;
	for (size_t i = 0; i + 1 < redis_reply_n(pairs) &&
	     event->n_fields < AUDITLOG_FIELDS_MAX;
	     i += 2)
		event->fields[event->n_fields++] = (struct auditlog_field){
			redis_reply_text(redis_reply_at(pairs, i), NULL),
			redis_reply_text(redis_reply_at(pairs, i + 1), NULL),
		};
}

enum err_code
auditlog_read(struct auditlog *log, unsigned wait_ms, auditlog_fn *fn,
    void *ctx, struct err *err)
{
	const struct redis_reply *replies, *page;
	struct auditlog_event event;
	struct whole whole;
	long long before;
	enum err_code rc;

	log->n = 0;
	log->has_more = log->is_shortened = false;
	log->n_missed = 0;
	rc = ask(&replies, log, wait_ms, err);
	if (rc != ERR_OK)
		return rc;
	page = redis_reply_at(replies, 0);
	whole = read_whole(redis_reply_at(replies, 1));
	before = compare(log, &whole, page);
	log->has_more = redis_reply_n(page) == EVENTS_A_PAGE;
	for (size_t i = 0; i < redis_reply_n(page); i++) {
		struct auditlog_place after = { .is_event = true };

		read_event(&event, redis_reply_at(page, i));
		(void)snprintf(after.id, sizeof(after.id), "%s", event.id);
		after.number = before < 0 ? -1 : before + (long long)i + 1;
		rc = fn(ctx, &event, &after, err);
		if (rc != ERR_OK)
			return rc;
		log->place = after;
		log->n++;
	}
	return ERR_OK;
}
