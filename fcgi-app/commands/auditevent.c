#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "fcgi-app/commands/auditevent.h"
#include "fcgi-app/commands/timestamp.h"
#include "fcgi-app/server/journal.h"

/* `journalctl MESSAGE_ID=...` finds our events; it must never change. */
#define MESSAGE_ID    "2384604ddf014396a4e5ad07a77c9029"
#define PRIORITY_INFO "6"
#define IDENTIFIER    "acmeproxy-audit"

#define FIELD_MAX     64 /* octets of a field's name, with NUL */

/* `at` comes from the id, and `detail` is what has no column of its own. */
static const char *const columns[] = { "at", "event", "name", "authorisation",
	"account", "owner", "ip", "via", "detail" };
#define FIRST_FIELD 1
#define DETAIL      (COUNT_OF(columns) - 1)

void
auditevent_table(struct table *table, enum table_format format)
{
	table_init(table, format, columns, COUNT_OF(columns),
	    COUNT_OF(columns));
}

static bool
has_column(const char *field)
{
	for (size_t i = FIRST_FIELD; i < DETAIL; i++)
		if (strcmp(field, columns[i]) == 0)
			return true;
	return false;
}

/*
 * A field's name as a name in JSON or the journal: only letters, digits and
 * '_'.  "id" and "at" are taken, by what is no field.
 */
static void
format_name(char name[FIELD_MAX], const char *field)
{
	bool is_taken = strcmp(field, "id") == 0 || strcmp(field, "at") == 0;
	size_t n = strlen(field);

	if (n > FIELD_MAX - 2)
		n = FIELD_MAX - 2;
	for (size_t i = 0; i < n; i++)
		name[i] = isalnum((unsigned char)field[i]) ? field[i] : '_';
	if (is_taken)
		name[n++] = '_';
	name[n] = '\0';
}

/* Print " FIELD=VALUE", the value as JSON if it would not be one word. */
static void
print_field(FILE *out, const struct auditlog_field *field)
{
	char name[FIELD_MAX];

	format_name(name, field->name);
	(void)fprintf(out, " %s=", name);
	if (strpbrk(field->value, " \"") != NULL)
		json_print_string(out, field->value);
	else
		(void)fputs(field->value, out);
}

static void
print_json(FILE *out, const char *at, const struct auditlog_event *event)
{
	char name[FIELD_MAX];

	(void)fprintf(out, "{\"id\": \"%s\", \"at\": \"%s\"", event->id, at);
	for (size_t i = FIRST_FIELD; i < DETAIL; i++) {
		const char *value = auditlog_field(event, columns[i]);

		(void)fprintf(out, ", \"%s\": ", columns[i]);
		if (value != NULL)
			json_print_string(out, value);
		else
			(void)fputs("null", out);
	}
	for (size_t i = 0; i < event->n_fields; i++) {
		if (has_column(event->fields[i].name))
			continue;
		format_name(name, event->fields[i].name);
		(void)fprintf(out, ", \"%s\": ", name);
		json_print_string(out, event->fields[i].value);
	}
	(void)fputs("}\n", out);
}

void
auditevent_print(struct table *table, const struct auditlog_event *event)
{
	const char *values[COUNT_OF(columns)];
	char at[TIMESTAMP_LEN + 1];
	char *detail = NULL;
	size_t len;
	FILE *out;

	timestamp_format(at, event->at_ms);
	if (table->format == TABLE_JSON) {
		print_json(table->out, at, event);
		table->n_rows++;
		return;
	}
	out = open_memstream(&detail, &len);
	for (size_t i = 0; out != NULL && i < event->n_fields; i++)
		if (!has_column(event->fields[i].name))
			print_field(out, &event->fields[i]);
	if (out != NULL)
		(void)fclose(out);
	values[0] = at;
	for (size_t i = FIRST_FIELD; i < DETAIL; i++)
		values[i] = auditlog_field(event, columns[i]);
	values[DETAIL] =
	    detail != NULL && detail[0] == ' ' ? detail + 1 : detail;
	table_row(table, values);
	free(detail);
}

/* "published secure.example.com ip=192.0.2.1 via=api value=..." */
static char *
format_message(const struct auditlog_event *event)
{
	const char *what = auditlog_field(event, "event");
	const char *name = auditlog_field(event, "name");
	char *message = NULL;
	size_t len;
	FILE *out;

	out = open_memstream(&message, &len);
	if (out == NULL)
		return NULL;
	(void)fputs(what != NULL ? what : "", out);
	if (name != NULL && name[0] != '\0')
		(void)fprintf(out, " %s", name);
	for (size_t i = 0; i < event->n_fields; i++)
		if (strcmp(event->fields[i].name, "event") != 0 &&
		    strcmp(event->fields[i].name, "name") != 0 &&
		    event->fields[i].value[0] != '\0')
			print_field(out, &event->fields[i]);
	if (fclose(out) == 0)
		return message;
	free(message);
	return NULL;
}

enum err_code
auditevent_send(const struct auditlog_event *event, struct err *err)
{
	char names[AUDITLOG_FIELDS_MAX][FIELD_MAX + sizeof("ACMEPROXY_")];
	char name[FIELD_MAX];
	char *message = format_message(event);
	struct journal_field fields[AUDITLOG_FIELDS_MAX + 5] = {
		{ "MESSAGE", message },
		{ "MESSAGE_ID", MESSAGE_ID },
		{ "PRIORITY", PRIORITY_INFO },
		{ "SYSLOG_IDENTIFIER", IDENTIFIER },
		{ "ACMEPROXY_ID", event->id },
	};
	size_t n = 5;
	enum err_code rc;

	if (message == NULL)
		return err_set(err, ERR_SYSTEM, "out of memory");
	for (size_t i = 0; i < event->n_fields; i++) {
		if (event->fields[i].value[0] == '\0')
			continue;
		format_name(name, event->fields[i].name);
		for (char *p = name; *p != '\0'; p++)
			*p = (char)toupper((unsigned char)*p);
		(void)snprintf(names[i], sizeof(names[i]), "ACMEPROXY_%s",
		    name);
		fields[n++] =
		    (struct journal_field){ names[i], event->fields[i].value };
	}
	rc = journal_send(fields, n, err);
	free(message);
	return rc;
}
