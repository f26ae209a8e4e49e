/*
 * acmeproxy listauthorisations.  The list is a sorted set by time of creation:
 * it is read a page at a time, in constant memory, and no command keeps Redis
 * from others for longer than a page takes.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/store.h"
#include "fcgi-app/command.h"
#include "fcgi-app/timestamp.h"

#define PAGE "200" /* names */

/* Where the next page begins: at a score, behind so many that have it. */
struct place {
	char score[32];
	unsigned n_seen;
};

struct lister {
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
show(const struct lister *l, const struct dnsname *name,
    const struct redis_reply *fields)
{
	char created_at[TIMESTAMP_LEN + 1], last_used_at[TIMESTAMP_LEN + 1];
	const char *text[5];
	bool suffix_match;

	for (size_t i = 0; i < COUNT_OF(text); i++)
		text[i] = reply_text(reply_at(fields, i), NULL);
	suffix_match = strcmp(text[3], "true") == 0;
	/* Deleted since its page was read, or not wanted. */
	if (reply_is_nil(reply_at(fields, 1)) || !is_wanted(l, name, text[2]))
		return;
	timestamp_format(created_at, strtoll(text[1], NULL, 10));
	timestamp_format(last_used_at, strtoll(text[4], NULL, 10));
	table_row(l->table,
	    (const char *const[]){ name->text, text[0], created_at, text[2],
		suffix_match ? TABLE_RAW "true" : TABLE_RAW "false",
		last_used_at[0] != '\0' ? last_used_at : NULL });
}

static enum err_code
read_names(struct lister *l, struct page *page, struct err *err)
{
	struct redis *redis = l->session->redis;
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
	page->has_more = reply_n(reply) > 0;
	for (size_t i = 0; i + 1 < reply_n(reply); i += 2) {
		const char *score = reply_text(reply_at(reply, i + 1), NULL);
		size_t len;
		const char *name = reply_text(reply_at(reply, i), &len);

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
	struct redis *redis = l->session->redis;
	struct store_key key;
	enum err_code rc;

	rc = redis_begin(redis, err);
	if (rc != ERR_OK)
		return rc;
	for (size_t i = 0; i < page->n; i++) {
		store_key(&key, l->session->config->settings.key_prefix,
		    STORE_AUTHORISATION, &page->names[i]);
		redis_add_words(redis, "HMGET", key.text, "created_by_ip",
		    "created_at", "account", "suffix_match", "last_used_at",
		    (char *)NULL);
	}
	rc = redis_end(redis, err);
	for (size_t i = 0; rc == ERR_OK && i < page->n; i++)
		show(l, &page->names[i], redis_reply(redis, i));
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

enum exit_status
command_listauthorisations(const struct options *o)
{
	static const char *const columns[] = { "name", "created_by_ip",
		"created_at", "account", "suffix_match", "last_used_at" };
	struct session session;
	struct table table;
	struct lister lister = { o, &session, &table, o->under != NULL, { 0 },
		{ "", 0 } };
	struct err err = { 0 };
	enum err_code rc = ERR_OK;

	if (command_under(&lister.under, o) != ERR_OK)
		return EXIT_USAGE;
	if (session_open(&session, o, &err) != ERR_OK)
		return command_fail(&err);
	table_init(&table, o->format, columns, COUNT_OF(columns), 4);
	if (o->format == TABLE_TEXT) {
		table.is_measuring = true;
		rc = list_all(&lister, &err);
		table.is_measuring = false;
	}
	if (rc == ERR_OK)
		rc = list_all(&lister, &err);
	session_close(&session);
	if (rc != ERR_OK)
		return command_fail(&err);
	if (table.n_rows == 0)
		(void)fputs("No authorisations found\n", stderr);
	return table.n_rows > 0 ? EXIT_DONE : EXIT_FAILED;
}
