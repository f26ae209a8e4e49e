/*
 * acmeproxy listauthorisations, and listpersistentrecords, which walks the same
 * list.  The list is a sorted set by time of creation:
 * it is read a page at a time, in constant memory, and no command keeps Redis
 * from others for longer than a page takes.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/store.h"
#include "fcgi-app/commands/command.h"
#include "fcgi-app/commands/timestamp.h"

#define PAGE "200" /* names */

/* Where the next page begins: at a score, behind so many that have it. */
struct place {
	char score[32];
	unsigned n_seen;
};

struct lister;

/* What a command asks of each name, and how it shows the answer. */
struct view {
	void (*ask)(const struct lister *, const struct dnsname *);
	void (*show)(const struct lister *, const struct dnsname *,
	    const struct redis_reply *);
};

struct lister {
	const struct view *view;
	const struct options *options;
	struct session *session;
	struct table *table;
	bool has_under;
	struct dnsname under;
	struct place place;
};

/* A page of names, kept while the same connection asks for their hashes. */
struct page {
	bool has_more;
	size_t n;
	struct dnsname names[200];
};

static bool
is_wanted(const struct lister *l, const struct dnsname *name,
    const char *account)
{
	if (l->has_under && !dnsname_is_under(name, &l->under))
		return false;
	return l->options->account == NULL ||
	    strcmp(account, l->options->account) == 0;
}

static void
ask_authorisation(const struct lister *l, const struct dnsname *name)
{
	struct store_key key;

	store_key(&key, l->session->config->settings.key_prefix,
	    STORE_AUTHORISATION, name);
	redis_add_words(l->session->store.redis, "HMGET", key.text,
	    "created_by_ip", "created_at", "account", "suffix_match",
	    "last_used_at", (char *)NULL);
}

static void
show_authorisation(const struct lister *l, const struct dnsname *name,
    const struct redis_reply *fields)
{
	char created_at[TIMESTAMP_LEN + 1], last_used_at[TIMESTAMP_LEN + 1];
	const char *text[5];
	bool suffix_match;

	for (size_t i = 0; i < COUNT_OF(text); i++)
		text[i] = redis_reply_text(redis_reply_at(fields, i), NULL);
	suffix_match = strcmp(text[3], "true") == 0;
	/* Deleted since its page was read, or not wanted. */
	if (redis_reply_is_nil(redis_reply_at(fields, 1)) ||
	    !is_wanted(l, name, text[2]))
		return;
	timestamp_format(created_at, strtoll(text[1], NULL, 10));
	timestamp_format(last_used_at, strtoll(text[4], NULL, 10));
	table_row(l->table,
	    (const char *const[]){ name->text, text[0], created_at, text[2],
		suffix_match ? TABLE_RAW "true" : TABLE_RAW "false",
		last_used_at[0] != '\0' ? last_used_at : NULL });
}

static void
ask_records(const struct lister *l, const struct dnsname *name)
{
	struct store_key key;
	char after[32];

	store_key(&key, l->session->config->settings.key_prefix,
	    STORE_PERSISTENT, name);
	(void)snprintf(after, sizeof(after), "(%" PRId64, clock_now_ms());
	redis_add_words(l->session->store.redis, "ZRANGEBYSCORE", key.text,
	    after, "+inf", "WITHSCORES", (char *)NULL);
}

static void
show_records(const struct lister *l, const struct dnsname *name,
    const struct redis_reply *values)
{
	for (size_t i = 0; i + 1 < redis_reply_n(values); i += 2) {
		const char *text =
		    redis_reply_text(redis_reply_at(values, i), NULL);
		const char *score =
		    redis_reply_text(redis_reply_at(values, i + 1), NULL);
		char until[TIMESTAMP_LEN + 1];
		struct issuevalue record;

		if (!is_wanted(l, name, "") ||
		    issuevalue_parse(&record, text, strlen(text)) !=
			ISSUEVALUE_OK)
			continue;
		timestamp_format(until, strtoll(score, NULL, 10));
		table_row(l->table,
		    (const char *const[]){ name->text,
			until[0] != '\0' ? until : NULL, record.text });
	}
}

static enum err_code
read_names(struct lister *l, struct page *page, struct err *err)
{
	struct redis *redis = l->session->store.redis;
	struct place *at = &l->place;
	const struct redis_reply *reply;
	struct store_key key;
	char offset[16];
	enum err_code rc;

	page->n = 0;
	rc = redis_begin(redis, err);
	if (rc != ERR_OK)
		return rc;
	store_key(&key, l->session->config->settings.key_prefix,
	    STORE_AUTHORISATIONS, NULL);
	(void)snprintf(offset, sizeof(offset), "%u", at->n_seen);
	redis_add_words(redis, "ZRANGEBYSCORE", key.text, at->score, "+inf",
	    "WITHSCORES", "LIMIT", offset, PAGE, (char *)NULL);
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

		if (strcmp(score, at->score) != 0)
			at->n_seen = 0;
		(void)snprintf(at->score, sizeof(at->score), "%s", score);
		at->n_seen++;
		if (page->n < COUNT_OF(page->names) &&
		    dnsname_parse(&page->names[page->n], name, len, NULL) ==
			ERR_OK)
			page->n++;
	}
	return ERR_OK;
}

static enum err_code
show_page(const struct lister *l, const struct page *page, struct err *err)
{
	struct redis *redis = l->session->store.redis;
	enum err_code rc;

	rc = redis_begin(redis, err);
	if (rc != ERR_OK)
		return rc;
	for (size_t i = 0; i < page->n; i++)
		l->view->ask(l, &page->names[i]);
	rc = redis_end(redis, err);
	for (size_t i = 0; rc == ERR_OK && i < page->n; i++)
		l->view->show(l, &page->names[i], redis_reply(redis, i));
	return rc;
}

static enum err_code
list_all(struct lister *l, struct err *err)
{
	static struct page page;
	enum err_code rc;

	l->place = (struct place){ "-inf", 0 };
	do {
		rc = read_names(l, &page, err);
		if (rc == ERR_OK && page.n > 0)
			rc = show_page(l, &page, err);
	} while (rc == ERR_OK && page.has_more);
	return rc;
}

/* The whole of a command: all rows, and what to say when there are none. */
static enum exit_status
run(const struct options *o, const struct view *view, struct table *table,
    const char *none)
{
	struct session session;
	struct lister lister = { view, o, &session, table, o->under != NULL,
		{ 0 }, { "", 0 } };
	struct err err = { 0 };
	enum err_code rc = ERR_OK;

	if (command_under(&lister.under, o) != ERR_OK)
		return EXIT_USAGE;
	if (session_open_to_read(&session, o, &err) != ERR_OK)
		return command_fail(&err);
	if (o->format == TABLE_TEXT) {
		table->is_measuring = true;
		rc = list_all(&lister, &err);
		table->is_measuring = false;
	}
	if (rc == ERR_OK)
		rc = list_all(&lister, &err);
	session_close(&session);
	if (rc != ERR_OK)
		return command_fail(&err);
	if (table->n_rows == 0)
		(void)fprintf(stderr, "No %s found\n", none);
	return table->n_rows > 0 ? EXIT_DONE : EXIT_FAILED;
}

enum exit_status
command_listauthorisations(const struct options *o)
{
	static const char *const columns[] = { "name", "created_by_ip",
		"created_at", "account", "suffix_match", "last_used_at" };
	static const struct view view = { ask_authorisation,
		show_authorisation };
	struct table table;

	table_init(&table, o->format, columns, COUNT_OF(columns), 4);
	return run(o, &view, &table, "authorisations");
}

enum exit_status
command_listpersistentrecords(const struct options *o)
{
	static const char *const columns[] = { "name", "until", "record" };
	static const struct view view = { ask_records, show_records };
	struct table table;

	table_init(&table, o->format, columns, COUNT_OF(columns), 3);
	return run(o, &view, &table, "persistent records");
}
