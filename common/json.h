#ifndef COMMON_JSON_H
#define COMMON_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "common/err.h"

/*
 * Reading JSON (RFC 8259).  A document owns all its values: a pointer to a
 * part of it is borrowed and dies with json_free() of the document.
 */
struct json;

enum json_kind {
	JSON_KIND_NULL,
	JSON_KIND_BOOLEAN,
	JSON_KIND_INTEGER,
	JSON_KIND_REAL,
	JSON_KIND_STRING,
	JSON_KIND_ARRAY,
	JSON_KIND_OBJECT,
};

/*
 * Parse one JSON value and nothing after it.  An object with the same member
 * twice and a string with an escaped NUL are refused.
 *
 * Returns ERR_OK and a document for json_free(), or ERR_INPUT with the line.
 */
MUST_CHECK enum err_code json_parse(struct json **doc, const char *text,
    size_t len, struct err *err);

void json_free(struct json *doc);

enum json_kind json_kind(const struct json *value);

/* "a string", "an object", ...: for sentences about what was expected. */
const char *json_kind_name(enum json_kind kind);

/* Octets of a string, UTF-8, without NULs inside, NUL-terminated. */
const char *json_as_string(const struct json *string, size_t *len);
long long json_as_integer(const struct json *integer);
bool json_as_boolean(const struct json *boolean);

size_t json_n(const struct json *array);
const struct json *json_at(const struct json *array, size_t i);

/* The member called key, or NULL when there is none. */
const struct json *json_member(const struct json *object, const char *key);

/* The same in any case, the last such: what clients in Go rely on. */
const struct json *json_member_in_any_case(const struct json *object,
    const char *key);

/* Which member of an object is called key, from 0; one that must be there. */
size_t json_index(const struct json *object, const char *key);

/*
 * Call fn for each member of an object, or each element of an array, in the
 * order of the text, until one does not return ERR_OK.  Which one that was is
 * noted in err by err_step().
 *
 * Return what the last call returned.
 */
typedef enum err_code json_member_fn(void *ctx, const char *key,
    const struct json *value, struct err *err);
MUST_CHECK enum err_code json_each(const struct json *object,
    json_member_fn *fn, void *ctx, struct err *err);
typedef enum err_code json_element_fn(void *ctx, const struct json *value,
    struct err *err);
MUST_CHECK enum err_code json_each_element(const struct json *array,
    json_element_fn *fn, void *ctx, struct err *err);

/*
 * Turn the steps of an error into its line and the name of the member that is
 * at fault, "redis.timeout_ms" or "zone.records.3", and say so in front of its
 * text.
 *
 *   doc	NULL if json_parse() has failed, which knows the line
 *   text	the NUL-terminated text that json_parse() took
 *   file	its name
 *
 * Returns the error's code.
 */
enum err_code json_place_error(struct err *err, const struct json *doc,
    const char *text, const char *file);

/*
 * Write a string as JSON, quotes included; "" when it does not fit.
 * Returns the octets written, without the terminating NUL.
 */
size_t json_format_string(char *buf, size_t size, const char *text);

#endif
