#ifndef TESTS_UNIT_ACCOUNTS_FILE_H
#define TESTS_UNIT_ACCOUNTS_FILE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "fcgi-app/access/accounts_file.h"

/* The texts of accounts files, and a place to write them to. */

#define HASH               "2788636be25cace0bd9e45bdde650b4fc0e979575d7f3d58c6248b18ab237609"
#define NAME(n)            "\"name\": \"" n "\""
#define HASHED             "\"secret_hash\": \"" HASH "\""
#define GOOD(n)            NAME(n) ", " HASHED
#define ACCOUNT(n)         "{" GOOD(n) "}"
#define PERMITTED(n, list) "{" GOOD(n) ", \"permit\": " list "}"
#define FILE_OF(rows)      "{\"accounts\": [\n" rows "]}"

/* A directory for each test, for one file called accounts.json. */
static char dir[64], file[80];

static inline int
make_dir(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/test_accounts_file.XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(file, sizeof(file), "%s/accounts.json", dir);
	return 0;
}

static inline int
remove_dir(void **state)
{
	(void)state;
	(void)unlink(file);
	return rmdir(dir);
}

static inline void
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

static inline struct accounts *
read_text(const char *text)
{
	struct accounts *accounts = NULL;

	write_file(text, 0600);
	assert_int_equal(accounts_read(&accounts, file, NULL), ERR_OK);
	return accounts;
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)

#endif
