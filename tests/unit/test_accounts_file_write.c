#include <dirent.h>
#include <string.h>

#include "tests/unit/accounts_file.h"

#define NAMES "[\"example.com\", \".example.org\"]"

static mode_t
mode_of_file(void)
{
	struct stat st;

	assert_int_equal(stat(file, &st), 0);
	return st.st_mode & 07777;
}

/* The mode before (0: no file yet) and after the file was written. */
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

/* Files that are the same after they were read, written and read again. */
static const char *const round_trips[] = {
	"{\"accounts\": []}",
	FILE_OF(ACCOUNT("a")),
	FILE_OF(PERMITTED("a", "[]")),
	FILE_OF(PERMITTED("a", NAMES) ", " ACCOUNT("b")),
	FILE_OF(ACCOUNT("\\\"\\\\/<>")),
	FILE_OF(PERMITTED("%s%n", "[\".com\"]")),
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

/* The longest name, of octets that take two each in JSON. */
static void
test_round_trip_of_the_longest_name(void **state)
{
	struct accounts *before = calloc(1, sizeof(*before)), *after = NULL;
	struct account account = { .secret_hash = { HASH },
		.permits_any = true };

	(void)state;
	assert_non_null(before);
	memset(account.name, '"', ACCOUNT_NAME_MAX);
	assert_int_equal(accounts_add(before, &account, NULL), ERR_OK);
	assert_int_equal(accounts_write(before, file, NULL), ERR_OK);
	accounts_free(before);
	assert_int_equal(accounts_read(&after, file, NULL), ERR_OK);
	assert_string_equal(after->v[0].name, account.name);
	accounts_free(after);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIR(test_write_keeps_the_mode),
		IN_DIR(test_write_that_fails_leaves_nothing),
		IN_DIR(test_round_trip),
		IN_DIR(test_round_trip_of_the_longest_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
