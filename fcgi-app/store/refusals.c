#include <stdlib.h>
#include <string.h>

#include "fcgi-app/store/members.h"
#include "fcgi-app/store/refusals.h"

/* What list_refusals() was called with. */
struct walk {
	list_refusals_fn *fn;
	void *ctx;
};

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
show_page(void *ctx, struct store *store, struct members *page, struct err *err)
{
	const struct walk *walk = ctx;
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
			.last_at_ms = page->v[i].score,
		};

		refusal.ip = take_word(&rest);
		refusal.via = take_word(&rest);
		refusal.reason = take_word(&rest);
		refusal.name = take_word(&rest);
		rc = walk->fn(walk->ctx, &refusal, err);
	}
	return rc;
}

enum err_code
list_refusals(struct store *store, list_refusals_fn *fn, void *ctx,
    struct err *err)
{
	struct walk walk = { fn, ctx };

	return members_walk(store, STORE_REFUSALS, show_page, &walk, err);
}
