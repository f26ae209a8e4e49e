/* Accounts of a file that is accepted are well-formed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/dnsname.h"
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
check_account(const struct account *a)
{
	size_t len = strlen(a->name);

	CHECK(len >= 1 && len <= ACCOUNT_NAME_MAX);
	for (size_t i = 0; i < len; i++)
		CHECK(a->name[i] > 0x20 && a->name[i] < 0x7f);
	CHECK(
	    strspn(a->secret_hash.text, "0123456789abcdef") == SECRET_HASH_LEN);
	CHECK(a->secret_hash.text[SECRET_HASH_LEN] == '\0');
	for (const char *at = a->permit; at != NULL && *at != '\0';) {
		struct dnsname name;

		at += *at == '.';
		len = strcspn(at, " ");
		CHECK(dnsname_parse(&name, at, len, NULL) == ERR_OK);
		CHECK(name.len == len);
		CHECK(memcmp(name.text, at, len) == 0);
		at += len + (at[len] == ' ');
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct accounts *accounts = NULL;
	struct err err = { 0 };

	write_file(data, size);
	if (accounts_read(&accounts, file, &err) != ERR_OK) {
		CHECK(accounts == NULL);
		CHECK(strncmp(err.text, file, strlen(file)) == 0);
		return 0;
	}
	for (size_t i = 0; i < accounts->n; i++)
		check_account(&accounts->v[i]);
	accounts_free(accounts);
	return 0;
}
