#include "tests/unit/params.h"

static const struct accepted accepted[] = {
	{ "{\"name\": \"example.com\"}", N, "example.com", "", "", false },
	{ "{\"name\": \"*.Example.com.\", \"secret\": \"s\", "
	  "\"response\": \"r\", \"suffix_match\": true}",
	    ALL, "example.com", "s", "r", true },
	{ "{\"name\": \"a.b\", \"suffix_match\": false}", N | M, "a.b", "", "",
	    false },
	{ "{\"name\": \"a.b\", \"suffix_match\": \"true\"}", N | M, "a.b", "",
	    "", true },
	{ "{\"n\\u0061me\": \"\\u0061.b\"}", N, "a.b", "", "", false },
	{ "{\"name\": \"a.b\", \"secret\": null, \"response\": null}", N, "a.b",
	    "", "", false },
	{ "{\"name\": \"a.b\", \"x\": 1, \"Name\": [], \"y\": {}}", N, "a.b",
	    "", "", false },
	{ " \r\n{\"name\": \"a.b\"}\r\n", N, "a.b", "", "", false },
};

static void
test_accepted(void **state)
{
	(void)state;
	check_accepted(JSON, accepted, COUNT_OF(accepted));
}

#define NOT_JSON  "The body is not JSON, or has a member twice"
#define NO_OBJECT "The body is not a JSON object"

static const struct refused refused[] = {
	/* Missing. */
	{ "{}", THE("name") "missing" },
	{ "{\"name\": null}", THE("name") "missing" },
	{ "{\"x\": {\"name\": \"a.b\"}}", THE("name") "missing" },
	/* Empty. */
	{ "{\"name\": \"\"}", THE("name") "empty" },
	{ "{\"name\": \"a.b\", \"secret\": \"\"}", THE("secret") "empty" },
	{ "{\"name\": \"a.b\", \"response\": \"\"}", THE("response") "empty" },
	{ "{\"name\": \"a.b\", \"suffix_match\": \"\"}",
	    THE("suffix_match") "empty" },
	{ "{\"name\": \"a.b\", \"label\": \"\"}", THE("label") "empty" },
	{ "{\"name\": \"a.b\", \"record\": \"\"}", THE("record") "empty" },
	/* Twice. */
	{ "{\"name\": \"a.b\", \"name\": \"a.b\"}", NOT_JSON },
	{ "{\"name\": \"a.b\", \"n\\u0061me\": \"a.b\"}", NOT_JSON },
	{ "{\"name\": \"a.b\", \"x\": 1, \"x\": 1}", NOT_JSON },
	{ "{\"name\": \"a.b\", \"label\": \"" LABEL "\", \"label\": null}",
	    NOT_JSON },
	/* Names. */
	{ "{\"name\": \"m\xc3\xbcller.example\"}", NOT_ASCII },
	{ "{\"name\": \"m\\u00fcller.example\"}", NOT_ASCII },
	{ "{\"name\": \"\xe4\xbe\x8b.example\"}", NOT_ASCII },
	{ "{\"name\": \"a\xe3\x80\x82"
	  "example\"}",
	    NOT_ASCII },
	/* Malformed JSON, and values of the wrong type. */
	{ "", NOT_JSON },
	{ "name=a.b", NOT_JSON },
	{ "{\"name\": \"a.b\"", NOT_JSON },
	{ "{\"name\": \"a.b\"} x", NOT_JSON },
	{ "{\"name\": \"a.b\",}", NOT_JSON },
	{ "{\"name\": \"a.b\\u0000\"}", NOT_JSON },
	{ "{\"name\\u0000\": \"a.b\"}", NOT_JSON },
	{ "{\"name\": \"a.b\", \"x\": \"\xff\"}", NOT_JSON },
	{ "[]", NO_OBJECT },
	{ "[{\"name\": \"a.b\"}]", NO_OBJECT },
	{ "\"name=a.b\"", NO_OBJECT },
	{ "null", NO_OBJECT },
	{ "1", NO_OBJECT },
	{ "{\"name\": 1}", THE("name") "of the wrong type" },
	{ "{\"name\": true}", THE("name") "of the wrong type" },
	{ "{\"name\": [\"a.b\"]}", THE("name") "of the wrong type" },
	{ "{\"name\": {}}", THE("name") "of the wrong type" },
	{ "{\"name\": \"a.b\", \"secret\": 1}",
	    THE("secret") "of the wrong type" },
	{ "{\"name\": \"a.b\", \"secret\": false}",
	    THE("secret") "of the wrong type" },
	{ "{\"name\": \"a.b\", \"response\": [\"r\"]}",
	    THE("response") "of the wrong type" },
	{ "{\"name\": \"a.b\", \"suffix_match\": 1}",
	    THE("suffix_match") "of the wrong type" },
	{ "{\"name\": \"a.b\", \"suffix_match\": \"yes\"}", NOT_BOOLEAN },
	{ "{\"name\": \"a.b\", \"label\": true}",
	    THE("label") "of the wrong type" },
	{ "{\"name\": \"a.b\", \"label\": [\"" LABEL "\"]}",
	    THE("label") "of the wrong type" },
	{ "{\"name\": \"a.b\", \"record\": false}",
	    THE("record") "of the wrong type" },
	{ "{\"name\": \"a.b\", \"record\": {}}",
	    THE("record") "of the wrong type" },
	/* JSON has no percent-encoding. */
	{ "{\"name\": \"%61.b\"}", NOT_A_NAME },
	{ "{\"name\": \"a+b.example\"}", NOT_A_NAME },
	{ "{\"name\": \"a.b\", \"label\": \"%5Fujmmovf2vn55tgye\"}",
	    NOT_LABEL },
	{ "{\"name\": \"a.b\", \"record\": \"a%3B accounturi=x:y\"}",
	    NOT_ISSUE },
};

static void
test_refused(void **state)
{
	(void)state;
	check_refused(JSON, refused, COUNT_OF(refused));
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
