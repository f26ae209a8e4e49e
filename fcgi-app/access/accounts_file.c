#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "common/json.h"
#include "fcgi-app/access/accounts_file.h"

#define ACCOUNTS_FILE_MAX (1 << 20) /* octets */
#define ACCOUNTS_MODE     0640
#define ACCOUNTS_MODE_BAD 027 /* group may not write, others nothing */

static enum err_code
read_name(struct account *account, const struct json *value, struct err *err)
{
	if (json_kind(value) != JSON_KIND_STRING)
		return err_set(err, ERR_INPUT, "a string is needed");
	return account_set_name(account, json_as_string(value, NULL), err);
}

static enum err_code
read_hash(struct account *account, const struct json *value, struct err *err)
{
	const char *text = json_kind(value) == JSON_KIND_STRING
	    ? json_as_string(value, NULL)
	    : "";

	if (strlen(text) != SECRET_HASH_LEN ||
	    text[strspn(text, "0123456789abcdef")] != '\0')
		return err_set(err, ERR_INPUT,
		    "%d lower-case hexadecimal digits are needed",
		    SECRET_HASH_LEN);
	memcpy(account->secret_hash.text, text, SECRET_HASH_LEN + 1);
	return ERR_OK;
}

static enum err_code
read_permit(void *ctx, const struct json *value, struct err *err)
{
	if (json_kind(value) != JSON_KIND_STRING)
		return err_set(err, ERR_INPUT, "a string is needed");
	return account_add_permit(ctx, json_as_string(value, NULL), err);
}

static enum err_code
read_permits(struct account *account, const struct json *value, struct err *err)
{
	if (json_kind(value) != JSON_KIND_ARRAY)
		return err_set(err, ERR_INPUT, "an array is needed");
	account->permits_any = false;
	return json_each_element(value, read_permit, account, err);
}

/* One row a member of an account's object. */
static const struct {
	const char *key;
	enum err_code (
	    *read)(struct account *, const struct json *, struct err *);
	bool is_required;
} members[] = {
	{ "name", read_name, true },
	{ "secret_hash", read_hash, true },
	{ "permit", read_permits, false },
};

static enum err_code
read_member(void *ctx, const char *key, const struct json *value,
    struct err *err)
{
	for (size_t i = 0; i < COUNT_OF(members); i++)
		if (strcmp(members[i].key, key) == 0)
			return members[i].read(ctx, value, err);
	return err_set(err, ERR_INPUT, "unknown member");
}

static enum err_code
read_account(void *ctx, const struct json *row, struct err *err)
{
	struct account account = { .permits_any = true };
	enum err_code rc;

	if (json_kind(row) != JSON_KIND_OBJECT)
		return err_set(err, ERR_INPUT, "an object is needed");
	rc = json_each(row, read_member, &account, err);
	for (size_t i = 0; rc == ERR_OK && i < COUNT_OF(members); i++)
		if (members[i].is_required &&
		    json_member(row, members[i].key) == NULL)
			rc = err_set(err, ERR_INPUT, "%s is missing",
			    members[i].key);
	if (rc == ERR_OK)
		rc = accounts_add(ctx, &account, err);
	if (rc != ERR_OK)
		account_wipe(&account);
	return rc;
}

static enum err_code
read_list(void *ctx, const char *key, const struct json *list, struct err *err)
{
	if (strcmp(key, "accounts") != 0)
		return err_set(err, ERR_INPUT, "unknown member");
	if (json_kind(list) != JSON_KIND_ARRAY)
		return err_set(err, ERR_INPUT, "an array is needed");
	return json_each_element(list, read_account, ctx, err);
}

static enum err_code
read_doc(struct accounts *accounts, const struct json *doc, struct err *err)
{
	if (json_kind(doc) != JSON_KIND_OBJECT ||
	    json_member(doc, "accounts") == NULL)
		return err_set(err, ERR_INPUT,
		    "an object with an array \"accounts\" is needed");
	return json_each(doc, read_list, accounts, err);
}

static enum err_code
check_mode(const char *file, struct err *err)
{
	struct stat st;

	if (stat(file, &st) != 0)
		return err_set(err, ERR_SYSTEM, "%s: %s", file,
		    strerror(errno));
	if ((st.st_mode & ACCOUNTS_MODE_BAD) != 0)
		return err_set(err, ERR_INPUT,
		    "%s: mode %04o: others must not read it, nor the group "
		    "write it; chmod 0640 or 0600",
		    file, (unsigned)(st.st_mode & 07777));
	return ERR_OK;
}

enum err_code
accounts_read(struct accounts **accounts, const char *file, struct err *err)
{
	struct accounts *out = NULL;
	struct json *doc = NULL;
	struct err why = { 0 };
	char *text = NULL;
	enum err_code rc;
	size_t len;

	rc = check_mode(file, err);
	if (rc == ERR_OK)
		rc = file_read(&text, &len, file, ACCOUNTS_FILE_MAX, err);
	if (rc != ERR_OK)
		return rc;
	out = calloc(1, sizeof(*out));
	if (out == NULL) {
		free(text);
		return err_set(err, ERR_SYSTEM, "out of memory");
	}
	rc = json_parse(&doc, text, len, &why);
	if (rc == ERR_OK)
		rc = read_doc(out, doc, &why);
	if (rc == ERR_OK) {
		*accounts = out;
		out = NULL;
	} else {
		(void)json_place_error(&why, doc, text, file);
		if (err != NULL)
			*err = why;
	}
	json_free(doc);
	accounts_free(out);
	free(text);
	return rc;
}

/* Names and permits are graphic ASCII; only '"' and '\' want escapes. */
static void
print_account(FILE *out, const struct account *account)
{
	(void)fprintf(out, "    {\"name\": ");
	json_print_string(out, account->name);
	(void)fprintf(out, ", \"secret_hash\": \"%s\"",
	    account->secret_hash.text);
	if (!account->permits_any) {
		(void)fprintf(out, ", \"permit\": [");
		for (size_t i = 0; i < account->n_permits; i++)
			(void)fprintf(out, "%s\"%s%s\"", i > 0 ? ", " : "",
			    account->permits[i].below ? "." : "",
			    account->permits[i].name.text);
		(void)fprintf(out, "]");
	}
	(void)fprintf(out, "}");
}

static void
print_accounts(FILE *out, const struct accounts *accounts)
{
	(void)fprintf(out, "{\n  \"accounts\": [\n");
	for (size_t i = 0; i < accounts->n; i++) {
		print_account(out, &accounts->v[i]);
		(void)fprintf(out, "%s\n", i + 1 < accounts->n ? "," : "");
	}
	(void)fprintf(out, "  ]\n}\n");
}

/* The new file takes the place of the old one only when it is on the disk. */
enum err_code
accounts_write(const struct accounts *accounts, const char *file,
    struct err *err)
{
	char temporary[PATH_MAX + 8];
	mode_t mode = ACCOUNTS_MODE;
	struct stat st;
	FILE *out = NULL;
	bool had_file = stat(file, &st) == 0;
	bool failed;
	int fd;

	(void)snprintf(temporary, sizeof(temporary), "%s.XXXXXX", file);
	fd = mkstemp(temporary);
	if (fd < 0)
		return err_set(err, ERR_SYSTEM, "%s: %s", temporary,
		    strerror(errno));
	if (had_file) {
		mode = st.st_mode & ACCOUNTS_MODE;
		/* Only root may give it away; the mode protects it anyway. */
		(void)!fchown(fd, st.st_uid, st.st_gid);
	}
	failed = fchmod(fd, mode) != 0;
	out = fdopen(fd, "w");
	if (out == NULL) {
		(void)close(fd);
		failed = true;
	} else {
		print_accounts(out, accounts);
		failed =
		    fflush(out) != 0 || ferror(out) || fsync(fd) != 0 || failed;
		failed = fclose(out) != 0 || failed;
	}
	if (failed || rename(temporary, file) != 0) {
		(void)err_set(err, ERR_SYSTEM, "%s: %s", file, strerror(errno));
		(void)unlink(temporary);
		return ERR_SYSTEM;
	}
	return ERR_OK;
}
