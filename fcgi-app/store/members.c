#include <stdio.h>
#include <stdlib.h>

#include "fcgi-app/store/members.h"

static enum err_code
read_page(struct members *page, const struct store *store, enum store_kind kind,
    size_t first, struct err *err)
{
	struct redis *redis = store->redis;
	const struct redis_reply *reply;
	struct store_key key;
	char from[24], to[24];
	enum err_code rc;

	rc = redis_begin(redis, err);
	if (rc != ERR_OK)
		return rc;
	store_key(&key, store, kind, NULL);
	(void)snprintf(from, sizeof(from), "%zu", first);
	(void)snprintf(to, sizeof(to), "%zu", first + MEMBERS_A_PAGE - 1);
	redis_add_words(redis, "ZRANGE", key.text, from, to, "WITHSCORES",
	    (char *)NULL);
	rc = redis_end(redis, err);
	if (rc != ERR_OK)
		return rc;
	reply = redis_reply(redis, 0);
	page->n = redis_reply_n(reply) / 2;
	for (size_t i = 0; i < page->n && i < MEMBERS_A_PAGE; i++) {
		(void)snprintf(page->v[i].text, sizeof(page->v[i].text), "%s",
		    redis_reply_text(redis_reply_at(reply, 2 * i), NULL));
		page->v[i].score =
		    strtoll(redis_reply_text(redis_reply_at(reply, 2 * i + 1),
				NULL),
			NULL, 10);
	}
	return ERR_OK;
}

enum err_code
members_walk(struct store *store, enum store_kind kind, members_fn *fn,
    void *ctx, struct err *err)
{
	struct members *page = calloc(1, sizeof(*page));
	size_t first = 0;
	enum err_code rc;

	if (page == NULL)
		return err_set(err, ERR_SYSTEM, "out of memory");
	do {
		rc = read_page(page, store, kind, first, err);
		if (rc == ERR_OK && page->n > 0)
			rc = fn(ctx, store, page, err);
		first += page->n;
	} while (rc == ERR_OK && page->n > 0);
	free(page);
	return rc;
}
