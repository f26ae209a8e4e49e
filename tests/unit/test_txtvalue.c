#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/txtvalue.h"

static const struct {
	const char *in;
	enum err_code want;
} cases[] = {
	{ "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0", ERR_OK },
	{ "a", ERR_OK },
	{ "-", ERR_OK },
	{ "_", ERR_OK },
	{ "--__09azAZ", ERR_OK },
	{ "", ERR_INPUT },
	{ "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0=", ERR_INPUT },
	{ "a+b", ERR_INPUT },
	{ "a/b", ERR_INPUT },
	{ "a.b", ERR_INPUT },
	{ "a b", ERR_INPUT },
	{ " a", ERR_INPUT },
	{ "a\n", ERR_INPUT },
	{ "a\tb", ERR_INPUT },
	{ "a\"b", ERR_INPUT },
	{ "a\\b", ERR_INPUT },
	{ "a\nEND", ERR_INPUT },
	{ "\xc3\xbc", ERR_INPUT },
};

static void
test_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const char *in = cases[i].in;
		struct txtvalue value, untouched;
		enum err_code rc;

		memset(&value, 0xa5, sizeof(value));
		untouched = value;
		print_message("case %zu: \"%s\"\n", i, in);
		rc = txtvalue_parse(&value, in, strlen(in), NULL);
		assert_int_equal(rc, cases[i].want);
		if (rc == ERR_OK) {
			assert_string_equal(value.text, in);
			assert_int_equal(value.len, strlen(in));
		} else {
			assert_memory_equal(&value, &untouched, sizeof(value));
		}
	}
}

static const struct {
	size_t len;
	enum err_code want;
} len_cases[] = {
	{ 0, ERR_INPUT },
	{ 1, ERR_OK },
	{ 43, ERR_OK },
	{ TXTVALUE_MAX, ERR_OK },
	{ TXTVALUE_MAX + 1, ERR_INPUT },
	{ 8192, ERR_INPUT },
};

static void
test_parse_len(void **state)
{
	char text[8192];
	struct txtvalue value;

	(void)state;
	memset(text, 'a', sizeof(text));
	for (size_t i = 0; i < COUNT_OF(len_cases); i++) {
		print_message("case %zu: %zu octets\n", i, len_cases[i].len);
		assert_int_equal(txtvalue_parse(&value, text, len_cases[i].len,
				     NULL),
		    len_cases[i].want);
		if (len_cases[i].want == ERR_OK)
			assert_int_equal(strlen(value.text), len_cases[i].len);
	}
}

static void
test_parse_each_octet(void **state)
{
	(void)state;
	for (int octet = 0; octet <= 0xff; octet++) {
		bool good = octet < 0x80 &&
		    (isalnum(octet) || octet == '-' || octet == '_');

		for (size_t at = 0; at < 3; at++) {
			char text[] = "abc";
			struct txtvalue value;
			enum err_code rc;

			text[at] = (char)octet;
			rc = txtvalue_parse(&value, text, 3, NULL);
			if (rc != (good ? ERR_OK : ERR_INPUT))
				fail_msg("octet 0x%02x at %zu: code %d",
				    (unsigned)octet, at, rc);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_parse_len),
		cmocka_unit_test(test_parse_each_octet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
