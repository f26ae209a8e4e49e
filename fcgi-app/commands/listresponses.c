/*
 * acmeproxy listresponses: what was published, and whether it was marked
 * complete, from the audit log.
 */
#include <string.h>

#include "fcgi-app/commands/command.h"
#include "fcgi-app/commands/publications.h"
#include "fcgi-app/commands/timestamp.h"
#include "fcgi-app/store/list.h"

struct listing {
	const struct options *options;
	struct session *session;
	struct table *table;
	struct publications *live; /* at the time of the event being read */
	struct dnsname name, under;
	int64_t start_ms, end_ms;
};

static bool
is_wanted(const struct listing *l, const struct listed_event *e,
    const struct dnsname *name)
{
	const struct options *o = l->options;

	return e->at_ms <= l->end_ms &&
	    (o->name == NULL || strcmp(name->text, l->name.text) == 0) &&
	    (o->under == NULL || dnsname_is_under(name, &l->under)) &&
	    (o->account == NULL || strcmp(e->owner, o->account) == 0);
}

/* For how long a response is live: a registration's name is a single label. */
static int64_t
life_ms(const struct listing *l, const struct dnsname *name)
{
	const struct settings *s = &l->session->config->settings;
	unsigned life_s = dnsname_n_labels(name) < STORE_MIN_LABELS
	    ? s->registration_life_s
	    : s->response_life_s;

	return (int64_t)life_s * 1000;
}

static void
show(void *ctx, const struct publication *p)
{
	char created_at[TIMESTAMP_LEN + 1], expired_at[TIMESTAMP_LEN + 1];
	const struct listing *l = ctx;

	timestamp_format(created_at, p->created_at_ms);
	timestamp_format(expired_at, p->expired_at_ms);
	table_row(l->table,
	    (const char *const[]){ p->name,
		p->expired_at_ms != 0 ? expired_at : NULL, p->ip, created_at,
		p->account, p->value });
}

static enum err_code
take_event(void *ctx, const struct listed_event *e, struct err *err)
{
	struct listing *l = ctx;
	struct publication p = { e->name, e->value, e->ip, e->owner, e->at_ms,
		0, 0 };
	struct dnsname name;

	publications_flush(l->live, e->at_ms, show, l);
	if (strcmp(e->event, "expired") == 0)
		publications_complete(l->live, e->name, e->value, e->at_ms);
	if (strcmp(e->event, "published") != 0 ||
	    dnsname_parse(&name, e->name, strlen(e->name), NULL) != ERR_OK ||
	    !is_wanted(l, e, &name))
		return ERR_OK;
	p.ends_at_ms = e->at_ms + life_ms(l, &name);
	return publications_add(l->live, &p, err);
}

/* Events after the end count as well while a response may be live. */
static enum err_code
responses(void *ctx, struct table *table, struct err *err)
{
	struct listing *l = ctx;
	const struct settings *s = &l->session->config->settings;
	int64_t longest_ms = 1000 *
	    (int64_t)(s->registration_life_s > s->response_life_s
		    ? s->registration_life_s
		    : s->response_life_s);
	enum err_code rc;

	l->table = table;
	rc = publications_new(&l->live, err);
	if (rc != ERR_OK)
		return rc;
	rc = list_events(&l->session->store, l->start_ms,
	    l->end_ms == INT64_MAX ? INT64_MAX : l->end_ms + longest_ms,
	    take_event, l, err);
	if (rc == ERR_OK)
		publications_flush(l->live, INT64_MAX, show, l);
	publications_free(l->live);
	return rc;
}

/* What the command line asks for; false after a sentence about it. */
static bool
read_options(struct listing *l, const struct options *o)
{
	if (o->name != NULL && command_known_name(&l->name, o->name) != ERR_OK)
		return false;
	if (command_under(&l->under, o) != ERR_OK)
		return false;
	return command_times(&l->start_ms, &l->end_ms, o) == ERR_OK;
}

enum exit_status
command_listresponses(const struct options *o)
{
	static const char *const columns[] = { "name", "expired_at",
		"created_by_ip", "created_at", "account", "value" };
	struct session session;
	struct table table;
	struct listing listing = { .options = o, .session = &session };
	struct err err = { 0 };
	enum exit_status status;

	if (!read_options(&listing, o))
		return EXIT_USAGE;
	if (session_open_to_read(&session, o, &err) != ERR_OK)
		return command_fail(&err);
	table_init(&table, o->format, columns, COUNT_OF(columns), 4);
	status =
	    command_print(&table, responses, &listing, "No responses found");
	session_close(&session);
	return status;
}
