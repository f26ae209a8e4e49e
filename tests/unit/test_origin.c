#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/attr.h"
#include "fcgi-app/api/origin.h"

#define HOST "acmeproxy.example.net"

/* One row a case: what a browser, or another client, sends. */
static const struct {
	const char *fetch_site, *origin, *host;
	bool want;
} cases[] = {
	/* No browser, or a very old one. */
	{ "", "", HOST, false },
	{ "", "", "", false },
	/* Only Origin, as from a browser without Sec-Fetch-Site. */
	{ "", "https://" HOST, HOST, false },
	{ "", "https://AcmeProxy.Example.NET", HOST, false },
	{ "", "https://" HOST ":8443", HOST ":8443", false },
	{ "", "https://[2001:db8::53]", "[2001:db8::53]", false },
	{ "", "https://" HOST ":8443", HOST, true },
	{ "", "https://" HOST, HOST ":8443", true },
	{ "", "https://evil.example", HOST, true },
	{ "", "https://" HOST ".evil.example", HOST, true },
	{ "", "https://evil-" HOST, HOST, true },
	{ "", "https://example.net", HOST, true },
	{ "", "https://" HOST " https://evil.example", HOST, true },
	{ "", "https://" HOST "/", HOST, true },
	{ "", "https://evil.example/://" HOST, HOST, true },
	{ "", "null", HOST, true },
	{ "", "null", "null", true },
	{ "", HOST, HOST, true },
	{ "", "https://", HOST, true },
	{ "", "https://" HOST, "", true },
	/* Only Sec-Fetch-Site. */
	{ "same-origin", "", HOST, false },
	{ "none", "", HOST, false },
	{ "same-site", "", HOST, true },
	{ "cross-site", "", HOST, true },
	{ "cross-site, none", "", HOST, true },
	{ "none, cross-site", "", HOST, true },
	{ "same-origin ", "", HOST, true },
	{ "anything", "", HOST, true },
	/* Both: each alone is enough. */
	{ "same-origin", "https://" HOST, HOST, false },
	{ "cross-site", "https://" HOST, HOST, true },
	{ "same-origin", "https://evil.example", HOST, true },
	{ "none", "null", HOST, true },
};

static void
test_where_a_request_comes_from(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct request request = {
			.fetch_site = cases[i].fetch_site,
			.origin = cases[i].origin,
			.host = cases[i].host,
		};

		print_message("case %zu: %s, %s\n", i, cases[i].fetch_site,
		    cases[i].origin);
		assert_int_equal(origin_is_foreign(&request), cases[i].want);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_where_a_request_comes_from),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
