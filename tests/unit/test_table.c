#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/json.h"
#include "fcgi-app/commands/table.h"

#define ROWS_MAX  4
#define N_COLUMNS 3

static const char *const columns[TABLE_COLUMNS_MAX] = { "name", "ip", "account",
	"d", "e", "f", "g", "h" };

struct rows {
	size_t n;
	const char *values[ROWS_MAX][TABLE_COLUMNS_MAX];
};

/* What a source gives in each pass. */
struct source {
	const struct rows *passes[2];
	size_t failing_pass; /* from 1; 0 for none */
	size_t n_passes;     /* so far */
};

static enum err_code
give_rows(void *ctx, struct table *table, struct err *err)
{
	struct source *source = ctx;
	const struct rows *rows;

	assert_true(source->n_passes < COUNT_OF(source->passes));
	rows = source->passes[source->n_passes++];
	for (size_t i = 0; i < rows->n; i++)
		table_row(table, rows->values[i]);
	if (source->n_passes == source->failing_pass)
		return err_set(err, ERR_STORE, "pass %zu", source->n_passes);
	return ERR_OK;
}

/* Print what the source gives; free() the text. */
static char *
print(struct table *table, struct source *source, enum err_code want)
{
	struct err err = { 0 };
	char *text = NULL;
	size_t size;

	table->out = open_memstream(&text, &size);
	assert_non_null(table->out);
	assert_int_equal(table_print(table, give_rows, source, &err), want);
	assert_int_equal(err.code, want);
	assert_int_equal(fclose(table->out), 0);
	assert_int_equal(strlen(text), size);
	assert_false(table->is_measuring);
	assert_int_equal(source->n_passes,
	    table->format == TABLE_TEXT && source->failing_pass != 1 ? 2 : 1);
	return text;
}

static const struct {
	enum table_format format;
	size_t n_columns, n_text;
	struct rows rows;
	const char *want;
} print_cases[] = {
	/* Columns are as wide as their widest value or their name. */
	{ TABLE_TEXT, 3, 3,
	    { 2, { { "a.example", "::1", "x" }, { "b", "192.0.2.1", "yy" } } },
	    "name       ip         account\n"
	    "---------  ---------  -------\n"
	    "a.example  ::1        x\n"
	    "b          192.0.2.1  yy\n" },
	{ TABLE_TEXT, 1, 1, { 1, { { "a" } } }, "name\n----\na\n" },
	{ TABLE_TSV, 3, 3,
	    { 2, { { "a.example", "::1", "x" }, { "b", "192.0.2.1", "yy" } } },
	    "a.example\t::1\tx\nb\t192.0.2.1\tyy\n" },
	{ TABLE_TSV, 1, 1, { 1, { { "a" } } }, "a\n" },
	{ TABLE_JSON, 3, 3, { 2, { { "a", "::1", "x" }, { "b", "", "y y" } } },
	    "{\"name\": \"a\", \"ip\": \"::1\", \"account\": \"x\"}\n"
	    "{\"name\": \"b\", \"ip\": \"\", \"account\": \"y y\"}\n" },
	{ TABLE_JSON, 1, 1, { 1, { { "a" } } }, "{\"name\": \"a\"}\n" },
	/* Only JSON has the columns after the first n_text. */
	{ TABLE_TEXT, 3, 1, { 1, { { "a", "::1", "x" } } }, "name\n----\na\n" },
	{ TABLE_TEXT, 3, 2, { 1, { { "a", "::1", "x" } } },
	    "name  ip\n----  ---\na     ::1\n" },
	{ TABLE_TSV, 3, 2, { 1, { { "a", "::1", "x" } } }, "a\t::1\n" },
	{ TABLE_JSON, 3, 1, { 1, { { "a", "::1", "x" } } },
	    "{\"name\": \"a\", \"ip\": \"::1\", \"account\": \"x\"}\n" },
	/* As many columns as there may be. */
	{ TABLE_TEXT, 8, 8,
	    { 1, { { "1", "2", "3", "4", "5", "6", "7", "8" } } },
	    "name  ip  account  d  e  f  g  h\n"
	    "----  --  -------  -  -  -  -  -\n"
	    "1     2   3        4  5  6  7  8\n" },
	{ TABLE_TSV, 8, 8,
	    { 1, { { "1", "2", "3", "4", "5", "6", "7", "8" } } },
	    "1\t2\t3\t4\t5\t6\t7\t8\n" },
	{ TABLE_JSON, 8, 1,
	    { 1, { { "1", "2", "3", "4", "5", "6", "7", "8" } } },
	    "{\"name\": \"1\", \"ip\": \"2\", \"account\": \"3\", "
	    "\"d\": \"4\", \"e\": \"5\", \"f\": \"6\", \"g\": \"7\", \"h\": "
	    "\"8\"}\n" },
	/* NULL is null in JSON and empty elsewhere. */
	{ TABLE_TEXT, 3, 3, { 1, { { "a", NULL, "x" } } },
	    "name  ip  account\n----  --  -------\na         x\n" },
	{ TABLE_TSV, 3, 3, { 2, { { "a", NULL, "x" }, { NULL, NULL, NULL } } },
	    "a\t\tx\n\t\t\n" },
	{ TABLE_JSON, 3, 3, { 2, { { "a", NULL, "x" }, { NULL, NULL, NULL } } },
	    "{\"name\": \"a\", \"ip\": null, \"account\": \"x\"}\n"
	    "{\"name\": null, \"ip\": null, \"account\": null}\n" },
	/* The mark of JSON is not printed, and does not widen a column. */
	{ TABLE_TEXT, 3, 3,
	    { 1, { { TABLE_RAW "false", TABLE_RAW "12", TABLE_RAW "" } } },
	    "name   ip  account\n-----  --  -------\nfalse  12\n" },
	{ TABLE_TSV, 3, 3,
	    { 1, { { TABLE_RAW "false", TABLE_RAW "", TABLE_RAW "3" } } },
	    "false\t\t3\n" },
	{ TABLE_JSON, 3, 3,
	    { 1, { { TABLE_RAW "true", TABLE_RAW "3", TABLE_RAW "[\"a\"]" } } },
	    "{\"name\": true, \"ip\": 3, \"account\": [\"a\"]}\n" },
	{ TABLE_JSON, 3, 3, { 1, { { "true", "3", "null" } } },
	    "{\"name\": \"true\", \"ip\": \"3\", \"account\": \"null\"}\n" },
	{ TABLE_JSON, 1, 1, { 1, { { "a" TABLE_RAW "b" } } },
	    "{\"name\": \"a\\u0001b\"}\n" },
	/* Empty values at the end of a line leave no blanks there. */
	{ TABLE_TEXT, 3, 3,
	    { 4,
		{ { "a", "::1", "" }, { "b", "", "" }, { "", "", "" },
		    { "", NULL, "x" } } },
	    "name  ip   account\n"
	    "----  ---  -------\n"
	    "a     ::1\n"
	    "b\n"
	    "\n"
	    "           x\n" },
	{ TABLE_TSV, 3, 3, { 2, { { "a", "", "" }, { "", "", "" } } },
	    "a\t\t\n\t\t\n" },
	/* Without rows there is no heading either. */
	{ TABLE_TEXT, 3, 3, { 0, { { NULL } } }, "" },
	{ TABLE_TSV, 3, 3, { 0, { { NULL } } }, "" },
	{ TABLE_JSON, 3, 3, { 0, { { NULL } } }, "" },
};

static void
test_print(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(print_cases); i++) {
		const struct rows *rows = &print_cases[i].rows;
		struct source source = { .passes = { rows, rows } };
		struct table table;
		char *text;

		print_message("case %zu\n", i);
		table_init(&table, print_cases[i].format, columns,
		    print_cases[i].n_columns, print_cases[i].n_text);
		assert_ptr_equal(table.out, stdout);
		text = print(&table, &source, ERR_OK);
		assert_string_equal(text, print_cases[i].want);
		assert_int_equal(table.n_rows, rows->n);
		free(text);
	}
}

/* The source gives other rows once the columns have been measured. */
static const struct {
	struct rows measured, printed;
	const char *want;
} changed_cases[] = {
	/* A wider value is printed whole, and the rest of its row after it. */
	{ { 1, { { "a", "::1", "x" } } },
	    { 3,
		{ { "a", "::1", "x" }, { "a.example", "192.0.2.1", "yy" },
		    { "b", "::2", "zz" } } },
	    "name  ip   account\n"
	    "----  ---  -------\n"
	    "a     ::1  x\n"
	    "a.example  192.0.2.1  yy\n"
	    "b     ::2  zz\n" },
	{ { 1, { { "a", "::1", "x" } } }, { 1, { { "a", "192.0.2.1", "x" } } },
	    "name  ip   account\n"
	    "----  ---  -------\n"
	    "a     192.0.2.1  x\n" },
	/* No row is measured: the columns have the width of their names. */
	{ { 0, { { NULL } } }, { 1, { { "a", "::1", "account-1" } } },
	    "name  ip  account\n"
	    "----  --  -------\n"
	    "a     ::1  account-1\n" },
	/* The widest row is gone. */
	{ { 2, { { "a", "::1", "x" }, { "a.example", "192.0.2.1", "x" } } },
	    { 1, { { "a", "::1", "x" } } },
	    "name       ip         account\n"
	    "---------  ---------  -------\n"
	    "a          ::1        x\n" },
	/* All rows are gone. */
	{ { 1, { { "a", "::1", "x" } } }, { 0, { { NULL } } }, "" },
};

static void
test_rows_change(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(changed_cases); i++) {
		struct source source = { .passes = {
					     &changed_cases[i].measured,
					     &changed_cases[i].printed,
					 } };
		struct table table;
		char *text;

		print_message("case %zu\n", i);
		table_init(&table, TABLE_TEXT, columns, N_COLUMNS, N_COLUMNS);
		text = print(&table, &source, ERR_OK);
		assert_string_equal(text, changed_cases[i].want);
		assert_int_equal(table.n_rows, changed_cases[i].printed.n);
		free(text);
	}
}

/* A source that fails after its rows: those that it gave stay printed. */
static const struct {
	enum table_format format;
	size_t failing_pass;
	struct rows rows;
	const char *want;
} failures[] = {
	{ TABLE_TEXT, 1, { 1, { { "a", "::1", "x" } } }, "" },
	{ TABLE_TEXT, 1, { 0, { { NULL } } }, "" },
	{ TABLE_TEXT, 2, { 1, { { "a", "::1", "x" } } },
	    "name  ip   account\n----  ---  -------\na     ::1  x\n" },
	{ TABLE_TEXT, 2, { 0, { { NULL } } }, "" },
	{ TABLE_TSV, 1, { 1, { { "a", "::1", "x" } } }, "a\t::1\tx\n" },
	{ TABLE_TSV, 1, { 0, { { NULL } } }, "" },
	{ TABLE_JSON, 1, { 1, { { "a", NULL, NULL } } },
	    "{\"name\": \"a\", \"ip\": null, \"account\": null}\n" },
	{ TABLE_JSON, 1, { 0, { { NULL } } }, "" },
};

static void
test_failing_source(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(failures); i++) {
		const struct rows *rows = &failures[i].rows;
		struct source source = { .passes = { rows, rows },
			.failing_pass = failures[i].failing_pass };
		struct table table;
		char *text;

		print_message("case %zu\n", i);
		table_init(&table, failures[i].format, columns, N_COLUMNS,
		    N_COLUMNS);
		text = print(&table, &source, ERR_STORE);
		assert_string_equal(text, failures[i].want);
		assert_int_equal(table.n_rows, text[0] != '\0' ? rows->n : 0);
		free(text);
	}
}

/* A column of any width is followed by two blanks and the next column. */
static void
test_wide_column(void **state)
{
	static const size_t widths[] = { 4, 5, 254, 255, 256, 257, 5000 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(widths); i++) {
		struct rows rows = { 2, { { NULL, "::1" }, { "b", "::2" } } };
		struct source source = { .passes = { &rows, &rows } };
		char *wide = calloc(1, widths[i] + 1), *text, *line;
		struct table table;
		unsigned n = 0;

		assert_non_null(wide);
		memset(wide, 'a', widths[i]);
		rows.values[0][0] = wide;
		table_init(&table, TABLE_TEXT, columns, 2, 2);
		text = print(&table, &source, ERR_OK);
		for (line = strtok(text, "\n"); line != NULL;
		     line = strtok(NULL, "\n")) {
			static const char *const seconds[] = { "  ip", "  ---",
				"  ::1", "  ::2" };

			assert_true(n < COUNT_OF(seconds));
			assert_true(strlen(line) > widths[i]);
			assert_string_equal(line + widths[i], seconds[n]);
			n++;
		}
		assert_int_equal(n, 4);
		free(text);
		free(wide);
	}
}

/* A value, and what stands for it in JSON. */
static const struct {
	const char *value, *want;
} json_cases[] = {
	{ "", "" },
	{ "\"", "\\\"" },
	{ "\\", "\\\\" },
	{ "a\"b\\c", "a\\\"b\\\\c" },
	{ "a\nb\r\tc", "a\\nb\\r\\tc" },
	{ "\b\f", "\\b\\f" },
	{ "\x1f", "\\u001F" },
	{ "a/b", "a/b" },
	{ "{\"a\": [1]}", "{\\\"a\\\": [1]}" },
	{ "m\xc3\xbcller", "m\xc3\xbcller" },
	{ "\xf0\x9f\x94\x91", "\xf0\x9f\x94\x91" },
};

static void
test_json_escapes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(json_cases); i++) {
		struct rows rows = { 1, { { json_cases[i].value } } };
		struct source source = { .passes = { &rows } };
		struct table table;
		char want[64], *text;

		print_message("case %zu: %s\n", i, json_cases[i].want);
		(void)snprintf(want, sizeof(want), "{\"name\": \"%s\"}\n",
		    json_cases[i].want);
		table_init(&table, TABLE_JSON, columns, 1, 1);
		text = print(&table, &source, ERR_OK);
		assert_string_equal(text, want);
		free(text);
	}
}

/* Each octet of ASCII is what a parser of JSON gets back. */
static void
test_json_each_octet(void **state)
{
	(void)state;
	for (int octet = 1; octet < 0x80; octet++) {
		char value[] = { 'a', (char)octet, 'b', '\0' };
		struct rows rows = { 1, { { value } } };
		struct source source = { .passes = { &rows } };
		const struct json *member;
		struct json *doc;
		struct table table;
		char *text;

		table_init(&table, TABLE_JSON, columns, 1, 1);
		text = print(&table, &source, ERR_OK);
		assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
		assert_int_equal(json_parse(&doc, text, strlen(text), NULL),
		    ERR_OK);
		member = json_member(doc, "name");
		assert_non_null(member);
		assert_string_equal(json_as_string(member, NULL), value);
		json_free(doc);
		free(text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_print),
		cmocka_unit_test(test_rows_change),
		cmocka_unit_test(test_failing_source),
		cmocka_unit_test(test_wide_column),
		cmocka_unit_test(test_json_escapes),
		cmocka_unit_test(test_json_each_octet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
