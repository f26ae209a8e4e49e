#include <stdlib.h>
#include <string.h>

#include "fcgi-app/commands/publications.h"

#define N_BUCKETS 16384 /* a power of two */

/* In two lists at once: all by age, and those of one hash. */
struct node {
	struct publication publication; /* its texts follow the node */
	struct node *newer;
	struct node *same_bucket, **link; /* what points to it there */
};

struct publications {
	struct node *oldest, *newest;
	struct node *buckets[N_BUCKETS];
};

enum err_code
publications_new(struct publications **publications, struct err *err)
{
	*publications = calloc(1, sizeof(**publications));
	if (*publications == NULL)
		return err_set(err, ERR_SYSTEM, "out of memory");
	return ERR_OK;
}

static void
drop(void *ctx, const struct publication *publication)
{
	(void)ctx;
	(void)publication;
}

void
publications_free(struct publications *publications)
{
	if (publications == NULL)
		return;
	publications_flush(publications, INT64_MAX, drop, NULL);
	free(publications);
}

/* FNV-1a over the name, a NUL and the value. */
static unsigned
bucket_of(const char *name, const char *value)
{
	uint32_t hash = 2166136261u;

	for (; *name != '\0'; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619u;
	hash *= 16777619u;
	for (; *value != '\0'; value++)
		hash = (hash ^ (unsigned char)*value) * 16777619u;
	return hash & (N_BUCKETS - 1);
}

/* Copy a text to *to, and move *to to its end. */
static const char *
copy_text(char **to, const char *text)
{
	char *copy = *to;
	size_t len = strlen(text) + 1;

	memcpy(copy, text, len);
	*to += len;
	return copy;
}

enum err_code
publications_add(struct publications *publications, const struct publication *p,
    struct err *err)
{
	size_t len = strlen(p->name) + strlen(p->value) + strlen(p->ip) +
	    strlen(p->account) + 4;
	struct node *node = malloc(sizeof(*node) + len);
	char *to;

	if (node == NULL)
		return err_set(err, ERR_SYSTEM, "out of memory");
	to = (char *)(node + 1);
	node->publication = *p;
	node->publication.name = copy_text(&to, p->name);
	node->publication.value = copy_text(&to, p->value);
	node->publication.ip = copy_text(&to, p->ip);
	node->publication.account = copy_text(&to, p->account);
	node->newer = NULL;
	node->link = &publications->buckets[bucket_of(p->name, p->value)];
	node->same_bucket = *node->link;
	if (node->same_bucket != NULL)
		node->same_bucket->link = &node->same_bucket;
	*node->link = node;
	if (publications->newest != NULL)
		publications->newest->newer = node;
	else
		publications->oldest = node;
	publications->newest = node;
	return ERR_OK;
}

void
publications_complete(struct publications *publications, const char *name,
    const char *value, int64_t now_ms)
{
	struct node *node = publications->buckets[bucket_of(name, value)];

	for (; node != NULL; node = node->same_bucket) {
		struct publication *p = &node->publication;

		if (strcmp(p->name, name) != 0 || strcmp(p->value, value) != 0)
			continue;
		if (p->expired_at_ms != 0)
			return; /* and so are all older ones */
		if (p->ends_at_ms >= now_ms)
			p->expired_at_ms = now_ms;
	}
}

static void
unlink_from_bucket(const struct node *node)
{
	*node->link = node->same_bucket;
	if (node->same_bucket != NULL)
		node->same_bucket->link = node->link;
}

void
publications_flush(struct publications *publications, int64_t now_ms,
    publication_fn *fn, void *ctx)
{
	struct node *node;

	while ((node = publications->oldest) != NULL &&
	    (node->publication.ends_at_ms < now_ms || now_ms == INT64_MAX)) {
		fn(ctx, &node->publication);
		unlink_from_bucket(node);
		publications->oldest = node->newer;
		if (publications->oldest == NULL)
			publications->newest = NULL;
		free(node);
	}
}
