#include <regex.h>

#include "common/piperegex.h"
#include "tests/unit/settings.h"

#define N          "secure.example.com"
#define DEEP       "a.b.c.d.e.f.g.h.i.j.k.l.m." N /* 16 labels */
#define LABEL      "_ujmmovf2vn55tgye"
#define ZONE       "\"zone\": {\"name\": \"auth.example.org\"}"
#define PERSISTENT "\"persistent_records\": true"

static void
parse(struct settings *s, const char *members)
{
	char text[1024];
	int n;

	n = snprintf(text, sizeof(text), "{%s%s" REQUIRED "}", members,
	    members[0] != '\0' ? ", " : "");
	assert_true(n > 0 && (size_t)n < sizeof(text));
	assert_int_equal(settings_parse(s, text, (size_t)n, FILE_NAME, NULL),
	    ERR_OK);
}

/* As PowerDNS does: regcomp(3) with these flags, the name without a dot. */
static bool
passes(const char *regex, const char *name)
{
	regex_t compiled;
	bool found;

	if (regex[0] == '\0')
		return true;
	assert_int_equal(regcomp(&compiled, regex,
			     REG_EXTENDED | REG_ICASE | REG_NOSUB),
	    0);
	found = regexec(&compiled, name, 0, NULL, 0) == 0;
	regfree(&compiled);
	return found;
}

/* The settings, in the order of `passes` below. */
static const char *const settings[] = { "", PERSISTENT, ZONE,
	ZONE ", " PERSISTENT, "\"authority\": \"name\"",
	"\"authority\": \"parent\", " ZONE };

static const struct {
	const char *name;
	const char *passes; /* 'y' where PowerDNS has to ask us */
} names[] = {
	{ "_acme-challenge." N, "yyyyyy" },
	{ "_ACME-Challenge.Secure.EXAMPLE.com", "yyyyyy" },
	{ LABEL "._acme-challenge." N, "yyyyyy" },
	{ "a.b._acme-challenge." N, "yyyyyy" },
	{ "_acme-challenge._acme-challenge." N, "yyyyyy" },
	{ "_validation-persist." N, "nynyyy" },
	{ "_Validation-Persist." N, "nynyyy" },
	{ "x._validation-persist." N, "nynyyy" },
	{ "auth.example.org", "nnyyyy" },
	{ "AUTH.example.ORG", "nnyyyy" },
	{ "a.auth.example.org", "nnyyyy" },
	{ LABEL "." DEEP ".auth.example.org", "nnyyyy" },
	{ "d420c923-bbd7-4056-ab64-c3ca54c9b3cf.auth.example.org", "nnyyyy" },
	{ N ".auth.example.org", "nnyyyy" },
	{ LABEL "." N ".auth.example.org", "nnyyyy" },
	{ "_acme-challenge.auth.example.org", "yyyyyy" },
	{ "_validation-persist." N ".auth.example.org", "nyyyyy" },
	{ "_acme-challenge." DEEP, "yyyyyy" },
	/* Nobody's. */
	{ ".", "nnnnyy" },
	{ "com", "nnnnyy" },
	{ N, "nnnnyy" },
	{ "example.org", "nnnnyy" },
	{ "_acme-challenge", "nnnnyy" },
	{ "x_acme-challenge." N, "nnnnyy" },
	{ "_acme-challengex." N, "nnnnyy" },
	{ "_acme-challenge-." N, "nnnnyy" },
	{ "x_validation-persist." N, "nnnnyy" },
	{ "_validation-persist", "nnnnyy" },
	{ "evilauth.example.org", "nnnnyy" },
	{ "authxexample.org", "nnnnyy" },
	{ "auth.example.org.com", "nnnnyy" },
	{ "auth.example.organ", "nnnnyy" },
	/* A wildcard: we have none. */
	{ "*._acme-challenge." N, "nnnnyy" },
	{ "*.auth.example.org", "nnnnyy" },
	{ "a.*.auth.example.org", "nnnnyy" },
	/* Deeper than names of ours can be. */
	{ "x." LABEL "." DEEP ".auth.example.org", "nnnnyy" },
	{ "x." LABEL "." DEEP "._acme-challenge." N, "nnnnyy" },
	{ "x." LABEL "." DEEP "._validation-persist." N, "nnnnyy" },
	/* Escapes, as PowerDNS writes them: the first label has a dot. */
	{ "x\\.auth.example.org", "nnyyyy" },
	{ "auth\\.example.org", "nnnnyy" },
	{ "_acme-challenge\\." N, "nnnnyy" },
	{ "x\\032y.auth.example.org", "nnyyyy" },
};

static void
test_names(void **state)
{
	static struct settings s;
	char regex[PIPEREGEX_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(settings); i++) {
		parse(&s, settings[i]);
		piperegex_write(regex, &s);
		print_message("{%s}: %s\n", settings[i], regex);
		assert_null(strpbrk(regex, " \t#\\"));
		for (size_t k = 0; k < COUNT_OF(names); k++) {
			print_message("%s\n", names[k].name);
			assert_int_equal(passes(regex, names[k].name),
			    names[k].passes[i] == 'y');
		}
	}
}

/* The longest zone fits, and a zone is no pattern. */
static void
test_long_zone(void **state)
{
	static struct settings s;
	char regex[PIPEREGEX_SIZE], name[DNSNAME_MAX + 1] = "", other[300];
	char members[400];

	(void)state;
	for (size_t i = 0; i < DNSNAME_MAX; i++)
		name[i] = i % 2 == 0 ? 'a' : '.';
	(void)snprintf(members, sizeof(members),
	    PERSISTENT ", \"zone\": {\"name\": \"%s\"}", name);
	parse(&s, members);
	piperegex_write(regex, &s);
	assert_true(strlen(regex) < PIPEREGEX_SIZE - 1);
	assert_true(passes(regex, name));
	assert_int_equal(piperegex_compare(regex, &s), PIPEREGEX_FITS);
	(void)snprintf(other, sizeof(other), "b.%s", name);
	assert_true(passes(regex, other));
	(void)snprintf(other, sizeof(other), "b%s", name);
	assert_false(passes(regex, other));
	(void)snprintf(other, sizeof(other), "%s", name);
	other[DNSNAME_MAX / 2 + 1] = 'a';
	assert_false(passes(regex, other));
}

/* What fits one of the settings, compared with another. */
static void
test_compare(void **state)
{
	static const char want[][COUNT_OF(settings) + 1] = {
		/* settings of PowerDNS's expression down, ours across */
		"=<<<<<", /* challenges */
		">=<<<<", /* persistent records */
		"><=<<<", /* zone */
		">>>=<<", /* zone and persistent records */
		">>>>==", /* no expression */
		">>>>==",
	};
	static struct settings s;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(settings); i++)
		for (size_t k = 0; k < COUNT_OF(settings); k++) {
			char regex[PIPEREGEX_SIZE];

			parse(&s, settings[i]);
			piperegex_write(regex, &s);
			parse(&s, settings[k]);
			print_message("\"%s\" for {%s}\n", regex, settings[k]);
			assert_int_equal(piperegex_compare(regex, &s),
			    want[i][k] == '='       ? PIPEREGEX_FITS
				: want[i][k] == '<' ? PIPEREGEX_NARROW
						    : PIPEREGEX_WIDE);
		}
}

/* Expressions that somebody wrote by hand. */
static const struct {
	const char *members, *regex;
	enum piperegex_fit want;
} others[] = {
	{ "", ".", PIPEREGEX_WIDE },
	{ "", "^_acme-challenge[.]", PIPEREGEX_NARROW },
	{ "", "(^|[.])_acme-challenge[.]", PIPEREGEX_WIDE },
	{ "", "_ACME-CHALLENGE[.]", PIPEREGEX_WIDE },
	{ "", "^([^*.]+[.]){0,20}_acme-challenge[.]", PIPEREGEX_WIDE },
	{ "", "(^|[.])_acme-challenge[.].*example[.]com$", PIPEREGEX_NARROW },
	{ "", "(", PIPEREGEX_NARROW },
	{ "", ".*;SOA", PIPEREGEX_NARROW },
	{ ZONE, "_acme-challenge[.]|[.]auth[.]example[.]org$",
	    PIPEREGEX_NARROW },
	{ ZONE, "_acme-challenge[.]|example[.]org$", PIPEREGEX_WIDE },
	{ ZONE, "^([^.]+[.]){0,16}(_acme-challenge[.]|auth[.]example[.]org$)",
	    PIPEREGEX_NARROW },
	{ "\"authority\": \"name\"", ".", PIPEREGEX_FITS },
	{ "\"authority\": \"name\"", "example[.]com$", PIPEREGEX_NARROW },
};

static void
test_others(void **state)
{
	static struct settings s;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		print_message("\"%s\" for {%s}\n", others[i].regex,
		    others[i].members);
		parse(&s, others[i].members);
		assert_int_equal(piperegex_compare(others[i].regex, &s),
		    others[i].want);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_long_zone),
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
