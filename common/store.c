/* Spells the keys and checks which store this is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "common/store.h"

static const char *const kinds[] = {
#define KEY(upper, lower, text) [STORE_##upper] = (text),
#include "common/keys.def"
#undef KEY
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
store_key_account(struct store_key *key, const struct store *store,
    const char *account)
{
	int n;

	store_key(key, store, STORE_ACCOUNT, NULL);
	n = snprintf(key->text + key->len, sizeof(key->text) - key->len, "%s",
	    account);
	key->len += n < 0 ? 0 : (size_t)n;
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

void
store_ask_self(const struct store *store)
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

/* Check the reply to store_ask_self(). */
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
	store_ask_self(store);
	rc = redis_end(store->redis, err);
	if (rc != ERR_OK)
		return rc;
	return check_self(schema, store, redis_reply(store->redis, 0), err);
}

enum err_code
store_check_readable(struct store *store, const struct redis_reply *self,
    struct err *err)
{
	enum err_code rc;
	int schema;

	rc = check_self(&schema, store, self, err);
	if (rc == ERR_OK && schema < STORE_SCHEMA)
		rc = err_set(err, ERR_STORE,
		    "the store has schema %d until \"acmeproxy serve\" "
		    "has migrated it",
		    schema);
	return rc;
}
