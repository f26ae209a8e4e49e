#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "common/store.h"

static const char *const kinds[] = {
	[STORE_AUTHORISATION] = "authorisation:",
	[STORE_RESPONSE] = "response:",
	[STORE_PERSISTENT] = "persistent:",
	[STORE_AUTHORISATIONS] = "authorisations",
	[STORE_PARENTS] = "parents",
	[STORE_AUDIT] = "audit",
};

void
store_key(struct store_key *key, const char *prefix, enum store_kind kind,
    const struct dnsname *name)
{
	int n;

	n = snprintf(key->text, sizeof(key->text), "%s%s%s", prefix,
	    kinds[kind], name != NULL ? name->text : "");
	key->len = n < 0 ? 0 : (size_t)n; /* cannot be cut: STORE_KEY_MAX */
}

bool
room_is_label(const char *text, size_t len)
{
	if (len != ROOM_LABEL_LEN || text[0] != '_')
		return false;
	for (size_t i = 1; i < len; i++)
		if (text[i] == '\0' ||
		    strchr("abcdefghijklmnopqrstuvwxyz234567", text[i]) == NULL)
			return false;
	return true;
}

bool
room_of(struct room *room, const struct dnsname *name)
{
	if (name->len <= ROOM_LABEL_LEN || name->text[ROOM_LABEL_LEN] != '.' ||
	    !room_is_label(name->text, ROOM_LABEL_LEN))
		return false;
	memcpy(room->label, name->text, ROOM_LABEL_LEN);
	room->label[ROOM_LABEL_LEN] = '\0';
	room->name = *name;
	return dnsname_to_parent(&room->name);
}

void
store_key_response(struct store_key *key, const char *prefix,
    const struct room *room)
{
	int n;

	store_key(key, prefix, STORE_RESPONSE, &room->name);
	if (room->label[0] == '\0')
		return;
	n = snprintf(key->text + key->len, sizeof(key->text) - key->len, "/%s",
	    room->label);
	key->len += n < 0 ? 0 : (size_t)n;
}

/* One question for the name and one for each name above that may cover it. */
static size_t
ask_levels(const struct store *store, struct dnsname level)
{
	struct store_key key;
	size_t n = 0;

	do {
		store_key(&key, store->prefix, STORE_AUTHORISATION, &level);
		redis_add_words(store->redis, "HGET", key.text, "suffix_match",
		    (char *)NULL);
		n++;
	} while (dnsname_to_parent(&level) &&
	    dnsname_n_labels(&level) >= STORE_MIN_LABELS);
	return n;
}

/* A name above counts by its flag. */
static bool
has_suffix_match(const struct redis *redis, size_t n_levels)
{
	for (size_t i = 1; i < n_levels; i++)
		if (strcmp(reply_text(redis_reply(redis, i), NULL), "true") ==
		    0)
			return true;
	return false;
}

static void
take_values(struct store_name *out, const struct redis_reply *values,
    const char *key)
{
	for (size_t i = 0; i < reply_n(values); i++) {
		size_t len;
		const char *text = reply_text(reply_at(values, i), &len);

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
store_read_name(struct store_name *out, const struct store *store,
    const struct room *room, int64_t now_ms, struct err *err)
{
	struct redis *redis = store->redis;
	const struct dnsname *name = &room->name;
	struct store_key response, parents;
	enum err_code rc;
	char after[32], below[DNSNAME_MAX + 2];
	size_t n;

	rc = redis_begin(redis, err);
	if (rc != ERR_OK)
		return rc;
	n = ask_levels(store, *name);
	store_key_response(&response, store->prefix, room);
	(void)snprintf(after, sizeof(after), "(%" PRId64, now_ms);
	redis_add_words(redis, "ZRANGEBYSCORE", response.text, after, "+inf",
	    "LIMIT", "0", "32", (char *)NULL);
	store_key(&parents, store->prefix, STORE_PARENTS, NULL);
	redis_add_words(redis, "HEXISTS", parents.text, name->text,
	    (char *)NULL);
	(void)snprintf(below, sizeof(below), ".%s", name->text);
	redis_add_words(redis, "HEXISTS", parents.text, below, (char *)NULL);
	rc = redis_end(redis, err);
	if (rc != ERR_OK)
		return rc;

	out->is_own = !reply_is_nil(redis_reply(redis, 0));
	out->is_covered = out->is_own || has_suffix_match(redis, n);
	out->is_parent = reply_integer(redis_reply(redis, n + 1)) == 1;
	out->is_above = reply_integer(redis_reply(redis, n + 2)) == 1;
	out->n_values = 0;
	take_values(out, redis_reply(redis, n), response.text);
	return ERR_OK;
}

enum err_code
store_read_records(struct store_records *out, const struct store *store,
    const struct dnsname *name, int64_t now_ms, struct err *err)
{
	struct redis *redis = store->redis;
	const struct redis_reply *values;
	struct store_key own, key;
	char after[32];
	enum err_code rc;

	rc = redis_begin(redis, err);
	if (rc != ERR_OK)
		return rc;
	store_key(&own, store->prefix, STORE_AUTHORISATION, name);
	store_key(&key, store->prefix, STORE_PERSISTENT, name);
	(void)snprintf(after, sizeof(after), "(%" PRId64, now_ms);
	redis_add_words(redis, "HGET", own.text, "suffix_match", (char *)NULL);
	redis_add_words(redis, "ZRANGEBYSCORE", key.text, after, "+inf",
	    (char *)NULL);
	rc = redis_end(redis, err);
	if (rc != ERR_OK)
		return rc;

	out->is_own = !reply_is_nil(redis_reply(redis, 0));
	out->n = 0;
	values = redis_reply(redis, 1);
	for (size_t i = 0; i < reply_n(values); i++) {
		size_t len;
		const char *text = reply_text(reply_at(values, i), &len);

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
