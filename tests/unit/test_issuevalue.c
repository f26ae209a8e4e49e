#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/attr.h"
#include "common/issuevalue.h"

#define ACCOUNT "accounturi=https://ca.example/acct/123"
#define X50     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X450    X50 X50 X50 X50 X50 X50 X50 X50 X50

static const struct {
	const char *in;
	enum issuevalue_fault want;
	int64_t until_s; /* 0: forever */
} cases[] = {
	/* The draft's own examples. */
	{ "authority.example; " ACCOUNT, ISSUEVALUE_OK, 0 },
	{ "ca1.example; " ACCOUNT "; policy=wildcard", ISSUEVALUE_OK, 0 },
	{ "ca2.example; " ACCOUNT "; persistUntil=1767225600", ISSUEVALUE_OK,
	    1767225600 },
	/* Blanks may be where RFC 8659 has them. */
	{ "a;" ACCOUNT, ISSUEVALUE_OK, 0 },
	{ " a ; accounturi = https://a/b ; policy = wildcard ", ISSUEVALUE_OK,
	    0 },
	{ "a; accounturi=https://a/ b", ISSUEVALUE_BAD_SYNTAX, 0 },
	{ "a; " ACCOUNT ";\tpolicy=x", ISSUEVALUE_BAD_SYNTAX, 0 },
	/* Issuers. */
	{ "a-b.c--d.e1; " ACCOUNT, ISSUEVALUE_OK, 0 },
	{ "; " ACCOUNT, ISSUEVALUE_BAD_SYNTAX, 0 },
	{ "a..b; " ACCOUNT, ISSUEVALUE_BAD_SYNTAX, 0 },
	{ "a.; " ACCOUNT, ISSUEVALUE_BAD_SYNTAX, 0 },
	{ ".a; " ACCOUNT, ISSUEVALUE_BAD_SYNTAX, 0 },
	{ "-a; " ACCOUNT, ISSUEVALUE_BAD_SYNTAX, 0 },
	{ "a-; " ACCOUNT, ISSUEVALUE_BAD_SYNTAX, 0 },
	{ "a_b; " ACCOUNT, ISSUEVALUE_BAD_SYNTAX, 0 },
	{ "a b; " ACCOUNT, ISSUEVALUE_BAD_SYNTAX, 0 },
	{ "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ", ISSUEVALUE_BAD_ACCOUNTURI, 0 },
	/* Accounts. */
	{ "a", ISSUEVALUE_BAD_ACCOUNTURI, 0 },
	{ "a;", ISSUEVALUE_BAD_ACCOUNTURI, 0 },
	{ "a; policy=wildcard", ISSUEVALUE_BAD_ACCOUNTURI, 0 },
	{ "a; accounturi=", ISSUEVALUE_BAD_ACCOUNTURI, 0 },
	{ "a; accounturi=123", ISSUEVALUE_BAD_ACCOUNTURI, 0 },
	{ "a; accounturi=1:2", ISSUEVALUE_BAD_ACCOUNTURI, 0 },
	{ "a; accounturi=:x", ISSUEVALUE_BAD_ACCOUNTURI, 0 },
	{ "a; accounturi=x:", ISSUEVALUE_BAD_ACCOUNTURI, 0 },
	{ "a; " ACCOUNT "; " ACCOUNT, ISSUEVALUE_BAD_ACCOUNTURI, 0 },
	{ "a; " ACCOUNT "; AccountURI=x:y", ISSUEVALUE_BAD_ACCOUNTURI, 0 },
	/* persistUntil. */
	{ "a; PERSISTUNTIL=7; " ACCOUNT, ISSUEVALUE_OK, 7 },
	{ "a; persistUntil=; " ACCOUNT, ISSUEVALUE_BAD_UNTIL, 0 },
	{ "a; persistUntil=1x; " ACCOUNT, ISSUEVALUE_BAD_UNTIL, 0 },
	{ "a; persistUntil=-1; " ACCOUNT, ISSUEVALUE_BAD_UNTIL, 0 },
	{ "a; persistUntil=1.5; " ACCOUNT, ISSUEVALUE_BAD_UNTIL, 0 },
	{ "a; persistUntil=999999999999; " ACCOUNT, ISSUEVALUE_OK,
	    999999999999 },
	{ "a; persistUntil=1000000000000; " ACCOUNT, ISSUEVALUE_BAD_UNTIL, 0 },
	{ "a; persistUntil=1; persistUntil=2; " ACCOUNT, ISSUEVALUE_BAD_UNTIL,
	    0 },
	/* Other parameters. */
	{ "a; " ACCOUNT "; x=; y1-z=!#$%&'()*+,-./:<=>?@[]^`{|}~",
	    ISSUEVALUE_OK, 0 },
	{ "a; " ACCOUNT ";", ISSUEVALUE_BAD_SYNTAX, 0 },
	{ "a; " ACCOUNT ";; x=y", ISSUEVALUE_BAD_SYNTAX, 0 },
	{ "a; " ACCOUNT "; x", ISSUEVALUE_BAD_SYNTAX, 0 },
	{ "a; " ACCOUNT "; =x", ISSUEVALUE_BAD_SYNTAX, 0 },
	{ "a; " ACCOUNT "; x_y=z", ISSUEVALUE_BAD_SYNTAX, 0 },
	/* Octets that must not reach the pipe. */
	{ "a; " ACCOUNT "; x=\"", ISSUEVALUE_BAD_SYNTAX, 0 },
	{ "a; " ACCOUNT "; x=\\", ISSUEVALUE_BAD_SYNTAX, 0 },
	{ "a; " ACCOUNT "\nEND", ISSUEVALUE_BAD_SYNTAX, 0 },
	{ "a; " ACCOUNT "; x=\x7f", ISSUEVALUE_BAD_SYNTAX, 0 },
	{ "a; " ACCOUNT "; x=\xc3\xbc", ISSUEVALUE_BAD_SYNTAX, 0 },
	/* Lengths. */
	{ "", ISSUEVALUE_BAD_LENGTH, 0 },
	{ "a; accounturi=x:" X450 "; x=" X50 "xxxxx", ISSUEVALUE_BAD_LENGTH,
	    0 },
	{ "a; accounturi=x:" X450 "; x="
	  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	  "xxxxx",
	    ISSUEVALUE_OK, 0 },
};

static void
test_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const char *in = cases[i].in;
		struct issuevalue value, untouched;

		memset(&value, 0xa5, sizeof(value));
		untouched = value;
		print_message("case %zu: \"%s\"\n", i, in);
		assert_int_equal(issuevalue_parse(&value, in, strlen(in)),
		    cases[i].want);
		if (cases[i].want != ISSUEVALUE_OK) {
			assert_memory_equal(&value, &untouched, sizeof(value));
			continue;
		}
		assert_string_equal(value.text, in);
		assert_int_equal(value.len, strlen(in));
		assert_int_equal(value.until_s,
		    cases[i].until_s != 0 ? cases[i].until_s
					  : ISSUEVALUE_FOREVER);
	}
}

/* The length ends a value, a NUL does not. */
static void
test_parse_refuses_a_nul(void **state)
{
	static const char text[] = "a; " ACCOUNT "\0x";
	struct issuevalue value;

	(void)state;
	assert_int_equal(issuevalue_parse(&value, text, sizeof(text) - 1),
	    ISSUEVALUE_BAD_SYNTAX);
	assert_int_equal(issuevalue_parse(&value, text, sizeof(text) - 3),
	    ISSUEVALUE_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_parse_refuses_a_nul),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
