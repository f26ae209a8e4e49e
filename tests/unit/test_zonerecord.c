#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/zonerecord.h"

#define ZONE "z.example" /* 9 octets */

#define A7   "aaaaaaa"
#define A49  A7 A7 A7 A7 A7 A7 A7
#define A51  A49 "aa"
#define A61  A49 A7 "aaaaa"
#define A63  A61 "aa"
#define N192 A63 "." A63 "." A63 "." /* 192 octets, dots included */
#define A255 A51 A51 A51 A51 A51

static const struct {
	const char *text;
	const char *owner;
	unsigned ttl_s;
	const char *type, *content;
} accepted[] = {
	/* Each type. */
	{ "w 60 A 192.0.2.1", "w." ZONE, 60, "A", "192.0.2.1" },
	{ "w 60 AAAA 2001:db8::1", "w." ZONE, 60, "AAAA", "2001:db8::1" },
	{ "w 60 NS ns.example.net", "w." ZONE, 60, "NS", "ns.example.net" },
	{ "w 60 MX 10 mx.example.net", "w." ZONE, 60, "MX",
	    "10\tmx.example.net" },
	{ "w 60 TXT \"a b\"", "w." ZONE, 60, "TXT", "\"a b\"" },
	{ "w 60 CAA 0 issue \"ca.example\"", "w." ZONE, 60, "CAA",
	    "0 issue \"ca.example\"" },
	{ "w 60 CNAME a.example.net", "w." ZONE, 60, "CNAME", "a.example.net" },
	/* Types that the zone's own name may have. */
	{ "@ 60 A 192.0.2.1", ZONE, 60, "A", "192.0.2.1" },
	{ "@ 60 AAAA 2001:db8::1", ZONE, 60, "AAAA", "2001:db8::1" },
	{ "@ 60 MX 10 mx.example.net", ZONE, 60, "MX", "10\tmx.example.net" },
	{ "@ 60 TXT \"a\"", ZONE, 60, "TXT", "\"a\"" },
	{ "@ 60 CAA 0 issue \"ca.example\"", ZONE, 60, "CAA",
	    "0 issue \"ca.example\"" },
	/* Owners. */
	{ ZONE ". 60 A 192.0.2.1", ZONE, 60, "A", "192.0.2.1" },
	{ "w." ZONE ". 60 A 192.0.2.1", "w." ZONE, 60, "A", "192.0.2.1" },
	{ "b.a 60 A 192.0.2.1", "b.a." ZONE, 60, "A", "192.0.2.1" },
	{ "_a 60 A 192.0.2.1", "_a." ZONE, 60, "A", "192.0.2.1" },
	{ "W.X 60 A 192.0.2.1", "w.x." ZONE, 60, "A", "192.0.2.1" },
	{ "W.Z.Example. 60 A 192.0.2.1", "w." ZONE, 60, "A", "192.0.2.1" },
	{ "w." ZONE " 60 NS a", "w." ZONE "." ZONE, 60, "NS", "a" },
	{ ZONE " 60 NS a", ZONE "." ZONE, 60, "NS", "a" },
	{ "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p 60 A 192.0.2.1",
	    "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p." ZONE, 60, "A", "192.0.2.1" },
	{ N192 A51 " 60 A 192.0.2.1", N192 A51 "." ZONE, 60, "A", "192.0.2.1" },
	{ N192 A51 "." ZONE ". 60 A 192.0.2.1", N192 A51 "." ZONE, 60, "A",
	    "192.0.2.1" },
	/* Blanks. */
	{ " \tw \t60\t A \t192.0.2.1", "w." ZONE, 60, "A", "192.0.2.1" },
	{ "w 60 MX\t10\tmx.example.net", "w." ZONE, 60, "MX",
	    "10\tmx.example.net" },
	{ "w 60 CAA 0\tissue\t\"a\"", "w." ZONE, 60, "CAA", "0 issue \"a\"" },
	{ "w 60 TXT  \" a  b \"", "w." ZONE, 60, "TXT", "\" a  b \"" },
	/* TTLs. */
	{ "w 0 A 192.0.2.1", "w." ZONE, 0, "A", "192.0.2.1" },
	{ "w 604800 A 192.0.2.1", "w." ZONE, 604800, "A", "192.0.2.1" },
	/* Addresses. */
	{ "w 60 A 255.255.255.255", "w." ZONE, 60, "A", "255.255.255.255" },
	{ "w 60 A 0.0.0.0", "w." ZONE, 60, "A", "0.0.0.0" },
	{ "w 60 AAAA ::", "w." ZONE, 60, "AAAA", "::" },
	{ "w 60 AAAA ::ffff:192.0.2.1", "w." ZONE, 60, "AAAA",
	    "::ffff:192.0.2.1" },
	{ "w 60 AAAA ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", "w." ZONE,
	    60, "AAAA", "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255" },
	/* Names in the content are absolute. */
	{ "w 60 CNAME A.Example.NET.", "w." ZONE, 60, "CNAME",
	    "a.example.net" },
	{ "w 60 CNAME a", "w." ZONE, 60, "CNAME", "a" },
	{ "w 60 CNAME " N192 A61 ".", "w." ZONE, 60, "CNAME", N192 A61 },
	{ "w 60 NS " N192 A61, "w." ZONE, 60, "NS", N192 A61 },
	/* MX preferences. */
	{ "w 60 MX 0 a.", "w." ZONE, 60, "MX", "0\ta" },
	{ "w 60 MX 65535 " N192 A61, "w." ZONE, 60, "MX", "65535\t" N192 A61 },
	/* TXT. */
	{ "w 60 TXT \"\"", "w." ZONE, 60, "TXT", "\"\"" },
	{ "w 60 TXT \"" A255 "\"", "w." ZONE, 60, "TXT", "\"" A255 "\"" },
	{ "w 60 TXT \"v=spf1 -all; %s%n\"", "w." ZONE, 60, "TXT",
	    "\"v=spf1 -all; %s%n\"" },
	/* CAA. */
	{ "w 60 CAA 255 issuewild \"\"", "w." ZONE, 60, "CAA",
	    "255 issuewild \"\"" },
	{ "w 60 CAA 128 iodef \"mailto:a@example.net\"", "w." ZONE, 60, "CAA",
	    "128 iodef \"mailto:a@example.net\"" },
	{ "w 60 CAA 255 issuewild \"" A255 "\"", "w." ZONE, 60, "CAA",
	    "255 issuewild \"" A255 "\"" },
};

static struct dnsname
zone(void)
{
	struct dnsname name;

	assert_int_equal(dnsname_parse(&name, ZONE, strlen(ZONE), NULL),
	    ERR_OK);
	return name;
}

static enum err_code
parse(struct zonerecord *record, const char *text, struct err *err)
{
	struct dnsname name = zone();

	return zonerecord_parse(record, text, &name, err);
}

static void
test_accepted(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(accepted); i++) {
		struct zonerecord record;

		print_message("case %zu: %s\n", i, accepted[i].text);
		assert_int_equal(parse(&record, accepted[i].text, NULL),
		    ERR_OK);
		assert_string_equal(record.owner.text, accepted[i].owner);
		assert_int_equal(record.owner.len, strlen(accepted[i].owner));
		assert_int_equal(record.ttl_s, accepted[i].ttl_s);
		assert_string_equal(record.type, accepted[i].type);
		assert_string_equal(record.content, accepted[i].content);
	}
}

/* A record, written out, is parsed to the same record. */
static void
test_round_trip(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(accepted); i++) {
		struct zonerecord before, after;
		char text[ZONERECORD_TEXT];

		assert_int_equal(parse(&before, accepted[i].text, NULL),
		    ERR_OK);
		zonerecord_format(text, &before);
		print_message("case %zu: %s\n", i, text);
		assert_null(strchr(text, '\t'));
		assert_int_equal(parse(&after, text, NULL), ERR_OK);
		assert_string_equal(after.owner.text, before.owner.text);
		assert_int_equal(after.owner.len, before.owner.len);
		assert_int_equal(after.ttl_s, before.ttl_s);
		assert_string_equal(after.type, before.type);
		assert_string_equal(after.content, before.content);
	}
}

static const struct {
	const char *in, *want;
} format_cases[] = {
	{ "@ 60 A 192.0.2.1", ZONE ". 60 A 192.0.2.1" },
	{ "W 0 MX\t10 MX.example.net.", "w." ZONE ". 0 MX 10 mx.example.net" },
	{ "w 604800 CAA 0 issue \"a b\"",
	    "w." ZONE ". 604800 CAA 0 issue \"a b\"" },
};

static void
test_format(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(format_cases); i++) {
		struct zonerecord record;
		char text[ZONERECORD_TEXT];

		print_message("case %zu: %s\n", i, format_cases[i].in);
		assert_int_equal(parse(&record, format_cases[i].in, NULL),
		    ERR_OK);
		zonerecord_format(text, &record);
		assert_string_equal(text, format_cases[i].want);
	}
}

static const char *const refused[] = {
	"a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q 60 A 192.0.2.1",
	/* Parts that are missing. */
	"",
	" \t",
	"w",
	"w 60",
	"w 60 A",
	"w 60 A ",
	"w A 192.0.2.1",
	"60 A 192.0.2.1",
	"w 60 192.0.2.1",
	/* Owners. */
	". 60 A 192.0.2.1",
	"@. 60 A 192.0.2.1",
	"@.a 60 A 192.0.2.1",
	"@@ 60 A 192.0.2.1",
	"* 60 A 192.0.2.1",
	"*.a 60 A 192.0.2.1",
	"a..b 60 A 192.0.2.1",
	".a 60 A 192.0.2.1",
	"-a 60 A 192.0.2.1",
	"a\\.b 60 A 192.0.2.1",
	"\"a\" 60 A 192.0.2.1",
	"m\xc3\xbcller 60 A 192.0.2.1",
	/* Owners outside of the zone. */
	"example. 60 A 192.0.2.1",
	"a.example. 60 A 192.0.2.1",
	"a" ZONE ". 60 A 192.0.2.1",
	ZONE ".example.net. 60 A 192.0.2.1",
	"w.example.net. 60 A 192.0.2.1",
	/* Owners that are too long. */
	A63 "a 60 A 192.0.2.1",
	N192 A51 "a 60 A 192.0.2.1",
	N192 A51 "a." ZONE ". 60 A 192.0.2.1",
	N192 A51 "." ZONE ".evil.example. 60 A 192.0.2.1",
	N192 A51 "." ZONE ".! 60 A 192.0.2.1",
	N192 A61 "a. 60 A 192.0.2.1",
	A255 " 60 A 192.0.2.1",
	A255 A255 A255 " 60 A 192.0.2.1",
	/* TTLs. */
	"w 604801 A 192.0.2.1",
	"w -1 A 192.0.2.1",
	"w +60 A 192.0.2.1",
	"w 1.5 A 192.0.2.1",
	"w 60s A 192.0.2.1",
	"w 1h A 192.0.2.1",
	"w 0x3c A 192.0.2.1",
	"w 4294967356 A 192.0.2.1", /* 2^32 + 60 */
	"w 18446744073709551676 A 192.0.2.1",
	/* Types. */
	"w 60 a 192.0.2.1",
	"w 60 AA 192.0.2.1",
	"w 60 A6 2001:db8::1",
	"w 60 AAAAAAAAAA 2001:db8::1",
	"w 60 CNAMEXXXXX a.example.net",
	"w 60 SOA a. b. 1 2 3 4 5",
	"w 60 PTR a.example.net",
	"w 60 TYPE1 \\# 4 c0000201",
	"w 60 IN A 192.0.2.1",
	"w IN 60 A 192.0.2.1",
	/* Types that the zone's own name cannot have. */
	"@ 60 NS ns.example.net",
	"@ 60 CNAME a.example.net",
	ZONE ". 60 NS ns.example.net",
	"Z.Example. 60 CNAME a.example.net",
	/* A. */
	"w 60 A 192.0.2",
	"w 60 A 192.0.2.256",
	"w 60 A 192.0.2.01",
	"w 60 A 192.0.2.1/32",
	"w 60 A 192.0.2.1 ",
	"w 60 A 192.0.2.1 192.0.2.2",
	"w 60 A \"192.0.2.1\"",
	"w 60 A 2001:db8::1",
	"w 60 A a.example.net",
	/* AAAA. */
	"w 60 AAAA 192.0.2.1",
	"w 60 AAAA 2001:db8",
	"w 60 AAAA 2001::db8::1",
	"w 60 AAAA [2001:db8::1]",
	"w 60 AAAA 2001:db8::1/128",
	"w 60 AAAA fe80::1%eth0",
	"w 60 AAAA 2001:db8::1 ",
	"w 60 AAAA 0:0:0:0:0:0:0:0:0",
	/* Names. */
	"w 60 NS",
	"w 60 NS .",
	"w 60 NS @",
	"w 60 NS ns.example.net ns2.example.net",
	"w 60 NS ns.example.net.\n",
	"w 60 CNAME",
	"w 60 CNAME *.example.net",
	"w 60 CNAME a..b",
	"w 60 CNAME a\\046b.example",
	"w 60 CNAME a.example.net ",
	"w 60 CNAME " N192 A61 "a",
	/* MX. */
	"w 60 MX",
	"w 60 MX 10",
	"w 60 MX mx.example.net",
	"w 60 MX mx.example.net 10",
	"w 60 MX 65536 mx.example.net",
	"w 60 MX -1 mx.example.net",
	"w 60 MX 1O mx.example.net",
	"w 60 MX 10 mx.example.net mx2.example.net",
	"w 60 MX 10 " N192 A61 "a",
	/* TXT. */
	"w 60 TXT",
	"w 60 TXT a",
	"w 60 TXT \"",
	"w 60 TXT \"a",
	"w 60 TXT a\"",
	"w 60 TXT 'a'",
	"w 60 TXT \"a\" ",
	"w 60 TXT \"a\" \"b\"",
	"w 60 TXT \"a\"\"b\"",
	"w 60 TXT \"a\\\"b\"",
	"w 60 TXT \"a\\\\b\"",
	"w 60 TXT \"a\\032b\"",
	"w 60 TXT \"" A255 "a\"",
	/* CAA. */
	"w 60 CAA",
	"w 60 CAA 0",
	"w 60 CAA 0 issue",
	"w 60 CAA 0 issue ca.example",
	"w 60 CAA 0 \"ca.example\"",
	"w 60 CAA issue \"ca.example\"",
	"w 60 CAA 0 issue\"ca.example\"",
	"w 60 CAA 256 issue \"ca.example\"",
	"w 60 CAA -1 issue \"ca.example\"",
	"w 60 CAA 0 issu \"ca.example\"",
	"w 60 CAA 0 issues \"ca.example\"",
	"w 60 CAA 0 issuewildissuewild \"ca.example\"",
	"w 60 CAA 0 contactemail \"a@example.net\"",
	"w 60 CAA 0 issue \"ca.example\" \"b\"",
	"w 60 CAA 0 issue \"" A255 "a\"",
};

static void
test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(refused); i++) {
		struct zonerecord record, untouched;
		struct err err = { 0 };

		memset(&record, 0xa5, sizeof(record));
		memcpy(&untouched, &record, sizeof(record));
		print_message("case %zu: %s\n", i, refused[i]);
		assert_int_equal(parse(&record, refused[i], &err), ERR_INPUT);
		assert_memory_equal(&record, &untouched, sizeof(record));
		assert_int_equal(err.code, ERR_INPUT);
		assert_string_not_equal(err.text, "");
	}
}

/* TXT and CAA take the same octets in a quoted text. */
static void
test_quoted_each_octet(void **state)
{
	static const char *const before[] = { "w 60 TXT", "w 60 CAA 0 issue" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(before); i++) {
		for (int octet = 0; octet <= 0xff; octet++) {
			bool good = octet >= 0x20 && octet <= 0x7e &&
			    octet != '"' && octet != '\\';
			struct zonerecord record;
			char text[64];
			enum err_code rc;

			(void)snprintf(text, sizeof(text), "%s \"a%cb\"",
			    before[i], octet);
			rc = parse(&record, text, NULL);
			if (rc != (good ? ERR_OK : ERR_INPUT))
				fail_msg("%s, octet 0x%02x: code %d", before[i],
				    (unsigned)octet, rc);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_quoted_each_octet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
