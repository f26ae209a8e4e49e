#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/json.h"

/* Accepted, with the kind of the whole; or refused, with the line at fault. */
static const struct {
	const char *text;
	enum json_kind kind;
	unsigned bad_line; /* 0: accepted */
} parse_cases[] = {
	{ "null", JSON_KIND_NULL, 0 },
	{ "true", JSON_KIND_BOOLEAN, 0 },
	{ "false", JSON_KIND_BOOLEAN, 0 },
	{ "1", JSON_KIND_INTEGER, 0 },
	{ "-1", JSON_KIND_INTEGER, 0 },
	{ "1.0", JSON_KIND_REAL, 0 },
	{ "1e3", JSON_KIND_REAL, 0 },
	{ "\"\"", JSON_KIND_STRING, 0 },
	{ "[]", JSON_KIND_ARRAY, 0 },
	{ "{}", JSON_KIND_OBJECT, 0 },
	{ " \t\r\n{} \n", JSON_KIND_OBJECT, 0 },
	{ "{\"a\": {\"b\": [1, \"2\"]}}", JSON_KIND_OBJECT, 0 },
	{ "{\"a\": 1, \"b\": {\"a\": 1}}", JSON_KIND_OBJECT, 0 },
	{ "", JSON_KIND_NULL, 1 },
	{ " ", JSON_KIND_NULL, 1 },
	{ "{", JSON_KIND_NULL, 1 },
	{ "{}{}", JSON_KIND_NULL, 1 },
	{ "{} x", JSON_KIND_NULL, 1 },
	{ "{\"a\": 1,}", JSON_KIND_NULL, 1 },
	{ "[1,]", JSON_KIND_NULL, 1 },
	{ "{'a': 1}", JSON_KIND_NULL, 1 },
	{ "{a: 1}", JSON_KIND_NULL, 1 },
	{ "// no\n{}", JSON_KIND_NULL, 1 },
	{ "{\"a\": 1,\n \"b\" 2}", JSON_KIND_NULL, 2 },
	{ "{\n\n\"a\": nope}", JSON_KIND_NULL, 3 },
	{ "{\"a\": 1, \"a\": 1}", JSON_KIND_NULL, 1 },
	{ "{\"a\": 1,\n\"\\u0061\": 2}", JSON_KIND_NULL, 2 },
	{ "{\"a\": {\"b\": 1,\n\"b\": 2}}", JSON_KIND_NULL, 2 },
	{ "\"a\\u0000b\"", JSON_KIND_NULL, 1 },
	{ "{\"a\\u0000b\": 1}", JSON_KIND_NULL, 1 },
	{ "\"a\nb\"", JSON_KIND_NULL, 1 },
	{ "\"a\tb\"", JSON_KIND_NULL, 1 },
	{ "\"\xff\"", JSON_KIND_NULL, 1 },
	{ "\"\xc0\xaf\"", JSON_KIND_NULL, 1 },
	{ "\"\\ud800\"", JSON_KIND_NULL, 1 },
	{ "\xef\xbb\xbf{}", JSON_KIND_NULL, 1 },
	{ "99999999999999999999", JSON_KIND_NULL, 1 },
	{ "1e999", JSON_KIND_NULL, 1 },
	{ "NaN", JSON_KIND_NULL, 1 },
	{ "01", JSON_KIND_NULL, 1 },
};

static void
test_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(parse_cases); i++) {
		const char *text = parse_cases[i].text;
		unsigned line = parse_cases[i].bad_line;
		struct json *doc = NULL;
		struct err err = { 0 };
		enum err_code rc;

		print_message("case %zu: %s\n", i, text);
		rc = json_parse(&doc, text, strlen(text), &err);
		assert_int_equal(rc, line == 0 ? ERR_OK : ERR_INPUT);
		if (line == 0) {
			assert_int_equal(json_kind(doc), parse_cases[i].kind);
			json_free(doc);
			continue;
		}
		assert_null(doc);
		assert_int_equal(err.line, line);
		assert_string_not_equal(err.text, "");
	}
}

static void
test_parse_stops_at_len(void **state)
{
	struct json *doc = NULL;

	(void)state;
	assert_int_equal(json_parse(&doc, "{}garbage", 2, NULL), ERR_OK);
	json_free(doc);
	assert_int_equal(json_parse(&doc, "{}\0", 3, NULL), ERR_INPUT);
	assert_int_equal(json_parse(&doc, "\"a\0b\"", 5, NULL), ERR_INPUT);
	json_free(NULL);
}

static struct json *
parsed(const char *text)
{
	struct json *doc;

	assert_int_equal(json_parse(&doc, text, strlen(text), NULL), ERR_OK);
	return doc;
}

static void
test_parts(void **state)
{
	struct json *doc = parsed("{\"text\": \"a\\tb\\u00fc\", \"yes\": true, "
				  "\"no\": false, \"n\": -7, "
				  "\"list\": [10, 11, 12], \"empty\": []}");
	const struct json *list = json_member(doc, "list");
	size_t len;

	(void)state;
	assert_string_equal(json_as_string(json_member(doc, "text"), &len),
	    "a\tb\xc3\xbc");
	assert_int_equal(len, 5);
	assert_true(json_as_boolean(json_member(doc, "yes")));
	assert_false(json_as_boolean(json_member(doc, "no")));
	assert_int_equal(json_as_integer(json_member(doc, "n")), -7);
	assert_int_equal(json_n(list), 3);
	assert_int_equal(json_as_integer(json_at(list, 2)), 12);
	assert_int_equal(json_n(json_member(doc, "empty")), 0);
	assert_null(json_member(doc, "nope"));
	assert_null(json_member(doc, "lis"));
	assert_null(json_member(doc, "YES"));
	assert_true(json_as_boolean(json_member_in_any_case(doc, "YES")));
	assert_null(json_member_in_any_case(doc, "nope"));
	json_free(doc);
}

/* The keys that a walk has visited, and the key to stop at. */
struct walk {
	char keys[64];
	const char *stop_at;
};

static enum err_code
note_key(void *ctx, const char *key, const struct json *value, struct err *err)
{
	struct walk *walk = ctx;

	assert_int_equal(json_kind(value), JSON_KIND_INTEGER);
	(void)snprintf(walk->keys + strlen(walk->keys), 8, "%s", key);
	if (strcmp(key, walk->stop_at) == 0)
		return err_set(err, ERR_STORE, "stopped at %s", key);
	return ERR_OK;
}

static const struct {
	const char *text, *stop_at, *want;
} each_cases[] = {
	{ "{}", "", "" },
	{ "{\"z\": 1, \"a\": 2, \"m\": 3}", "", "zam" },
	{ "{\"z\": 1, \"a\": 2, \"m\": 3}", "a", "za" },
	{ "{\"z\": 1, \"a\": 2, \"m\": 3}", "z", "z" },
	{ "{\"9\": 1, \"8\": 2, \"7\": 3, \"6\": 4}", "", "9876" },
};

static void
test_each_keeps_the_order(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(each_cases); i++) {
		struct json *doc = parsed(each_cases[i].text);
		struct walk walk = { .stop_at = each_cases[i].stop_at };
		struct err err = { 0 };
		enum err_code rc;

		print_message("case %zu: %s\n", i, each_cases[i].text);
		rc = json_each(doc, note_key, &walk, &err);
		assert_int_equal(rc,
		    walk.stop_at[0] == '\0' ? ERR_OK : ERR_STORE);
		assert_int_equal(err.code, rc);
		assert_string_equal(walk.keys, each_cases[i].want);
		json_free(doc);
	}
}

#define ACCOUNTS                                                               \
	"{\n\"accounts\": [\n  {\"name\": \"a\"},\n  {\"name\": \"b\",\n"      \
	"   \"permit\": [\"x\",\n    \"y\"]}\n],\n\"after\": 1}"

/* A path's steps are separated by '/'. */
static const struct {
	const char *text, *path;
	unsigned want;
} line_cases[] = {
	{ "{\"a\": 1}", "a", 1 },
	{ "{\n\"a\": 1}", "a", 2 },
	{ "{\n\"a\": 1,\n\"b\": 2}", "a", 2 },
	{ "{\n\"a\": 1,\n\"b\": 2}", "b", 3 },
	{ "{\"a\": 1,\n\n\n\"b\": 2}", "b", 4 },
	{ "\n\n{\"a\": 1}", "a", 3 },
	{ "{\r\n\"a\":\r\n1,\r\n\"b\": 2}", "b", 4 },
	{ "{\n\"a\"\n:\n1}", "a", 2 },
	/* Names are compared whole, and strings have no structure. */
	{ "{\n\"ab\": 1,\n\"a\": 2}", "a", 3 },
	{ "{\n\"a\": 1,\n\"ab\": 2}", "ab", 3 },
	{ "{\n\"x\": \"a\",\n\"a\": 2}", "a", 3 },
	{ "{\n\"x\": \"\\\"a\\\": 1\",\n\"a\": 2}", "a", 3 },
	{ "{\n\"x\": \"},{[]\",\n\"a\": 2}", "a", 3 },
	{ "{\n\"x\": \"\\\\\",\n\"a\": 2}", "a", 3 },
	{ "{\n\"x\": \"\\\\\\\"\",\n\"a\": 2}", "a", 3 },
	{ "{\n\"x,\": 1,\n\"a\": 2}", "a", 3 },
	/* Members of inner objects are skipped. */
	{ "{\n\"x\": {\"a\": 1},\n\"a\": 2}", "a", 3 },
	{ "{\n\"x\": [{\"a\": 1}, 2],\n\"a\": 2}", "a", 3 },
	{ "{\n\"x\": {},\n\"a\": 2}", "a", 3 },
	{ "{\n\"x\": [],\n\"a\": 2}", "a", 3 },
	/* Paths. */
	{ "{\n\"redis\": {\n\"socket\": \"s\",\n\"timeout_ms\": 5}}",
	    "redis/timeout_ms", 4 },
	{ "{\"timeout_ms\": 1,\n\"redis\": {\n\"timeout_ms\": 5}}",
	    "redis/timeout_ms", 3 },
	{ "{\"a\": {\"b\": {\n\"c\": 1}}}", "a/b/c", 2 },
	{ "[1,\n2,\n3]", "0", 1 },
	{ "[1,\n2,\n3]", "2", 3 },
	{ "[\n[1,\n2],\n[3,\n4]]", "1/1", 5 },
	{ ACCOUNTS, "accounts", 2 },
	{ ACCOUNTS, "accounts/0", 3 },
	{ ACCOUNTS, "accounts/1", 4 },
	{ ACCOUNTS, "accounts/1/name", 4 },
	{ ACCOUNTS, "accounts/1/permit", 5 },
	{ ACCOUNTS, "accounts/1/permit/1", 6 },
	{ ACCOUNTS, "after", 8 },
	/* Names with a dot, a quotation mark or an escape. */
	{ "{\n\"a.b\": 1,\n\"c\": 2}", "a.b", 2 },
	{ "{\"a\": {\n\"b\": 1},\n\"a.b\": 2}", "a.b", 3 },
	{ "{\n\"\\u0061\": 1,\n\"b\": 2}", "a", 2 },
	{ "{\n\"a\\\"\": 1,\n\"b\": 2}", "a\"", 2 },
	/* The whole. */
	{ "{\n\"a\": 1}", "", 1 },
	{ "\n1", "", 1 },
};

/* Note the steps of a path, outermost first; return how many. */
static size_t
steps_of(size_t *steps, const struct json *value, const char *path)
{
	char copy[64], *rest = copy, *step;
	size_t n = 0;

	(void)snprintf(copy, sizeof(copy), "%s", path);
	while ((step = strsep(&rest, "/")) != NULL && step[0] != '\0') {
		if (json_kind(value) == JSON_KIND_ARRAY) {
			steps[n] = strtoul(step, NULL, 10);
			value = json_at(value, steps[n++]);
		} else {
			steps[n++] = json_index(value, step);
			value = json_member(value, step);
		}
		assert_non_null(value);
	}
	return n;
}

static void
test_place_error(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(line_cases); i++) {
		const char *text = line_cases[i].text;
		const char *path = line_cases[i].path;
		struct json *doc = parsed(text);
		size_t steps[ERR_STEPS_MAX], n = steps_of(steps, doc, path);
		struct err err = { 0 };
		char want[96];

		print_message("case %zu: %s\n", i, path);
		(void)err_set(&err, ERR_INPUT, "no");
		while (n > 0)
			err_step(&err, steps[--n]);
		assert_int_equal(json_place_error(&err, doc, text, "f"),
		    ERR_INPUT);
		assert_int_equal(err.line, line_cases[i].want);
		(void)snprintf(want, sizeof(want), "f:%u: %s%sno",
		    line_cases[i].want, path, path[0] != '\0' ? ": " : "");
		for (char *at = want; (at = strchr(at, '/')) != NULL;)
			*at = '.';
		assert_string_equal(err.text, want);
		json_free(doc);
	}
}

/* json_each() and json_each_element() note their steps. */
static enum err_code
refuse_two(void *ctx, const struct json *value, struct err *err)
{
	(void)ctx;
	if (json_as_integer(value) == 2)
		return err_set(err, ERR_INPUT, "two");
	return ERR_OK;
}

static enum err_code
look_inside(void *ctx, const char *key, const struct json *value,
    struct err *err)
{
	(void)key;
	return json_each_element(value, refuse_two, ctx, err);
}

static void
test_steps(void **state)
{
	static const char text[] = "{\"a\": [1],\n\"b\": [1, 3,\n2]}";
	struct json *doc = parsed(text);
	struct err err = { 0 };

	(void)state;
	assert_int_equal(json_each(doc, look_inside, NULL, &err), ERR_INPUT);
	assert_int_equal(json_place_error(&err, doc, text, "f"), ERR_INPUT);
	assert_string_equal(err.text, "f:3: b.2: two");
	assert_int_equal(json_each(doc, look_inside, NULL, NULL), ERR_INPUT);
	json_free(doc);
}

static const struct {
	const char *text, *want;
} string_cases[] = {
	{ "", "\"\"" },
	{ "abc", "\"abc\"" },
	{ "a\"b\\c", "\"a\\\"b\\\\c\"" },
	{ "a\nb\tc", "\"a\\nb\\tc\"" },
	{ "\x01\x1f", "\"\\u0001\\u001F\"" },
	{ "m\xc3\xbcller", "\"m\xc3\xbcller\"" },
};

static void
test_format_string(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(string_cases); i++) {
		const char *want = string_cases[i].want;
		char buf[64], tight[64];

		print_message("case %zu: %s\n", i, want);
		assert_int_equal(json_format_string(buf, sizeof(buf),
				     string_cases[i].text),
		    strlen(want));
		assert_string_equal(buf, want);
		assert_int_equal(json_format_string(tight, strlen(want) + 1,
				     string_cases[i].text),
		    strlen(want));
		assert_string_equal(tight, want);
	}
}

static void
test_format_string_stays_in_the_buffer(void **state)
{
	(void)state;
	for (size_t size = 1; size < 8; size++) {
		char buf[8];
		size_t len;

		memset(buf, 'x', sizeof(buf));
		len = json_format_string(buf, size, "abcdefgh");
		assert_true(len < size);
		assert_int_equal(strlen(buf), len);
		for (size_t i = size; i < sizeof(buf); i++)
			assert_int_equal(buf[i], 'x');
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_parse_stops_at_len),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_each_keeps_the_order),
		cmocka_unit_test(test_place_error),
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_format_string),
		cmocka_unit_test(test_format_string_stays_in_the_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
