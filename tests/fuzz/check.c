#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipe-backend/question.h"
#include "tests/fuzz/check.h"

#define ALPHANUMERIC                                                           \
	"abcdefghijklmnopqrstuvwxyz"                                           \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ"                                           \
	"0123456789"

void
check_failed(const char *claim, const char *file, int line)
{
	(void)fprintf(stderr, "%s:%d: check failed: %s\n", file, line, claim);
	abort();
}

static bool
is_label(const char *text, size_t len)
{
	if (len < 1 || len > 63 || text[0] == '-' || text[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (text[i] == '\0' ||
		    strchr(ALPHANUMERIC "-_", text[i]) == NULL)
			return false;
	return true;
}

bool
check_is_name(const char *text, size_t len)
{
	size_t start = 0;

	if (len > 0 && text[len - 1] == '.')
		len--;
	if (len > 253)
		return false;
	for (size_t i = 0; i <= len; i++) {
		if (i < len && text[i] != '.')
			continue;
		if (!is_label(text + start, i - start))
			return false;
		start = i + 1;
	}
	return true;
}

void
check_name(const struct dnsname *name)
{
	CHECK(name->len >= 1 && name->len <= 253);
	CHECK(strlen(name->text) == name->len);
	CHECK(strspn(name->text, "abcdefghijklmnopqrstuvwxyz0123456789-_.") ==
	    name->len);
	CHECK(name->text[name->len - 1] != '.');
	CHECK(check_is_name(name->text, name->len));
}

void
check_is_base64url(const char *text, size_t len)
{
	CHECK(len >= 1 && len <= 255);
	CHECK(strspn(text, ALPHANUMERIC "-_") >= len);
}

void
check_error_line(const char *error, const char *file, const char *text,
    size_t len)
{
	unsigned long line, lines = 1;
	char *end;

	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	CHECK(strncmp(error, file, strlen(file)) == 0);
	error += strlen(file);
	CHECK(error[0] == ':' && error[1] >= '1' && error[1] <= '9');
	line = strtoul(error + 1, &end, 10);
	CHECK(line <= lines);
	CHECK(end[0] == ':' && end[1] == ' ' && end[2] != '\0');
}

/* Skip `word` in *p, or fail. */
static void
take(const char **p, const char *word)
{
	CHECK(strncmp(*p, word, strlen(word)) == 0);
	*p += strlen(word);
}

/* Skip a field and its tab. */
static void
take_field(const char **p, size_t len_min, size_t len_max, const char *octets)
{
	size_t len = strspn(*p, octets);

	CHECK(len >= len_min && len <= len_max);
	*p += len;
	take(p, "\t");
}

/* Quoted strings separated by blanks, without octets that need an escape. */
static void
check_persistent(const char *content)
{
	do {
		size_t len = strcspn(content + 1, "\"\\");

		CHECK(*content == '"' && len >= 1 && len <= 255);
		content += 1 + len;
		take(&content, "\"");
	} while (*content++ == ' ');
	CHECK(content[-1] == '\0');
}

static void
check_content(const char *type, const char *content, bool is_persistent)
{
	size_t len = strlen(content);

	CHECK(len >= 1 && strpbrk(content, "\t\n") == NULL);
	if (strncmp(type, "TXT\t", 4) != 0)
		return;
	if (is_persistent) {
		check_persistent(content);
		return;
	}
	CHECK(len >= 3 && content[0] == '"' && content[len - 1] == '"');
	check_is_base64url(content + 1, len - 2);
}

/* DATA [scopebits auth] qname class type ttl id content */
static void
check_data(const char *p, const char *line, unsigned version)
{
	const char *qname = strchr(line, '\t') + 1;
	const char *type;

	take(&p, "DATA\t");
	if (version >= 3) {
		take_field(&p, 1, 1, "01");
		take(&p, "1\t");
	}
	CHECK(strncmp(p, qname, strcspn(qname, "\t")) == 0);
	p += strcspn(qname, "\t");
	take(&p, "\tIN\t");
	type = p;
	take_field(&p, 1, 5, "ACNOSTX");
	take_field(&p, 1, 10, "0123456789");
	take_field(&p, 1, 10, "0123456789");
	check_content(type, p, strncmp(qname, "_validation-persist.", 20) == 0);
}

static bool
starts(const char *text, const char *word)
{
	return strncmp(text, word, strlen(word)) == 0;
}

/* True for a question about SOA that has six fields and a name that fits. */
static bool
fails_drained(const char *line)
{
	const char *fields[6];

	for (size_t i = 0; i < COUNT_OF(fields); i++) {
		fields[i] = line;
		line = strchr(line, '\t');
		if (line == NULL && i < COUNT_OF(fields) - 1)
			return false;
		line = line == NULL ? "" : line + 1;
	}
	return starts(fields[0], "Q\t") && fields[1][0] != '\t' &&
	    fields[2] - fields[1] <= QUESTION_QNAME_MAX &&
	    starts(fields[2], "IN\tSOA\t");
}

static void
check_lines(char *text, const char *line, unsigned version)
{
	char *end;

	for (; strcmp(text, "END\n") != 0; text = end + 1) {
		end = strchr(text, '\n');
		CHECK(end != NULL);
		*end = '\0';
		CHECK(strcmp(text, "END") != 0 && !starts(text, "FAIL"));
		if (starts(line, "Q\t"))
			check_data(text, line, version);
		else
			CHECK(starts(line, "CMD") && !starts(text, "DATA"));
	}
}

void
check_answer(const struct reply *reply, const char *line, unsigned version)
{
	char *text;

	CHECK(reply->len > 0 && reply->len <= sizeof(reply->text));
	CHECK(memchr(reply->text, '\0', reply->len) == NULL);
	CHECK(reply->text[reply->len - 1] == '\n');
	text = strndup(reply->text, reply->len);
	CHECK(text != NULL);

	if (starts(text, "FAIL"))
		CHECK(strcmp(text,
			  fails_drained(line) ? "FAIL\nEND\n" : "FAIL\n") == 0);
	else if (starts(line, "HELO\t"))
		CHECK(starts(text, "OK\t") &&
		    strchr(text, '\n') == text + reply->len - 1);
	else
		check_lines(text, line, version);
	free(text);
}
