#include "tests/unit/params.h"

/* A type that is accepted, and a body of it. */
static const struct {
	const char *type, *body;
} good_types[] = {
	{ "APPLICATION/X-WWW-Form-Urlencoded", "name=a.b" },
	{ FORM "; charset=utf-8", "name=a.b" },
	{ FORM ";charset=utf-8", "name=a.b" },
	{ "Application/JSON;charset=utf-8", "{\"name\": \"a.b\"}" },
};

static void
test_good_types(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(good_types); i++) {
		const char *body = good_types[i].body;
		const char *sentence;
		struct params p;

		print_message("case %zu: %s\n", i, good_types[i].type);
		assert_int_equal(parse(&p, good_types[i].type, body,
				     strlen(body), &sentence),
		    PARAMS_OK);
		assert_int_equal(p.given, N);
		assert_string_equal(p.challenge.name.text, "a.b");
	}
}

/* An empty body needs no type. */
static void
test_no_body(void **state)
{
	const char *sentence;
	struct params p;

	(void)state;
	assert_int_equal(parse(&p, "", "", 0, &sentence), PARAMS_BAD);
	check_sentence(sentence);
	assert_string_equal(sentence, THE("name") "missing");
}

static const char *const bad_types[] = {
	"",
	"text/plain",
	"multipart/form-data; boundary=x",
	"application/xml",
	"application/jsonx",
	"application/json+x",
	"application/jso",
	"application",
	"json",
	"application/json,text/plain",
	"application/x-www-form-urlencoded,text/plain",
	"; application/json",
};

static void
test_bad_types(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad_types); i++) {
		const char *sentence;
		struct params p;

		print_message("case %zu: %s\n", i, bad_types[i]);
		assert_int_equal(parse(&p, bad_types[i], "name=a.b", 8,
				     &sentence),
		    PARAMS_BAD_TYPE);
		assert_int_equal(p.given, 0);
	}
}

/* Parameters that a route does not take are ignored, even if malformed. */
static const struct {
	const char *body;
	unsigned required, optional, given; /* given 0: refused */
} routes[] = {
	{ "name=a.b", N, 0, N },
	{ "name=a.b&secret=%00&response=!&suffix_match=?", N, 0, N },
	{ "name=a.b&secret=s&secret=s", N, 0, N },
	{ "name=a.b&secret=s&response=r&suffix_match=true", N, S, N | S },
	{ "name=a.b&secret=s&response=r", N | S | R, 0, N | S | R },
	{ "name=a.b", N, S | R | M, N },
	{ "name=a.b&secret=s", N | S | R, 0, 0 },
	{ "name=a.b&response=r", N | S | R, 0, 0 },
	{ "secret=s&response=r", N | S | R, 0, 0 },
	{ "name=a.b&secret=%00", N, S, 0 },
	{ "", N | S, 0, 0 },
	{ "name=a.b&label=x&label=y&record=%00", N, 0, N },
	{ "name=a.b&label=" LABEL, N, L, N | L },
	{ "name=a.b&label=x", N, L, 0 },
	{ "name=a.b", N | L, 0, 0 },
	{ "name=a.b&record=" RECORD, N | P, 0, N | P },
	{ "name=a.b&record=" RECORD, N, P, N | P },
	{ "name=a.b&record=x", N | P, 0, 0 },
	{ "name=a.b&record=", N, P, 0 },
	{ "name=a.b", N | P, 0, 0 },
	{ "name=a.b", N, L | P, N },
};

static void
test_required_and_optional(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(routes); i++) {
		struct request request = {
			.content_type = FORM,
			.body = routes[i].body,
			.body_len = strlen(routes[i].body),
		};
		const char *sentence = NULL;
		struct params p;
		enum params_fault got;

		print_message("case %zu: %s\n", i, routes[i].body);
		got = params_parse(&p, &request, routes[i].required,
		    routes[i].optional, &sentence);
		assert_int_equal(got,
		    routes[i].given != 0 ? PARAMS_OK : PARAMS_BAD);
		if (got == PARAMS_OK)
			assert_int_equal(p.given, routes[i].given);
		else
			check_sentence(sentence);
	}
}

/* The largest body, most of which is ignored. */
static void
test_largest_body(void **state)
{
	static char body[HTTP_BODY_MAX];
	const char *sentence;
	struct params p;

	(void)state;
	memset(body, '&', sizeof(body));
	memcpy(body + sizeof(body) - 8, "name=a.b", 8);
	assert_int_equal(parse(&p, FORM, body, sizeof(body), &sentence),
	    PARAMS_OK);
	memset(body, ' ', sizeof(body));
	memcpy(body + sizeof(body) - 14, "{\"name\":\"a.b\"}", 14);
	assert_int_equal(parse(&p, JSON, body, sizeof(body), &sentence),
	    PARAMS_OK);
	memset(body, '[', sizeof(body));
	assert_int_equal(parse(&p, JSON, body, sizeof(body), &sentence),
	    PARAMS_BAD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_types),
		cmocka_unit_test(test_no_body),
		cmocka_unit_test(test_bad_types),
		cmocka_unit_test(test_required_and_optional),
		cmocka_unit_test(test_largest_body),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
