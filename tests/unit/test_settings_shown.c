#include "tests/unit/settings.h"

/* What settings_show() writes makes a file with the same settings. */
static const char *const shown[] = {
	"{" REQUIRED "}",
	"{" REQUIRED ", \"authority\": \"parent\", \"caa_issuers\": [], "
	"\"nameservers\": [\"a.example\", \"b.example\"], "
	"\"other_zones\": [\"example.org\"], \"persistent_records\": true, "
	"\"registration\": \"open\", \"creation\": \"open\", \"key_prefix\": "
	"\"a\\\"b\\\\:\", "
	"\"accounts_file\": \"/a b\", \"powerdns_conf\": null, \"workers\": 1, "
	"\"response_ttl_s\": 0, \"redis\": {\"host\": \"h\", \"port\": 1, "
	"\"username\": \"u\", \"password_file\": \"/p\"}, "
	"\"redis_read\": {\"socket\": \"/s\", \"timeout_ms\": 10}, "
	"\"redis_audit\": {\"socket\": \"/a\"}, "
	"\"zone\": {\"name\": \"z.example\", \"records\": ["
	"\"@ 1 A 192.0.2.1\", \"@ 2 MX 10 mail.example.net\", "
	"\"x 3 TXT \\\"a b\\\"\", \"y 4 CNAME a.example\", "
	"\"@ 5 CAA 0 issue \\\"ca.example\\\"\"]}}",
};

static void
test_shown(void **state)
{
	static char value[SETTINGS_SHOWN_MAX], text[2 * SETTINGS_SHOWN_MAX];
	static struct settings s, again;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(shown); i++) {
		size_t len = 0;
		const char *key;

		assert_int_equal(settings_parse(&s, shown[i], strlen(shown[i]),
				     FILE_NAME, NULL),
		    ERR_OK);
		for (size_t k = 0;
		     (key = settings_show(value, sizeof(value), &s, k)) != NULL;
		     k++)
			len += (size_t)snprintf(text + len, sizeof(text) - len,
			    "%s\"%s\": %s", k > 0 ? ",\n" : "{", key, value);
		(void)snprintf(text + len, sizeof(text) - len, "}");
		print_message("%s\n", text);
		memset(&again, 0, sizeof(again));
		assert_int_equal(settings_parse(&again, text, strlen(text),
				     FILE_NAME, NULL),
		    ERR_OK);
		assert_memory_equal(&s.redis, &again.redis, sizeof(s.redis));
		assert_memory_equal(&s.redis_read, &again.redis_read,
		    sizeof(s.redis_read));
		assert_memory_equal(&s.redis_audit, &again.redis_audit,
		    sizeof(s.redis_audit));
		assert_int_equal(s.zone.n_records, again.zone.n_records);
		for (size_t k = 0; k < s.zone.n_records; k++)
			assert_string_equal(s.zone.records[k].content,
			    again.zone.records[k].content);
		for (size_t k = 0; (key = settings_show(value, sizeof(value),
					&again, k)) != NULL;
		     k++)
			assert_non_null(strstr(text, value));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
