#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fcgi-app/store/refusals.h"

#define REFUSALS_A_PAGE 200
#define REFUSAL_TEXT    512 /* of four words, with NUL */

struct page {
	size_t n;
	struct {
		char text[REFUSAL_TEXT];
		int64_t last_at_ms;
	} v[REFUSALS_A_PAGE];
};

static enum err_code
read_page(struct page *page, const struct store *store, size_t first,
    struct err *err)
{
	struct redis *redis = store->redis;
	const struct redis_reply *reply;
	struct store_key key;
	char from[24], to[24];
	enum err_code rc;

	rc = redis_begin(redis, err);
	if (rc != ERR_OK)
		return rc;
	store_key(&key, store, STORE_REFUSALS, NULL);
	(void)snprintf(from, sizeof(from), "%zu", first);
	(void)snprintf(to, sizeof(to), "%zu", first + REFUSALS_A_PAGE - 1);
	redis_add_words(redis, "ZRANGE", key.text, from, to, "WITHSCORES",
	    (char *)NULL);
	rc = redis_end(redis, err);
	if (rc != ERR_OK)
		return rc;
	reply = redis_reply(redis, 0);
	page->n = redis_reply_n(reply) / 2;
	for (size_t i = 0; i < page->n && i < REFUSALS_A_PAGE; i++) {
		(void)snprintf(page->v[i].text, sizeof(page->v[i].text), "%s",
		    redis_reply_text(redis_reply_at(reply, 2 * i), NULL));
		page->v[i].last_at_ms =
		    strtoll(redis_reply_text(redis_reply_at(reply, 2 * i + 1),
				NULL),
			NULL, 10);
	}
	return ERR_OK;
}

/* Cut off the first word, which a blank ends; it may be empty. */
static const char *
take_word(char **text)
{
	char *word = *text;

	*text += strcspn(*text, " ");
	if (**text != '\0')
		*(*text)++ = '\0';
	return word;
}

static enum err_code
show_page(struct page *page, const struct store *store, list_refusals_fn *fn,
    void *ctx, struct err *err)
{
	struct redis *redis = store->redis;
	struct store_key key;
	enum err_code rc;

	rc = redis_begin(redis, err);
	if (rc != ERR_OK)
		return rc;
	store_key(&key, store, STORE_REFUSED, NULL);
	for (size_t i = 0; i < page->n; i++)
		redis_add_words(redis, "HGET", key.text, page->v[i].text,
		    (char *)NULL);
	rc = redis_end(redis, err);
	for (size_t i = 0; rc == ERR_OK && i < page->n; i++) {
		char *rest = page->v[i].text;
		struct listed_refusal refusal = {
			.count = strtoll(redis_reply_text(redis_reply(redis, i),
					     NULL),
			    NULL, 10),
			.last_at_ms = page->v[i].last_at_ms,
		};

		refusal.ip = take_word(&rest);
		refusal.via = take_word(&rest);
		refusal.reason = take_word(&rest);
		refusal.name = take_word(&rest);
		rc = fn(ctx, &refusal, err);
	}
	return rc;
}

enum err_code
list_refusals(struct store *store, list_refusals_fn *fn, void *ctx,
    struct err *err)
{
	struct page *page = calloc(1, sizeof(*page));
	size_t first = 0;
	enum err_code rc;

	if (page == NULL)
		return err_set(err, ERR_SYSTEM, "out of memory");
	do {
		rc = read_page(page, store, first, err);
		if (rc == ERR_OK && page->n > 0)
			rc = show_page(page, store, fn, ctx, err);
		first += page->n;
	} while (rc == ERR_OK && page->n > 0);
	free(page);
	return rc;
}
