#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/settings.h"

#define AT(m) offsetof(struct settings, m)
#define A63   A56 "aaaaaaa"

/* Parse a file of one line: `members` and the required settings. */
static enum err_code
parse_members(struct settings *s, const char *members, struct err *err)
{
	static char text[PATH_MAX + 4096];
	int n;

	n = snprintf(text, sizeof(text), "{%s%s" REQUIRED "}", members,
	    members[0] != '\0' ? ", " : "");
	assert_true(n > 0 && (size_t)n < sizeof(text));
	return settings_parse(s, text, (size_t)n, FILE_NAME, err);
}

static void
test_defaults(void **state)
{
	struct settings s;

	(void)state;
	assert_int_equal(parse_members(&s, "", NULL), ERR_OK);
	assert_string_equal(s.redis.socket, "/run/acmeproxy/redis.sock");
	assert_string_equal(s.redis.host, "");
	assert_string_equal(s.redis.username, "");
	assert_string_equal(s.redis.password_file, "");
	assert_int_equal(s.redis.timeout_ms, 500);
	assert_memory_equal(&s.redis, &s.redis_read, sizeof(s.redis));
	assert_memory_equal(&s.redis, &s.redis_audit, sizeof(s.redis));
	assert_string_equal(s.key_prefix, "acmeproxy:");
	assert_string_equal(s.soa_hostname.text, "ns1.example.net");
	assert_string_equal(s.soa_contact.text, "hostmaster.example.net");
	assert_int_equal(s.n_nameservers, 1);
	assert_string_equal(s.nameservers[0].text, "ns1.example.net");
	assert_int_equal(s.n_caa_issuers, 1);
	assert_string_equal(s.caa_issuers[0].text, "letsencrypt.org");
	assert_int_equal(s.authority, AUTHORITY_CHALLENGE);
	assert_string_equal(s.accounts_file, "");
	assert_string_equal(s.powerdns_conf,
	    "/etc/powerdns/pdns.d/acmeproxy.conf");
}

/* The range and the default of each number. */
static const struct {
	const char *key;
	size_t offset;
	unsigned min, max, by_default;
} numbers[] = {
	{ "authority_ttl_s", AT(authority_ttl_s), 0, 86400, 60 },
	{ "response_ttl_s", AT(response_ttl_s), 0, 3600, 0 },
	{ "dns_copy_mib", AT(dns_copy_mib), 0, 4096, 32 },
	{ "response_life_s", AT(response_life_s), 1, 86400, 300 },
	{ "registration_life_s", AT(registration_life_s), 1, 86400, 3600 },
	{ "authorisations_per_account", AT(authorisations_per_account), 0,
	    100000000, 0 },
	{ "authorisations_per_address", AT(authorisations_per_address), 0,
	    100000000, 0 },
	{ "deleted_hold_days", AT(deleted_hold_days), 0, 36500, 90 },
	{ "registrations_per_account", AT(registrations_per_account), 0,
	    100000000, 0 },
	{ "registrations_per_address", AT(registrations_per_address), 0,
	    100000000, 100 },
	{ "replicas_required", AT(replicas_required), 0, 16, 0 },
	{ "replicas_timeout_ms", AT(replicas_timeout_ms), 10, 10000, 1000 },
	{ "workers", AT(workers), 1, 256, 8 },
	{ "audit_retention_days", AT(audit_retention_days), 1, 36500, 400 },
	{ "audit_memory_mib", AT(audit_memory_mib), 1, 65536, 256 },
};

static unsigned
number_at(const struct settings *s, size_t offset)
{
	unsigned n;

	memcpy(&n, (const char *)s + offset, sizeof(n));
	return n;
}

static void
expect_number(const char *key, size_t offset, const char *value, long want)
{
	struct settings s = { 0 };
	struct err err = { 0 };
	char members[128];
	enum err_code rc;

	(void)snprintf(members, sizeof(members), "\"%s\": %s", key, value);
	print_message("%s\n", members);
	rc = parse_members(&s, members, &err);
	if (want >= 0) {
		assert_int_equal(rc, ERR_OK);
		assert_int_equal(number_at(&s, offset), want);
		return;
	}
	assert_int_equal(rc, ERR_INPUT);
	(void)snprintf(members, sizeof(members), FILE_NAME ":1: %s: ", key);
	assert_memory_equal(err.text, members, strlen(members));
	assert_int_equal(number_at(&s, offset), 0);
}

static void
test_numbers(void **state)
{
	static const char *const bad[] = { "-1", "\"1\"", "1.5", "1e2", "true",
		"null", "[]", "{}", "4294967296", "4294967297",
		"-9223372036854775808", "9223372036854775807" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		const char *key = numbers[i].key;
		size_t at = numbers[i].offset;
		struct settings s;
		char text[32];

		assert_int_equal(parse_members(&s, "", NULL), ERR_OK);
		assert_int_equal(number_at(&s, at), numbers[i].by_default);
		(void)snprintf(text, sizeof(text), "%u", numbers[i].min);
		expect_number(key, at, text, numbers[i].min);
		(void)snprintf(text, sizeof(text), "%u", numbers[i].max);
		expect_number(key, at, text, numbers[i].max);
		(void)snprintf(text, sizeof(text), "%ld",
		    (long)numbers[i].min - 1);
		expect_number(key, at, text, -1);
		(void)snprintf(text, sizeof(text), "%u", numbers[i].max + 1);
		expect_number(key, at, text, -1);
		for (size_t j = 0; j < COUNT_OF(bad); j++)
			expect_number(key, at, bad[j], -1);
	}
}

/* Members that are accepted, and the text at `offset` afterwards. */
static const struct {
	const char *members;
	size_t offset;
	const char *want;
} texts[] = {
	{ "\"key_prefix\": \"x:\"", AT(key_prefix), "x:" },
	{ "\"key_prefix\": \"\"", AT(key_prefix), "" },
	{ "\"key_prefix\": \"a b\"", AT(key_prefix), "a b" },
	{ "\"key_prefix\": \"" A63 "\"", AT(key_prefix), A63 },
	{ "\"nameservers\": [\"NS.Example.\"]", AT(nameservers[0].text),
	    "ns.example" },
	{ "\"nameservers\": [\"a.example\", \"b.example\"]",
	    AT(nameservers[1].text), "b.example" },
	{ "\"nameservers\": [" NAMES13 "]", AT(nameservers[12].text), "a" },
	{ "\"caa_issuers\": [\"CA.example\", \"b.example\"]",
	    AT(caa_issuers[0].text), "ca.example" },
	{ "\"caa_issuers\": [" SEVEN ", \"b.example\"]",
	    AT(caa_issuers[7].text), "b.example" },
	{ "\"accounts_file\": \"/etc/accounts.json\"", AT(accounts_file),
	    "/etc/accounts.json" },
	{ "\"accounts_file\": null", AT(accounts_file), "" },
	{ "\"store_id_file\": \"/etc/id\"", AT(store_id_file), "/etc/id" },
	{ "\"other_zones\": [\"a.example\", \"B.example\"]",
	    AT(other_zones[1].text), "b.example" },
	{ "\"zone\": {\"name\": \"Z.example\"}", AT(zone.name.text),
	    "z.example" },
	{ "\"zone\": {\"records\": [\"@ 1 A 192.0.2.1\"], "
	  "\"name\": \"z.example\"}",
	    AT(zone.records[0].owner.text), "z.example" },
	{ "\"powerdns_conf\": \"/p.conf\"", AT(powerdns_conf), "/p.conf" },
	{ "\"powerdns_conf\": null", AT(powerdns_conf), "" },
	{ "\"redis\": {\"socket\": \"/s\"}", AT(redis.socket), "/s" },
	{ "\"redis\": {\"socket\": \"/s\"}", AT(redis_read.socket), "/s" },
	{ "\"redis\": {\"socket\": \"" SOCKET "\"}", AT(redis.socket), SOCKET },
	{ "\"redis\": {\"host\": \"192.0.2.1\", \"port\": 6379}",
	    AT(redis.host), "192.0.2.1" },
	{ "\"redis\": {\"host\": \"192.0.2.1\", \"port\": 6379}",
	    AT(redis.socket), "" },
	{ "\"redis_read\": {\"socket\": \"/r\"}", AT(redis_read.socket), "/r" },
	{ "\"redis_read\": {\"socket\": \"/r\"}", AT(redis.socket),
	    "/run/acmeproxy/redis.sock" },
	{ "\"redis_read\": {\"socket\": \"/r\"}, "
	  "\"redis\": {\"socket\": \"/w\"}",
	    AT(redis_read.socket), "/r" },
	{ "\"redis\": {\"socket\": \"/s\"}", AT(redis_audit.socket), "/s" },
	{ "\"redis_audit\": {\"socket\": \"/a\"}", AT(redis_audit.socket),
	    "/a" },
	{ "\"redis\": {\"socket\": \"/s\", \"username\": \"u\", "
	  "\"password_file\": \"/p\"}",
	    AT(redis.username), "u" },
	{ "\"redis\": {\"socket\": \"/s\", \"username\": \"" A63 "\", "
	  "\"password_file\": \"/p\"}",
	    AT(redis.username), A63 },
	{ "\"redis\": {\"socket\": \"/s\", \"password_file\": \"/p\"}",
	    AT(redis_read.password_file), "/p" },
};

static void
test_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct settings s;

		print_message("case %zu: %s\n", i, texts[i].members);
		assert_int_equal(parse_members(&s, texts[i].members, NULL),
		    ERR_OK);
		assert_string_equal((const char *)&s + texts[i].offset,
		    texts[i].want);
	}
}

#define OPEN_ZONE                                                              \
	"\"registration\": \"open\", \"zone\": {\"name\": \"z.example\"}"

static const struct {
	const char *members;
	size_t n_nameservers, n_caa_issuers;
	enum authority authority;
	unsigned port, timeout_ms;
	enum registration registration;
	bool persistent_records;
} counts[] = {
	{ "\"caa_issuers\": []", 1, 0, 0, 0, 500, 0, false },
	{ "\"caa_issuers\": [\"a\", \"b\"]", 1, 2, 0, 0, 500, 0, false },
	{ "\"nameservers\": [" NAMES13 "]", 13, 1, 0, 0, 500, 0, false },
	{ "\"authority\": \"challenge\"", 1, 1, 0, 0, 500, 0, false },
	{ "\"authority\": \"name\"", 1, 1, AUTHORITY_NAME, 0, 500, 0, false },
	{ "\"authority\": \"parent\"", 1, 1, AUTHORITY_PARENT, 0, 500, 0,
	    false },
	{ "\"redis\": {\"host\": \"a\", \"port\": 1, \"timeout_ms\": 10}", 1, 1,
	    0, 1, 10, 0, false },
	{ "\"redis\": {\"host\": \"a\", \"port\": 65535, "
	  "\"timeout_ms\": 600}",
	    1, 1, 0, 65535, 600, 0, false },
	{ OPEN_ZONE, 1, 1, 0, 0, 500, REGISTRATION_OPEN, false },
	{ "\"persistent_records\": true", 1, 1, 0, 0, 500, 0, true },
};

static void
test_counts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(counts); i++) {
		struct settings s;

		print_message("case %zu: %s\n", i, counts[i].members);
		assert_int_equal(parse_members(&s, counts[i].members, NULL),
		    ERR_OK);
		assert_int_equal(s.n_nameservers, counts[i].n_nameservers);
		assert_int_equal(s.n_caa_issuers, counts[i].n_caa_issuers);
		assert_int_equal(s.authority, counts[i].authority);
		assert_int_equal(s.redis.port, counts[i].port);
		assert_int_equal(s.redis.timeout_ms, counts[i].timeout_ms);
		assert_int_equal(s.registration, counts[i].registration);
		assert_int_equal(s.persistent_records,
		    counts[i].persistent_records);
	}
}

static const struct {
	const char *members;
	enum creation_right want;
} creations[] = {
	{ "\"creation\": \"account\"", CREATION_ACCOUNT },
	{ "\"creation\": \"open\"", CREATION_OPEN },
	{ "\"workers\": 1", CREATION_OPEN },
	/* As it was before there was this setting. */
	{ "\"accounts_file\": \"/a\"", CREATION_ACCOUNT },
	{ "\"accounts_file\": \"/a\", \"creation\": \"open\"", CREATION_OPEN },
};

static void
test_creation(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(creations); i++) {
		struct settings s;

		print_message("case %zu: %s\n", i, creations[i].members);
		assert_int_equal(parse_members(&s, creations[i].members, NULL),
		    ERR_OK);
		assert_int_equal(s.creation, creations[i].want);
	}
}

static const struct {
	const char *members;
	size_t offset;
	bool want;
} flags[] = {
	{ "\"persistent_records\": false", AT(persistent_records), false },
	{ "\"persistent_records\": true", AT(persistent_records), true },
	{ "\"zone\": {\"name\": \"z.example\"}", AT(zone.is_signed), false },
	{ "\"zone\": {\"name\": \"z.example\", \"signed\": true}",
	    AT(zone.is_signed), true },
	{ "\"zone\": {\"signed\": false, \"name\": \"z.example\"}",
	    AT(zone.is_signed), false },
	{ "\"caa_issuers\": null", AT(has_caa_issuers), false },
	{ "\"caa_issuers\": []", AT(has_caa_issuers), true },
};

static void
test_flags(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(flags); i++) {
		struct settings s;
		bool got;

		print_message("case %zu: %s\n", i, flags[i].members);
		assert_int_equal(parse_members(&s, flags[i].members, NULL),
		    ERR_OK);
		memcpy(&got, (const char *)&s + flags[i].offset, sizeof(got));
		assert_int_equal(got, flags[i].want);
	}
}

/* Whether a table of this file sets the member. */
static bool
is_tried(const char *member)
{
	char quoted[SETTINGS_TEXT + 4];

	(void)snprintf(quoted, sizeof(quoted), "\"%s\":", member);
	for (size_t i = 0; i < COUNT_OF(numbers); i++)
		if (strcmp(numbers[i].key, member) == 0)
			return true;
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		if (strstr(texts[i].members, quoted) != NULL)
			return true;
	for (size_t i = 0; i < COUNT_OF(counts); i++)
		if (strstr(counts[i].members, quoted) != NULL)
			return true;
	for (size_t i = 0; i < COUNT_OF(flags); i++)
		if (strstr(flags[i].members, quoted) != NULL)
			return true;
	for (size_t i = 0; i < COUNT_OF(creations); i++)
		if (strstr(creations[i].members, quoted) != NULL)
			return true;
	return strstr(REQUIRED, quoted) != NULL;
}

/* A new setting needs a row in one of the tables. */
static void
test_each_is_tried(void **state)
{
	char key[SETTINGS_TEXT];

	(void)state;
	for (size_t i = 0; settings_key(key, i); i++) {
		const char *dot = strchr(key, '.');

		print_message("%s\n", key);
		assert_true(is_tried(dot != NULL ? dot + 1 : key));
	}
}

/* A path may be as long as the system allows, and no longer. */
static void
test_long_path(void **state)
{
	static char members[PATH_MAX + 64];
	struct settings s;

	(void)state;
	for (int more = 0; more <= 1; more++) {
		int len = PATH_MAX - 1 + more;

		(void)snprintf(members, sizeof(members),
		    "\"accounts_file\": \"%0*d\"", len, 0);
		assert_int_equal(parse_members(&s, members, NULL),
		    more == 0 ? ERR_OK : ERR_INPUT);
		if (more == 0)
			assert_int_equal(strlen(s.accounts_file), len);
	}
}

static int
make_dir(void **state)
{
	static char dir[] = "/tmp/test_settings.XXXXXX";

	*state = mkdtemp(dir);
	return *state != NULL ? 0 : -1;
}

static int
remove_dir(void **state)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "%s/" FILE_NAME,
	    (const char *)*state);
	(void)unlink(path);
	return rmdir(*state);
}

static void
write_file(const char *path, const char *text, size_t pad)
{
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	for (; pad > 0; pad--)
		(void)fputc(' ', out);
	(void)fputs(text, out);
	assert_int_equal(fclose(out), 0);
}

static void
test_read(void **state)
{
	static struct settings s;
	struct err err = { 0 };
	char path[64], want[128];

	(void)snprintf(path, sizeof(path), "%s/" FILE_NAME,
	    (const char *)*state);
	assert_int_equal(settings_read(&s, path, &err), ERR_SYSTEM);
	assert_memory_equal(err.text, path, strlen(path));

	write_file(path, "{" REQUIRED ", \"workers\": 3}", 0);
	assert_int_equal(settings_read(&s, path, &err), ERR_OK);
	assert_int_equal(s.workers, 3);

	write_file(path, "{" REQUIRED ",\n\"workers\": 0}", 0);
	assert_int_equal(settings_read(&s, path, &err), ERR_INPUT);
	(void)snprintf(want, sizeof(want),
	    "%s:2: workers: must be between 1 and 256", path);
	assert_string_equal(err.text, want);

	write_file(path, "{" REQUIRED "}", 1 << 20);
	assert_int_equal(settings_read(&s, path, &err), ERR_SYSTEM);
	assert_int_equal(settings_read(&s, *state, &err), ERR_SYSTEM);
	assert_int_equal(s.workers, 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_creation),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_each_is_tried),
		cmocka_unit_test(test_long_path),
		cmocka_unit_test_setup_teardown(test_read, make_dir,
		    remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
