#ifndef COMMON_SETTING_H
#define COMMON_SETTING_H

#include <stddef.h>

#include "common/err.h"
#include "common/json.h"

/*
 * A row of a table of settings describes one member of a JSON object.  Its kind
 * both reads and shows the value.  The tables are in settings.c.
 */
struct setting;

/* JSON that is being written. */
struct setting_text {
	char *buf;
	size_t size, len;
};

struct setting_kind {
	/* Check the value and write it to `out`; ERR_OK or ERR_INPUT. */
	enum err_code (*set)(const struct setting *setting,
	    const struct json *value, char *out, struct err *err);
	/* Add the value at `in` to `text` as JSON; "null" if it is not set. */
	void (*show)(const struct setting *setting, const char *in,
	    struct setting_text *text);
};

struct setting {
	const char *key;
	const struct setting_kind *kind;
	size_t offset; /* of the value, in the struct that the table fills */
	size_t size;   /* of the value: an array limits its text or list */
	/*
	 * Limits of a number.  min is also the least number of a text's octets,
	 * of a list's elements or of a name's labels.
	 */
	long long min, max;
	size_t n_offset;          /* of a list's length, which is a size_t */
	const char *const *words; /* the three to choose from, then NULL */
};

/* The value is member m of struct s; a list's length is member n_m. */
#define SETTING_AT(s, m)                                                       \
	.offset = offsetof(struct s, m), .size = sizeof(((struct s *)NULL)->m)
#define SETTING_LIST(s, m)                                                     \
	SETTING_AT(s, m), .n_offset = offsetof(struct s, n_##m)

extern const struct setting_kind setting_unsigned, setting_flag, setting_text,
    setting_text_or_null, setting_name, setting_names, setting_word;

/* A table, and the struct that it fills. */
struct setting_table {
	const struct setting *rows;
	size_t n;
	char *values;
};

/*
 * A json_member_fn: set the value called key in the struct setting_table ctx.
 * Returns ERR_OK, or ERR_INPUT with a sentence.
 */
enum err_code setting_set_member(void *ctx, const char *key,
    const struct json *value, struct err *err);

/* Add an object of the members that are set to `text`. */
void setting_show_object(const struct setting_table *table,
    struct setting_text *text);

/* Returns ERR_OK; ERR_INPUT, with a sentence, if value is of another kind. */
MUST_CHECK enum err_code setting_want(const struct json *value,
    enum json_kind kind, struct err *err);

/* Add to a text; what does not fit is cut. */
void setting_add(struct setting_text *text, const char *fmt, ...)
    PRINTF_LIKE(2, 3);

/* Add a JSON string to a text; nothing if it does not fit. */
void setting_add_string(struct setting_text *text, const char *string);

#endif
