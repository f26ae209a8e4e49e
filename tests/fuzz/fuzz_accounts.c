/* An accounts file that is accepted is written and read without a change. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fcgi-app/access/accounts_file.h"
#include "tests/fuzz/check.h"

static char file[] = "/tmp/fuzz_accounts.XXXXXX";

static void
remove_file(void)
{
	(void)unlink(file);
}

static void
write_file(const uint8_t *data, size_t size)
{
	static bool is_made;
	FILE *out;

	if (!is_made) {
		int fd = mkstemp(file);

		CHECK(fd >= 0);
		(void)close(fd);
		CHECK(atexit(remove_file) == 0);
		is_made = true;
	}
	out = fopen(file, "w");
	CHECK(out != NULL);
	CHECK(fwrite(data, 1, size, out) == size);
	CHECK(fclose(out) == 0);
}

static void
check_account(const struct account *a, const struct account *b)
{
	size_t len = strlen(a->name);

	CHECK(len >= 1 && len <= ACCOUNT_NAME_MAX);
	for (size_t i = 0; i < len; i++)
		CHECK(a->name[i] > 0x20 && a->name[i] < 0x7f);
	CHECK(
	    strspn(a->secret_hash.text, "0123456789abcdef") == SECRET_HASH_LEN);
	CHECK(a->secret_hash.text[SECRET_HASH_LEN] == '\0');
	CHECK(!a->permits_any || a->n_permits == 0);

	CHECK(strcmp(a->name, b->name) == 0);
	CHECK(strcmp(a->secret_hash.text, b->secret_hash.text) == 0);
	CHECK(a->permits_any == b->permits_any);
	CHECK(a->n_permits == b->n_permits);
	for (size_t i = 0; i < a->n_permits; i++) {
		check_name(&a->permits[i].name);
		CHECK(a->permits[i].below == b->permits[i].below);
		CHECK(strcmp(a->permits[i].name.text,
			  b->permits[i].name.text) == 0);
	}
}

/*
 * A permit permits its name or those below it; and with suffix_match a name is
 * permitted only if names below it are.
 */
static void
check_permits(const struct account *a)
{
	for (size_t i = 0; i < a->n_permits; i++) {
		const struct permit *p = &a->permits[i];
		struct dnsname below = { 0 };
		bool fits;

		fits = snprintf(below.text, sizeof(below.text), "x.%s",
			   p->name.text) < (int)sizeof(below.text);
		below.len = strlen(below.text);
		if (p->below)
			CHECK(!fits || account_permits(a, &below, true));
		else
			CHECK(account_permits(a, &p->name, false));
		if (fits && account_permits(a, &p->name, true))
			CHECK(account_permits(a, &below, true));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct accounts *before = NULL, *after = NULL;
	struct err err = { 0 };

	write_file(data, size);
	if (accounts_read(&before, file, &err) != ERR_OK) {
		CHECK(before == NULL);
		CHECK(strncmp(err.text, file, strlen(file)) == 0);
		return 0;
	}
	CHECK(accounts_write(before, file, NULL) == ERR_OK);
	CHECK(accounts_read(&after, file, NULL) == ERR_OK);
	CHECK(before->n == after->n);
	for (size_t i = 0; i < before->n; i++) {
		check_account(&before->v[i], &after->v[i]);
		check_permits(&before->v[i]);
	}
	accounts_free(before);
	accounts_free(after);
	return 0;
}
