#ifndef COMMON_SETTING_H
#define COMMON_SETTING_H

#include <stddef.h>

#include "common/err.h"
#include "common/json.h"

/*
 * What a table of settings is made of: a row a member, which is both read and
 * shown by its kind.  The tables themselves are in settings.c.
 */
struct setting;

/* JSON in the making. */
struct setting_text {
	char *buf;
	size_t size, len;
};

struct setting_kind {
	/* Check the value and write it at `out`; ERR_OK or ERR_INPUT. */
	enum err_code (*set)(const struct setting *setting,
	    const struct json *value, char *out, struct err *err);
	/* Show as JSON what stands at `in`, "null" for nothing. */
	void (*show)(const struct setting *setting, const char *in,
	    struct setting_text *text);
};

struct setting {
	const char *key;
	const struct setting_kind *kind;
	size_t offset; /* of the value, in the struct that the table is about */
	long long min, max;       /* a number's, a text's octets, a list's n */
	size_t n_offset;          /* of the size_t n, of a list */
	const char *const *words; /* of one of a few words; ends with NULL */
};

#define SETTING_AT(s, m) offsetof(struct s, m)

extern const struct setting_kind setting_unsigned, setting_flag, setting_text,
    setting_text_or_null, setting_name, setting_names, setting_word;

/* A table, and where its values are. */
struct setting_table {
	const struct setting *rows;
	size_t n;
	char *values;
};

/* A json_member_fn: set what a member is called, in ctx's values. */
enum err_code setting_set_member(void *ctx, const char *key,
    const struct json *value, struct err *err);

/* Show an object of those members that have a value. */
void setting_show_object(const struct setting_table *table,
    struct setting_text *text);

/* ERR_INPUT with a sentence when the value is of another kind. */
MUST_CHECK enum err_code setting_want(const struct json *value,
    enum json_kind kind, struct err *err);

/* Add to a text; what does not fit is cut. */
void setting_add(struct setting_text *text, const char *fmt, ...)
    PRINTF_LIKE(2, 3);
void setting_add_string(struct setting_text *text, const char *string);

#endif
