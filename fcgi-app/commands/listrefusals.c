/* acmeproxy listrefusals. */
#include <stdio.h>
#include <string.h>

#include "fcgi-app/commands/command.h"
#include "fcgi-app/commands/timestamp.h"
#include "fcgi-app/store/refusals.h"

struct listing {
	const struct options *options;
	struct session *session;
	struct table *table;
	struct dnsname under;
};

static enum err_code
show_refusal(void *ctx, const struct listed_refusal *r, struct err *err)
{
	char last_at[TIMESTAMP_LEN + 1], count[32];
	const struct listing *l = ctx;
	struct dnsname name;

	(void)err;
	if (l->options->under != NULL &&
	    (dnsname_parse(&name, r->name, strlen(r->name), NULL) != ERR_OK ||
		!dnsname_is_under(&name, &l->under)))
		return ERR_OK;
	timestamp_format(last_at, r->last_at_ms);
	(void)snprintf(count, sizeof(count), TABLE_RAW "%lld", r->count);
	table_row(l->table,
	    (const char *const[]){ r->name, r->ip, r->reason, count, last_at,
		r->via });
	return ERR_OK;
}

static enum err_code
refusals(void *ctx, struct table *table, struct err *err)
{
	struct listing *l = ctx;

	l->table = table;
	return list_refusals(&l->session->store, show_refusal, l, err);
}

enum exit_status
command_listrefusals(const struct options *o)
{
	static const char *const columns[] = { "name", "ip", "reason", "count",
		"last_at", "via" };
	struct session session;
	struct listing listing = { .options = o, .session = &session };
	struct err err = { 0 };
	struct table table;
	enum exit_status status;

	if (command_under(&listing.under, o) != ERR_OK)
		return EXIT_USAGE;
	if (session_open_to_read(&session, o, &err) != ERR_OK)
		return command_fail(&err);
	table_init(&table, o->format, columns, COUNT_OF(columns),
	    COUNT_OF(columns));
	status =
	    command_print(&table, refusals, &listing, "Nobody was refused");
	session_close(&session);
	return status;
}
