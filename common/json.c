#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <jansson.h>

#include "common/json.h"

/* `struct json` is jansson's json_t under a name of our own. */
static json_t *
native(const struct json *value)
{
	/* NOLINTNEXTLINE(performance-no-int-to-ptr): casts const away */
	return (json_t *)(uintptr_t)value;
}

static struct json *
foreign(json_t *value)
{
	return (struct json *)value;
}

enum err_code
json_parse(struct json **doc, const char *text, size_t len, struct err *err)
{
	json_error_t why;
	json_t *root;

	/* jansson lets a NUL pass behind a number, true, false or null. */
	if (memchr(text, '\0', len) != NULL)
		return err_set(err, ERR_INPUT, "line 1: a NUL octet");
	root = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY,
	    &why);
	if (root == NULL)
		return err_set(err, ERR_INPUT, "line %d: %s",
		    why.line > 0 ? why.line : 1, why.text);
	*doc = foreign(root);
	return ERR_OK;
}

void
json_free(struct json *doc)
{
	json_decref(native(doc));
}

enum json_kind
json_kind(const struct json *value)
{
	switch (json_typeof(native(value))) {
	case JSON_OBJECT:
		return JSON_KIND_OBJECT;
	case JSON_ARRAY:
		return JSON_KIND_ARRAY;
	case JSON_STRING:
		return JSON_KIND_STRING;
	case JSON_INTEGER:
		return JSON_KIND_INTEGER;
	case JSON_REAL:
		return JSON_KIND_REAL;
	case JSON_TRUE:
	case JSON_FALSE:
		return JSON_KIND_BOOLEAN;
	case JSON_NULL:
	default:
		return JSON_KIND_NULL;
	}
}

const char *
json_kind_name(enum json_kind kind)
{
	static const char *const names[] = {
		[JSON_KIND_NULL] = "null",
		[JSON_KIND_BOOLEAN] = "true or false",
		[JSON_KIND_INTEGER] = "an integer",
		[JSON_KIND_REAL] = "a real number",
		[JSON_KIND_STRING] = "a string",
		[JSON_KIND_ARRAY] = "an array",
		[JSON_KIND_OBJECT] = "an object",
	};

	return names[kind];
}

const char *
json_as_string(const struct json *string, size_t *len)
{
	assert(json_kind(string) == JSON_KIND_STRING);
	if (len != NULL)
		*len = json_string_length(native(string));
	return json_string_value(native(string));
}

long long
json_as_integer(const struct json *integer)
{
	assert(json_kind(integer) == JSON_KIND_INTEGER);
	return json_integer_value(native(integer));
}

bool
json_as_boolean(const struct json *boolean)
{
	assert(json_kind(boolean) == JSON_KIND_BOOLEAN);
	return json_is_true(native(boolean));
}

size_t
json_n(const struct json *array)
{
	return json_array_size(native(array));
}

const struct json *
json_at(const struct json *array, size_t i)
{
	return foreign(json_array_get(native(array), i));
}

const struct json *
json_member(const struct json *object, const char *key)
{
	return foreign(json_object_get(native(object), key));
}

const struct json *
json_member_in_any_case(const struct json *object, const char *key)
{
	const char *each;
	json_t *value, *found = NULL;

	json_object_foreach(native(object), each,
	    value) if (strcasecmp(each, key) == 0) found = value;
	return foreign(found);
}

enum err_code
json_each(const struct json *object, json_member_fn *fn, void *ctx,
    struct err *err)
{
	json_t *root = native(object);
	enum err_code rc = ERR_OK;

	for (void *i = json_object_iter(root); rc == ERR_OK && i != NULL;
	     i = json_object_iter_next(root, i))
		rc = fn(ctx, json_object_iter_key(i),
		    foreign(json_object_iter_value(i)), err);
	return rc;
}

/*
 * jansson keeps no positions, and a valid document needs no real parser to be
 * walked: strings are skipped whole, brackets are counted.
 */
static const char *
skip_string(const char *p)
{
	for (p++; *p != '\0' && *p != '"'; p++)
		if (*p == '\\' && p[1] != '\0')
			p++;
	return *p == '\0' ? p : p + 1;
}

static const char *
skip_value(const char *p)
{
	int depth = 0;

	for (; *p != '\0'; p++) {
		if (*p == '"')
			p = skip_string(p) - 1;
		else if (*p == '{' || *p == '[')
			depth++;
		else if (*p == '}' || *p == ']')
			depth--;
		if (depth < 0 || (depth == 0 && *p == ','))
			break;
	}
	return p;
}

/*
 * The start of the member or element that `step` names, in the object or
 * array at p; *value is where its value begins.
 */
static const char *
find_step(const char *p, const char *step, size_t len, const char **value)
{
	bool is_object = *p == '{';
	size_t index = strtoul(step, NULL, 10);

	for (size_t i = 0; *p == '{' || *p == '[' || *p == ','; i++) {
		const char *start = p + 1 + strspn(p + 1, " \t\r\n");
		const char *after = start;

		if (is_object && *start == '"') {
			after = skip_string(start);
			after += strspn(after, " \t\r\n:");
		}
		*value = after;
		if (is_object ? strncmp(start + 1, step, len) == 0 &&
			    start[1 + len] == '"'
			      : i == index)
			return start;
		p = skip_value(after);
	}
	return NULL;
}

unsigned
json_line_of(const char *text, const char *path)
{
	const char *value = text + strspn(text, " \t\r\n");
	const char *found = NULL;
	unsigned line = 1;

	while (*path != '\0') {
		size_t len = strcspn(path, ".");
		const char *step = find_step(value, path, len, &value);

		if (step == NULL)
			break;
		found = step;
		path += len + (path[len] == '.');
	}
	for (; found != NULL && text < found; text++)
		line += *text == '\n';
	return line;
}

size_t
json_format_string(char *buf, size_t size, const char *text)
{
	json_t *string = json_string_nocheck(text);
	size_t len = 0;

	if (string != NULL) {
		len = json_dumpb(string, buf, size - 1, JSON_ENCODE_ANY);
		if (len > size - 1)
			len = 0;
	}
	json_decref(string);
	buf[len] = '\0';
	return len;
}
