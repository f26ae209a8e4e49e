#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "fcgi-app/access/accounts.h"

#define HASH          "2788636be25cace0bd9e45bdde650b4fc0e979575d7f3d58c6248b18ab237609"
#define ZERO          "0000000000000000000000000000000000000000000000000000000000000000"
#define NAME(n)       "\"name\": \"" n "\""
#define HASHED        "\"secret_hash\": \"" HASH "\""
#define FILE_OF(rows) "{\"accounts\": [\n" rows "]}"
#define A16           "aaaaaaaaaaaaaaaa"
#define A64           A16 A16 A16 A16

/* A directory for each test, for one file called accounts.json. */
static char dir[64], file[80];

static int
make_dir(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/test_accounts.XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(file, sizeof(file), "%s/accounts.json", dir);
	return 0;
}

static int
remove_dir(void **state)
{
	(void)state;
	(void)unlink(file);
	return rmdir(dir);
}

static void
write_file(const char *text, mode_t mode)
{
	FILE *out;

	(void)unlink(file);
	out = fopen(file, "w");
	assert_non_null(out);
	(void)fputs(text, out);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(chmod(file, mode), 0);
}

static struct accounts *
read_text(const char *text)
{
	struct accounts *accounts = NULL;

	write_file(text, 0600);
	assert_int_equal(accounts_read(&accounts, file, NULL), ERR_OK);
	return accounts;
}

static void
test_read(void **state)
{
	struct accounts *a = read_text(FILE_OF(
	    "{" NAME("ops") ", " HASHED ", \"permit\": [\"Example.COM.\", "
			    "\".example.org\"]},\n"
			    "{\"permit\": [], " NAME(
				"b") ", " HASHED "},\n"
				     "{" NAME("any") ", " HASHED "}"));

	(void)state;
	assert_int_equal(a->n, 3);
	assert_string_equal(a->v[0].name, "ops");
	assert_string_equal(a->v[0].secret_hash.text, HASH);
	assert_false(a->v[0].permits_any);
	assert_int_equal(a->v[0].n_permits, 2);
	assert_string_equal(a->v[0].permits[0].name.text, "example.com");
	assert_false(a->v[0].permits[0].below);
	assert_string_equal(a->v[0].permits[1].name.text, "example.org");
	assert_true(a->v[0].permits[1].below);
	assert_string_equal(a->v[1].name, "b");
	assert_false(a->v[1].permits_any);
	assert_int_equal(a->v[1].n_permits, 0);
	assert_string_equal(a->v[2].name, "any");
	assert_true(a->v[2].permits_any);
	accounts_free(a);
	accounts_free(NULL);
}

static const struct {
	const char *text;
	size_t n;
} accepted[] = {
	{ "{\"accounts\": []}", 0 },
	{ FILE_OF("{" NAME("a") ", " HASHED "}"), 1 },
	{ FILE_OF("{" NAME("!~") ", " HASHED "}"), 1 },
	{ FILE_OF("{" NAME(A64) ", " HASHED "}"), 1 },
	{ FILE_OF("{" NAME("a") ", " HASHED "}, {" NAME("A") ", " HASHED "}"),
	    2 },
	{ FILE_OF("{" NAME("a") ", " HASHED ", \"permit\": [\".com\"]}"), 1 },
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

#define ROW(members) FILE_OF("{" members "}")
#define PERMIT(list) ROW(NAME("a") ", " HASHED ", \"permit\": " list)

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
	{ FILE_OF("{" NAME("a") ", " HASHED "},\nnull"),
	    ":3: accounts.1: an object is needed" },
	{ ROW(NAME("a") ", " HASHED ", \"permits\": []"),
	    ":2: accounts.0.permits: unknown member" },
	{ ROW(HASHED), ":2: accounts.0: name: " },
	{ ROW("\"name\": 1, " HASHED), ":2: accounts.0: name: " },
	{ ROW("\"name\": null, " HASHED), ":2: accounts.0: name: " },
	{ ROW(NAME("") ", " HASHED), ":2: accounts.0: an account's name " },
	{ ROW(NAME(A64 "a") ", " HASHED),
	    ":2: accounts.0: an account's name has 1 to 64 octets" },
	{ ROW(NAME("a b") ", " HASHED), ":2: accounts.0: an account's name " },
	{ ROW(NAME("a\\n") ", " HASHED), ":2: accounts.0: an account's name " },
	{ ROW(NAME("\\u007f") ", " HASHED),
	    ":2: accounts.0: an account's name " },
	{ ROW(NAME("\xc3\xbc") ", " HASHED),
	    ":2: accounts.0: an account's name " },
	{ FILE_OF(
	      "{" NAME("a") ", " HASHED "},\n\n{" NAME("a") ", " HASHED "}"),
	    ":4: accounts.1: account \"a\" exists already" },
	{ ROW(NAME("a")), ":2: accounts.0: secret_hash: 64 lower-case " },
	{ ROW(NAME("a") ", \"secret_hash\": null"),
	    ":2: accounts.0: secret_hash: " },
	{ ROW(NAME("a") ", \"secret_hash\": 1"),
	    ":2: accounts.0: secret_hash: " },
	{ ROW(NAME("a") ", \"secret_hash\": \"\""),
	    ":2: accounts.0: secret_hash: " },
	{ ROW(NAME("a") ", \"secret_hash\": \"" HASH "0\""),
	    ":2: accounts.0: secret_hash: " },
	{ ROW(NAME("a") ", \"secret_hash\": "
			"\"0123456789abcdef0123456789abcdef\""),
	    ":2: accounts.0: secret_hash: " },
	{ ROW(NAME("a") ", \"secret_hash\": "
			"\"2788636BE25CACE0BD9E45BDDE650B4F"
			"C0E979575D7F3D58C6248B18AB237609\""),
	    ":2: accounts.0: secret_hash: " },
	{ ROW(NAME("a") ", \"secret_hash\": "
			"\"2788636be25cace0bd9e45bdde650b4f"
			"c0e979575d7f3d58c6248b18ab23760g\""),
	    ":2: accounts.0: secret_hash: " },
	{ PERMIT("null"), ":2: accounts.0: permit: an array " },
	{ PERMIT("\"example.com\""), ":2: accounts.0: permit: an array " },
	{ PERMIT("{}"), ":2: accounts.0: permit: an array " },
	{ PERMIT("[1]"), ":2: accounts.0: permit: " },
	{ PERMIT("[\"example.com\", null]"), ":2: accounts.0: permit: " },
	{ PERMIT("[\"\"]"), ":2: accounts.0: permit: " },
	{ PERMIT("[\".\"]"), ":2: accounts.0: permit: " },
	{ PERMIT("[\"..example.com\"]"), ":2: accounts.0: permit: " },
	{ PERMIT("[\"*.example.com\"]"), ":2: accounts.0: permit: " },
	{ PERMIT("[\"*\"]"), ":2: accounts.0: permit: " },
	{ PERMIT("[\"example.com\", \"a b\"]"), ":2: accounts.0: permit: " },
	{ PERMIT("[\"m\xc3\xbcller.example\"]"), ":2: accounts.0: permit: " },
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

/* Who else may read it is told from the mode; who runs the test is not asked.
 */
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

#define N_PERMITS 3

/* Does an account with these permits get the name? */
static const struct {
	const char *permits[N_PERMITS + 1]; /* no row: no permit at all */
	const char *name;
	bool suffix_match, want;
} permit_cases[] = {
	/* One name is that name alone. */
	{ { "example.com" }, "example.com", false, true },
	{ { "example.com" }, "a.example.com", false, false },
	{ { "example.com" }, "evilexample.com", false, false },
	{ { "example.com" }, "com", false, false },
	{ { "example.com" }, "example.org", false, false },
	{ { "example.com" }, "example.com.example.org", false, false },
	/* With a dot: all below, and not the name. */
	{ { ".example.com" }, "example.com", false, false },
	{ { ".example.com" }, "a.example.com", false, true },
	{ { ".example.com" }, "b.a.example.com", false, true },
	{ { ".example.com" }, "evilexample.com", false, false },
	{ { ".example.com" }, "a.evilexample.com", false, false },
	{ { ".example.com" }, "example.com.example.org", false, false },
	{ { ".a.example.com" }, "b.example.com", false, false },
	{ { ".com" }, "example.com", false, true },
	/* Any row will do; none is none; no list is all. */
	{ { "example.org", "example.com" }, "example.com", false, true },
	{ { "example.org", ".example.net" }, "example.com", false, false },
	{ { NULL }, "example.com", false, false },
	{ { "any" }, "example.com", false, true },
	/* suffix_match takes the name and everything below it. */
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

/* The account that a row of permit_cases is about; "any" has no list. */
static void
add_account(struct accounts *accounts, const char *const *permits)
{
	struct secret_hash hash = { HASH };
	struct permit_texts texts = { .v = permits };
	bool any = permits[0] != NULL && strcmp(permits[0], "any") == 0;

	while (permits[texts.n] != NULL)
		texts.n++;
	assert_int_equal(accounts_add(accounts, "a", &hash, any ? NULL : &texts,
			     NULL),
	    ERR_OK);
}

static void
test_permits(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(permit_cases); i++) {
		struct accounts *a = calloc(1, sizeof(*a));
		const char *text = permit_cases[i].name;
		struct dnsname name;
		bool got;

		assert_non_null(a);
		print_message("case %zu: %s\n", i, text);
		add_account(a, permit_cases[i].permits);
		assert_int_equal(dnsname_parse(&name, text, strlen(text), NULL),
		    ERR_OK);
		got = account_permits(&a->v[0], &name,
		    permit_cases[i].suffix_match);
		accounts_free(a);
		assert_int_equal(got, permit_cases[i].want);
	}
}

static const struct {
	const char *name, *permit; /* NULL: any */
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
test_add_and_remove(void **state)
{
	struct accounts *a = calloc(1, sizeof(*a));
	struct secret_hash hash = { HASH };

	(void)state;
	assert_non_null(a);
	for (size_t i = 0; i < COUNT_OF(add_cases); i++) {
		const char *const permit[] = { add_cases[i].permit };
		struct permit_texts texts = { 1, permit };
		size_t n = a->n;
		enum err_code rc;

		print_message("case %zu: %s\n", i, add_cases[i].name);
		rc = accounts_add(a, add_cases[i].name, &hash,
		    permit[0] != NULL ? &texts : NULL, NULL);
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
	struct accounts *a = read_text(
	    FILE_OF("{" NAME("zero") ", \"secret_hash\": \"" ZERO "\"}, "
				     "{" NAME("ops") ", " HASHED "}"));
	const struct account *found;
	struct secret secret;

	(void)state;
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

static mode_t
mode_of_file(void)
{
	struct stat st;

	assert_int_equal(stat(file, &st), 0);
	return st.st_mode & 07777;
}

/* The mode before (0: no file yet) and after it was written. */
static const struct {
	mode_t before, want;
} write_modes[] = {
	{ 0, 0640 },
	{ 0600, 0600 },
	{ 0640, 0640 },
	{ 0400, 0400 },
	{ 0440, 0440 },
	{ 0644, 0640 },
	{ 0660, 0640 },
	{ 0777, 0640 },
	{ 0604, 0600 },
};

static void
test_write_keeps_the_mode(void **state)
{
	struct accounts none = { 0 };
	mode_t umask_before = umask(0);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(write_modes); i++) {
		print_message("case %zu: %04o\n", i,
		    (unsigned)write_modes[i].before);
		if (write_modes[i].before != 0)
			write_file("", write_modes[i].before);
		else
			(void)unlink(file);
		assert_int_equal(accounts_write(&none, file, NULL), ERR_OK);
		assert_int_equal(mode_of_file(), write_modes[i].want);
	}
	(void)umask(umask_before);
}

static size_t
count_files(void)
{
	DIR *d = opendir(dir);
	size_t n = 0;

	assert_non_null(d);
	while (readdir(d) != NULL)
		n++;
	(void)closedir(d);
	return n - 2; /* "." and ".." */
}

static void
test_write_that_fails_leaves_nothing(void **state)
{
	struct accounts none = { 0 };
	struct err err = { 0 };
	char nowhere[128];

	(void)state;
	(void)snprintf(nowhere, sizeof(nowhere), "%s/no/accounts.json", dir);
	assert_int_equal(accounts_write(&none, nowhere, &err), ERR_SYSTEM);
	assert_string_not_equal(err.text, "");

	assert_int_equal(mkdir(file, 0700), 0);
	assert_int_equal(accounts_write(&none, file, NULL), ERR_SYSTEM);
	assert_int_equal(count_files(), 1);
	assert_int_equal(rmdir(file), 0);
}

/* Each file is written as it was read, and is read as it was written. */
static const char *const round_trips[] = {
	"{\"accounts\": []}",
	FILE_OF("{" NAME("a") ", " HASHED "}"),
	FILE_OF("{" NAME("a") ", " HASHED ", \"permit\": []}"),
	FILE_OF(
	    "{" NAME("a") ", " HASHED ", \"permit\": [\"example.com\", "
			  "\".example.org\"]}, {" NAME("b") ", " HASHED "}"),
	FILE_OF("{" NAME("\\\"\\\\/<>") ", " HASHED "}"),
	FILE_OF("{" NAME("%s%n") ", " HASHED ", \"permit\": [\".com\"]}"),
};

static void
expect_same(const struct account *a, const struct account *b)
{
	assert_string_equal(a->name, b->name);
	assert_string_equal(a->secret_hash.text, b->secret_hash.text);
	assert_int_equal(a->permits_any, b->permits_any);
	assert_int_equal(a->n_permits, b->n_permits);
	for (size_t i = 0; i < a->n_permits; i++) {
		assert_int_equal(a->permits[i].below, b->permits[i].below);
		assert_string_equal(a->permits[i].name.text,
		    b->permits[i].name.text);
	}
}

static void
test_round_trip(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(round_trips); i++) {
		struct accounts *before, *after = NULL;

		print_message("case %zu: %s\n", i, round_trips[i]);
		before = read_text(round_trips[i]);
		assert_int_equal(accounts_write(before, file, NULL), ERR_OK);
		assert_int_equal(count_files(), 1);
		assert_int_equal(accounts_read(&after, file, NULL), ERR_OK);
		assert_int_equal(before->n, after->n);
		for (size_t j = 0; j < before->n; j++)
			expect_same(&before->v[j], &after->v[j]);
		accounts_free(before);
		accounts_free(after);
	}
}

/* Names at the limit, of octets that each take two in JSON. */
static void
test_round_trip_of_the_longest_name(void **state)
{
	struct accounts *before = calloc(1, sizeof(*before)), *after = NULL;
	struct secret_hash hash = { HASH };
	char name[ACCOUNT_NAME_MAX + 1];

	(void)state;
	assert_non_null(before);
	memset(name, '"', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(accounts_add(before, name, &hash, NULL, NULL), ERR_OK);
	assert_int_equal(accounts_write(before, file, NULL), ERR_OK);
	accounts_free(before);
	assert_int_equal(accounts_read(&after, file, NULL), ERR_OK);
	assert_string_equal(after->v[0].name, name);
	accounts_free(after);
}

static int
init(void **state)
{
	(void)state;
	return secret_init(NULL) == ERR_OK ? 0 : -1;
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIR(test_read),
		IN_DIR(test_accepted),
		IN_DIR(test_refused),
		IN_DIR(test_read_looks_at_the_mode),
		IN_DIR(test_read_without_a_file),
		cmocka_unit_test(test_permits),
		cmocka_unit_test(test_add_and_remove),
		IN_DIR(test_find),
		IN_DIR(test_write_keeps_the_mode),
		IN_DIR(test_write_that_fails_leaves_nothing),
		IN_DIR(test_round_trip),
		IN_DIR(test_round_trip_of_the_longest_name),
	};

	return cmocka_run_group_tests(tests, init, NULL);
}
