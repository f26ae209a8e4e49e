#include "tests/unit/settings.h"

#define WITH(members) "{" REQUIRED ",\n" members "}"

/* A whole file, and how the error begins. */
static const struct {
	const char *text, *want;
} refused[] = {
	/* Not one JSON object. */
	{ "", FILE_NAME ":1: " },
	{ "[]", FILE_NAME ":1: an object is needed, not an array" },
	{ "\"a\"", FILE_NAME ":1: an object is needed, not a string" },
	{ "{\n\"a\": 1,\n}", FILE_NAME ":3: " },
	{ "{} {}", FILE_NAME ":1: " },
	/* Missing, unknown, twice. */
	{ "{}", FILE_NAME ":1: soa_hostname: is required" },
	{ "{\"soa_hostname\": \"a.example\"}",
	    FILE_NAME ":1: soa_contact: is required" },
	{ "{\"soa_contact\": \"a.example\"}",
	    FILE_NAME ":1: soa_hostname: is required" },
	{ WITH("\"nope\": 1"), FILE_NAME ":2: nope: unknown setting" },
	{ WITH("\"Workers\": 1"), FILE_NAME ":2: Workers: unknown setting" },
	{ WITH("\"workers\": 1,\n\n\"workerss\": 1"),
	    FILE_NAME ":4: workerss: unknown setting" },
	{ WITH("\"workers\": 1,\n\"workers\": 1"), FILE_NAME ":3: " },
	{ WITH("\"redis\": {\"socket\": \"/s\",\n\"socket\": \"/s\"}"),
	    FILE_NAME ":3: " },
	{ WITH("\"redis\": {\"socket\": \"/s\",\n\"nope\": 1}"),
	    FILE_NAME ":3: redis.nope: unknown setting" },
	/* The first fault in the text is reported. */
	{ WITH("\"workers\": 0,\n\"nope\": 1"),
	    FILE_NAME ":2: workers: must be between 1 and 256" },
	/* Names. */
	{ "{\"soa_hostname\": 1}",
	    FILE_NAME ":1: soa_hostname: a string is needed, not an integer" },
	{ "{\n\"soa_hostname\": null}",
	    FILE_NAME ":2: soa_hostname: a string is needed, not null" },
	{ "{\n\"soa_hostname\": \"\"}",
	    FILE_NAME ":2: soa_hostname: name of 0 octets" },
	{ "{\n\"soa_hostname\": \"a b\"}",
	    FILE_NAME ":2: soa_hostname: octet 0x20 in a name" },
	{ "{\n\"soa_contact\": \"hostmaster@example.net\"}",
	    FILE_NAME ":2: soa_contact: a DNS name is needed: write '.' for "
		      "'@'" },
	{ "{\n\"soa_contact\": [\"a.example\"]}",
	    FILE_NAME ":2: soa_contact: a string is needed, not an array" },
	/* Lists. */
	{ WITH("\"nameservers\": []"),
	    FILE_NAME ":2: nameservers: 1 to 13 names are needed" },
	{ WITH("\"nameservers\": [" NAMES13 ", \"a\"]"),
	    FILE_NAME ":2: nameservers: 1 to 13 names are needed" },
	{ WITH("\"nameservers\": \"a.example\""),
	    FILE_NAME ":2: nameservers: an array is needed, not a string" },
	{ WITH("\"nameservers\": [\"a\", 1]"),
	    FILE_NAME ":2: nameservers.1: a string is needed, not an " },
	{ WITH("\"nameservers\": [\"a\", \"a..b\"]"),
	    FILE_NAME ":2: nameservers.1: empty label" },
	{ WITH("\"caa_issuers\": [" SEVEN ", \"a\", \"a\"]"),
	    FILE_NAME ":2: caa_issuers: 0 to 8 names are needed" },
	{ WITH("\"caa_issuers\": 1"),
	    FILE_NAME ":2: caa_issuers: an array is needed, not an integer" },
	{ WITH("\"caa_issuers\": [null]"),
	    FILE_NAME ":2: caa_issuers.0: a string is needed, not null" },
	{ WITH("\"caa_issuers\": [\"ca.example; x=\\\"y\\\"\"]"),
	    FILE_NAME ":2: caa_issuers.0: octet 0x3b in a name" },
	/* Words and texts. */
	{ WITH("\"authority\": \"Name\""),
	    FILE_NAME ":2: authority: must be \"challenge\", \"name\" or " },
	{ WITH("\"authority\": \"\""), FILE_NAME ":2: authority: must be " },
	{ WITH("\"authority\": 1"),
	    FILE_NAME ":2: authority: a string is needed, not an integer" },
	{ WITH("\"key_prefix\": \"" A64 "\""),
	    FILE_NAME ":2: key_prefix: must have between 0 and 63 octets" },
	{ WITH("\"key_prefix\": null"),
	    FILE_NAME ":2: key_prefix: a string is needed, not null" },
	{ WITH("\"key_prefix\": \"a\\nb\""),
	    FILE_NAME ":2: key_prefix: octet 0x0a in a text" },
	{ WITH("\"key_prefix\": \"\\u007f\""),
	    FILE_NAME ":2: key_prefix: octet 0x7f in a text" },
	{ WITH("\"key_prefix\": \"\\u00fc\""),
	    FILE_NAME ":2: key_prefix: octet 0xc3 in a text" },
	{ WITH("\"accounts_file\": \"\""),
	    FILE_NAME ":2: accounts_file: must have between 1 and " },
	{ WITH("\"accounts_file\": false"),
	    FILE_NAME ":2: accounts_file: a string is needed, not true or "
		      "false" },
	/* Redis. */
	{ WITH("\"redis\": \"/s\""),
	    FILE_NAME ":2: redis: an object is needed, not a string" },
	{ WITH("\"redis\": null"),
	    FILE_NAME ":2: redis: an object is needed, not null" },
	{ WITH("\"redis\": {}"), FILE_NAME ":2: redis: either socket, or " },
	{ WITH("\"redis\":\n{\"socket\": \"/s\", \"host\": \"a\", "
	       "\"port\": 1}"),
	    FILE_NAME ":2: redis: either socket, or " },
	{ WITH("\"redis\": {\"port\": 1}"),
	    FILE_NAME ":2: redis: either socket, or " },
	{ WITH("\"redis\": {\"host\": \"a\"}"),
	    FILE_NAME ":2: redis: host and port go together" },
	{ WITH("\"redis\": {\"socket\": \"/s\", \"port\": 1}"),
	    FILE_NAME ":2: redis: host and port go together" },
	{ WITH("\"redis\": {\"socket\": \"/s\", \"username\": \"u\"}"),
	    FILE_NAME ":2: redis: username needs a password_file" },
	{ WITH("\"redis\": {\n\"socket\": \"\"}"),
	    FILE_NAME ":3: redis.socket: must have between 1 and 107 octets" },
	{ WITH("\"redis\": {\n\"socket\": \"" SOCKET "a\"}"),
	    FILE_NAME ":3: redis.socket: must have between 1 and 107 octets" },
	{ WITH("\"redis\": {\n\"socket\": 1}"),
	    FILE_NAME ":3: redis.socket: a string is needed, not an integer" },
	{ WITH("\"redis\": {\n\"host\": \"\"}"),
	    FILE_NAME ":3: redis.host: must have between 1 and 253 octets" },
	{ WITH("\"redis\": {\n\"host\": null}"),
	    FILE_NAME ":3: redis.host: a string is needed, not null" },
	{ WITH("\"redis\": {\"host\": \"a\",\n\"port\": 0}"),
	    FILE_NAME ":3: redis.port: must be between 1 and 65535" },
	{ WITH("\"redis\": {\"host\": \"a\",\n\"port\": 65536}"),
	    FILE_NAME ":3: redis.port: must be between 1 and 65535" },
	{ WITH("\"redis\": {\"host\": \"a\",\n\"port\": \"1\"}"),
	    FILE_NAME ":3: redis.port: an integer is needed, not a string" },
	{ WITH("\"redis\": {\n\"username\": \"" A64 "\"}"),
	    FILE_NAME ":3: redis.username: must have between 1 and 63 octets" },
	{ WITH("\"redis\": {\n\"username\": false}"),
	    FILE_NAME ":3: redis.username: a string is needed" },
	{ WITH("\"redis\": {\n\"password_file\": \"\"}"),
	    FILE_NAME ":3: redis.password_file: must have between 1 and " },
	{ WITH("\"redis\": {\n\"password_file\": null}"),
	    FILE_NAME ":3: redis.password_file: a string is needed" },
	{ WITH("\"redis\": {\n\"timeout_ms\": 9}"),
	    FILE_NAME ":3: redis.timeout_ms: must be between 10 and 600" },
	{ WITH("\"redis\": {\n\"timeout_ms\": 601}"),
	    FILE_NAME ":3: redis.timeout_ms: must be between 10 and 600" },
	{ WITH("\"redis\": {\n\"timeout_ms\": 50.0}"),
	    FILE_NAME ":3: redis.timeout_ms: an integer is needed, not a "
		      "real number" },
	{ WITH("\"redis_read\": {\n\"timeout_ms\": 9}"),
	    FILE_NAME ":3: redis_read.timeout_ms: must be between " },
	{ WITH("\"redis_read\": 7"),
	    FILE_NAME ":2: redis_read: an object is needed" },
	/* The line is the element's, whatever the names look like. */
	{ WITH("\"nameservers\": [\"a\",\n\"b\",\n\"c d\"]"),
	    FILE_NAME ":4: nameservers.2: octet 0x20 in a name" },
	{ WITH("\"zone\": {\"records\": [\n\"@ 1 A 192.0.2.1\",\n"
	       "\"x\"], \"name\": \"z.example\"}"),
	    FILE_NAME ":4: zone.records.1: " },
	{ WITH("\"zone\": {\n\"name\": \"com\"}"),
	    FILE_NAME ":3: zone.name: two labels are needed" },
	{ WITH("\"workers\": 1,\n\"wor.kers\": 1"),
	    FILE_NAME ":3: wor.kers: unknown setting" },
	{ WITH("\"workers\": 1,\n\"registration\": \"open\""),
	    FILE_NAME ":3: registration: needs a zone" },
	/* Two objects have the same member: the line is the right one's. */
	{ WITH("\"redis_read\": {\"socket\": \"/s\",\n\"timeout_ms\": 10},\n"
	       "\"redis\": {\n\"timeout_ms\": 9}"),
	    FILE_NAME ":5: redis.timeout_ms: must be between " },
};

static void
test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(refused); i++) {
		const char *text = refused[i].text;
		struct settings s, untouched;
		struct err err = { 0 };

		memset(&s, 0xa5, sizeof(s));
		memcpy(&untouched, &s, sizeof(s));
		print_message("case %zu: %s\n", i, text);
		assert_int_equal(settings_parse(&s, text, strlen(text),
				     FILE_NAME, &err),
		    ERR_INPUT);
		err.text[strlen(refused[i].want)] = '\0';
		assert_string_equal(err.text, refused[i].want);
		assert_memory_equal(&s, &untouched, sizeof(s));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
