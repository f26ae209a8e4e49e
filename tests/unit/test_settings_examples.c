/* Parse the examples of acmeproxy.json(5). */
#include "tests/unit/manual.h"

/* Every example that is an object is a whole settings file. */
static void
test_examples(void **state)
{
	size_t n_examples = 0;
	const char *end;

	(void)state;
	for (const char *at = page; (at = strstr(at, "\n{\n")) != NULL;
	     at = end) {
		struct settings s;

		end = strstr(at, "\n.Ed");
		assert_non_null(end);
		assert_int_equal(settings_parse(&s, at, (size_t)(end - at),
				     "a.json", NULL),
		    ERR_OK);
		n_examples++;
	}
	assert_int_equal(n_examples, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_examples),
	};

	return cmocka_run_group_tests(tests, read_page, free_page);
}
