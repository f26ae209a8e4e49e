#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "fcgi-app/store/list.h"

#define NAMES_A_PAGE             200
#define EVENTS_A_PAGE            500

#define TEXT_OF(number)          TEXT_OF_EXPANDED(number)
#define TEXT_OF_EXPANDED(number) #number

/* What one list asks about each name, and what it makes of the answer. */
struct walk {
	struct store *store;
	size_t n_replies; /* to what `ask` asks */
	void (*ask)(const struct store *, const struct dnsname *);
	enum err_code (*take)(const struct walk *, const struct dnsname *,
	    size_t first_reply, struct err *);
	list_authorisations_fn *on_authorisation;
	list_records_fn *on_record;
	void *ctx;
};

/*
 * A page of names.  The next one begins at `score`, after n_passed names that
 * have this very score.
 */
struct page {
	char score[32];
	unsigned n_passed;
	bool has_more;
	size_t n;
	struct dnsname names[NAMES_A_PAGE];
};

static enum err_code
read_names(struct page *page, const struct store *store, struct err *err)
{
	struct redis *redis = store->redis;
	const struct redis_reply *reply;
	struct store_key key;
	char offset[16];
	enum err_code rc;

	page->n = 0;
	rc = redis_begin(redis, err);
	if (rc != ERR_OK)
		return rc;
	store_key(&key, store, STORE_AUTHORISATIONS, NULL);
	(void)snprintf(offset, sizeof(offset), "%u", page->n_passed);
	redis_add_words(redis, "ZRANGEBYSCORE", key.text, page->score, "+inf",
	    "WITHSCORES", "LIMIT", offset, TEXT_OF(NAMES_A_PAGE), (char *)NULL);
	rc = redis_end(redis, err);
	if (rc != ERR_OK)
		return rc;
	reply = redis_reply(redis, 0);
	page->has_more = redis_reply_n(reply) > 0;
	for (size_t i = 0; i + 1 < redis_reply_n(reply); i += 2) {
		const char *score =
		    redis_reply_text(redis_reply_at(reply, i + 1), NULL);
		size_t len;
		const char *name =
		    redis_reply_text(redis_reply_at(reply, i), &len);

		if (strcmp(score, page->score) != 0)
			page->n_passed = 0;
		(void)snprintf(page->score, sizeof(page->score), "%s", score);
		page->n_passed++;
		if (page->n < NAMES_A_PAGE &&
		    dnsname_parse(&page->names[page->n], name, len, NULL) ==
			ERR_OK)
			page->n++;
	}
	return ERR_OK;
}

static enum err_code
walk_page(const struct walk *walk, const struct page *page, struct err *err)
{
	struct redis *redis = walk->store->redis;
	enum err_code rc;

	rc = redis_begin(redis, err);
	if (rc != ERR_OK)
		return rc;
	for (size_t i = 0; i < page->n; i++)
		walk->ask(walk->store, &page->names[i]);
	rc = redis_end(redis, err);
	for (size_t i = 0; rc == ERR_OK && i < page->n; i++)
		rc =
		    walk->take(walk, &page->names[i], i * walk->n_replies, err);
	return rc;
}

static enum err_code
walk_names(const struct walk *walk, struct err *err)
{
	struct page *page = calloc(1, sizeof(*page));
	enum err_code rc;

	if (page == NULL)
		return err_set(err, ERR_SYSTEM, "out of memory");
	(void)snprintf(page->score, sizeof(page->score), "-inf");
	do {
		rc = read_names(page, walk->store, err);
		if (rc == ERR_OK && page->n > 0)
			rc = walk_page(walk, page, err);
	} while (rc == ERR_OK && page->has_more);
	free(page);
	return rc;
}

static void
ask_authorisation(const struct store *store, const struct dnsname *name)
{
	struct store_key key;

	store_key(&key, store, STORE_AUTHORISATION, name);
	redis_add_words(store->redis, "HMGET", key.text, "account",
	    "created_by_ip", "created_at", "suffix_match", (char *)NULL);
	store_key(&key, store, STORE_LAST_USED, NULL);
	redis_add_words(store->redis, "ZSCORE", key.text, name->text,
	    (char *)NULL);
}

static enum err_code
take_authorisation(const struct walk *walk, const struct dnsname *name,
    size_t first_reply, struct err *err)
{
	const struct redis *redis = walk->store->redis;
	const struct redis_reply *fields = redis_reply(redis, first_reply);
	const struct redis_reply *used_at = redis_reply(redis, first_reply + 1);
	const char *text[4];

	for (size_t i = 0; i < COUNT_OF(text); i++)
		text[i] = redis_reply_text(redis_reply_at(fields, i), NULL);
	if (text[2][0] == '\0') /* deleted since the page was read */
		return ERR_OK;
	return walk->on_authorisation(walk->ctx,
	    &(struct listed_authorisation){
		.name = name,
		.account = text[0],
		.created_by_ip = text[1],
		.created_at_ms = strtoll(text[2], NULL, 10),
		.last_used_at_ms =
		    strtoll(redis_reply_text(used_at, NULL), NULL, 10),
		.suffix_match = strcmp(text[3], "true") == 0,
	    },
	    err);
}

enum err_code
list_authorisations(struct store *store, list_authorisations_fn *fn, void *ctx,
    struct err *err)
{
	const struct walk walk = {
		.store = store,
		.n_replies = 2,
		.ask = ask_authorisation,
		.take = take_authorisation,
		.on_authorisation = fn,
		.ctx = ctx,
	};

	return walk_names(&walk, err);
}

static void
ask_records(const struct store *store, const struct dnsname *name)
{
	struct store_key key;
	char after[32];

	store_key(&key, store, STORE_PERSISTENT, name);
	(void)snprintf(after, sizeof(after), "(%" PRId64, clock_now_ms());
	redis_add_words(store->redis, "ZRANGEBYSCORE", key.text, after, "+inf",
	    "WITHSCORES", (char *)NULL);
}

static enum err_code
take_records(const struct walk *walk, const struct dnsname *name,
    size_t first_reply, struct err *err)
{
	const struct redis_reply *values =
	    redis_reply(walk->store->redis, first_reply);
	enum err_code rc = ERR_OK;

	for (size_t i = 0; rc == ERR_OK && i + 1 < redis_reply_n(values);
	     i += 2) {
		const char *score =
		    redis_reply_text(redis_reply_at(values, i + 1), NULL);
		const struct listed_record record = {
			.name = name,
			.text =
			    redis_reply_text(redis_reply_at(values, i), NULL),
			.until_ms = strcmp(score, "inf") == 0
			    ? INT64_MAX
			    : strtoll(score, NULL, 10),
		};

		rc = walk->on_record(walk->ctx, &record, err);
	}
	return rc;
}

enum err_code
list_records(struct store *store, list_records_fn *fn, void *ctx,
    struct err *err)
{
	const struct walk walk = {
		.store = store,
		.n_replies = 1,
		.ask = ask_records,
		.take = take_records,
		.on_record = fn,
		.ctx = ctx,
	};

	return walk_names(&walk, err);
}

static struct listed_event
read_event(const struct redis_reply *entry)
{
	struct listed_event e = { 0, "", "", "", "", NULL };
	const char *account = "";
	const struct {
		const char *key;
		const char **field;
	} fields[] = {
		{ "event", &e.event },
		{ "name", &e.name },
		{ "account", &account },
		{ "owner", &e.owner },
		{ "ip", &e.ip },
		{ "value", &e.value },
	};
	const struct redis_reply *pairs = redis_reply_at(entry, 1);

	e.at_ms =
	    strtoll(redis_reply_text(redis_reply_at(entry, 0), NULL), NULL, 10);
	for (size_t i = 0; i + 1 < redis_reply_n(pairs); i += 2)
		for (size_t f = 0; f < COUNT_OF(fields); f++)
			if (strcmp(redis_reply_text(redis_reply_at(pairs, i),
				       NULL),
				fields[f].key) == 0)
				*fields[f].field = redis_reply_text(
				    redis_reply_at(pairs, i + 1), NULL);
	/* Before there was an owner, the account was the owner. */
	if (e.owner == NULL)
		e.owner = account;
	return e;
}

/* A page of events: where it begins, where all of them end. */
struct event_page {
	char from[64], until[32];
	size_t n;
};

/* Read a page, give its events to fn, and go on to the next one. */
static enum err_code
walk_events(struct event_page *page, const struct store *store,
    list_events_fn *fn, void *ctx, struct err *err)
{
	struct redis *redis = store->redis;
	const struct redis_reply *reply;
	struct store_key key;
	enum err_code rc;

	rc = redis_begin(redis, err);
	if (rc != ERR_OK)
		return rc;
	store_key(&key, store, STORE_AUDIT, NULL);
	redis_add_words(redis, "XRANGE", key.text, page->from, page->until,
	    "COUNT", TEXT_OF(EVENTS_A_PAGE), (char *)NULL);
	rc = redis_end(redis, err);
	if (rc != ERR_OK)
		return rc;
	reply = redis_reply(redis, 0);
	page->n = redis_reply_n(reply);
	for (size_t i = 0; rc == ERR_OK && i < page->n; i++) {
		const struct redis_reply *entry = redis_reply_at(reply, i);
		struct listed_event event = read_event(entry);

		(void)snprintf(page->from, sizeof(page->from), "(%s",
		    redis_reply_text(redis_reply_at(entry, 0), NULL));
		rc = fn(ctx, &event, err);
	}
	return rc;
}

enum err_code
list_events(struct store *store, int64_t start_ms, int64_t end_ms,
    list_events_fn *fn, void *ctx, struct err *err)
{
	struct event_page page = { .until = "+" };
	enum err_code rc;

	(void)snprintf(page.from, sizeof(page.from), "%" PRId64, start_ms);
	if (end_ms != INT64_MAX)
		(void)snprintf(page.until, sizeof(page.until), "%" PRId64,
		    end_ms);
	do {
		rc = walk_events(&page, store, fn, ctx, err);
	} while (rc == ERR_OK && page.n > 0);
	return rc;
}
