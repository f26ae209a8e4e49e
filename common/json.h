#ifndef COMMON_JSON_H
#define COMMON_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "common/err.h"

/*
 * A JSON document, or a value in it (RFC 8259).  A document owns all its
 * values: a pointer to one is borrowed, and valid until json_free() of the
 * document.
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
 * Parse a text that is one JSON value.  An object with the same member twice
 * and a NUL, even an escaped one, are refused.
 *
 *   *doc	the caller has to json_free() it
 *
 * Returns ERR_OK, or ERR_INPUT with the line.
 */
MUST_CHECK enum err_code json_parse(struct json **doc, const char *text,
    size_t len, struct err *err);

void json_free(struct json *doc);

enum json_kind json_kind(const struct json *value);

/* "a string", "an object", ...: for sentences about what was expected. */
const char *json_kind_name(enum json_kind kind);

/*
 * The value of a string, an integer or a boolean; it must be of that kind.  A
 * string is UTF-8, NUL-terminated and without other NULs; its length in octets
 * goes to *len unless len is NULL.
 */
const char *json_as_string(const struct json *string, size_t *len);
long long json_as_integer(const struct json *integer);
bool json_as_boolean(const struct json *boolean);

/* The number of an array's elements, and the i-th of them, from 0. */
size_t json_n(const struct json *array);
const struct json *json_at(const struct json *array, size_t i);

/* The member called key, or NULL if there is none. */
const struct json *json_member(const struct json *object, const char *key);

/*
 * The last member called key in upper or lower case, or NULL if there is none.
 * Clients in Go rely on this.
 */
const struct json *json_member_in_any_case(const struct json *object,
    const char *key);

/* The index, from 0, of the member called key.  It must be there. */
size_t json_index(const struct json *object, const char *key);

/*
 * Call fn for each member of an object, or each element of an array, in the
 * order of the text, until a call does not return ERR_OK.  The index of that
 * member or element is then noted in err by err_step().
 *
 * Returns what the last call returned; ERR_OK if there was none.
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
 * Turn the steps of an error into its line and the name of the member at fault,
 * such as "redis.timeout_ms" or "zone.records.3", and put them in front of the
 * error's text.
 *
 *   doc	NULL if json_parse() has failed: the error then has its line
 *   text	the NUL-terminated text that was given to json_parse()
 *   file	the name of the file that it came from
 *
 * Returns the error's code.
 */
enum err_code json_place_error(struct err *err, const struct json *doc,
    const char *text, const char *file);

/*
 * Write a string as JSON, with its quotes; leave buf empty if it does not fit.
 * Returns the number of octets written, without the terminating NUL.
 */
size_t json_format_string(char *buf, size_t size, const char *text);

/*
 * Print a string as JSON, quotes included; null if it is not UTF-8.  A failure
 * to write is in ferror(3).
 */
void json_print_string(FILE *out, const char *text);

#endif
