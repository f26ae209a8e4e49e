#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fcgi-app/access/accounts.h"

#define HASH      "2788636be25cace0bd9e45bdde650b4fc0e979575d7f3d58c6248b18ab237609"
#define ZERO      "0000000000000000000000000000000000000000000000000000000000000000"
#define A16       "aaaaaaaaaaaaaaaa"
#define A64       A16 A16 A16 A16

#define N_PERMITS 3

/* Does an account with these permits get the name? */
static const struct {
	const char *permits[N_PERMITS + 1]; /* "any": no list */
	const char *name;
	bool suffix_match, want;
} permit_cases[] = {
	/* A name permits that name alone. */
	{ { "example.com" }, "example.com", false, true },
	{ { "example.com" }, "a.example.com", false, false },
	{ { "example.com" }, "evilexample.com", false, false },
	{ { "example.com" }, "com", false, false },
	{ { "example.com" }, "example.org", false, false },
	{ { "example.com" }, "example.com.example.org", false, false },
	/* With a dot it permits all names below, but not the name. */
	{ { ".example.com" }, "example.com", false, false },
	{ { ".example.com" }, "a.example.com", false, true },
	{ { ".example.com" }, "b.a.example.com", false, true },
	{ { ".example.com" }, "evilexample.com", false, false },
	{ { ".example.com" }, "a.evilexample.com", false, false },
	{ { ".example.com" }, "example.com.example.org", false, false },
	{ { ".a.example.com" }, "b.example.com", false, false },
	{ { ".com" }, "example.com", false, true },
	/* One permit is enough; none permits nothing, no list everything. */
	{ { "example.org", "example.com" }, "example.com", false, true },
	{ { "example.org", ".example.net" }, "example.com", false, false },
	{ { NULL }, "example.com", false, false },
	{ { "any" }, "example.com", false, true },
	/* suffix_match needs the name and all names below it. */
	{ { "example.com" }, "example.com", true, false },
	{ { ".example.com" }, "example.com", true, false },
	{ { "example.com", ".example.com" }, "example.com", true, true },
	{ { ".example.com", "example.com" }, "example.com", true, true },
	{ { ".example.com" }, "a.example.com", true, true },
	{ { ".example.com" }, "b.a.example.com", true, true },
	{ { ".com" }, "example.com", true, true },
	{ { "example.com", ".a.example.com" }, "example.com", true, false },
	{ { "example.com", ".example.com" }, "evilexample.com", true, false },
	{ { ".example.com" }, "a.evilexample.com", true, false },
	{ { NULL }, "example.com", true, false },
	{ { "any" }, "example.com", true, true },
};

/* Make an account; permits end with NULL, "any" stands for no list of them. */
static enum err_code
make(struct account *account, const char *name, const char *const *permits)
{
	enum err_code rc;

	*account = (struct account){ .secret_hash = { HASH } };
	rc = account_set_name(account, name, NULL);
	account->permits_any =
	    permits[0] != NULL && strcmp(permits[0], "any") == 0;
	for (; rc == ERR_OK && !account->permits_any && *permits != NULL;
	     permits++)
		rc = account_add_permit(account, *permits, NULL);
	return rc;
}

static void
test_permits(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(permit_cases); i++) {
		const char *text = permit_cases[i].name;
		struct account account;
		struct dnsname name;
		bool got;

		print_message("case %zu: %s\n", i, text);
		assert_int_equal(make(&account, "a", permit_cases[i].permits),
		    ERR_OK);
		assert_int_equal(dnsname_parse(&name, text, strlen(text), NULL),
		    ERR_OK);
		got = account_permits(&account, &name,
		    permit_cases[i].suffix_match);
		account_wipe(&account);
		assert_int_equal(got, permit_cases[i].want);
	}
}

static const struct {
	const char *name, *permit;
	enum err_code want;
} add_cases[] = {
	{ "a", "any", ERR_OK },
	{ "b", "example.com", ERR_OK },
	{ "c\"\\", ".example.com", ERR_OK },
	{ A64, "any", ERR_OK },
	{ "a", "any", ERR_INPUT },
	{ "", "any", ERR_INPUT },
	{ A64 "a", "any", ERR_INPUT },
	{ "d e", "any", ERR_INPUT },
	{ "d\n", "any", ERR_INPUT },
	{ "d\xc3\xbc", "any", ERR_INPUT },
	{ "d", "*.example.com", ERR_INPUT },
	{ "d", "", ERR_INPUT },
	{ "d", ".", ERR_INPUT },
	{ "d", "a..b", ERR_INPUT },
};

static void
test_add_and_remove(void **state)
{
	struct accounts *a = calloc(1, sizeof(*a));

	(void)state;
	assert_non_null(a);
	for (size_t i = 0; i < COUNT_OF(add_cases); i++) {
		const char *const permits[] = { add_cases[i].permit, NULL };
		struct account account;
		size_t n = a->n;
		enum err_code rc;

		print_message("case %zu: %s\n", i, add_cases[i].name);
		rc = make(&account, add_cases[i].name, permits);
		if (rc == ERR_OK)
			rc = accounts_add(a, &account, NULL);
		if (rc != ERR_OK)
			account_wipe(&account);
		assert_int_equal(rc, add_cases[i].want);
		assert_int_equal(a->n, n + (rc == ERR_OK));
	}
	assert_int_equal(accounts_remove(a, "nobody", NULL), ERR_INPUT);
	assert_int_equal(accounts_remove(a, "b", NULL), ERR_OK);
	assert_int_equal(accounts_remove(a, "b", NULL), ERR_INPUT);
	assert_int_equal(a->n, 3);
	assert_string_equal(a->v[0].name, "a");
	assert_string_equal(a->v[1].name, "c\"\\");
	assert_string_equal(a->v[2].name, A64);
	accounts_free(a);
}

static void
test_find(void **state)
{
	struct accounts *a = calloc(1, sizeof(*a));
	struct account zero = { .name = "zero", .secret_hash = { ZERO } };
	struct account ops = { .name = "ops", .secret_hash = { HASH } };
	const struct account *found;
	struct secret secret;

	(void)state;
	assert_non_null(a);
	assert_int_equal(accounts_add(a, &zero, NULL), ERR_OK);
	assert_int_equal(accounts_add(a, &ops, NULL), ERR_OK);
	assert_int_equal(secret_parse(&secret,
			     "0123456789abcdef0123456789abcdef", 32, NULL),
	    ERR_OK);
	found = accounts_find(a, &secret);
	assert_non_null(found);
	assert_string_equal(found->name, "ops");
	secret.text[0] = '1';
	assert_null(accounts_find(a, &secret));
	accounts_free(a);
}

static int
init(void **state)
{
	(void)state;
	return secret_init(NULL) == ERR_OK ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_permits),
		cmocka_unit_test(test_add_and_remove),
		cmocka_unit_test(test_find),
	};

	return cmocka_run_group_tests(tests, init, NULL);
}
