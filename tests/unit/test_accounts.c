#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fcgi-app/access/accounts.h"

#define A16 "aaaaaaaaaaaaaaaa"
#define A64 A16 A16 A16 A16

static enum err_code
make(struct account *account, const char *name, const char *permit)
{
	enum err_code rc;

	*account = (struct account){ .permit = NULL };
	rc = account_set_name(account, name, NULL);
	if (rc == ERR_OK && permit != NULL)
		rc = account_add_permit(account, permit, NULL);
	return rc;
}

/* Names that are added one after the other, and the permit they make. */
static const struct {
	const char *names[3], *want;
} permit_cases[] = {
	{ { "example.com" }, "example.com" },
	{ { ".example.com" }, ".example.com" },
	{ { "Example.COM." }, "example.com" },
	{ { ".Example.COM." }, ".example.com" },
	{ { "example.com", ".example.com" }, "example.com .example.com" },
	{ { "com", ".b", "c" }, "com .b c" },
};

static void
test_permits(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(permit_cases); i++) {
		struct account account = { .permit = NULL };

		for (size_t k = 0; k < 3 && permit_cases[i].names[k] != NULL;
		     k++)
			assert_int_equal(account_add_permit(&account,
					     permit_cases[i].names[k], NULL),
			    ERR_OK);
		assert_string_equal(account.permit, permit_cases[i].want);
		assert_int_equal(account_permit_none(&account, NULL), ERR_OK);
		assert_string_equal(account.permit, "");
		account_wipe(&account);
		assert_null(account.permit);
	}
}

static const struct {
	const char *name, *permit;
	enum err_code want;
} add_cases[] = {
	{ "a", NULL, ERR_OK },
	{ "b", "example.com", ERR_OK },
	{ "c\"\\", ".example.com", ERR_OK },
	{ A64, NULL, ERR_OK },
	{ "a", NULL, ERR_INPUT },
	{ "", NULL, ERR_INPUT },
	{ A64 "a", NULL, ERR_INPUT },
	{ "d e", NULL, ERR_INPUT },
	{ "d\n", NULL, ERR_INPUT },
	{ "d\xc3\xbc", NULL, ERR_INPUT },
	{ "d", "*.example.com", ERR_INPUT },
	{ "d", "", ERR_INPUT },
	{ "d", ".", ERR_INPUT },
	{ "d", "a..b", ERR_INPUT },
};

static void
test_add(void **state)
{
	struct accounts *a = calloc(1, sizeof(*a));

	(void)state;
	assert_non_null(a);
	for (size_t i = 0; i < COUNT_OF(add_cases); i++) {
		struct account account;
		size_t n = a->n;
		enum err_code rc;

		print_message("case %zu: %s\n", i, add_cases[i].name);
		rc = make(&account, add_cases[i].name, add_cases[i].permit);
		if (rc == ERR_OK)
			rc = accounts_add(a, &account, NULL);
		if (rc != ERR_OK)
			account_wipe(&account);
		assert_int_equal(rc, add_cases[i].want);
		assert_int_equal(a->n, n + (rc == ERR_OK));
	}
	accounts_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_permits),
		cmocka_unit_test(test_add),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
