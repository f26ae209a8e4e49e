#include <string.h>

#include "tests/unit/accounts_file.h"

#define A16   "aaaaaaaaaaaaaaaa"
#define A64   A16 A16 A16 A16
#define NAMES "[\"Example.COM.\", \".example.org\"]"

static void
test_read(void **state)
{
	struct accounts *a = read_text(FILE_OF(PERMITTED("ops",
	    NAMES) ",\n" PERMITTED("b", "[]") ",\n" ACCOUNT("any")));

	(void)state;
	assert_int_equal(a->n, 3);
	assert_string_equal(a->v[0].name, "ops");
	assert_string_equal(a->v[0].secret_hash.text, HASH);
	assert_string_equal(a->v[0].permit, "example.com .example.org");
	assert_string_equal(a->v[1].name, "b");
	assert_string_equal(a->v[1].permit, "");
	assert_string_equal(a->v[2].name, "any");
	assert_null(a->v[2].permit);
	accounts_free(a);
	accounts_free(NULL);
}

static const struct {
	const char *text;
	size_t n;
} accepted[] = {
	{ "{\"accounts\": []}", 0 },
	{ FILE_OF(ACCOUNT("a")), 1 },
	{ FILE_OF(ACCOUNT("!~")), 1 },
	{ FILE_OF(ACCOUNT(A64)), 1 },
	{ FILE_OF(ACCOUNT("a") ", " ACCOUNT("A")), 2 },
	{ FILE_OF(PERMITTED("a", "[\".com\"]")), 1 },
	{ FILE_OF("{\"permit\": [], " GOOD("a") "}"), 1 },
};

static void
test_accepted(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(accepted); i++) {
		struct accounts *a;

		print_message("case %zu: %s\n", i, accepted[i].text);
		a = read_text(accepted[i].text);
		assert_int_equal(a->n, accepted[i].n);
		accounts_free(a);
	}
}

#define ROW(members)   FILE_OF("{" members "}")
#define HASH_IS(value) ROW(NAME("a") ", \"secret_hash\": " value)
#define PERMIT(list)   FILE_OF(PERMITTED("a", list))

/* A malformed file, and how the error goes on after the file's name. */
static const struct {
	const char *text, *want;
} refused[] = {
	{ "", ":1: " },
	{ "{", ":1: " },
	{ "{\n\"accounts\": [,]}", ":2: " },
	{ "[]", ":1: an object with an array \"accounts\" is needed" },
	{ "null", ":1: an object with an array \"accounts\" is needed" },
	{ "{}", ":1: an object with an array \"accounts\" is needed" },
	{ "{\"accounts\": {}}", ":1: accounts: an array is needed" },
	{ "{\"accounts\": null}", ":1: accounts: an array is needed" },
	{ "{\"accounts\": [],\n\"more\": 1}", ":2: more: unknown member" },
	{ "{\"accounts\": [], \"accounts\": []}", ":1: " },
	{ FILE_OF("1"), ":2: accounts.0: an object is needed" },
	{ FILE_OF(ACCOUNT("a") ",\nnull"),
	    ":3: accounts.1: an object is needed" },
	{ ROW(GOOD("a") ", \"permits\": []"),
	    ":2: accounts.0.permits: unknown member" },
	{ ROW(HASHED), ":2: accounts.0: name is missing" },
	{ ROW("\"name\": 1, " HASHED),
	    ":2: accounts.0.name: a string is needed" },
	{ ROW("\"name\": null, " HASHED),
	    ":2: accounts.0.name: a string is needed" },
	{ FILE_OF(ACCOUNT("")), ":2: accounts.0.name: an account's name " },
	{ FILE_OF(ACCOUNT(A64 "a")),
	    ":2: accounts.0.name: an account's name has 1 to 64 octets" },
	{ FILE_OF(ACCOUNT("a b")), ":2: accounts.0.name: an account's name " },
	{ FILE_OF(ACCOUNT("a\\n")), ":2: accounts.0.name: an account's name " },
	{ FILE_OF(ACCOUNT("\\u007f")),
	    ":2: accounts.0.name: an account's name " },
	{ FILE_OF(ACCOUNT("\xc3\xbc")),
	    ":2: accounts.0.name: an account's name " },
	{ FILE_OF(ACCOUNT("a") ",\n\n" ACCOUNT("a")),
	    ":4: accounts.1: account \"a\" exists already" },
	{ ROW(NAME("a")), ":2: accounts.0: secret_hash is missing" },
	{ HASH_IS("null"), ":2: accounts.0.secret_hash: 64 lower-case " },
	{ HASH_IS("1"), ":2: accounts.0.secret_hash: 64 lower-case " },
	{ HASH_IS("\"\""), ":2: accounts.0.secret_hash: 64 lower-case " },
	{ HASH_IS("\"" HASH "0\""),
	    ":2: accounts.0.secret_hash: 64 lower-case " },
	{ HASH_IS("\"0123456789abcdef0123456789abcdef\""),
	    ":2: accounts.0.secret_hash: 64 lower-case " },
	{ HASH_IS("\"2788636BE25CACE0BD9E45BDDE650B4F"
		  "C0E979575D7F3D58C6248B18AB237609\""),
	    ":2: accounts.0.secret_hash: 64 lower-case " },
	{ HASH_IS("\"2788636be25cace0bd9e45bdde650b4f"
		  "c0e979575d7f3d58c6248b18ab23760g\""),
	    ":2: accounts.0.secret_hash: 64 lower-case " },
	{ PERMIT("null"), ":2: accounts.0.permit: an array is needed" },
	{ PERMIT("\"example.com\""),
	    ":2: accounts.0.permit: an array is needed" },
	{ PERMIT("{}"), ":2: accounts.0.permit: an array is needed" },
	{ PERMIT("[1]"), ":2: accounts.0.permit.0: a string is needed" },
	{ PERMIT("[\"example.com\",\nnull]"),
	    ":3: accounts.0.permit.1: a string is needed" },
	{ PERMIT("[\"\"]"), ":2: accounts.0.permit.0: " },
	{ PERMIT("[\".\"]"), ":2: accounts.0.permit.0: " },
	{ PERMIT("[\"..example.com\"]"), ":2: accounts.0.permit.0: " },
	{ PERMIT("[\"*.example.com\"]"), ":2: accounts.0.permit.0: " },
	{ PERMIT("[\"*\"]"), ":2: accounts.0.permit.0: " },
	{ PERMIT("[\"example.com\", \"a b\"]"), ":2: accounts.0.permit.1: " },
	{ PERMIT("[\"m\xc3\xbcller.example\"]"), ":2: accounts.0.permit.0: " },
};

static void
test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(refused); i++) {
		struct accounts *a = NULL;
		struct err err = { 0 };
		const char *want = refused[i].want;

		print_message("case %zu: %s\n", i, refused[i].text);
		write_file(refused[i].text, 0600);
		assert_int_equal(accounts_read(&a, file, &err), ERR_INPUT);
		assert_null(a);
		assert_memory_equal(err.text, file, strlen(file));
		err.text[strlen(file) + strlen(want)] = '\0';
		assert_string_equal(err.text + strlen(file), want);
	}
}

/* The mode alone tells who may read the file, whoever runs the test. */
static const struct {
	mode_t mode;
	enum err_code want;
} read_modes[] = {
	{ 0600, ERR_OK },
	{ 0640, ERR_OK },
	{ 0700, ERR_OK },
	{ 0644, ERR_INPUT },
	{ 0604, ERR_INPUT },
	{ 0602, ERR_INPUT },
	{ 0601, ERR_INPUT },
	{ 0660, ERR_INPUT },
	{ 0620, ERR_INPUT },
	{ 0666, ERR_INPUT },
	{ 0777, ERR_INPUT },
};

static void
test_read_looks_at_the_mode(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(read_modes); i++) {
		struct accounts *a = NULL;
		struct err err = { 0 };
		enum err_code rc;

		print_message("case %zu: %04o\n", i,
		    (unsigned)read_modes[i].mode);
		write_file("{\"accounts\": []}", read_modes[i].mode);
		rc = accounts_read(&a, file, &err);
		assert_int_equal(rc, read_modes[i].want);
		if (rc != ERR_OK)
			assert_memory_equal(err.text, file, strlen(file));
		accounts_free(a);
	}
}

static void
test_read_without_a_file(void **state)
{
	struct accounts *a = NULL;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(accounts_read(&a, file, &err), ERR_SYSTEM);
	assert_memory_equal(err.text, file, strlen(file));
	assert_null(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIR(test_read),
		IN_DIR(test_accepted),
		IN_DIR(test_refused),
		IN_DIR(test_read_looks_at_the_mode),
		IN_DIR(test_read_without_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
