#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "pipe-backend/question.h"

#define FIELDS_MAX 8

struct field {
	const char *text;
	size_t len;
};

/* Split a line at its tabs; fields after the first FIELDS_MAX are ignored. */
static size_t
split(struct field *fields, const char *line)
{
	size_t n = 0;

	while (n < FIELDS_MAX) {
		size_t len = strcspn(line, "\t");

		fields[n++] = (struct field){ line, len };
		if (line[len] == '\0')
			break;
		line += len + 1;
	}
	return n;
}

static bool
field_is(const struct field *field, const char *word)
{
	return strlen(word) == field->len &&
	    memcmp(field->text, word, field->len) == 0;
}

static enum rrtype
parse_rrtype(const struct field *field)
{
	static const struct {
		const char *word;
		enum rrtype rrtype;
	} types[] = {
		{ "ANY", RRTYPE_ANY },
		{ "SOA", RRTYPE_SOA },
		{ "NS", RRTYPE_NS },
		{ "CAA", RRTYPE_CAA },
		{ "TXT", RRTYPE_TXT },
	};

	for (size_t i = 0; i < COUNT_OF(types); i++)
		if (field_is(field, types[i].word))
			return types[i].rrtype;
	return RRTYPE_OTHER;
}

static enum err_code
parse_helo(struct question *q, const struct field *fields, size_t n,
    struct err *err)
{
	unsigned long version;

	if (n != 2)
		return err_set(err, ERR_INPUT, "HELO without a version");
	if (fields[1].len == 0 ||
	    strspn(fields[1].text, "0123456789") < fields[1].len)
		return err_set(err, ERR_INPUT, "HELO with a strange version");
	version = strtoul(fields[1].text, NULL, 10);
	if (version > 1000)
		return err_set(err, ERR_INPUT, "HELO with a strange version");
	q->version = (unsigned)version;
	return ERR_OK;
}

static bool
parse_int(int *n, const struct field *field)
{
	char *end;
	long value = strtol(field->text, &end, 10);

	/* strtol() skips white space, and would read the next field. */
	if (strchr("-0123456789", field->text[0]) == NULL ||
	    end != field->text + field->len || value < -1 || value > INT_MAX)
		return false;
	*n = (int)value;
	return true;
}

static enum err_code
parse_q(struct question *q, const struct field *fields, size_t n,
    struct err *err)
{
	if (n < 6)
		return err_set(err, ERR_INPUT, "Q with %zu fields", n);
	if (fields[1].len == 0 || fields[1].len >= sizeof(q->qname))
		return err_set(err, ERR_INPUT, "Q with a name of %zu octets",
		    fields[1].len);
	memcpy(q->qname, fields[1].text, fields[1].len);
	q->qname[fields[1].len] = '\0';
	q->rrtype = field_is(&fields[2], "IN") ? parse_rrtype(&fields[3])
					       : RRTYPE_OTHER;
	if (!parse_int(&q->zone_id, &fields[4]))
		return err_set(err, ERR_INPUT, "Q with a strange id");
	return ERR_OK;
}

static enum err_code
parse_nothing(struct question *q, const struct field *fields, size_t n,
    struct err *err)
{
	(void)q;
	(void)fields;
	(void)n;
	(void)err;
	return ERR_OK;
}

enum err_code
question_parse(struct question *question, const char *line, struct err *err)
{
	static const struct {
		const char *tag;
		enum question_kind kind;
		enum err_code (*parse)(struct question *, const struct field *,
		    size_t, struct err *);
	} tags[] = {
		{ "Q", QUESTION_Q, parse_q },
		{ "HELO", QUESTION_HELO, parse_helo },
		{ "AXFR", QUESTION_AXFR, parse_nothing },
		{ "CMD", QUESTION_CMD, parse_nothing },
	};
	struct field fields[FIELDS_MAX];
	size_t n = split(fields, line);

	for (size_t i = 0; i < COUNT_OF(tags); i++) {
		if (!field_is(&fields[0], tags[i].tag))
			continue;
		question->kind = tags[i].kind;
		return tags[i].parse(question, fields, n, err);
	}
	return err_set(err, ERR_INPUT, "unknown tag of %zu octets",
	    fields[0].len);
}
