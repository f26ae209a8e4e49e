#ifndef FCGI_APP_COMMANDS_TABLE_H
#define FCGI_APP_COMMANDS_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#define TABLE_COLUMNS_MAX 8

enum table_format {
	TABLE_TEXT, /* for people: columns as wide as they need */
	TABLE_JSON, /* an object a line */
	TABLE_TSV,  /* values between tabs, no heading */
};

/*
 * Rows on standard output, one at a time, in constant memory.  The text format
 * has to know how wide the columns are: let every row pass table_measure()
 * first, then again table_print().  A wider row that comes in between is
 * printed whole, out of line.
 */
struct table {
	enum table_format format;
	size_t n_columns, n_text; /* only the first n_text in text and TSV */
	const char *const *columns;
	bool is_measuring;
	size_t widths[TABLE_COLUMNS_MAX];
	size_t n_rows; /* printed */
};

/*
 * A value of TABLE_RAW in front is JSON already: "true", "3"; it is printed
 * without the mark.  NULL is null in JSON and empty elsewhere.
 */
#define TABLE_RAW "\001"

void table_init(struct table *table, enum table_format format,
    const char *const *columns, size_t n_columns, size_t n_text);

/* Take a row: measure it, or print it after the heading. */
void table_row(struct table *table, const char *const *values);

#endif
