#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/file.h"
#include "common/json.h"
#include "fcgi-app/access/accounts_file.h"

/* What was written before accounts were in the store. */

#define ACCOUNTS_FILE_MAX (1 << 20) /* octets */
#define ACCOUNTS_MODE_BAD 027       /* group may not write, others nothing */

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
	if (account_permit_none(account, err) != ERR_OK)
		return ERR_SYSTEM;
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
	struct account account = { .permit = NULL };
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
