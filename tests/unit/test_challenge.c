#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/challenge.h"

#define LABEL "_ujmmovf2vn55tgye"
#define ZONE  "auth.example.org"

static struct dnsname
name_of(const char *text)
{
	struct dnsname name;

	assert_int_equal(dnsname_parse(&name, text, strlen(text), NULL),
	    ERR_OK);
	return name;
}

/* A name of a challenge, the name that it is for, and its label. */
static const struct {
	const char *name;
	const char *want; /* NULL: no challenge has it */
	const char *label;
} cases[] = {
	{ "_acme-challenge.example.com", "example.com", "" },
	{ "_acme-challenge.com", "com", "" },
	{ LABEL "._acme-challenge.example.com", "example.com", LABEL },
	{ "_acme-challenge._acme-challenge.a", "_acme-challenge.a", "" },
	{ "_acme-challenge." LABEL ".a", LABEL ".a", "" },
	{ "_acme-challenge", NULL, NULL },
	{ LABEL "._acme-challenge", NULL, NULL },
	{ "example.com", NULL, NULL },
	{ "x._acme-challenge.example.com", NULL, NULL },
	{ LABEL "." LABEL "._acme-challenge.a", NULL, NULL },
	/* A label has "_" and sixteen characters of base32. */
	{ LABEL "a._acme-challenge.a", NULL, NULL },
	{ "_ujmmovf2vn55tgy1._acme-challenge.a", NULL, NULL },
	{ "aujmmovf2vn55tgye._acme-challenge.a", NULL, NULL },
	{ "_validation-persist.example.com", NULL, NULL },
}, in_zone[] = {
	{ "a." ZONE, "a", "" },
	{ "secure.example.com." ZONE, "secure.example.com", "" },
	{ LABEL ".a." ZONE, "a", LABEL },
	{ LABEL "." ZONE, LABEL, "" },
	{ "_validation-persist.a." ZONE, "_validation-persist.a", "" },
	{ ZONE, NULL, NULL },
	{ "x" ZONE, NULL, NULL },
	{ "a.example.org", NULL, NULL },
};

/* A name, and how many labels are in front of what its records are of. */
static const struct {
	const char *name;
	size_t want; /* 0: no persistent records are there */
} persistent[] = {
	{ "_validation-persist.example.com", 1 },
	{ "_validation-persist", 0 },
	{ "x._validation-persist.example.com", 0 },
	{ LABEL "._validation-persist.example.com", 0 },
	{ "_validation-persistx.example.com", 0 },
	{ "_acme-challenge.example.com", 0 },
	{ "example.com", 0 },
};

static void
check(bool is_one, const struct challenge *challenge, size_t i,
    const char *want, const char *label)
{
	print_message("case %zu\n", i);
	assert_int_equal(is_one, want != NULL);
	if (want == NULL) {
		assert_string_equal(challenge->name.text, "untouched");
		return;
	}
	assert_string_equal(challenge->name.text, want);
	assert_int_equal(challenge->name.len, strlen(want));
	assert_string_equal(challenge->label, label);
}

static void
test_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct challenge challenge = { .name.text = "untouched" };
		struct dnsname name = name_of(cases[i].name);

		check(challenge_parse(&challenge, &name), &challenge, i,
		    cases[i].want, cases[i].label);
	}
}

static void
test_parse_in_zone(void **state)
{
	struct dnsname zone = name_of(ZONE);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(in_zone); i++) {
		struct challenge challenge = { .name.text = "untouched" };
		struct dnsname name = name_of(in_zone[i].name);

		check(challenge_parse_in_zone(&challenge, &name, &zone),
		    &challenge, i, in_zone[i].want, in_zone[i].label);
	}
}

static void
test_look_persistent(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(persistent); i++)
		for (int in_zone_too = 0; in_zone_too < 2; in_zone_too++) {
			const char *name = persistent[i].name;
			struct challenge_form form;
			bool is_one = challenge_look(&form, name, strlen(name),
			    in_zone_too);

			print_message("case %zu: %s\n", i, name);
			is_one = is_one && form.is_persistent;
			assert_int_equal(is_one, persistent[i].want > 0);
			if (is_one)
				assert_int_equal(form.n_labels,
				    persistent[i].want);
		}
}

/* The challenge of the longest name has the longest possible name. */
static void
test_name_max(void **state)
{
	(void)state;
	assert_int_equal(CHALLENGE_NAME_MAX + strlen("_acme-challenge."),
	    DNSNAME_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_parse_in_zone),
		cmocka_unit_test(test_look_persistent),
		cmocka_unit_test(test_name_max),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
