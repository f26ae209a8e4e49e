#include <string.h>

#include "common/issuevalue.h"
#include "common/txtvalue.h"
#include "pipe-backend/timed.h"
#include "pipe-backend/view.h"
#include "pipe-backend/wanted.h"

/* The key of Redis that a wanted value is kept under. */
static void
key_of(struct store_key *key, const struct store *store, enum store_kind kind,
    const struct wanted *wanted)
{
	store_key(key, store, kind, NULL);
	memcpy(key->text + key->len, wanted->text, wanted->len + 1);
	key->len += wanted->len;
}

size_t
wanted_ask(const struct wanted *wanted, const struct store *store)
{
	struct redis *redis = store->redis;
	struct store_key key;

	switch (wanted->kind) {
	case KIND_NODE:
		key_of(&key, store, STORE_AUTHORISATION, wanted);
		redis_add_words(redis, "HGET", key.text, "suffix_match",
		    (char *)NULL);
		key_of(&key, store, STORE_BELOW, wanted);
		redis_add_words(redis, "HMGET", key.text, "children",
		    "descendants", (char *)NULL);
		return 2;
	case KIND_RESPONSES:
	case KIND_RECORDS:
		key_of(&key, store,
		    wanted->kind == KIND_RESPONSES ? STORE_RESPONSE
						   : STORE_PERSISTENT,
		    wanted);
		redis_add_words(redis, "ZRANGE", key.text,
		    wanted->kind == KIND_RESPONSES ? "-32" : "-8", "-1",
		    "WITHSCORES", (char *)NULL);
		return 1;
	}
	return 0;
}

_Static_assert(STORE_VALUES_MAX == 32 && STORE_RECORDS_MAX == 8,
    "as many as ask() wants");

static bool
has_field(const struct redis_reply *fields, size_t i)
{
	return i < redis_reply_n(fields) &&
	    !redis_reply_is_nil(redis_reply_at(fields, i));
}

static void
keep_node(struct copy *copy, const struct copy_key *key,
    const struct redis *redis, size_t first)
{
	const struct redis_reply *own = redis_reply(redis, first);
	const struct redis_reply *below = redis_reply(redis, first + 1);
	struct node node = {
		.is_own = !redis_reply_is_nil(own),
		.suffix_match =
		    strcmp(redis_reply_text(own, NULL), "true") == 0,
		.has_child = has_field(below, 0),
		.has_descendant = has_field(below, 1),
	};

	copy_put(copy, key, &node, sizeof(node));
}

/* The store is not ours alone: is it what it should be? */
static bool
is_response(const char *text, size_t len)
{
	struct txtvalue value;

	return txtvalue_parse(&value, text, len, NULL) == ERR_OK;
}

static bool
is_record(const char *text, size_t len)
{
	struct issuevalue record;

	return issuevalue_parse(&record, text, len) == ISSUEVALUE_OK;
}

static void
keep_values(struct copy *copy, const struct copy_key *key,
    const struct redis *redis, size_t first)
{
	bool is_responses = key->kind == KIND_RESPONSES;
	char packed[UINT16_MAX];
	size_t len =
	    timed_pack(packed, sizeof(packed), redis_reply(redis, first),
		is_responses ? STORE_VALUES_MAX : STORE_RECORDS_MAX,
		is_responses ? is_response : is_record, key->text);

	copy_put(copy, key, packed, len);
}

size_t
wanted_keep(const struct wanted *wanted, struct copy *copy,
    const struct store *store, size_t first)
{
	const struct copy_key key = { (int)wanted->kind, wanted->text,
		wanted->len };

	if (wanted->kind == KIND_NODE) {
		keep_node(copy, &key, store->redis, first);
		return 2;
	}
	keep_values(copy, &key, store->redis, first);
	return 1;
}
