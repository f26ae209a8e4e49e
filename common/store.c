/* Spells the keys, checks which store this is, and reads it for DNS. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "common/log.h"
#include "common/store.h"

static const char *const kinds[] = {
	[STORE_AUTHORISATION] = "authorisation:",
	[STORE_RESPONSE] = "response:",
	[STORE_PERSISTENT] = "persistent:",
	[STORE_AUTHORISATIONS] = "authorisations",
	[STORE_BELOW] = "below:",
	[STORE_PARENTS] = "parents",
	[STORE_SELF] = "store",
	[STORE_AUDIT] = "audit",
};

void
store_key(struct store_key *key, const struct store *store,
    enum store_kind kind, const struct dnsname *name)
{
	int n;

	n = snprintf(key->text, sizeof(key->text), "%s%s%s",
	    store->settings->key_prefix, kinds[kind],
	    name != NULL ? name->text : "");
	key->len = n < 0 ? 0 : (size_t)n; /* cannot be cut: STORE_KEY_MAX */
}

void
store_key_response(struct store_key *key, const struct store *store,
    const struct challenge *challenge)
{
	int n;

	store_key(key, store, STORE_RESPONSE, &challenge->name);
	if (challenge->label[0] == '\0')
		return;
	n = snprintf(key->text + key->len, sizeof(key->text) - key->len, "/%s",
	    challenge->label);
	key->len += n < 0 ? 0 : (size_t)n;
}

void
store_init(struct store *store, struct redis *redis,
    const struct settings *settings)
{
	*store = (struct store){
		.redis = redis,
		.settings = settings,
	};
}

enum err_code
store_read_id(char id[STORE_ID_LEN + 1], const char *file, struct err *err)
{
	enum err_code rc;
	size_t len;
	char *text;

	id[0] = '\0';
	rc = file_read(&text, &len, file, STORE_ID_LEN + 1, err);
	if (rc != ERR_OK)
		return rc;
	len = strspn(text, "0123456789abcdef");
	if (len != STORE_ID_LEN || (text[len] != '\n' && text[len] != '\0'))
		rc = err_set(err, ERR_SYSTEM, "%s: %d hex digits are needed",
		    file, STORE_ID_LEN);
	else
		memcpy(id, text, STORE_ID_LEN + 1);
	id[rc == ERR_OK ? STORE_ID_LEN : 0] = '\0';
	free(text);
	return rc;
}

static void
ask_self(const struct store *store)
{
	struct store_key key;

	store_key(&key, store, STORE_SELF, NULL);
	redis_add_words(store->redis, "HMGET", key.text, "id", "schema",
	    (char *)NULL);
}

/*
 * The store's id differs from the one that was read from the file earlier: read
 * the file again and compare.
 */
static enum err_code
check_id(struct store *store, const char *id, struct err *err)
{
	static const char remedy[] =
	    "if it is right, run \"acmeproxy initstore\", or on a second "
	    "name server copy that file from the first";
	struct err why = { 0 };

	if (store_read_id(store->id, store->settings->store_id_file, &why) !=
	    ERR_OK)
		return err_set(err, ERR_STORE,
		    "nothing says that the store in Redis is ours (%s); %s",
		    why.text, remedy);
	if (strcmp(store->id, id) == 0)
		return ERR_OK;
	if (id[0] == '\0')
		return err_set(err, ERR_STORE,
		    "the store in Redis is a new one, not the one that %s "
		    "names; %s",
		    store->settings->store_id_file, remedy);
	return err_set(err, ERR_STORE,
	    "the store in Redis is %.*s, not the one that %s names; %s",
	    STORE_ID_LEN, id, store->settings->store_id_file, remedy);
}

/* Returns 0 for an unknown schema.  Compares texts, as the scripts do. */
static int
known_schema(const char *text)
{
	for (int schema = STORE_SCHEMA; schema > 0; schema--) {
		char known[16];

		(void)snprintf(known, sizeof(known), "%d", schema);
		if (strcmp(text, known) == 0)
			return schema;
	}
	return 0;
}

/* Check the reply to ask_self(). */
static enum err_code
check_self(int *schema, struct store *store, const struct redis_reply *self,
    struct err *err)
{
	bool is_pair = redis_reply_n(self) == 2;
	const char *id =
	    is_pair ? redis_reply_text(redis_reply_at(self, 0), NULL) : "";
	const char *has =
	    is_pair ? redis_reply_text(redis_reply_at(self, 1), NULL) : "";

	*schema = known_schema(has);
	if ((id[0] == '\0' || strcmp(store->id, id) != 0) &&
	    check_id(store, id, err) != ERR_OK)
		return ERR_STORE;
	if (*schema > 0)
		return ERR_OK;
	return err_set(err, ERR_STORE,
	    "the store has schema %.20s, and this version knows up to %d: a "
	    "newer acmeproxy has written it",
	    has, STORE_SCHEMA);
}

enum err_code
store_check(int *schema, struct store *store, struct err *err)
{
	enum err_code rc;

	rc = redis_begin(store->redis, err);
	if (rc != ERR_OK)
		return rc;
	ask_self(store);
	rc = redis_end(store->redis, err);
	if (rc != ERR_OK)
		return rc;
	return check_self(schema, store, redis_reply(store->redis, 0), err);
}

/*
 * Check the last reply of an exchange, which is to ask_self(): can the replies
 * before it be trusted?  If the store was replaced after one of them, this
 * reply shows it.
 */
static enum err_code
check_readable(struct store *store, size_t last, struct err *err)
{
	enum err_code rc;
	int schema;

	rc = check_self(&schema, store, redis_reply(store->redis, last), err);
	if (rc == ERR_OK && schema < STORE_SCHEMA)
		rc = err_set(err, ERR_STORE,
		    "the store has schema %d until \"acmeproxy serve\" "
		    "has migrated it",
		    schema);
	return rc;
}

/* Ask about the name, and about each name above that may cover it. */
static size_t
ask_levels(const struct store *store, struct dnsname level)
{
	struct store_key key;
	size_t n = 0;

	do {
		store_key(&key, store, STORE_AUTHORISATION, &level);
		redis_add_words(store->redis, "HGET", key.text, "suffix_match",
		    (char *)NULL);
		n++;
	} while (dnsname_to_parent(&level) &&
	    dnsname_n_labels(&level) >= STORE_MIN_LABELS);
	return n;
}

/* True if a name above has suffix_match; level 0 is the name itself. */
static bool
has_suffix_match(const struct redis *redis, size_t n_levels)
{
	for (size_t i = 1; i < n_levels; i++)
		if (strcmp(redis_reply_text(redis_reply(redis, i), NULL),
			"true") == 0)
			return true;
	return false;
}

static bool
has_field(const struct redis_reply *fields, size_t i)
{
	return i < redis_reply_n(fields) &&
	    !redis_reply_is_nil(redis_reply_at(fields, i));
}

static void
take_values(struct store_name *out, const struct redis_reply *values,
    const char *key)
{
	for (size_t i = 0; i < redis_reply_n(values); i++) {
		size_t len;
		const char *text =
		    redis_reply_text(redis_reply_at(values, i), &len);

		if (out->n_values == STORE_VALUES_MAX)
			break;
		if (txtvalue_parse(&out->values[out->n_values], text, len,
			NULL) == ERR_OK)
			out->n_values++;
		else
			log_line("%s: a response of %zu octets is malformed",
			    key, len);
	}
}

enum err_code
store_read_name(struct store_name *out, struct store *store,
    const struct challenge *challenge, int64_t now_ms, struct err *err)
{
	struct redis *redis = store->redis;
	const struct redis_reply *below;
	struct store_key response, key;
	enum err_code rc;
	char after[32];
	size_t n;

	rc = redis_begin(redis, err);
	if (rc != ERR_OK)
		return rc;
	n = ask_levels(store, challenge->name);
	store_key_response(&response, store, challenge);
	(void)snprintf(after, sizeof(after), "(%" PRId64, now_ms);
	redis_add_words(redis, "ZRANGEBYSCORE", response.text, after, "+inf",
	    "LIMIT", "0", "32", (char *)NULL);
	store_key(&key, store, STORE_BELOW, &challenge->name);
	redis_add_words(redis, "HMGET", key.text, "children", "descendants",
	    (char *)NULL);
	ask_self(store);
	rc = redis_end(redis, err);
	if (rc == ERR_OK)
		rc = check_readable(store, n + 2, err);
	if (rc != ERR_OK)
		return rc;

	below = redis_reply(redis, n + 1);
	out->is_own = !redis_reply_is_nil(redis_reply(redis, 0));
	out->is_covered = out->is_own || has_suffix_match(redis, n);
	out->has_child = has_field(below, 0);
	out->has_descendant = has_field(below, 1);
	out->n_values = 0;
	take_values(out, redis_reply(redis, n), response.text);
	return ERR_OK;
}

enum err_code
store_read_records(struct store_records *out, struct store *store,
    const struct dnsname *name, int64_t now_ms, struct err *err)
{
	enum { OWN, RECORDS, SELF }; /* replies, in this order */
	struct redis *redis = store->redis;
	const struct redis_reply *values;
	struct store_key own, key;
	char after[32];
	enum err_code rc;

	rc = redis_begin(redis, err);
	if (rc != ERR_OK)
		return rc;
	store_key(&own, store, STORE_AUTHORISATION, name);
	store_key(&key, store, STORE_PERSISTENT, name);
	(void)snprintf(after, sizeof(after), "(%" PRId64, now_ms);
	redis_add_words(redis, "HGET", own.text, "suffix_match", (char *)NULL);
	redis_add_words(redis, "ZRANGEBYSCORE", key.text, after, "+inf",
	    (char *)NULL);
	ask_self(store);
	rc = redis_end(redis, err);
	if (rc == ERR_OK)
		rc = check_readable(store, SELF, err);
	if (rc != ERR_OK)
		return rc;

	out->is_own = !redis_reply_is_nil(redis_reply(redis, OWN));
	out->n = 0;
	values = redis_reply(redis, RECORDS);
	for (size_t i = 0; i < redis_reply_n(values); i++) {
		size_t len;
		const char *text =
		    redis_reply_text(redis_reply_at(values, i), &len);

		if (out->n < STORE_RECORDS_MAX &&
		    issuevalue_parse(&out->values[out->n], text, len) ==
			ISSUEVALUE_OK)
			out->n++;
		else
			log_line("%s: a record of %zu octets is malformed, or "
				 "one too many",
			    key.text, len);
	}
	return ERR_OK;
}
