#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fcgi-app/access/secret.h"

#define TEXT "0123456789abcdef0123456789abcdef"
#define HASH "2788636be25cace0bd9e45bdde650b4fc0e979575d7f3d58c6248b18ab237609"

static struct secret
parsed(const char *text)
{
	struct secret secret;

	assert_int_equal(secret_parse(&secret, text, strlen(text), NULL),
	    ERR_OK);
	return secret;
}

static void
test_make(void **state)
{
	struct secret a, b;

	(void)state;
	secret_make(&a);
	secret_make(&b);
	assert_int_equal(a.len, SECRET_LEN);
	assert_int_equal(strlen(a.text), SECRET_LEN);
	assert_int_equal(strspn(a.text, "0123456789abcdef"), SECRET_LEN);
	assert_string_not_equal(a.text, b.text);
	assert_string_equal(parsed(a.text).text, a.text);
}

static const struct {
	const char *in;
	enum err_code want;
} parse_cases[] = {
	{ TEXT, ERR_OK },
	{ "a", ERR_OK },
	{ "AZaz09-._~+/=", ERR_OK },
	{ "", ERR_INPUT },
	{ "a b", ERR_INPUT },
	{ "a\n", ERR_INPUT },
	{ "a\"b", ERR_INPUT },
	{ "a\\b", ERR_INPUT },
	{ "a%41", ERR_INPUT },
	{ "\xc3\xbc", ERR_INPUT },
};

static void
test_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(parse_cases); i++) {
		const char *in = parse_cases[i].in;
		struct secret secret, untouched;
		struct err err = { 0 };
		enum err_code rc;

		memset(&secret, 0xa5, sizeof(secret));
		memcpy(&untouched, &secret, sizeof(secret));
		print_message("case %zu: \"%s\"\n", i, in);
		rc = secret_parse(&secret, in, strlen(in), &err);
		assert_int_equal(rc, parse_cases[i].want);
		if (rc == ERR_OK) {
			assert_string_equal(secret.text, in);
			assert_int_equal(secret.len, strlen(in));
		} else {
			assert_memory_equal(&secret, &untouched,
			    sizeof(secret));
			if (in[0] != '\0')
				assert_null(strstr(err.text, in));
		}
	}
}

static const struct {
	size_t len;
	enum err_code want;
} len_cases[] = {
	{ 0, ERR_INPUT },
	{ 1, ERR_OK },
	{ SECRET_LEN, ERR_OK },
	{ SECRET_MAX, ERR_OK },
	{ SECRET_MAX + 1, ERR_INPUT },
	{ 8192, ERR_INPUT },
};

static void
test_parse_len(void **state)
{
	char text[8192];
	struct secret secret;

	(void)state;
	memset(text, 'a', sizeof(text));
	for (size_t i = 0; i < COUNT_OF(len_cases); i++) {
		print_message("case %zu: %zu octets\n", i, len_cases[i].len);
		assert_int_equal(secret_parse(&secret, text, len_cases[i].len,
				     NULL),
		    len_cases[i].want);
	}
}

static void
test_parse_each_octet(void **state)
{
	(void)state;
	for (int octet = 0; octet <= 0xff; octet++) {
		char text[] = { 'a', (char)octet, 'b' };
		bool good = octet > 0 && octet < 0x80 &&
		    (isalnum(octet) || strchr("-._~+/=", octet) != NULL);
		struct secret secret;
		enum err_code rc;

		rc = secret_parse(&secret, text, sizeof(text), NULL);
		if (rc != (good ? ERR_OK : ERR_INPUT))
			fail_msg("octet 0x%02x: code %d", (unsigned)octet, rc);
	}
}

/* Stored hashes must stay valid, so these vectors never change. */
static const struct {
	const char *secret, *want;
} hash_cases[] = {
	{ TEXT, HASH },
	{ "a",
	    "8928aae63c84d87ea098564d1e03ad81"
	    "3f107add474e56aedd286349c0c03ea4" },
};

static void
test_hash(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(hash_cases); i++) {
		struct secret secret = parsed(hash_cases[i].secret);
		struct secret_hash hash;

		secret_hash(&hash, &secret);
		assert_string_equal(hash.text, hash_cases[i].want);
	}
}

static const struct {
	const char *secret, *stored;
	bool want;
} match_cases[] = {
	{ TEXT, HASH, true },
	{ "0123456789abcdef0123456789abcdee", HASH, false },
	{ "0123456789abcdef0123456789abcde", HASH, false },
	{ "0123456789ABCDEF0123456789ABCDEF", HASH, false },
	{ "a", HASH, false },
	{ TEXT, "", false },
	{ TEXT, "2", false },
	{ TEXT, TEXT, false },
	{ TEXT, HASH "0", false },
	{ TEXT, HASH HASH, false },
	{ TEXT,
	    "2788636be25cace0bd9e45bdde650b4f"
	    "c0e979575d7f3d58c6248b18ab23760",
	    false },
	{ TEXT,
	    "2788636be25cace0bd9e45bdde650b4f"
	    "c0e979575d7f3d58c6248b18ab237608",
	    false },
	{ TEXT,
	    "3788636be25cace0bd9e45bdde650b4f"
	    "c0e979575d7f3d58c6248b18ab237609",
	    false },
	{ TEXT,
	    "00000000000000000000000000000000"
	    "00000000000000000000000000000000",
	    false },
	{ HASH, HASH, false },
};

static void
test_matches(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(match_cases); i++) {
		struct secret secret = parsed(match_cases[i].secret);

		print_message("case %zu: %s, %s\n", i, match_cases[i].secret,
		    match_cases[i].stored);
		assert_int_equal(secret_matches(&secret, match_cases[i].stored),
		    match_cases[i].want);
	}
}

static void
test_wipe(void **state)
{
	static const struct secret nothing;
	struct secret secret = parsed(TEXT);

	(void)state;
	secret_wipe(&secret);
	assert_memory_equal(&secret, &nothing, sizeof(secret));
}

static int
init(void **state)
{
	(void)state;
	return secret_init(NULL) == ERR_OK ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_make),
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_parse_len),
		cmocka_unit_test(test_parse_each_octet),
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_matches),
		cmocka_unit_test(test_wipe),
	};

	return cmocka_run_group_tests(tests, init, NULL);
}
