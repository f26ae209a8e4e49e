#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/dnsname.h"

#define A7   "aaaaaaa"
#define A61  A7 A7 A7 A7 A7 A7 A7 A7 "aaaaa"
#define A63  A61 "aa"
#define N192 A63 "." A63 "." A63 "." /* 192 octets, dots included */

/* One row a case; NULL means refused. */
static const struct {
	const char *in, *want;
} parse_cases[] = {
	{ "Example.ORG.", "example.org" },
	{ "example.org", "example.org" },
	{ "_acme-challenge.a.b", "_acme-challenge.a.b" },
	{ "_ACME-CHALLENGE.A.B", "_acme-challenge.a.b" },
	{ "localhost", "localhost" },
	{ "a", "a" },
	{ "a.", "a" },
	{ "0.1.2.3", "0.1.2.3" },
	{ "xn--mller-kva.example", "xn--mller-kva.example" },
	{ "a-b.example", "a-b.example" },
	{ "a--b.example", "a--b.example" },
	{ "_.example", "_.example" },
	{ "", NULL },
	{ ".", NULL },
	{ "..", NULL },
	{ "a..", NULL },
	{ ".a", NULL },
	{ "a..b", NULL },
	{ "-a.example", NULL },
	{ "a-.example", NULL },
	{ "a.-example", NULL },
	{ "a.example-", NULL },
	{ "a.example-.", NULL },
	{ "-", NULL },
	{ "a.-.b", NULL },
	{ "a b.org", NULL },
	{ " a.org", NULL },
	{ "a.org\n", NULL },
	{ "a\\046b.org", NULL },
	{ "*.example.org", NULL },
	{ "m\xc3\xbcller.example", NULL },
	{ "a@example.org", NULL },
	{ "a/b.example.org", NULL },
	{ "a:b.example.org", NULL },
	{ "\"a\".example.org", NULL },
	{ A63 ".example", A63 ".example" },
	{ A63 "a.example", NULL },
	{ "example." A63, "example." A63 },
	{ "example." A63 "a", NULL },
	{ N192 A61, N192 A61 },
	{ N192 A61 ".", N192 A61 },
	{ N192 A61 "a", NULL },
	{ N192 A61 "a.", NULL },
	{ N192 A63 ".a", NULL },
};

static void
test_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(parse_cases); i++) {
		const char *in = parse_cases[i].in;
		const char *want = parse_cases[i].want;
		struct dnsname name, untouched;
		struct err err = { 0 };
		enum err_code rc;

		memset(&name, 0xa5, sizeof(name));
		untouched = name;
		print_message("case %zu: \"%s\"\n", i, in);
		rc = dnsname_parse(&name, in, strlen(in), &err);
		assert_int_equal(rc, want != NULL ? ERR_OK : ERR_INPUT);
		if (want != NULL) {
			assert_string_equal(name.text, want);
			assert_int_equal(name.len, strlen(want));
		} else {
			assert_memory_equal(&name, &untouched, sizeof(name));
			assert_int_equal(err.code, ERR_INPUT);
			assert_string_not_equal(err.text, "");
		}
	}
}

static char
folded(int octet)
{
	if (octet >= 'A' && octet <= 'Z')
		return (char)(octet + 0x20);
	if ((octet >= 'a' && octet <= 'z') || (octet >= '0' && octet <= '9') ||
	    octet == '-' || octet == '_' || octet == '.')
		return (char)octet;
	return '\0';
}

static void
test_parse_each_octet(void **state)
{
	(void)state;
	for (int octet = 0; octet <= 0xff; octet++) {
		char text[] = { 'a', (char)octet, 'b', '.', 'c' };
		struct dnsname name;
		char want = folded(octet);
		enum err_code rc;

		rc = dnsname_parse(&name, text, sizeof(text), NULL);
		if (rc != (want != '\0' ? ERR_OK : ERR_INPUT))
			fail_msg("octet 0x%02x: code %d", (unsigned)octet, rc);
		if (rc == ERR_OK)
			assert_int_equal(name.text[1], want);
	}
}

static void
test_parse_stops_at_len(void **state)
{
	struct dnsname name;

	(void)state;
	assert_int_equal(dnsname_parse(&name, "example.org!!", 11, NULL),
	    ERR_OK);
	assert_string_equal(name.text, "example.org");
	assert_int_equal(dnsname_parse(&name, "example.org\0", 12, NULL),
	    ERR_INPUT);
}

static struct dnsname
parsed(const char *text)
{
	struct dnsname name;

	assert_int_equal(dnsname_parse(&name, text, strlen(text), NULL),
	    ERR_OK);
	return name;
}

static const struct {
	const char *name, *zone;
	bool want;
} under_cases[] = {
	{ "example.org", "example.org", true },
	{ "a.example.org", "example.org", true },
	{ "b.a.example.org", "example.org", true },
	{ "A.Example.org", "eXample.org.", true },
	{ "example.org", "org", true },
	{ "evilexample.org", "example.org", false },
	{ "example.org", "evilexample.org", false },
	{ "example.org", "ample.org", false },
	{ "example.org", "a.example.org", false },
	{ "example.com", "example.org", false },
	{ "example.org.example.com", "example.org", false },
	{ "xexample.org", "example.org", false },
	{ "a.org", "b.org", false },
};

static void
test_under_compares_whole_labels(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(under_cases); i++) {
		struct dnsname name = parsed(under_cases[i].name);
		struct dnsname zone = parsed(under_cases[i].zone);

		print_message("case %zu: %s under %s\n", i, name.text,
		    zone.text);
		assert_int_equal(dnsname_is_under(&name, &zone),
		    under_cases[i].want);
	}
}

/* How many labels a name has, and its parent; NULL: none. */
static const struct {
	const char *name;
	size_t n_labels;
	const char *parent;
} parent_cases[] = {
	{ "secure.example.com", 3, "example.com" },
	{ "example.com", 2, "com" },
	{ "com", 1, NULL },
	{ "a.b.c.d.e", 5, "b.c.d.e" },
	{ N192 A61, 4, A63 "." A63 "." A61 },
};

static void
test_to_parent(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(parent_cases); i++) {
		struct dnsname name = parsed(parent_cases[i].name);
		const char *want = parent_cases[i].parent;

		print_message("case %zu: %s\n", i, name.text);
		assert_int_equal(dnsname_n_labels(&name),
		    parent_cases[i].n_labels);
		assert_int_equal(dnsname_to_parent(&name), want != NULL);
		if (want == NULL)
			want = parent_cases[i].name;
		assert_string_equal(name.text, want);
		assert_int_equal(name.len, strlen(want));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_parse_each_octet),
		cmocka_unit_test(test_parse_stops_at_len),
		cmocka_unit_test(test_under_compares_whole_labels),
		cmocka_unit_test(test_to_parent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
