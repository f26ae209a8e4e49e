#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fcgi-app/commands/timestamp.h"

#define DAY INT64_C(1476057600000) /* 2016-10-10 */

/* -1: refused */
static const struct {
	const char *in;
	int64_t start, end;
} cases[] = {
	{ "2016-10-10", DAY, DAY + 86399999 },
	{ "2016-10-10T03:11:18Z", DAY + 11478000, DAY + 11478000 },
	{ "2016-10-10 03:11:18", DAY + 11478000, DAY + 11478000 },
	{ "2016-10-10t03:11:18z", DAY + 11478000, DAY + 11478000 },
	{ "2016-10-10 03:11:18.525000+00:00", DAY + 11478525, DAY + 11478525 },
	{ "2016-10-10T03:11:18.5Z", DAY + 11478500, DAY + 11478500 },
	{ "2016-10-10T03:11:18.0009Z", DAY + 11478000, DAY + 11478000 },
	{ "2016-10-10T05:11:18+02:00", DAY + 11478000, DAY + 11478000 },
	{ "2016-10-09T21:41:18-05:30", DAY + 11478000, DAY + 11478000 },
	{ "2016-02-29", 1456704000000, 1456790399999 },
	{ "1970-01-01", 0, 86399999 },
	{ "2016-02-30", -1, -1 },
	{ "2015-02-29", -1, -1 },
	{ "2016-13-01", -1, -1 },
	{ "2016-00-10", -1, -1 },
	{ "2016-10-00", -1, -1 },
	{ "2016-10-10T", -1, -1 },
	{ "2016-10-10T24:00:00Z", -1, -1 },
	{ "2016-10-10T03:60:00Z", -1, -1 },
	{ "2016-10-10T03:11", -1, -1 },
	{ "2016-10-10T03:11:18.Z", -1, -1 },
	{ "2016-10-10T03:11:18+2:00", -1, -1 },
	{ "2016-10-10T03:11:18+24:00", -1, -1 },
	{ "2016-10-10T03:11:18Zx", -1, -1 },
	{ "2016-10-10x03:11:18", -1, -1 },
	{ " 2016-10-10", -1, -1 },
	{ "2016-1-1", -1, -1 },
	{ "+016-10-10", -1, -1 },
	{ "yesterday", -1, -1 },
	{ "", -1, -1 },
};

static void
test_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int64_t start = -1, end = -1;
		enum err_code want = cases[i].start < 0 ? ERR_INPUT : ERR_OK;

		print_message("case %zu: \"%s\"\n", i, cases[i].in);
		assert_int_equal(timestamp_parse(&start, cases[i].in, false,
				     NULL),
		    want);
		assert_int_equal(timestamp_parse(&end, cases[i].in, true, NULL),
		    want);
		assert_int_equal(start, cases[i].start);
		assert_int_equal(end, cases[i].end);
	}
}

static void
test_format(void **state)
{
	char buf[TIMESTAMP_LEN + 1];

	(void)state;
	timestamp_format(buf, DAY + 11478525);
	assert_string_equal(buf, "2016-10-10 03:11:18.525000+00:00");
	assert_int_equal(strlen(buf), TIMESTAMP_LEN);
	timestamp_format(buf, 0);
	assert_string_equal(buf, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
