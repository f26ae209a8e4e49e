#include "tests/unit/params.h"

#define N192 A63 "." A63 "." A63 "." /* 192 octets, dots included */
#define A45  A7 A7 A7 A7 A7 A7 "aaa"
#define N219 N192 A7 A7 A7 "aaaaaa" /* the longest with a label */
#define N233 N219 A7 A7             /* and with a record */
#define A128 A63 A63 "aa"
#define A255 A128 A63 A63 "a"

static const struct accepted accepted[] = {
	/* A wildcard becomes its base domain. */
	{ "name=*.example.com", N, "example.com", "", "", false },
	{ "name=%2A.example.com", N, "example.com", "", "", false },
	{ "name=*.a.example.com.", N, "a.example.com", "", "", false },
	/* A-labels, digits, underscores. */
	{ "name=xn--mller-kva.example", N, "xn--mller-kva.example", "", "",
	    false },
	{ "name=1.example", N, "1.example", "", "", false },
	{ "name=a.1b", N, "a.1b", "", "", false },
	{ "name=_a.example", N, "_a.example", "", "", false },
	/* As long as they may be. */
	{ "name=" N192 A45, N, N192 A45, "", "", false },
	{ "name=" N192 A45 ".", N, N192 A45, "", "", false },
	{ "name=*." N192 A45, N, N192 A45, "", "", false },
	{ "name=a.b&secret=" A128, N | S, "a.b", A128, "", false },
	{ "name=a.b&response=" A255, N | R, "a.b", "", A255, false },
};

static void
test_accepted(void **state)
{
	(void)state;
	check_accepted(FORM, accepted, COUNT_OF(accepted));
}

#define A452 A128 A128 A63 A63 A63 A7

/* As long as it may be. */
#define RECORD_510 RECORD ";another-thing=" A452
_Static_assert(sizeof(RECORD_510) - 1 == ISSUEVALUE_MAX, "not the longest");

/*
 * What dns-account-01 and dns-persist-01 send; a label or record that is not
 * given is empty.
 */
static const struct {
	const char *type, *body;
	unsigned given;
	const char *label, *record;
	int64_t until_s;
} of_drafts[] = {
	{ FORM, "name=a.b&label=" LABEL, N | L, LABEL, "", 0 },
	{ FORM, "label=%5Fujmmovf2vn55tgye&name=a.b", N | L, LABEL, "", 0 },
	{ FORM, "name=a.b&label=_aaaaaaaaaaaaaaaa", N | L, "_aaaaaaaaaaaaaaaa",
	    "", 0 },
	{ FORM, "name=a.b&label=_zzzzzzzz22222777", N | L, "_zzzzzzzz22222777",
	    "", 0 },
	{ JSON, "{\"name\": \"a.b\", \"label\": \"" LABEL "\"}", N | L, LABEL,
	    "", 0 },
	{ JSON, "{\"name\": \"a.b\", \"label\": null, \"record\": null}", N, "",
	    "", 0 },
	{ FORM, "name=a.b&record=" RECORD, N | P, "", RECORD,
	    ISSUEVALUE_FOREVER },
	{ FORM,
	    "name=a.b&record=ca.example%3B+accounturi%3Dhttps%3A%2F%2Fca."
	    "example%2F1",
	    N | P, "", RECORD, ISSUEVALUE_FOREVER },
	/* A form has to encode an & and a +. */
	{ FORM, "name=a.b&record=a;accounturi=x:y%26z%2B", N | P, "",
	    "a;accounturi=x:y&z+", ISSUEVALUE_FOREVER },
	{ FORM, "name=a.b&record=a;accounturi=x:y&z", N | P, "",
	    "a;accounturi=x:y", ISSUEVALUE_FOREVER },
	{ FORM, "name=a.b&record=" RECORD ";persistUntil=1767225600", N | P, "",
	    RECORD ";persistUntil=1767225600", 1767225600 },
	{ FORM, "name=a.b&record=" RECORD "; persistUntil=0", N | P, "",
	    RECORD "; persistUntil=0", 0 },
	{ FORM, "name=a.b&record=" RECORD_510, N | P, "", RECORD_510,
	    ISSUEVALUE_FOREVER },
	{ JSON, "{\"name\": \"a.b\", \"record\": \"" RECORD "\"}", N | P, "",
	    RECORD, ISSUEVALUE_FOREVER },
	{ JSON,
	    "{\"name\": \"a.b\", \"record\": \"a;accounturi=x:y\\u0026z+\"}",
	    N | P, "", "a;accounturi=x:y&z+", ISSUEVALUE_FOREVER },
	{ FORM, "name=a.b&record=" RECORD "&label=" LABEL, N | L | P, LABEL,
	    RECORD, ISSUEVALUE_FOREVER },
};

/* How long a name may be depends on what goes in front of it. */
static void
test_longest_names(void **state)
{
	static const char *const bodies[] = {
		"name=" N219 "&label=" LABEL,
		"name=" N233 "&record=" RECORD,
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bodies); i++) {
		const char *sentence;
		struct params p;

		print_message("case %zu: %s\n", i, bodies[i]);
		assert_int_equal(parse(&p, FORM, bodies[i], strlen(bodies[i]),
				     &sentence),
		    PARAMS_OK);
	}
}

static void
test_of_drafts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(of_drafts); i++) {
		const char *body = of_drafts[i].body, *sentence;
		struct params p;

		print_message("case %zu: %s\n", i, body);
		assert_int_equal(parse(&p, of_drafts[i].type, body,
				     strlen(body), &sentence),
		    PARAMS_OK);
		assert_int_equal(p.given, of_drafts[i].given);
		assert_string_equal(p.challenge.name.text, "a.b");
		assert_string_equal(p.challenge.label, of_drafts[i].label);
		assert_string_equal(p.record.text, of_drafts[i].record);
		assert_int_equal(p.record.len, strlen(of_drafts[i].record));
		assert_int_equal(p.record.until_s, of_drafts[i].until_s);
		params_wipe(&p);
	}
}

#define TOO_LONG    THE("name") "too long for _acme-challenge"
#define TOO_SHORT   "The parameter name has fewer than two labels"
#define TOO_DEEP    "The parameter name has more than 16 labels"
#define AN_ADDRESS  THE("name") "an address, not a domain name"
#define BAD_SECRET  THE("secret") "malformed"
#define NOT_64URL   THE("response") "not 1 to 255 characters of the base64url"
#define RECORD_LONG THE("record") "over 510 octets"
#define BAD_ACCOUNT "The parameter record has not one accounturi"
#define BAD_UNTIL   "The parameter record has a persistUntil that is not a"

static const struct refused refused[] = {
	/* Names. */
	{ "name=+a.b", NOT_A_NAME },
	{ "name=a%20b.example", NOT_A_NAME },
	{ "name=a%252eb", NOT_A_NAME },
	{ "name=.", NOT_A_NAME },
	{ "name=a..b", NOT_A_NAME },
	{ "name=a.b..", NOT_A_NAME },
	{ "name=.a.b", NOT_A_NAME },
	{ "name=-a.b", NOT_A_NAME },
	{ "name=a-.b", NOT_A_NAME },
	{ "name=a@b.example", NOT_A_NAME },
	{ "name=https://a.example", NOT_A_NAME },
	{ "name=a.example:443", NOT_A_NAME },
	{ "name=a.example/", NOT_A_NAME },
	{ "name=a\\.b.example", NOT_A_NAME },
	{ "name=a.example,b.example", NOT_A_NAME },
	{ "name=a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q", TOO_DEEP },
	{ "name=com", TOO_SHORT },
	{ "name=com.", TOO_SHORT },
	{ "name=*.com", TOO_SHORT },
	{ "name=*", NOT_A_NAME },
	{ "name=*.", NOT_A_NAME },
	{ "name=*..example.com", NOT_A_NAME },
	{ "name=*.*.example.com", NOT_A_NAME },
	{ "name=a.*.example.com", NOT_A_NAME },
	{ "name=*a.example.com", NOT_A_NAME },
	{ "name=**.example.com", NOT_A_NAME },
	{ "name=192.0.2.1", AN_ADDRESS },
	{ "name=192.0.2.1.", AN_ADDRESS },
	{ "name=*.0.2.1", AN_ADDRESS },
	{ "name=a.1", AN_ADDRESS },
	{ "name=2001:db8::1", NOT_A_NAME },
	{ "name=m\xc3\xbcller.example", NOT_ASCII },
	{ "name=m%C3%BCller.example", NOT_ASCII },
	{ "name=*.m%C3%BCller.example", NOT_ASCII },
	/* One octet too many. */
	{ "name=" A63 "a.example", NOT_A_NAME },
	{ "name=" N192 A45 "a", TOO_LONG },
	{ "name=" N192 A45 "a.", TOO_LONG },
	{ "name=*." N192 A45 "a", TOO_LONG },
	{ "name=" N192 A63, NOT_A_NAME },
	{ "name=a.b&secret=" A128 "a", BAD_SECRET },
	{ "name=a.b&response=" A255 "a", NOT_64URL },
	/* Other parameters. */
	{ "name=a.b&secret=a+b", BAD_SECRET },
	{ "name=a.b&secret=a%0Ab", BAD_SECRET },
	{ "name=a.b&secret=a!b", BAD_SECRET },
	{ "name=a.b&response=a+b", NOT_64URL },
	{ "name=a.b&response=a%2Bb", NOT_64URL },
	{ "name=a.b&response=a%2Fb", NOT_64URL },
	{ "name=a.b&response=a%3D", NOT_64URL },
	{ "name=a.b&response=a=", NOT_64URL },
	{ "name=a.b&response=a%0AEND", NOT_64URL },
	{ "name=a.b&response=a%09b", NOT_64URL },
	{ "name=a.b&response=a%22b", NOT_64URL },
	{ "name=a.b&suffix_match=1", NOT_BOOLEAN },
	{ "name=a.b&suffix_match=yes", NOT_BOOLEAN },
	{ "name=a.b&suffix_match=tru", NOT_BOOLEAN },
	{ "name=a.b&suffix_match=truee", NOT_BOOLEAN },
	{ "name=a.b&suffix_match=true%00", NOT_BOOLEAN },
	{ "name=a.b&suffix_match=null", NOT_BOOLEAN },
	/* Labels of dns-account-01. */
	{ "name=a.b&label=_", NOT_LABEL },
	{ "name=" N219 "a&label=" LABEL,
	    THE("name") "too long for a label to go in front of it" },
	{ "name=" N233 "a&record=" RECORD,
	    THE("name") "too long for _validation-persist to go in front " },
	{ "name=a.b&label=ujmmovf2vn55tgye", NOT_LABEL },
	{ "name=a.b&label=aujmmovf2vn55tgye", NOT_LABEL },
	{ "name=a.b&label=-ujmmovf2vn55tgye", NOT_LABEL },
	{ "name=a.b&label=_ujmmovf2vn55tgy", NOT_LABEL },
	{ "name=a.b&label=" LABEL "e", NOT_LABEL },
	{ "name=a.b&label=" LABEL "%00", NOT_LABEL },
	{ "name=a.b&label=" LABEL ".", NOT_LABEL },
	{ "name=a.b&label=" A255, NOT_LABEL },
	{ "name=a.b&label=_Ujmmovf2vn55tgye", NOT_LABEL },
	{ "name=a.b&label=_ujmmovf2vn55tgy0", NOT_LABEL },
	{ "name=a.b&label=_ujmmovf2vn55tgy1", NOT_LABEL },
	{ "name=a.b&label=_ujmmovf2vn55tgy8", NOT_LABEL },
	{ "name=a.b&label=_ujmmovf2vn55tgy9", NOT_LABEL },
	{ "name=a.b&label=_ujmmovf2vn55tgy%3D", NOT_LABEL },
	{ "name=a.b&label=_ujmmovf2vn55tgy_", NOT_LABEL },
	{ "name=a.b&label=+" LABEL, NOT_LABEL },
	{ "name=a.b&label=_acme-challenge.a", NOT_LABEL },
	/* Records of dns-persist-01. */
	{ "name=a.b&record=" RECORD_510 "a", RECORD_LONG },
	{ "name=a.b&record=" A452 A452 A452 A452, RECORD_LONG },
	{ "name=a.b&record=;accounturi=x:y", NOT_ISSUE },
	{ "name=a.b&record=%22" RECORD "%22", NOT_ISSUE },
	{ "name=a.b&record=" RECORD ";", NOT_ISSUE },
	{ "name=a.b&record=" RECORD "%00", NOT_ISSUE },
	{ "name=a.b&record=" RECORD "%0AEND", NOT_ISSUE },
	{ "name=a.b&record=" RECORD "%09", NOT_ISSUE },
	{ "name=a.b&record=a;accounturi=x:y+z", NOT_ISSUE },
	{ "name=a.b&record=0 issue \"ca.example\"", NOT_ISSUE },
	{ "name=a.b&record=ca.example", BAD_ACCOUNT },
	{ "name=a.b&record=ca.example;", BAD_ACCOUNT },
	{ "name=a.b&record=ca.example;accounturi=1", BAD_ACCOUNT },
	{ "name=a.b&record=" RECORD ";accounturi=x:y", BAD_ACCOUNT },
	{ "name=a.b&record=" RECORD ";persistUntil=", BAD_UNTIL },
	{ "name=a.b&record=" RECORD ";persistUntil=2026-01-01", BAD_UNTIL },
	{ "name=a.b&record=" RECORD ";persistUntil=1;persistUntil=1",
	    BAD_UNTIL },
	/* Of several faults the sentence tells one: name, then label. */
	{ "record=x&label=x&name=com", TOO_SHORT },
	{ "record=x&label=x&name=a.b", NOT_LABEL },
};

static void
test_refused(void **state)
{
	(void)state;
	check_refused(FORM, refused, COUNT_OF(refused));
}

/*
 * Each row is a way to send a parameter: what comes before the value, its two
 * halves, and what comes after.  A forbidden octet is put between the halves.
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
	{ FORM, "name=a.b&label=", "_ujmmovf2", "vn55tgye", "" },
	{ FORM, "name=a.b&label=", "", LABEL, "" },
	{ FORM, "name=a.b&label=", LABEL, "", "" },
	{ FORM, "name=a.b&record=", "a; accounturi=x:y", "z", "" },
	{ FORM, "name=a.b&record=", "", RECORD, "" },
	{ FORM, "name=a.b&record=", RECORD, "", "" },
	{ JSON, "{\"name\": \"", "exa", "mple.com", "\"}" },
	{ JSON, "{\"name\": \"", "", "example.com", "\"}" },
	{ JSON, "{\"name\": \"", "example.com", "", "\"}" },
	{ JSON, "{\"name\": \"a.b\", \"secret\": \"", "01", "23", "\"}" },
	{ JSON, "{\"name\": \"a.b\", \"response\": \"", "01", "23", "\"}" },
	{ JSON, "{\"name\": \"a.b\", \"suffix_match\": \"", "tr", "ue", "\"}" },
	{ JSON, "{\"name\": \"a.b\", \"label\": \"", "_ujmmovf2", "vn55tgye",
	    "\"}" },
	{ JSON, "{\"name\": \"a.b\", \"record\": \"", "a; accounturi=x:y", "z",
	    "\"}" },
};

static bool
is_forbidden(int octet)
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
test_forbidden_octets(void **state)
{
	(void)state;
	for (size_t row = 0; row < COUNT_OF(sweeps); row++) {
		bool is_form = strcmp(sweeps[row].type, FORM) == 0;

		print_message("case %zu: %s\n", row, sweeps[row].before);
		assert_int_equal(send_with(row, "", 0), PARAMS_OK);
		for (int octet = 0; octet <= 0xff; octet++) {
			char raw = (char)octet;
			char text[8];

			if (!is_forbidden(octet))
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

/* Commands use params_parse_name() as well; it returns NULL on success. */
static void
test_parse_name_writes_only_on_success(void **state)
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_of_drafts),
		cmocka_unit_test(test_longest_names),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_forbidden_octets),
		cmocka_unit_test(test_parse_name_writes_only_on_success),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
