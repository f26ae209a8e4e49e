/* acmeproxy listauthorisations and listpersistentrecords. */
#include <string.h>

#include "common/issuevalue.h"
#include "fcgi-app/commands/command.h"
#include "fcgi-app/commands/timestamp.h"
#include "fcgi-app/store/list.h"

struct listing {
	const struct options *options;
	struct session *session;
	struct table *table;
	struct dnsname under;
	int64_t unused_since_ms;
};

/* One that was never used is as old as its creation. */
static bool
is_unused(const struct listing *l, const struct listed_authorisation *a)
{
	int64_t used_at_ms =
	    a->last_used_at_ms != 0 ? a->last_used_at_ms : a->created_at_ms;

	return l->options->unused_since == NULL ||
	    used_at_ms < l->unused_since_ms;
}

static bool
is_under(const struct listing *l, const struct dnsname *name)
{
	return l->options->under == NULL || dnsname_is_under(name, &l->under);
}

static enum err_code
show_authorisation(void *ctx, const struct listed_authorisation *a,
    struct err *err)
{
	char created_at[TIMESTAMP_LEN + 1], last_used_at[TIMESTAMP_LEN + 1];
	const struct listing *l = ctx;
	const char *account = l->options->account;

	(void)err;
	if (!is_under(l, a->name) || !is_unused(l, a) ||
	    (account != NULL && strcmp(account, a->account) != 0))
		return ERR_OK;
	timestamp_format(created_at, a->created_at_ms);
	timestamp_format(last_used_at, a->last_used_at_ms);
	table_row(l->table,
	    (const char *const[]){ a->name->text, a->created_by_ip, created_at,
		a->account,
		a->suffix_match ? TABLE_RAW "true" : TABLE_RAW "false",
		a->last_used_at_ms != 0 ? last_used_at : NULL });
	return ERR_OK;
}

static enum err_code
authorisations(void *ctx, struct table *table, struct err *err)
{
	struct listing *l = ctx;

	l->table = table;
	return list_authorisations(&l->session->store, show_authorisation, l,
	    err);
}

static enum err_code
show_record(void *ctx, const struct listed_record *r, struct err *err)
{
	const struct listing *l = ctx;
	char until[TIMESTAMP_LEN + 1];
	struct issuevalue record;

	(void)err;
	if (!is_under(l, r->name) ||
	    issuevalue_parse(&record, r->text, strlen(r->text)) !=
		ISSUEVALUE_OK)
		return ERR_OK;
	timestamp_format(until, r->until_ms == INT64_MAX ? 0 : r->until_ms);
	table_row(l->table,
	    (const char *const[]){ r->name->text,
		r->until_ms == INT64_MAX ? NULL : until, record.text });
	return ERR_OK;
}

static enum err_code
records(void *ctx, struct table *table, struct err *err)
{
	struct listing *l = ctx;

	l->table = table;
	return list_records(&l->session->store, show_record, l, err);
}

static enum exit_status
list(const struct options *o, struct table *table, table_source *source,
    const char *none)
{
	struct session session;
	struct listing listing = { .options = o, .session = &session };
	struct err err = { 0 };
	enum exit_status status;

	if (command_under(&listing.under, o) != ERR_OK)
		return EXIT_USAGE;
	if (o->unused_since != NULL &&
	    timestamp_parse(&listing.unused_since_ms, o->unused_since, false,
		&err) != ERR_OK) {
		(void)command_fail(&err);
		return EXIT_USAGE;
	}
	if (session_open_to_read(&session, o, &err) != ERR_OK)
		return command_fail(&err);
	status = command_print(table, source, &listing, none);
	session_close(&session);
	return status;
}

enum exit_status
command_listauthorisations(const struct options *o)
{
	static const char *const columns[] = { "name", "created_by_ip",
		"created_at", "account", "suffix_match", "last_used_at" };
	struct table table;

	table_init(&table, o->format, columns, COUNT_OF(columns), 4);
	return list(o, &table, authorisations, "No authorisations found");
}

enum exit_status
command_listpersistentrecords(const struct options *o)
{
	static const char *const columns[] = { "name", "until", "record" };
	struct table table;

	table_init(&table, o->format, columns, COUNT_OF(columns), 3);
	return list(o, &table, records, "No persistent records found");
}
