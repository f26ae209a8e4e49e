/* Reads JSON, and finds the place of an error in it.  Hides jansson. */
#include <assert.h>
#include <malloc.h>
#include <pthread.h>
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

static enum err_code
set_line(struct err *err, int line, const char *reason)
{
	if (err == NULL)
		return ERR_INPUT;
	(void)err_set(err, ERR_INPUT, "%s", reason);
	err->line = line > 0 ? (unsigned)line : 1;
	return ERR_INPUT;
}

static void
wipe_and_free(void *memory)
{
	if (memory != NULL)
		explicit_bzero(memory, malloc_usable_size(memory));
	free(memory);
}

/* There may be secrets in what is parsed: jansson must leave none behind. */
static void
hide(void)
{
	json_set_alloc_funcs(malloc, wipe_and_free);
}

enum err_code
json_parse(struct json **doc, const char *text, size_t len, struct err *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	json_error_t why;
	json_t *root;

	(void)pthread_once(&once, hide);
	/* jansson accepts a NUL after a number, true, false or null. */
	if (memchr(text, '\0', len) != NULL)
		return set_line(err, 1, "a NUL octet");
	root = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY,
	    &why);
	if (root == NULL)
		(void)set_line(err, why.line, why.text);
	explicit_bzero(&why, sizeof(why)); /* it quotes what is near */
	if (root == NULL)
		return ERR_INPUT;
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

size_t
json_index(const struct json *object, const char *key)
{
	json_t *root = native(object);
	void *iter = json_object_iter(root);
	size_t i = 0;

	while (iter != NULL && strcmp(json_object_iter_key(iter), key) != 0) {
		iter = json_object_iter_next(root, iter);
		i++;
	}
	return i;
}

enum err_code
json_each(const struct json *object, json_member_fn *fn, void *ctx,
    struct err *err)
{
	json_t *root = native(object);
	void *iter = json_object_iter(root);
	enum err_code rc = ERR_OK;

	for (size_t i = 0; rc == ERR_OK && iter != NULL; i++) {
		rc = fn(ctx, json_object_iter_key(iter),
		    foreign(json_object_iter_value(iter)), err);
		if (rc != ERR_OK)
			err_step(err, i);
		iter = json_object_iter_next(root, iter);
	}
	return rc;
}

enum err_code
json_each_element(const struct json *array, json_element_fn *fn, void *ctx,
    struct err *err)
{
	enum err_code rc = ERR_OK;

	for (size_t i = 0; rc == ERR_OK && i < json_n(array); i++) {
		rc = fn(ctx, json_at(array, i), err);
		if (rc != ERR_OK)
			err_step(err, i);
	}
	return rc;
}

/*
 * jansson keeps no positions, so the text is searched again for the place of an
 * error.  It is known to be valid: skipping strings and counting brackets is
 * enough.
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
 * Find the i-th member or element of the object or array at p.  Returns where
 * it begins, or NULL; *value is where its value begins.
 */
static const char *
find_step(const char *p, size_t i, const char **value)
{
	bool is_object = *p == '{';

	while (*p == '{' || *p == '[' || *p == ',') {
		const char *start = p + 1 + strspn(p + 1, " \t\r\n");
		const char *after = start;

		if (is_object && *start == '"') {
			after = skip_string(start);
			after += strspn(after, " \t\r\n:");
		}
		*value = after;
		if (i-- == 0)
			return start;
		p = skip_value(after);
	}
	return NULL;
}

/* The line on which the member at fault begins. */
static unsigned
line_of(const char *text, const struct err *err)
{
	const char *value = text + strspn(text, " \t\r\n");
	const char *found = NULL;
	unsigned line = 1;

	for (size_t n = err->n_steps; n > 0; n--) {
		const char *step = find_step(value, err->steps[n - 1], &value);

		if (step == NULL)
			break;
		found = step;
	}
	for (; found != NULL && text < found; text++)
		line += *text == '\n';
	return line;
}

/* Add ".KEY" or ".INDEX" of the i-th member to path, and set *value to it. */
static void
add_step(char *path, size_t size, const struct json **value, size_t i)
{
	size_t len = strlen(path);
	const char *dot = len > 0 ? "." : "";
	json_t *object = native(*value);
	void *iter = json_object_iter(object);

	if (json_kind(*value) == JSON_KIND_ARRAY) {
		(void)snprintf(path + len, size - len, "%s%zu", dot, i);
		*value = json_at(*value, i);
		return;
	}
	while (i-- > 0 && iter != NULL)
		iter = json_object_iter_next(object, iter);
	if (iter == NULL)
		return;
	(void)snprintf(path + len, size - len, "%s%s", dot,
	    json_object_iter_key(iter));
	*value = foreign(json_object_iter_value(iter));
}

enum err_code
json_place_error(struct err *err, const struct json *doc, const char *text,
    const char *file)
{
	char path[128] = "";

	for (size_t n = err->n_steps; n > 0 && doc != NULL; n--)
		add_step(path, sizeof(path), &doc, err->steps[n - 1]);
	return err_place(err, file,
	    err->line != 0 ? err->line : line_of(text, err), path);
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

void
json_print_string(FILE *out, const char *text)
{
	json_t *string = json_string(text);

	if (string != NULL)
		(void)json_dumpf(string, out, JSON_ENCODE_ANY);
	else
		(void)fputs("null", out);
	json_decref(string);
}
