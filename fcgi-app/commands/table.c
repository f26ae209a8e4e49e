#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "fcgi-app/commands/table.h"

void
table_init(struct table *table, enum table_format format,
    const char *const *columns, size_t n_columns, size_t n_text)
{
	memset(table, 0, sizeof(*table));
	table->format = format;
	table->out = stdout;
	table->columns = columns;
	table->n_columns = n_columns;
	table->n_text = n_text;
	for (size_t i = 0; i < n_columns; i++)
		table->widths[i] = strlen(columns[i]);
}

static const char *
plain(const char *value)
{
	if (value == NULL)
		return "";
	return value[0] == TABLE_RAW[0] ? value + 1 : value;
}

/* A control character could forge a line or a column, or talk to a terminal. */
static void
print_plain(FILE *out, const char *value)
{
	for (; *value != '\0'; value++)
		(void)fputc((unsigned char)*value < ' ' || *value == 0x7f
			? '?'
			: *value,
		    out);
}

static void
print_text(const struct table *table, const char *const *values)
{
	size_t blanks = 0; /* printed only when a further value follows */

	for (size_t i = 0; i < table->n_text; i++) {
		const char *value = plain(values[i]);
		size_t len = strlen(value);

		if (len > 0) {
			(void)fprintf(table->out, "%*s", (int)blanks, "");
			print_plain(table->out, value);
			blanks = 0;
		}
		blanks +=
		    2 + (len < table->widths[i] ? table->widths[i] - len : 0);
	}
	(void)fputc('\n', table->out);
}

static void
print_heading(const struct table *table)
{
	char dashes[TABLE_COLUMNS_MAX][256];
	const char *rules[TABLE_COLUMNS_MAX];

	for (size_t i = 0; i < table->n_text; i++) {
		size_t n = table->widths[i];

		if (n > sizeof(dashes[i]) - 1)
			n = sizeof(dashes[i]) - 1;
		memset(dashes[i], '-', n);
		dashes[i][n] = '\0';
		rules[i] = dashes[i];
	}
	print_text(table, table->columns);
	print_text(table, rules);
}

static void
print_json(const struct table *table, const char *const *values)
{
	for (size_t i = 0; i < table->n_columns; i++) {
		(void)fprintf(table->out, "%s\"%s\": ", i == 0 ? "{" : ", ",
		    table->columns[i]);
		if (values[i] == NULL) {
			(void)fputs("null", table->out);
		} else if (values[i][0] == TABLE_RAW[0]) {
			(void)fputs(values[i] + 1, table->out);
		} else {
			json_print_string(table->out, values[i]);
		}
	}
	(void)fputs("}\n", table->out);
}

static void
print_tsv(const struct table *table, const char *const *values)
{
	for (size_t i = 0; i < table->n_text; i++) {
		if (i > 0)
			(void)fputc('\t', table->out);
		print_plain(table->out, plain(values[i]));
	}
	(void)fputc('\n', table->out);
}

void
table_row(struct table *table, const char *const *values)
{
	if (table->is_measuring) {
		for (size_t i = 0; i < table->n_text; i++)
			if (strlen(plain(values[i])) > table->widths[i])
				table->widths[i] = strlen(plain(values[i]));
		return;
	}
	switch (table->format) {
	case TABLE_TEXT:
		if (table->n_rows == 0)
			print_heading(table);
		print_text(table, values);
		break;
	case TABLE_JSON:
		print_json(table, values);
		break;
	case TABLE_TSV:
		print_tsv(table, values);
		break;
	}
	table->n_rows++;
}

enum err_code
table_print(struct table *table, table_source *source, void *ctx,
    struct err *err)
{
	enum err_code rc = ERR_OK;

	if (table->format == TABLE_TEXT) {
		table->is_measuring = true;
		rc = source(ctx, table, err);
		table->is_measuring = false;
	}
	return rc == ERR_OK ? source(ctx, table, err) : rc;
}
