#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fcgi-app/api/params.h"

#define FORM "application/x-www-form-urlencoded"
#define JSON "application/json"

#define N    PARAM_NAME
#define S    PARAM_SECRET
#define R    PARAM_RESPONSE
#define M    PARAM_SUFFIX_MATCH
#define ALL  (N | S | R | M)

#define A7   "aaaaaaa"
#define A63  A7 A7 A7 A7 A7 A7 A7 A7 A7
#define N192 A63 "." A63 "." A63 "." /* 192 octets, dots included */
#define A45  A7 A7 A7 A7 A7 A7 "aaa"
#define A128 A63 A63 "aa"
#define A255 A128 A63 A63 "a"

static enum params_fault
parse(struct params *p, const char *type, const char *body, size_t len,
    const char **sentence)
{
	struct request request = {
		.method = "POST",
		.path = "/",
		.content_type = type,
		.remote_addr = "192.0.2.1",
		.body = body,
		.body_len = len,
	};

	*sentence = NULL;
	return params_parse(p, &request, N, S | R | M, sentence);
}

/* No sentence may say what a hook looks for, nor carry JSON's own octets. */
static void
check_sentence(const char *sentence)
{
	assert_non_null(sentence);
	assert_null(strstr(sentence, "published"));
	assert_null(strstr(sentence, "expired"));
	assert_null(strpbrk(sentence, "\"\\\n"));
}

/* A body that is taken, and what came out of it. */
static const struct {
	const char *type, *body;
	unsigned given;
	const char *name, *secret, *response;
	bool suffix_match;
} accepted[] = {
	{ FORM, "name=example.com", N, "example.com", "", "", false },
	{ FORM, "name=Secure.Example.COM.", N, "secure.example.com", "", "",
	    false },
	{ FORM, "name=a.example&secret=x-._~%2B%2F%3D&response=a_-B", N | S | R,
	    "a.example", "x-._~+/=", "a_-B", false },
	{ FORM, "response=r&secret=s&name=a.example&suffix_match=true", ALL,
	    "a.example", "s", "r", true },
	{ FORM, "name=a.example&suffix_match=false", N | M, "a.example", "", "",
	    false },
	{ FORM, "name=a.example&suffix_match=TRUE", N | M, "a.example", "", "",
	    true },
	{ FORM, "&&name=a.example&&", N, "a.example", "", "", false },
	{ FORM, "name=a.example&secret=a==", N | S, "a.example", "a==", "",
	    false },
	/* Percent-encoding, of values and of names. */
	{ FORM, "name=%61.%65xample", N, "a.example", "", "", false },
	{ FORM, "name=a%2eexample%2E", N, "a.example", "", "", false },
	{ FORM, "%6eame=a.example", N, "a.example", "", "", false },
	/* What nobody asked for is passed over, once or twice. */
	{ FORM, "name=a.example&x=1&x=2&names=b&nam=c&Name=d", N, "a.example",
	    "", "", false },
	{ FORM, "name=a.example&=b&c&=&d=%00%ff", N, "a.example", "", "",
	    false },
	{ FORM, "name=a.example&name[]=b&name%00=c", N, "a.example", "", "",
	    false },
	/* Wildcards stand at their base. */
	{ FORM, "name=*.example.com", N, "example.com", "", "", false },
	{ FORM, "name=%2A.example.com", N, "example.com", "", "", false },
	{ FORM, "name=*.a.example.com.", N, "a.example.com", "", "", false },
	/* A-labels, digits, underscores. */
	{ FORM, "name=xn--mller-kva.example", N, "xn--mller-kva.example", "",
	    "", false },
	{ FORM, "name=1.example", N, "1.example", "", "", false },
	{ FORM, "name=a.1b", N, "a.1b", "", "", false },
	{ FORM, "name=_a.example", N, "_a.example", "", "", false },
	/* As long as may be. */
	{ FORM, "name=" N192 A45, N, N192 A45, "", "", false },
	{ FORM, "name=" N192 A45 ".", N, N192 A45, "", "", false },
	{ FORM, "name=*." N192 A45, N, N192 A45, "", "", false },
	{ FORM, "name=a.b&secret=" A128, N | S, "a.b", A128, "", false },
	{ FORM, "name=a.b&response=" A255, N | R, "a.b", "", A255, false },
	/* Media types. */
	{ "APPLICATION/X-WWW-Form-Urlencoded", "name=a.b", N, "a.b", "", "",
	    false },
	{ FORM "; charset=utf-8", "name=a.b", N, "a.b", "", "", false },
	{ FORM ";charset=utf-8", "name=a.b", N, "a.b", "", "", false },
	{ "Application/JSON;charset=utf-8", "{\"name\": \"a.b\"}", N, "a.b", "",
	    "", false },
	/* JSON. */
	{ JSON, "{\"name\": \"example.com\"}", N, "example.com", "", "",
	    false },
	{ JSON,
	    "{\"name\": \"*.Example.com.\", \"secret\": \"s\", "
	    "\"response\": \"r\", \"suffix_match\": true}",
	    ALL, "example.com", "s", "r", true },
	{ JSON, "{\"name\": \"a.b\", \"suffix_match\": false}", N | M, "a.b",
	    "", "", false },
	{ JSON, "{\"name\": \"a.b\", \"suffix_match\": \"true\"}", N | M, "a.b",
	    "", "", true },
	{ JSON, "{\"n\\u0061me\": \"\\u0061.b\"}", N, "a.b", "", "", false },
	{ JSON, "{\"name\": \"a.b\", \"secret\": null, \"response\": null}", N,
	    "a.b", "", "", false },
	{ JSON, "{\"name\": \"a.b\", \"x\": 1, \"Name\": [], \"y\": {}}", N,
	    "a.b", "", "", false },
	{ JSON, " \r\n{\"name\": \"a.b\"}\r\n", N, "a.b", "", "", false },
};

static void
test_accepted(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(accepted); i++) {
		const char *sentence;
		struct params p;

		print_message("case %zu: %s\n", i, accepted[i].body);
		assert_int_equal(parse(&p, accepted[i].type, accepted[i].body,
				     strlen(accepted[i].body), &sentence),
		    PARAMS_OK);
		assert_int_equal(p.given, accepted[i].given);
		assert_string_equal(p.challenge.name.text, accepted[i].name);
		assert_string_equal(p.secret.text, accepted[i].secret);
		assert_string_equal(p.response.text, accepted[i].response);
		assert_int_equal(p.suffix_match, accepted[i].suffix_match);
		params_wipe(&p);
		assert_string_equal(p.secret.text, "");
	}
}

#define THE(p)      "The parameter " p " is "
#define NOT_A_NAME  THE("name") "not a domain name"
#define NOT_ASCII   THE("name") "not ASCII: send the A-label"
#define TOO_LONG    THE("name") "too long for _acme-challenge"
#define TOO_SHORT   "The parameter name has fewer than two labels"
#define AN_ADDRESS  THE("name") "an address, not a domain name"
#define BAD_SECRET  THE("secret") "malformed"
#define NOT_64URL   THE("response") "not 1 to 255 characters of the base64url"
#define NOT_BOOLEAN THE("suffix_match") "neither true nor false"
#define BAD_PERCENT "The body is not a form: a % without two hexadecimal"
#define NOT_JSON    "The body is not JSON, or has a member twice"
#define NO_OBJECT   "The body is not a JSON object"

/* A body that is refused, and how the sentence begins. */
static const struct {
	const char *type, *body, *want;
} refused[] = {
	/* Missing. */
	{ FORM, "", THE("name") "missing" },
	{ FORM, "&", THE("name") "missing" },
	{ FORM, "nam=a.b", THE("name") "missing" },
	{ FORM, "Name=a.b", THE("name") "missing" },
	{ FORM, "name%00=a.b", THE("name") "missing" },
	{ FORM, " name=a.b", THE("name") "missing" },
	{ FORM, "secret=s&response=r", THE("name") "missing" },
	{ FORM, "{\"name\": \"a.b\"}", THE("name") "missing" },
	{ "", "", THE("name") "missing" },
	{ JSON, "{}", THE("name") "missing" },
	{ JSON, "{\"name\": null}", THE("name") "missing" },
	{ JSON, "{\"x\": {\"name\": \"a.b\"}}", THE("name") "missing" },
	/* Empty. */
	{ FORM, "name=", THE("name") "empty" },
	{ FORM, "name", THE("name") "empty" },
	{ FORM, "name&x=1", THE("name") "empty" },
	{ FORM, "name=a.b&secret=", THE("secret") "empty" },
	{ FORM, "name=a.b&response", THE("response") "empty" },
	{ FORM, "name=a.b&suffix_match=", THE("suffix_match") "empty" },
	{ JSON, "{\"name\": \"\"}", THE("name") "empty" },
	{ JSON, "{\"name\": \"a.b\", \"secret\": \"\"}",
	    THE("secret") "empty" },
	{ JSON, "{\"name\": \"a.b\", \"response\": \"\"}",
	    THE("response") "empty" },
	{ JSON, "{\"name\": \"a.b\", \"suffix_match\": \"\"}",
	    THE("suffix_match") "empty" },
	/* Twice. */
	{ FORM, "name=a.b&name=a.b", THE("name") "given twice" },
	{ FORM, "name=a.b&name=", THE("name") "given twice" },
	{ FORM, "name=&name=", THE("name") "given twice" },
	{ FORM, "name=a.b&n%61me=c.d", THE("name") "given twice" },
	{ FORM, "name=a.b&secret=s&secret=s", THE("secret") "given twice" },
	{ FORM, "name=a.b&response=r&response=r",
	    THE("response") "given twice" },
	{ FORM, "suffix_match=true&name=a.b&suffix_match=true",
	    THE("suffix_match") "given twice" },
	{ JSON, "{\"name\": \"a.b\", \"name\": \"a.b\"}", NOT_JSON },
	{ JSON, "{\"name\": \"a.b\", \"n\\u0061me\": \"a.b\"}", NOT_JSON },
	{ JSON, "{\"name\": \"a.b\", \"x\": 1, \"x\": 1}", NOT_JSON },
	/* Percent-encoding that is none, wherever it is. */
	{ FORM, "name=%", BAD_PERCENT },
	{ FORM, "name=a.b%", BAD_PERCENT },
	{ FORM, "name=a.b%6", BAD_PERCENT },
	{ FORM, "name=a.b%6&x=1", BAD_PERCENT },
	{ FORM, "name=a.b%&41=1", BAD_PERCENT },
	{ FORM, "name=a.b%g1", BAD_PERCENT },
	{ FORM, "name=a.b%1g", BAD_PERCENT },
	{ FORM, "name=a.b%+1", BAD_PERCENT },
	{ FORM, "name=a.b%%61", BAD_PERCENT },
	{ FORM, "name=a.b%u0061", BAD_PERCENT },
	{ FORM, "%=1&name=a.b", BAD_PERCENT },
	{ FORM, "name=a.b&x=%", BAD_PERCENT },
	{ FORM, "name%6=a.b", BAD_PERCENT },
	/* Names. */
	{ FORM, "name=+a.b", NOT_A_NAME },
	{ FORM, "name=a%20b.example", NOT_A_NAME },
	{ FORM, "name=a%252eb", NOT_A_NAME },
	{ FORM, "name=.", NOT_A_NAME },
	{ FORM, "name=a..b", NOT_A_NAME },
	{ FORM, "name=a.b..", NOT_A_NAME },
	{ FORM, "name=.a.b", NOT_A_NAME },
	{ FORM, "name=-a.b", NOT_A_NAME },
	{ FORM, "name=a-.b", NOT_A_NAME },
	{ FORM, "name=a@b.example", NOT_A_NAME },
	{ FORM, "name=https://a.example", NOT_A_NAME },
	{ FORM, "name=a.example:443", NOT_A_NAME },
	{ FORM, "name=a.example/", NOT_A_NAME },
	{ FORM, "name=a\\.b.example", NOT_A_NAME },
	{ FORM, "name=a.example,b.example", NOT_A_NAME },
	{ FORM, "name=com", TOO_SHORT },
	{ FORM, "name=com.", TOO_SHORT },
	{ FORM, "name=*.com", TOO_SHORT },
	{ FORM, "name=*", NOT_A_NAME },
	{ FORM, "name=*.", NOT_A_NAME },
	{ FORM, "name=*..example.com", NOT_A_NAME },
	{ FORM, "name=*.*.example.com", NOT_A_NAME },
	{ FORM, "name=a.*.example.com", NOT_A_NAME },
	{ FORM, "name=*a.example.com", NOT_A_NAME },
	{ FORM, "name=**.example.com", NOT_A_NAME },
	{ FORM, "name=192.0.2.1", AN_ADDRESS },
	{ FORM, "name=192.0.2.1.", AN_ADDRESS },
	{ FORM, "name=*.0.2.1", AN_ADDRESS },
	{ FORM, "name=a.1", AN_ADDRESS },
	{ FORM, "name=2001:db8::1", NOT_A_NAME },
	{ FORM, "name=m\xc3\xbcller.example", NOT_ASCII },
	{ FORM, "name=m%C3%BCller.example", NOT_ASCII },
	{ FORM, "name=*.m%C3%BCller.example", NOT_ASCII },
	{ JSON, "{\"name\": \"m\xc3\xbcller.example\"}", NOT_ASCII },
	{ JSON, "{\"name\": \"m\\u00fcller.example\"}", NOT_ASCII },
	{ JSON, "{\"name\": \"\xe4\xbe\x8b.example\"}", NOT_ASCII },
	{ JSON,
	    "{\"name\": \"a\xe3\x80\x82"
	    "example\"}",
	    NOT_ASCII },
	/* One octet too many. */
	{ FORM, "name=" A63 "a.example", NOT_A_NAME },
	{ FORM, "name=" N192 A45 "a", TOO_LONG },
	{ FORM, "name=" N192 A45 "a.", TOO_LONG },
	{ FORM, "name=*." N192 A45 "a", TOO_LONG },
	{ FORM, "name=" N192 A63, NOT_A_NAME },
	{ FORM, "name=a.b&secret=" A128 "a", BAD_SECRET },
	{ FORM, "name=a.b&response=" A255 "a", NOT_64URL },
	/* The others. */
	{ FORM, "name=a.b&secret=a+b", BAD_SECRET },
	{ FORM, "name=a.b&secret=a%0Ab", BAD_SECRET },
	{ FORM, "name=a.b&secret=a!b", BAD_SECRET },
	{ FORM, "name=a.b&response=a+b", NOT_64URL },
	{ FORM, "name=a.b&response=a%2Bb", NOT_64URL },
	{ FORM, "name=a.b&response=a%2Fb", NOT_64URL },
	{ FORM, "name=a.b&response=a%3D", NOT_64URL },
	{ FORM, "name=a.b&response=a=", NOT_64URL },
	{ FORM, "name=a.b&response=a%0AEND", NOT_64URL },
	{ FORM, "name=a.b&response=a%09b", NOT_64URL },
	{ FORM, "name=a.b&response=a%22b", NOT_64URL },
	{ FORM, "name=a.b&suffix_match=1", NOT_BOOLEAN },
	{ FORM, "name=a.b&suffix_match=yes", NOT_BOOLEAN },
	{ FORM, "name=a.b&suffix_match=tru", NOT_BOOLEAN },
	{ FORM, "name=a.b&suffix_match=truee", NOT_BOOLEAN },
	{ FORM, "name=a.b&suffix_match=true%00", NOT_BOOLEAN },
	{ FORM, "name=a.b&suffix_match=null", NOT_BOOLEAN },
	/* JSON of a kind that will not do. */
	{ JSON, "", NOT_JSON },
	{ JSON, "name=a.b", NOT_JSON },
	{ JSON, "{\"name\": \"a.b\"", NOT_JSON },
	{ JSON, "{\"name\": \"a.b\"} x", NOT_JSON },
	{ JSON, "{\"name\": \"a.b\",}", NOT_JSON },
	{ JSON, "{\"name\": \"a.b\\u0000\"}", NOT_JSON },
	{ JSON, "{\"name\\u0000\": \"a.b\"}", NOT_JSON },
	{ JSON, "{\"name\": \"a.b\", \"x\": \"\xff\"}", NOT_JSON },
	{ JSON, "[]", NO_OBJECT },
	{ JSON, "[{\"name\": \"a.b\"}]", NO_OBJECT },
	{ JSON, "\"name=a.b\"", NO_OBJECT },
	{ JSON, "null", NO_OBJECT },
	{ JSON, "1", NO_OBJECT },
	{ JSON, "{\"name\": 1}", THE("name") "of the wrong type" },
	{ JSON, "{\"name\": true}", THE("name") "of the wrong type" },
	{ JSON, "{\"name\": [\"a.b\"]}", THE("name") "of the wrong type" },
	{ JSON, "{\"name\": {}}", THE("name") "of the wrong type" },
	{ JSON, "{\"name\": \"a.b\", \"secret\": 1}",
	    THE("secret") "of the wrong type" },
	{ JSON, "{\"name\": \"a.b\", \"secret\": false}",
	    THE("secret") "of the wrong type" },
	{ JSON, "{\"name\": \"a.b\", \"response\": [\"r\"]}",
	    THE("response") "of the wrong type" },
	{ JSON, "{\"name\": \"a.b\", \"suffix_match\": 1}",
	    THE("suffix_match") "of the wrong type" },
	{ JSON, "{\"name\": \"a.b\", \"suffix_match\": \"yes\"}", NOT_BOOLEAN },
	/* JSON knows nothing of percent-encoding. */
	{ JSON, "{\"name\": \"%61.b\"}", NOT_A_NAME },
	{ JSON, "{\"name\": \"a+b.example\"}", NOT_A_NAME },
};

static void
test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(refused); i++) {
		const char *want = refused[i].want;
		const char *sentence;
		struct params p;

		print_message("case %zu: %s\n", i, refused[i].body);
		assert_int_equal(parse(&p, refused[i].type, refused[i].body,
				     strlen(refused[i].body), &sentence),
		    PARAMS_BAD);
		check_sentence(sentence);
		if (strncmp(sentence, want, strlen(want)) != 0)
			fail_msg("\"%s\", not \"%s\"", sentence, want);
	}
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

/* What a route takes: the rest is passed over, even when it is malformed. */
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

/*
 * One row a way to send a parameter: what stands before, the value cut in
 * two, and after.  Between the halves comes an octet that nobody may send.
 */
static const struct {
	const char *type, *before, *first, *second, *after;
} sweeps[] = {
	{ FORM, "name=", "exa", "mple.com", "" },
	{ FORM, "name=", "", "example.com", "" },
	{ FORM, "name=", "example.com", "", "" },
	{ FORM, "name=a.b&secret=", "01", "23", "" },
	{ FORM, "name=a.b&secret=", "", "0123", "" },
	{ FORM, "name=a.b&secret=", "0123", "", "" },
	{ FORM, "name=a.b&response=", "01", "23", "" },
	{ FORM, "name=a.b&response=", "", "0123", "" },
	{ FORM, "name=a.b&response=", "0123", "", "" },
	{ FORM, "name=a.b&suffix_match=", "tr", "ue", "" },
	{ FORM, "name=a.b&suffix_match=", "", "true", "" },
	{ FORM, "name=a.b&suffix_match=", "true", "", "" },
	{ JSON, "{\"name\": \"", "exa", "mple.com", "\"}" },
	{ JSON, "{\"name\": \"", "", "example.com", "\"}" },
	{ JSON, "{\"name\": \"", "example.com", "", "\"}" },
	{ JSON, "{\"name\": \"a.b\", \"secret\": \"", "01", "23", "\"}" },
	{ JSON, "{\"name\": \"a.b\", \"response\": \"", "01", "23", "\"}" },
	{ JSON, "{\"name\": \"a.b\", \"suffix_match\": \"", "tr", "ue", "\"}" },
};

static bool
is_never_good(int octet)
{
	return octet < 0x20 || octet == '"' || octet == '\\' || octet >= 0x7f;
}

/* Send a row of sweeps with `len` octets in the middle of its value. */
static enum params_fault
send_with(size_t row, const char *middle, size_t len)
{
	enum params_fault fault;
	const char *sentence;
	struct params p;
	char body[256];
	int head, tail;

	head = snprintf(body, sizeof(body), "%s%s", sweeps[row].before,
	    sweeps[row].first);
	memcpy(body + head, middle, len);
	tail = snprintf(body + head + len, sizeof(body) - (size_t)head - len,
	    "%s%s", sweeps[row].second, sweeps[row].after);
	fault = parse(&p, sweeps[row].type, body, (size_t)(head + tail) + len,
	    &sentence);
	if (fault == PARAMS_BAD)
		check_sentence(sentence);
	return fault;
}

static void
test_octets_that_nobody_may_send(void **state)
{
	(void)state;
	for (size_t row = 0; row < COUNT_OF(sweeps); row++) {
		bool is_form = strcmp(sweeps[row].type, FORM) == 0;

		print_message("case %zu: %s\n", row, sweeps[row].before);
		assert_int_equal(send_with(row, "", 0), PARAMS_OK);
		for (int octet = 0; octet <= 0xff; octet++) {
			char raw = (char)octet;
			char text[8];

			if (!is_never_good(octet))
				continue;
			if (send_with(row, &raw, 1) != PARAMS_BAD)
				fail_msg("octet 0x%02x, raw", (unsigned)octet);
			(void)snprintf(text, sizeof(text),
			    is_form ? "%%%02X" : "\\u%04x", (unsigned)octet);
			if (send_with(row, text, strlen(text)) != PARAMS_BAD)
				fail_msg("octet 0x%02x as %s", (unsigned)octet,
				    text);
		}
	}
}

/* params_parse_name() serves the command line too; NULL: taken. */
static void
test_parse_name_touches_nothing_on_failure(void **state)
{
	struct dnsname name, untouched;

	(void)state;
	memset(&name, 0xa5, sizeof(name));
	memcpy(&untouched, &name, sizeof(name));
	check_sentence(params_parse_name(&name, "com", 3));
	check_sentence(params_parse_name(&name, "", 0));
	check_sentence(params_parse_name(&name, "a.b\0c", 5));
	assert_memory_equal(&name, &untouched, sizeof(name));
	assert_null(params_parse_name(&name, "*.Example.com.xyz", 14));
	assert_string_equal(name.text, "example.com");
}

/* The largest body there is, full of what is to be passed over. */
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
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_bad_types),
		cmocka_unit_test(test_required_and_optional),
		cmocka_unit_test(test_octets_that_nobody_may_send),
		cmocka_unit_test(test_parse_name_touches_nothing_on_failure),
		cmocka_unit_test(test_largest_body),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
