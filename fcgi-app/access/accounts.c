#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "common/json.h"
#include "fcgi-app/access/accounts.h"

#define ACCOUNTS_FILE_MAX (1 << 20) /* octets */
#define ACCOUNTS_MODE     0640
#define ACCOUNTS_MODE_BAD 027 /* group may not write, others nothing */

void
accounts_free(struct accounts *accounts)
{
	if (accounts == NULL)
		return;
	for (size_t i = 0; i < accounts->n; i++)
		free(accounts->v[i].permits);
	free(accounts->v);
	free(accounts);
}

static enum err_code
parse_permit(struct permit *permit, const char *text, struct err *err)
{
	struct err why = { 0 };

	assert(text != NULL);
	permit->below = text[0] == '.';
	if (permit->below)
		text++;
	if (dnsname_parse(&permit->name, text, strlen(text), &why) != ERR_OK)
		return err_set(err, ERR_INPUT, "permit: %s", why.text);
	return ERR_OK;
}

static enum err_code
check_name(const struct accounts *accounts, const char *name, struct err *err)
{
	size_t len = strlen(name);

	if (len == 0 || len > ACCOUNT_NAME_MAX)
		return err_set(err, ERR_INPUT,
		    "an account's name has 1 to %d octets", ACCOUNT_NAME_MAX);
	for (size_t i = 0; i < len; i++)
		if (name[i] <= 0x20 || name[i] > 0x7e)
			return err_set(err, ERR_INPUT,
			    "an account's name is graphic ASCII");
	for (size_t i = 0; i < accounts->n; i++)
		if (strcmp(accounts->v[i].name, name) == 0)
			return err_set(err, ERR_INPUT,
			    "account \"%s\" exists already", name);
	return ERR_OK;
}

enum err_code
accounts_add(struct accounts *accounts, const char *name,
    const struct secret_hash *hash, const struct permit_texts *permits,
    struct err *err)
{
	struct account account = { .secret_hash = *hash,
		.permits_any = permits == NULL };
	struct account *more;

	if (check_name(accounts, name, err) != ERR_OK)
		return ERR_INPUT;
	(void)snprintf(account.name, sizeof(account.name), "%s", name);
	more = realloc(accounts->v, (accounts->n + 1) * sizeof(*more));
	if (more == NULL)
		return err_set(err, ERR_SYSTEM, "out of memory");
	accounts->v = more;
	if (permits != NULL && permits->n > 0) {
		account.permits = calloc(permits->n, sizeof(struct permit));
		if (account.permits == NULL)
			return err_set(err, ERR_SYSTEM, "out of memory");
	}
	for (size_t i = 0; permits != NULL && i < permits->n; i++) {
		if (parse_permit(&account.permits[i], permits->v[i], err) !=
		    ERR_OK) {
			free(account.permits);
			return ERR_INPUT;
		}
		account.n_permits++;
	}
	accounts->v[accounts->n++] = account;
	return ERR_OK;
}

enum err_code
accounts_remove(struct accounts *accounts, const char *name, struct err *err)
{
	for (size_t i = 0; i < accounts->n; i++) {
		if (strcmp(accounts->v[i].name, name) != 0)
			continue;
		free(accounts->v[i].permits);
		accounts->n--;
		memmove(&accounts->v[i], &accounts->v[i + 1],
		    (accounts->n - i) * sizeof(accounts->v[0]));
		return ERR_OK;
	}
	return err_set(err, ERR_INPUT, "account \"%s\" does not exist", name);
}

/* A member of an account's object that must be a string; NULL if it is not. */
static const char *
text_of(const struct json *row, const char *key)
{
	const struct json *value = json_member(row, key);

	if (value == NULL || json_kind(value) != JSON_KIND_STRING)
		return NULL;
	return json_as_string(value, NULL);
}

static enum err_code
refuse_unknown(void *ctx, const char *key, const struct json *value,
    struct err *err)
{
	static const char *const keys[] = { "name", "secret_hash", "permit" };

	(void)ctx;
	(void)value;
	for (size_t i = 0; i < COUNT_OF(keys); i++)
		if (strcmp(keys[i], key) == 0)
			return ERR_OK;
	return err_set(err, ERR_INPUT, "unknown member");
}

static enum err_code
read_hash(struct secret_hash *hash, const struct json *row, struct err *err)
{
	const char *text = text_of(row, "secret_hash");

	if (text == NULL || strlen(text) != SECRET_HASH_LEN ||
	    text[strspn(text, "0123456789abcdef")] != '\0')
		return err_set(err, ERR_INPUT,
		    "secret_hash: %d lower-case hexadecimal digits are needed",
		    SECRET_HASH_LEN);
	memcpy(hash->text, text, SECRET_HASH_LEN + 1);
	return ERR_OK;
}

/* The texts of a "permit", borrowed from the document; free() the array. */
static const char **
read_permits(const struct json *permit, struct err *err)
{
	const char **texts = NULL;
	bool good = json_kind(permit) == JSON_KIND_ARRAY;
	size_t n = good ? json_n(permit) : 0;

	for (size_t i = 0; i < n; i++)
		good =
		    good && json_kind(json_at(permit, i)) == JSON_KIND_STRING;
	if (good)
		texts = calloc(n + 1, sizeof(*texts));
	for (size_t i = 0; texts != NULL && i < n; i++)
		texts[i] = json_as_string(json_at(permit, i), NULL);
	if (texts == NULL)
		(void)err_set(err, ERR_INPUT,
		    "permit: an array of strings is needed");
	return texts;
}

static enum err_code
read_row(void *ctx, const struct json *row, struct err *err)
{
	struct accounts *accounts = ctx;
	const struct json *permit;
	struct permit_texts permits = { 0 };
	struct secret_hash hash;
	const char **texts;
	enum err_code rc;

	if (json_kind(row) != JSON_KIND_OBJECT)
		return err_set(err, ERR_INPUT, "an object is needed");
	rc = json_each(row, refuse_unknown, NULL, err);
	if (rc == ERR_OK)
		rc = read_hash(&hash, row, err);
	if (rc != ERR_OK)
		return rc;
	if (text_of(row, "name") == NULL)
		return err_set(err, ERR_INPUT, "name: a string is needed");
	permit = json_member(row, "permit");
	if (permit == NULL)
		return accounts_add(accounts, text_of(row, "name"), &hash, NULL,
		    err);
	texts = read_permits(permit, err);
	if (texts == NULL)
		return ERR_INPUT;
	permits.n = json_n(permit);
	permits.v = texts;
	rc = accounts_add(accounts, text_of(row, "name"), &hash, &permits, err);
	free(texts);
	return rc;
}

static enum err_code
read_rows(void *ctx, const char *key, const struct json *rows, struct err *err)
{
	if (strcmp(key, "accounts") != 0)
		return err_set(err, ERR_INPUT, "unknown member");
	if (json_kind(rows) != JSON_KIND_ARRAY)
		return err_set(err, ERR_INPUT, "an array is needed");
	return json_each_element(rows, read_row, ctx, err);
}

static enum err_code
read_doc(struct accounts *accounts, const struct json *doc, struct err *err)
{
	if (json_kind(doc) != JSON_KIND_OBJECT ||
	    json_member(doc, "accounts") == NULL)
		return err_set(err, ERR_INPUT,
		    "an object with an array \"accounts\" is needed");
	return json_each(doc, read_rows, accounts, err);
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
	char name[2 * ACCOUNT_NAME_MAX + 3];

	(void)json_format_string(name, sizeof(name), account->name);
	(void)fprintf(out, "    {\"name\": %s, \"secret_hash\": \"%s\"", name,
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

const struct account *
accounts_find(const struct accounts *accounts, const struct secret *secret)
{
	const struct account *found = NULL;

	for (size_t i = 0; i < accounts->n; i++)
		if (secret_matches(secret, accounts->v[i].secret_hash.text))
			found = &accounts->v[i];
	return found;
}

static bool
permit_covers(const struct permit *permit, const struct dnsname *name,
    bool all_below)
{
	bool is_same = permit->name.len == name->len &&
	    dnsname_is_under(name, &permit->name);

	if (all_below)
		return permit->below && dnsname_is_under(name, &permit->name);
	if (!permit->below)
		return is_same;
	return !is_same && dnsname_is_under(name, &permit->name);
}

static bool
is_covered(const struct account *account, const struct dnsname *name,
    bool all_below)
{
	for (size_t i = 0; i < account->n_permits; i++)
		if (permit_covers(&account->permits[i], name, all_below))
			return true;
	return account->permits_any;
}

bool
account_permits(const struct account *account, const struct dnsname *name,
    bool suffix_match)
{
	return is_covered(account, name, false) &&
	    (!suffix_match || is_covered(account, name, true));
}
