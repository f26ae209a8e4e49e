#include <stdlib.h>
#include <string.h>

#include "fcgi-app/commands/publications.h"

#define N_BUCKETS 16384 /* a power of two */

/* In two lists at once: all by age, and those of one hash. */
struct queued {
	struct publication publication; /* its texts follow it */
	struct queued *newer;
	struct queued *same_bucket, **link; /* what points to it there */
};

struct publications {
	struct queued *oldest, *newest;
	struct queued *buckets[N_BUCKETS];
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
	struct queued *queued = malloc(sizeof(*queued) + len);
	char *to;

	if (queued == NULL)
		return err_set(err, ERR_SYSTEM, "out of memory");
	to = (char *)(queued + 1);
	queued->publication = *p;
	queued->publication.name = copy_text(&to, p->name);
	queued->publication.value = copy_text(&to, p->value);
	queued->publication.ip = copy_text(&to, p->ip);
	queued->publication.account = copy_text(&to, p->account);
	queued->newer = NULL;
	queued->link = &publications->buckets[bucket_of(p->name, p->value)];
	queued->same_bucket = *queued->link;
	if (queued->same_bucket != NULL)
		queued->same_bucket->link = &queued->same_bucket;
	*queued->link = queued;
	if (publications->newest != NULL)
		publications->newest->newer = queued;
	else
		publications->oldest = queued;
	publications->newest = queued;
	return ERR_OK;
}

void
publications_complete(struct publications *publications, const char *name,
    const char *value, int64_t now_ms)
{
	struct queued *queued = publications->buckets[bucket_of(name, value)];

	for (; queued != NULL; queued = queued->same_bucket) {
		struct publication *p = &queued->publication;

		if (strcmp(p->name, name) != 0 || strcmp(p->value, value) != 0)
			continue;
		if (p->expired_at_ms != 0)
			return; /* and so are all older ones */
		if (p->ends_at_ms >= now_ms)
			p->expired_at_ms = now_ms;
	}
}

static void
unlink_from_bucket(const struct queued *queued)
{
	*queued->link = queued->same_bucket;
	if (queued->same_bucket != NULL)
		queued->same_bucket->link = queued->link;
}

void
publications_flush(struct publications *publications, int64_t now_ms,
    publication_fn *fn, void *ctx)
{
	struct queued *queued;

	while ((queued = publications->oldest) != NULL &&
	    (queued->publication.ends_at_ms < now_ms || now_ms == INT64_MAX)) {
		fn(ctx, &queued->publication);
		unlink_from_bucket(queued);
		publications->oldest = queued->newer;
		if (publications->oldest == NULL)
			publications->newest = NULL;
		free(queued);
	}
}
