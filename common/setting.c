/* The kinds of settings: how each is read from JSON and shown as JSON. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/dnsname.h"
#include "common/setting.h"

enum err_code
setting_want(const struct json *value, enum json_kind kind, struct err *err)
{
	if (json_kind(value) == kind)
		return ERR_OK;
	return err_set(err, ERR_INPUT, "%s is needed, not %s",
	    json_kind_name(kind), json_kind_name(json_kind(value)));
}

void
setting_add(struct setting_text *text, const char *fmt, ...)
{
	size_t room = text->size - text->len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text->buf + text->len, room, fmt, ap);
	va_end(ap);
	if (n > 0)
		text->len += (size_t)n < room ? (size_t)n : room - 1;
}

void
setting_add_string(struct setting_text *text, const char *string)
{
	text->len += json_format_string(text->buf + text->len,
	    text->size - text->len, string);
}

static enum err_code
set_unsigned(const struct setting *setting, const struct json *value, char *out,
    struct err *err)
{
	unsigned n;

	if (setting_want(value, JSON_KIND_INTEGER, err) != ERR_OK)
		return ERR_INPUT;
	if (json_as_integer(value) < setting->min ||
	    json_as_integer(value) > setting->max)
		return err_set(err, ERR_INPUT, "must be between %lld and %lld",
		    setting->min, setting->max);
	n = (unsigned)json_as_integer(value);
	memcpy(out, &n, sizeof(n));
	return ERR_OK;
}

static void
show_unsigned(const struct setting *setting, const char *in,
    struct setting_text *text)
{
	unsigned n;

	memcpy(&n, in, sizeof(n));
	if (n == 0 && setting->min > 0)
		setting_add(text, "null");
	else
		setting_add(text, "%u", n);
}

static enum err_code
set_flag(const struct setting *setting, const struct json *value, char *out,
    struct err *err)
{
	bool flag;

	(void)setting;
	if (setting_want(value, JSON_KIND_BOOLEAN, err) != ERR_OK)
		return ERR_INPUT;
	flag = json_as_boolean(value);
	memcpy(out, &flag, sizeof(flag));
	return ERR_OK;
}

static void
show_flag(const struct setting *setting, const char *in,
    struct setting_text *text)
{
	bool flag;

	(void)setting;
	memcpy(&flag, in, sizeof(flag));
	setting_add(text, "%s", flag ? "true" : "false");
}

/* Text of at least min octets: printable ASCII, so that it can be logged. */
static enum err_code
set_text(const struct setting *setting, const struct json *value, char *out,
    struct err *err)
{
	const char *text;
	size_t len;

	if (setting_want(value, JSON_KIND_STRING, err) != ERR_OK)
		return ERR_INPUT;
	text = json_as_string(value, &len);
	if ((long long)len < setting->min || len >= setting->size)
		return err_set(err, ERR_INPUT,
		    "must have between %lld and %zu octets", setting->min,
		    setting->size - 1);
	for (size_t i = 0; i < len; i++)
		if (text[i] < 0x20 || text[i] > 0x7e)
			return err_set(err, ERR_INPUT, "octet 0x%02x in a text",
			    (unsigned char)text[i]);
	memcpy(out, text, len + 1);
	return ERR_OK;
}

static enum err_code
set_text_or_null(const struct setting *setting, const struct json *value,
    char *out, struct err *err)
{
	if (json_kind(value) != JSON_KIND_NULL)
		return set_text(setting, value, out, err);
	out[0] = '\0';
	return ERR_OK;
}

static void
show_text(const struct setting *setting, const char *in,
    struct setting_text *text)
{
	if (in[0] == '\0' && setting->min > 0)
		setting_add(text, "null");
	else
		setting_add_string(text, in);
}

static enum err_code
set_name(const struct setting *setting, const struct json *value, char *out,
    struct err *err)
{
	struct dnsname name;
	const char *text;
	size_t len;

	if (setting_want(value, JSON_KIND_STRING, err) != ERR_OK)
		return ERR_INPUT;
	text = json_as_string(value, &len);
	if (strchr(text, '@') != NULL)
		return err_set(err, ERR_INPUT,
		    "a DNS name is needed: write '.' for '@'");
	if (dnsname_parse(&name, text, len, err) != ERR_OK)
		return ERR_INPUT;
	if (dnsname_n_labels(&name) < (size_t)setting->min)
		return err_set(err, ERR_INPUT, "two labels are needed");
	memcpy(out, &name, sizeof(name));
	return ERR_OK;
}

static void
show_name(const struct setting *setting, const char *in,
    struct setting_text *text)
{
	struct dnsname name;

	(void)setting;
	memcpy(&name, in, sizeof(name));
	setting_add_string(text, name.text);
}

/* A list that is being read. */
struct names {
	char *next;
	struct setting element;
};

static enum err_code
add_name(void *ctx, const struct json *value, struct err *err)
{
	struct names *names = ctx;
	enum err_code rc = set_name(&names->element, value, names->next, err);

	names->next += sizeof(struct dnsname);
	return rc;
}

/* An array of at least min names. */
static enum err_code
set_names(const struct setting *setting, const struct json *value, char *out,
    struct err *err)
{
	struct names names = { out, { 0 } };
	size_t n, max = setting->size / sizeof(struct dnsname);

	if (setting_want(value, JSON_KIND_ARRAY, err) != ERR_OK)
		return ERR_INPUT;
	n = json_n(value);
	if ((long long)n < setting->min || n > max)
		return err_set(err, ERR_INPUT, "%lld to %zu names are needed",
		    setting->min, max);
	memcpy(out - setting->offset + setting->n_offset, &n, sizeof(n));
	return json_each_element(value, add_name, &names, err);
}

static void
show_names(const struct setting *setting, const char *in,
    struct setting_text *text)
{
	size_t n;

	memcpy(&n, in - setting->offset + setting->n_offset, sizeof(n));
	setting_add(text, "[");
	for (size_t i = 0; i < n; i++) {
		setting_add(text, "%s", i > 0 ? ", " : "");
		show_name(setting, in + i * sizeof(struct dnsname), text);
	}
	setting_add(text, "]");
}

/* A word is stored as its index, which is an enumerator: enums are unsigned. */
static enum err_code
refuse_word(const char *const *words, struct err *err)
{
	char known[128] = "";

	for (size_t i = 0; words[i] != NULL; i++) {
		size_t len = strlen(known);
		const char *between = i == 0 ? ""
		    : words[i + 1] != NULL   ? ", "
					     : " or ";

		(void)snprintf(known + len, sizeof(known) - len, "%s\"%s\"",
		    between, words[i]);
	}
	return err_set(err, ERR_INPUT, "must be %s", known);
}

static enum err_code
set_word(const struct setting *setting, const struct json *value, char *out,
    struct err *err)
{
	const char *const *words = setting->words;

	if (setting_want(value, JSON_KIND_STRING, err) != ERR_OK)
		return ERR_INPUT;
	for (unsigned i = 0; words[i] != NULL; i++)
		if (strcmp(words[i], json_as_string(value, NULL)) == 0) {
			memcpy(out, &i, sizeof(i));
			return ERR_OK;
		}
	return refuse_word(words, err);
}

static void
show_word(const struct setting *setting, const char *in,
    struct setting_text *text)
{
	unsigned i;

	memcpy(&i, in, sizeof(i));
	setting_add_string(text, setting->words[i]);
}

const struct setting_kind setting_unsigned = { set_unsigned, show_unsigned };
const struct setting_kind setting_flag = { set_flag, show_flag };
const struct setting_kind setting_text = { set_text, show_text };
const struct setting_kind setting_text_or_null = { set_text_or_null,
	show_text };
const struct setting_kind setting_name = { set_name, show_name };
const struct setting_kind setting_names = { set_names, show_names };
const struct setting_kind setting_word = { set_word, show_word };

enum err_code
setting_set_member(void *ctx, const char *key, const struct json *value,
    struct err *err)
{
	const struct setting_table *table = ctx;

	for (size_t i = 0; i < table->n; i++) {
		const struct setting *row = &table->rows[i];

		if (strcmp(row->key, key) == 0)
			return row->kind->set(row, value,
			    table->values + row->offset, err);
	}
	return err_set(err, ERR_INPUT, "unknown setting");
}

void
setting_show_object(const struct setting_table *table,
    struct setting_text *text)
{
	const char *comma = "";

	setting_add(text, "{");
	for (size_t i = 0; i < table->n; i++) {
		const struct setting *row = &table->rows[i];
		size_t before = text->len, value;

		setting_add(text, "%s\"%s\": ", comma, row->key);
		value = text->len;
		row->kind->show(row, table->values + row->offset, text);
		if (strcmp(text->buf + value, "null") == 0) {
			text->len = before;
			text->buf[before] = '\0';
		} else {
			comma = ", ";
		}
	}
	setting_add(text, "}");
}
