#include "tests/unit/params.h"

static const struct accepted accepted[] = {
	{ "name=example.com", N, "example.com", "", "", false },
	{ "name=Secure.Example.COM.", N, "secure.example.com", "", "", false },
	{ "name=a.example&secret=x-._~%2B%2F%3D&response=a_-B", N | S | R,
	    "a.example", "x-._~+/=", "a_-B", false },
	{ "response=r&secret=s&name=a.example&suffix_match=true", ALL,
	    "a.example", "s", "r", true },
	{ "name=a.example&suffix_match=false", N | M, "a.example", "", "",
	    false },
	{ "name=a.example&suffix_match=TRUE", N | M, "a.example", "", "",
	    true },
	{ "&&name=a.example&&", N, "a.example", "", "", false },
	{ "name=a.example&secret=a==", N | S, "a.example", "a==", "", false },
	/* Percent-encoding, of values and of names. */
	{ "name=%61.%65xample", N, "a.example", "", "", false },
	{ "name=a%2eexample%2E", N, "a.example", "", "", false },
	{ "%6eame=a.example", N, "a.example", "", "", false },
	/* Unknown parameters are ignored, even if given twice. */
	{ "name=a.example&x=1&x=2&names=b&nam=c&Name=d", N, "a.example", "", "",
	    false },
	{ "name=a.example&=b&c&=&d=%00%ff", N, "a.example", "", "", false },
	{ "name=a.example&name[]=b&name%00=c", N, "a.example", "", "", false },
};

static void
test_accepted(void **state)
{
	(void)state;
	check_accepted(FORM, accepted, COUNT_OF(accepted));
}

#define BAD_PERCENT "The body is not a form: a % without two hexadecimal"

static const struct refused refused[] = {
	/* Missing. */
	{ "", THE("name") "missing" },
	{ "&", THE("name") "missing" },
	{ "nam=a.b", THE("name") "missing" },
	{ "Name=a.b", THE("name") "missing" },
	{ "name%00=a.b", THE("name") "missing" },
	{ " name=a.b", THE("name") "missing" },
	{ "secret=s&response=r", THE("name") "missing" },
	{ "{\"name\": \"a.b\"}", THE("name") "missing" },
	/* Empty. */
	{ "name=", THE("name") "empty" },
	{ "name", THE("name") "empty" },
	{ "name&x=1", THE("name") "empty" },
	{ "name=a.b&secret=", THE("secret") "empty" },
	{ "name=a.b&response", THE("response") "empty" },
	{ "name=a.b&suffix_match=", THE("suffix_match") "empty" },
	{ "name=a.b&label=", THE("label") "empty" },
	{ "name=a.b&record", THE("record") "empty" },
	/* Twice. */
	{ "name=a.b&name=a.b", THE("name") "given twice" },
	{ "name=a.b&name=", THE("name") "given twice" },
	{ "name=&name=", THE("name") "given twice" },
	{ "name=a.b&n%61me=c.d", THE("name") "given twice" },
	{ "name=a.b&secret=s&secret=s", THE("secret") "given twice" },
	{ "name=a.b&response=r&response=r", THE("response") "given twice" },
	{ "suffix_match=true&name=a.b&suffix_match=true",
	    THE("suffix_match") "given twice" },
	{ "name=a.b&label=" LABEL "&label=" LABEL, THE("label") "given twice" },
	{ "name=a.b&record=" RECORD "&record=", THE("record") "given twice" },
	/* Malformed percent-encoding, in values and in names. */
	{ "name=%", BAD_PERCENT },
	{ "name=a.b%", BAD_PERCENT },
	{ "name=a.b%6", BAD_PERCENT },
	{ "name=a.b%6&x=1", BAD_PERCENT },
	{ "name=a.b%&41=1", BAD_PERCENT },
	{ "name=a.b%g1", BAD_PERCENT },
	{ "name=a.b%1g", BAD_PERCENT },
	{ "name=a.b%+1", BAD_PERCENT },
	{ "name=a.b%%61", BAD_PERCENT },
	{ "name=a.b%u0061", BAD_PERCENT },
	{ "%=1&name=a.b", BAD_PERCENT },
	{ "name=a.b&x=%", BAD_PERCENT },
	{ "name%6=a.b", BAD_PERCENT },
	{ "name=a.b&label=" LABEL "%", BAD_PERCENT },
	{ "name=a.b&record=" RECORD "%2", BAD_PERCENT },
};

static void
test_refused(void **state)
{
	(void)state;
	check_refused(FORM, refused, COUNT_OF(refused));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
