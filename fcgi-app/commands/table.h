#ifndef FCGI_APP_COMMANDS_TABLE_H
#define FCGI_APP_COMMANDS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "common/err.h"

#define TABLE_COLUMNS_MAX 10

enum table_format {
	TABLE_TEXT, /* for people: columns as wide as they need */
	TABLE_JSON, /* an object a line */
	TABLE_TSV,  /* values separated by tabs, no heading */
};

/*
 * A table that is printed row by row, in constant memory.
 *
 * The text format has to know how wide its columns are before it prints the
 * first row.  So table_print() asks for all rows twice; a wider row that comes
 * in between is printed whole, out of line.
 */
struct table {
	enum table_format format;
	const char *const *columns;
	size_t n_columns, n_text; /* only the first n_text in text and TSV */
	FILE *out;
	bool is_measuring;
	size_t widths[TABLE_COLUMNS_MAX];
	size_t n_rows; /* printed */
};

/*
 * A value that begins with TABLE_RAW is JSON already: "true", "3"; it is
 * printed without the mark.  NULL is null in JSON and empty elsewhere.
 */
#define TABLE_RAW "\001"

/* Gives all rows to table_row(): the same ones each time, as far as possible.
 */
typedef enum err_code table_source(void *ctx, struct table *table,
    struct err *err);

/*
 * Begin a table on standard output.
 *
 *   columns	their names, n_columns of them; they outlive the table
 */
void table_init(struct table *table, enum table_format format,
    const char *const *columns, size_t n_columns, size_t n_text);

/* Print the table.  Returns what the source returned. */
MUST_CHECK enum err_code table_print(struct table *table, table_source *source,
    void *ctx, struct err *err);

/* Take one row from the source: n_columns values. */
void table_row(struct table *table, const char *const *values);

#endif
