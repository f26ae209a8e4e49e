/*
 * Compare acmeproxy.json(5) with the parser.  After each `.It Ic KEY` the page
 * has a line with type, range and default, and the tests try what it says.
 */
#include <limits.h>

#include "tests/unit/manual.h"

#define ITEM     ".It Ic "
#define N_MAX    64

#define HOSTNAME "\"soa_hostname\": \"ns1.example.net\""
#define CONTACT  "\"soa_contact\": \"hostmaster.example.net\""

struct entry {
	char key[SETTINGS_TEXT];
	char says[256]; /* the line, without its full stop */
};

static struct entry entries[N_MAX];
static size_t n_entries;

/* Settings that need others, and those others. */
static const struct {
	const char *key, *others;
} companions[] = {
	{ "registration", "\"zone\": {\"name\": \"a.example\"}" },
	{ "redis.host", "\"port\": 1" },
	{ "redis.port", "\"host\": \"a\"" },
	{ "redis.username", "\"socket\": \"/s\", \"password_file\": \"/p\"" },
	{ "redis.password_file", "\"socket\": \"/s\"" },
	{ "redis.timeout_ms", "\"socket\": \"/s\"" },
	{ "redis_read.host", "\"port\": 1" },
	{ "redis_read.port", "\"host\": \"a\"" },
	{ "redis_read.username",
	    "\"socket\": \"/s\", \"password_file\": \"/p\"" },
	{ "redis_read.password_file", "\"socket\": \"/s\"" },
	{ "redis_read.timeout_ms", "\"socket\": \"/s\"" },
	{ "redis_audit.host", "\"port\": 1" },
	{ "redis_audit.port", "\"host\": \"a\"" },
	{ "redis_audit.username",
	    "\"socket\": \"/s\", \"password_file\": \"/p\"" },
	{ "redis_audit.password_file", "\"socket\": \"/s\"" },
	{ "redis_audit.timeout_ms", "\"socket\": \"/s\"" },
	{ "zone.records", "\"name\": \"a.example\"" },
	{ "zone.signed", "\"name\": \"a.example\"" },
};

/* A default that is the value of another setting, and that value. */
static const struct {
	const char *key, *says, *value;
} derived[] = {
	{ "nameservers", "the name in soa_hostname", "[\"ns1.example.net\"]" },
	{ "redis_read", "as redis",
	    "{\"socket\": \"/run/acmeproxy/redis.sock\"}" },
	{ "redis_audit", "as redis",
	    "{\"socket\": \"/run/acmeproxy/redis.sock\"}" },
};

static const char *
others_of(const char *key)
{
	for (size_t i = 0; i < COUNT_OF(companions); i++)
		if (strcmp(companions[i].key, key) == 0)
			return companions[i].others;
	return "";
}

static char text[4 * PATH_MAX];
static struct err err; /* of the last parse */

/* Append a member, or the beginning of one, to those in `text`. */
static void
add(const char *member)
{
	size_t len = strlen(text);

	if (member[0] != '\0')
		(void)snprintf(text + len, sizeof(text) - len, "%s%s",
		    text[len - 1] == '{' ? "" : ", ", member);
}

static void
add_pair(const char *key, const char *value)
{
	static char pair[2 * PATH_MAX];

	(void)snprintf(pair, sizeof(pair), "\"%s\": %s", key, value);
	add(pair);
}

/* Parse a file in which `key` has this value; NULL: one without `key`. */
static enum err_code
parse_with(struct settings *s, const char *key, const char *value)
{
	const char *dot = strchr(key, '.');
	char object[SETTINGS_TEXT + 8];

	(void)snprintf(text, sizeof(text), "{");
	if (strcmp(key, "soa_hostname") != 0)
		add(HOSTNAME);
	if (strcmp(key, "soa_contact") != 0)
		add(CONTACT);
	(void)snprintf(object, sizeof(object), "\"%.*s\": {",
	    (int)strcspn(key, "."), key);
	add(dot != NULL ? object : "");
	add(others_of(key));
	if (value != NULL)
		add_pair(dot != NULL ? dot + 1 : key, value);
	(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s}",
	    dot != NULL ? "}" : "");
	print_message("%.200s\n", text);
	return settings_parse(s, text, strlen(text), "a.json", &err);
}

static bool
takes(const char *key, const char *value)
{
	struct settings s;

	return parse_with(&s, key, value) == ERR_OK;
}

/* Note each key of an item, "KEY , KEY", and the line after it. */
static void
take_item(const char *keys, const char *line)
{
	size_t keys_len = strcspn(keys, "\n"), len = strcspn(line, "\n");

	while (keys_len > 0) {
		struct entry *e = &entries[n_entries++];
		size_t key_len = strcspn(keys, " \n");

		assert_true(n_entries < N_MAX && key_len < sizeof(e->key) &&
		    len < sizeof(e->says));
		(void)snprintf(e->key, sizeof(e->key), "%.*s", (int)key_len,
		    keys);
		assert_int_equal(line[len - 1], '.');
		(void)snprintf(e->says, sizeof(e->says), "%.*s", (int)len - 1,
		    line);
		if (strncmp(keys + key_len, " , ", 3) == 0)
			key_len += 3;
		keys += key_len;
		keys_len -= key_len;
	}
}

static int
read_entries(void **state)
{
	const char *line;

	if (read_page(state) != 0)
		return -1;
	for (line = page; line != NULL; line = strchr(line, '\n')) {
		if (line != page)
			line++;
		if (strncmp(line, ITEM, strlen(ITEM)) == 0)
			take_item(line + strlen(ITEM), strchr(line, '\n') + 1);
	}
	return 0;
}

static void
test_keys(void **state)
{
	char key[SETTINGS_TEXT];
	size_t n = 0;

	(void)state;
	for (; settings_key(key, n); n++) {
		size_t n_found = 0;

		print_message("%s\n", key);
		for (size_t i = 0; i < n_entries; i++)
			if (strcmp(entries[i].key, key) == 0)
				n_found++;
		assert_int_equal(n_found, 1);
	}
	/* Each setting is on the page once, and nothing else is. */
	assert_int_equal(n_entries, n);
	assert_true(n > 30);
}

static const char *
default_of(const struct entry *e)
{
	const char *found = strstr(e->says, "; default ");

	if (found == NULL)
		return NULL;
	found += strlen("; default ");
	for (size_t i = 0; i < COUNT_OF(derived); i++)
		if (strcmp(derived[i].key, e->key) == 0) {
			assert_string_equal(found, derived[i].says);
			return derived[i].value;
		}
	return found;
}

/* A default that is written out changes nothing. */
static void
test_defaults(void **state)
{
	static struct settings with, without;

	(void)state;
	for (size_t i = 0; i < n_entries; i++) {
		const char *key = entries[i].key;
		const char *value = default_of(&entries[i]);

		if (value != NULL) {
			assert_int_equal(parse_with(&with, key, value), ERR_OK);
			assert_int_equal(parse_with(&without, key, NULL),
			    ERR_OK);
			assert_memory_equal(&with, &without, sizeof(with));
		} else if (strstr(entries[i].says, "; required") != NULL) {
			assert_false(takes(key, NULL));
			assert_true(takes(key, "\"a.example\""));
		} else {
			/* Only parts of redis have no default. */
			assert_non_null(
			    strstr(entries[i].says, "; no default"));
			assert_memory_equal(key, "redis", strlen("redis"));
		}
	}
}

/* The number n, a string of n octets or an array of n elements. */
static const char *
sized(const char *kind, const char *element, int n)
{
	static char value[2 * PATH_MAX];
	size_t len = 1;

	if (strcmp(kind, "Integer") == 0) {
		(void)snprintf(value, sizeof(value), "%d", n);
		return value;
	}
	(void)snprintf(value, sizeof(value), "%s", element[0] ? "[" : "\"");
	for (int i = 0; i < n; i++) {
		(void)snprintf(value + len, sizeof(value) - len, "%s%s",
		    element[0] && i > 0 ? ", " : "",
		    element[0] ? element : "a");
		len += strlen(value + len);
	}
	(void)snprintf(value + len, sizeof(value) - len, "%s",
	    element[0] ? "]" : "\"");
	return value;
}

/* The page and the parser have the same limits. */
static void
test_ranges(void **state)
{
	size_t n_ranges = 0;

	(void)state;
	for (size_t i = 0; i < n_entries; i++) {
		const char *key = entries[i].key, *says = entries[i].says;
		const char *element = strstr(says, " strings") != NULL
		    ? "\"@ 60 A 192.0.2.1\""
		    : strstr(says, " names") != NULL ? "\"a\""
						     : "";
		char kind[16];
		int min, max;

		if (sscanf(says, "%15[A-Za-z] of %d to %d", kind, &min, &max) !=
			3 &&
		    sscanf(says, "%15[A-Za-z], %d to %d", kind, &min, &max) !=
			3)
			continue;
		n_ranges++;
		assert_true(takes(key, sized(kind, element, min)));
		assert_true(takes(key, sized(kind, element, max)));
		assert_false(takes(key, sized(kind, element, max + 1)));
		if (min > 0 || strcmp(kind, "Integer") == 0)
			assert_false(takes(key, sized(kind, element, min - 1)));
	}
	assert_true(n_ranges > 20);
}

/* How a line may begin, and a value that such a setting refuses. */
static const struct {
	const char *says, *bad;
} kinds[] = {
	{ "Array of ", "\"a.example\"" },
	{ "Boolean; ", "\"true\"" },
	{ "DNS name; ", "\"a b\"" },
	{ "DNS name of at least two labels; ", "\"a\"" },
	{ "Integer, ", "\"10\"" },
	{ "Object; ", "[]" },
	{ "Object or null; ", "[]" },
	{ "One of ", "\"nosuch\"" },
	{ "String of ", "1" },
};

static void
test_kinds(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_entries; i++) {
		const char *key = entries[i].key, *says = entries[i].says;
		size_t k = 0;

		print_message("%s: %s\n", key, says);
		while (k < COUNT_OF(kinds) &&
		    strncmp(says, kinds[k].says, strlen(kinds[k].says)) != 0)
			k++;
		assert_true(k < COUNT_OF(kinds));
		assert_false(takes(key, kinds[k].bad));
		assert_int_equal(takes(key, "null"),
		    strstr(says, " or null; ") != NULL);
	}
}

/* The page has the words that the parser's error has. */
static void
test_words(void **state)
{
	size_t n_words = 0;

	(void)state;
	for (size_t i = 0; i < n_entries; i++) {
		const char *words = entries[i].says + strlen("One of ");
		const char *must;
		struct settings s;

		if (strncmp(entries[i].says, "One of ", 7) != 0)
			continue;
		assert_int_equal(parse_with(&s, entries[i].key, "\"nosuch\""),
		    ERR_INPUT);
		must = strstr(err.text, "must be ");
		assert_non_null(must);
		must += strlen("must be ");
		assert_memory_equal(words, must, strlen(must));
		assert_int_equal(words[strlen(must)], ';');
		n_words++;
	}
	assert_int_equal(n_words, 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, read_entries, free_page);
}
