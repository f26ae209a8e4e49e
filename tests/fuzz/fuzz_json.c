/*
 * Members and elements of any document are on lines of the document, none above
 * the one before it; and a string survives being written and read.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "tests/fuzz/check.h"

#define PATH_OCTETS 128

/* Where a walk has come to. */
struct walk {
	const char *text;
	unsigned lines; /* of the text */
	unsigned line;  /* of the last thing seen */
	bool escapes;   /* in the text: a path may then miss its member */
	char path[PATH_OCTETS];
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

/* Step to what `step` names below the path, and back. */
static void
visit_step(struct walk *walk, const char *step, const struct json *value)
{
	size_t len = strlen(walk->path);
	unsigned line;

	if (len + strlen(step) + 2 > sizeof(walk->path) || step[0] == '\0' ||
	    strchr(step, '.') != NULL)
		return;
	(void)sprintf(walk->path + len, "%s%s", len > 0 ? "." : "", step);
	line = json_line_of(walk->text, walk->path);
	CHECK(line >= 1 && line <= walk->lines);
	CHECK(line >= walk->line || walk->escapes);
	walk->line = line;
	visit(walk, value);
	walk->path[len] = '\0';
}

static enum err_code
visit_member(void *ctx, const char *key, const struct json *value,
    struct err *err)
{
	(void)err;
	visit_step(ctx, key, value);
	return ERR_OK;
}

static void
visit(struct walk *walk, const struct json *value)
{
	char step[24];

	if (json_kind(value) == JSON_KIND_STRING)
		check_string(value);
	if (json_kind(value) == JSON_KIND_OBJECT)
		CHECK(json_each(value, visit_member, walk, NULL) == ERR_OK);
	if (json_kind(value) != JSON_KIND_ARRAY)
		return;
	for (size_t i = 0; i < json_n(value); i++) {
		(void)snprintf(step, sizeof(step), "%zu", i);
		visit_step(walk, step, json_at(value, i));
	}
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
	walk.escapes = strchr(text, '\\') != NULL;
	if (json_parse(&doc, text, size, &err) != ERR_OK) {
		CHECK(strncmp(err.text, "line ", 5) == 0);
	} else {
		visit(&walk, doc);
		json_free(doc);
	}
	free(text);
	return 0;
}
