/*
 * acmeproxy listresponses: what was published, and whether it was marked
 * complete, out of the audit log.  The stream is read a page at a time.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/store.h"
#include "fcgi-app/commands/command.h"
#include "fcgi-app/commands/publications.h"
#include "fcgi-app/commands/timestamp.h"

#define PAGE "500" /* events */

struct lister {
	const struct options *options;
	struct session *session;
	struct table *table;
	struct publications *open;
	bool has_name, has_under;
	struct dnsname name, under;
	int64_t start_ms, end_ms, life_ms;
};

/* One entry of the stream; "" for a field that it has not. */
struct event {
	int64_t at_ms;
	const char *event, *name, *account, *ip, *value;
};

static struct event
read_event(const struct redis_reply *entry)
{
	struct event e = { 0, "", "", "", "", "" };
	const struct {
		const char *key;
		const char **field;
	} fields[] = {
		{ "event", &e.event },
		{ "name", &e.name },
		{ "account", &e.account },
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
	return e;
}

static bool
is_wanted(const struct lister *l, const struct event *e)
{
	struct dnsname name;

	if (e->at_ms > l->end_ms ||
	    dnsname_parse(&name, e->name, strlen(e->name), NULL) != ERR_OK)
		return false;
	if (l->has_name && strcmp(name.text, l->name.text) != 0)
		return false;
	if (l->has_under && !dnsname_is_under(&name, &l->under))
		return false;
	return l->options->account == NULL ||
	    strcmp(e->account, l->options->account) == 0;
}

static void
show(void *ctx, const struct publication *p)
{
	char created_at[TIMESTAMP_LEN + 1], expired_at[TIMESTAMP_LEN + 1];
	const struct lister *l = ctx;

	timestamp_format(created_at, p->created_at_ms);
	timestamp_format(expired_at, p->expired_at_ms);
	table_row(l->table,
	    (const char *const[]){ p->name,
		expired_at[0] != '\0' ? expired_at : NULL, p->ip, created_at,
		p->account, p->value });
}

static enum err_code
take_event(struct lister *l, const struct event *e, struct err *err)
{
	publications_flush(l->open, e->at_ms - l->life_ms, show, l);
	if (strcmp(e->event, "expired") == 0) {
		publications_complete(l->open, e->name, e->value, e->at_ms);
	} else if (strcmp(e->event, "published") == 0 && is_wanted(l, e)) {
		struct publication p = { e->name, e->value, e->ip, e->account,
			e->at_ms, 0 };

		return publications_add(l->open, &p, err);
	}
	return ERR_OK;
}

/* A page from behind `last` on; *n is how many events it had. */
static enum err_code
read_page(struct lister *l, char *last, size_t size, size_t *n, struct err *err)
{
	struct redis *redis = l->session->store.redis;
	const struct redis_reply *reply;
	struct store_key key;
	char until[32];
	enum err_code rc;

	rc = redis_begin(redis, err);
	if (rc != ERR_OK)
		return rc;
	store_key(&key, l->session->config->settings.key_prefix, STORE_AUDIT,
	    NULL);
	if (l->end_ms == INT64_MAX)
		(void)snprintf(until, sizeof(until), "+");
	else
		(void)snprintf(until, sizeof(until), "%" PRId64,
		    l->end_ms + l->life_ms);
	redis_add_words(redis, "XRANGE", key.text, last, until, "COUNT", PAGE,
	    (char *)NULL);
	rc = redis_end(redis, err);
	if (rc != ERR_OK)
		return rc;
	reply = redis_reply(redis, 0);
	*n = redis_reply_n(reply);
	for (size_t i = 0; rc == ERR_OK && i < *n; i++) {
		struct event e = read_event(redis_reply_at(reply, i));

		rc = take_event(l, &e, err);
	}
	if (*n > 0)
		(void)snprintf(last, size, "(%s",
		    redis_reply_text(
			redis_reply_at(redis_reply_at(reply, *n - 1), 0),
			NULL));
	return rc;
}

static enum err_code
list_all(struct lister *l, struct err *err)
{
	char last[64];
	enum err_code rc;
	size_t n = 0;

	(void)snprintf(last, sizeof(last), "%" PRId64, l->start_ms);
	do {
		rc = read_page(l, last, sizeof(last), &n, err);
	} while (rc == ERR_OK && n > 0);
	if (rc == ERR_OK)
		publications_flush(l->open, INT64_MAX, show, l);
	return rc;
}

/* What the command line asks for; false after a sentence about it. */
static bool
read_options(struct lister *l, const struct options *o)
{
	struct err err = { 0 };

	l->has_name = o->name != NULL;
	l->has_under = o->under != NULL;
	l->end_ms = INT64_MAX;
	if (o->name != NULL && command_known_name(&l->name, o->name) != ERR_OK)
		return false;
	if (command_under(&l->under, o) != ERR_OK)
		return false;
	if ((o->start != NULL &&
		timestamp_parse(&l->start_ms, o->start, false, &err) !=
		    ERR_OK) ||
	    (o->end != NULL &&
		timestamp_parse(&l->end_ms, o->end, true, &err) != ERR_OK)) {
		(void)command_fail(&err);
		return false;
	}
	if (l->start_ms < 0)
		l->start_ms = 0;
	return true;
}

enum exit_status
command_listresponses(const struct options *o)
{
	static const char *const columns[] = { "name", "expired_at",
		"created_by_ip", "created_at", "account", "value" };
	struct session session;
	struct table table;
	struct lister lister = { .options = o,
		.session = &session,
		.table = &table };
	struct err err = { 0 };
	enum err_code rc;

	if (!read_options(&lister, o))
		return EXIT_USAGE;
	if (session_open_to_read(&session, o, &err) != ERR_OK)
		return command_fail(&err);
	lister.life_ms =
	    (int64_t)session.config->settings.response_life_s * 1000;
	table_init(&table, o->format, columns, COUNT_OF(columns), 4);
	rc = publications_new(&lister.open, &err);
	if (rc == ERR_OK && o->format == TABLE_TEXT) {
		table.is_measuring = true;
		rc = list_all(&lister, &err);
		table.is_measuring = false;
	}
	if (rc == ERR_OK)
		rc = list_all(&lister, &err);
	publications_free(lister.open);
	session_close(&session);
	if (rc != ERR_OK)
		return command_fail(&err);
	if (table.n_rows == 0)
		(void)fputs("No responses found\n", stderr);
	return table.n_rows > 0 ? EXIT_DONE : EXIT_FAILED;
}
