/*
 * The members and elements of any document are on lines of the document, none
 * of them above the one before it.  A string is written and read unchanged.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "tests/fuzz/check.h"

/* How far a walk has come. */
struct walk {
	const struct json *doc;
	const char *text;
	unsigned lines; /* of the text */
	unsigned line;  /* of the last part visited */
	size_t steps[ERR_STEPS_MAX], n;
};

static void visit(struct walk *walk, const struct json *value);

static void
check_string(const struct json *value)
{
	size_t len, size, n;
	const char *text = json_as_string(value, &len);
	struct json *again;
	char *buf;

	CHECK(strlen(text) == len);
	size = 6 * len + 3;
	buf = malloc(size);
	CHECK(buf != NULL);
	n = json_format_string(buf, size, text);
	CHECK(n == strlen(buf) && n >= len + 2);
	CHECK(json_parse(&again, buf, n, NULL) == ERR_OK);
	CHECK(strcmp(json_as_string(again, NULL), text) == 0);
	json_free(again);
	CHECK(json_format_string(buf, len / 2 + 1, text) <= len / 2);
	free(buf);
}

/* Place an error where the walk is. */
static void
check_place(struct walk *walk)
{
	struct err err = { 0 };

	(void)err_set(&err, ERR_INPUT, "no");
	for (size_t n = walk->n; n > 0; n--)
		err_step(&err, walk->steps[n - 1]);
	CHECK(json_place_error(&err, walk->doc, walk->text, "f") == ERR_INPUT);
	CHECK(err.line >= walk->line && err.line <= walk->lines);
	check_error_line(err.text, "f", walk->text, strlen(walk->text));
	walk->line = err.line;
}

/* Visit the i-th part, and return. */
static void
visit_step(struct walk *walk, size_t i, const struct json *value)
{
	if (walk->n == ERR_STEPS_MAX)
		return;
	walk->steps[walk->n++] = i;
	check_place(walk);
	visit(walk, value);
	walk->n--;
}

struct member {
	struct walk *walk;
	size_t i;
};

static enum err_code
visit_member(void *ctx, const char *key, const struct json *value,
    struct err *err)
{
	struct member *member = ctx;

	(void)key;
	(void)err;
	visit_step(member->walk, member->i++, value);
	return ERR_OK;
}

static void
visit(struct walk *walk, const struct json *value)
{
	struct member member = { walk, 0 };

	if (json_kind(value) == JSON_KIND_STRING)
		check_string(value);
	if (json_kind(value) == JSON_KIND_OBJECT)
		CHECK(json_each(value, visit_member, &member, NULL) == ERR_OK);
	if (json_kind(value) != JSON_KIND_ARRAY)
		return;
	for (size_t i = 0; i < json_n(value); i++)
		visit_step(walk, i, json_at(value, i));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct walk walk = { .lines = 1, .line = 1 };
	struct json *doc = NULL;
	struct err err = { 0 };
	char *text;

	text = malloc(size + 1);
	CHECK(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	for (size_t i = 0; i < size; i++)
		walk.lines += text[i] == '\n';
	walk.text = text;
	if (json_parse(&doc, text, size, &err) != ERR_OK) {
		CHECK(err.line >= 1 && err.line <= walk.lines);
	} else {
		walk.doc = doc;
		visit(&walk, doc);
		json_free(doc);
	}
	free(text);
	return 0;
}
