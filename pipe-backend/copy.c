#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "pipe-backend/copy.h"

#define OCTETS_A_BUCKET 256 /* of the maximum: about one entry a bucket */
#define BUCKET_MAX      16  /* entries */
#define OVERHEAD        16  /* of malloc() */

/* In two lists at once: its bucket's, and all by use. */
struct entry {
	struct entry *next; /* in the bucket */
	struct entry *newer, *older;
	uint32_t hash;
	int kind;
	uint16_t key_len, value_len;
	char octets[]; /* the value, which is not aligned; then the key */
};

struct copy {
	uint64_t seed;
	size_t max, used; /* octets */
	size_t n_buckets; /* a power of two */
	struct entry *newest, *oldest;
	struct entry **buckets;
};

enum err_code
copy_new(struct copy **copy, size_t max, struct err *err)
{
	struct copy *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return err_set(err, ERR_SYSTEM, "out of memory");
	c->max = max > COPY_MIN ? max : COPY_MIN;
	c->n_buckets = 1;
	while (c->n_buckets < c->max / OCTETS_A_BUCKET)
		c->n_buckets *= 2;
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): they are pointers */
	c->buckets = calloc(c->n_buckets, sizeof(*c->buckets));
	if (c->buckets == NULL ||
	    getrandom(&c->seed, sizeof(c->seed), 0) != sizeof(c->seed)) {
		free(c->buckets);
		free(c);
		return err_set(err, ERR_SYSTEM, "out of memory");
	}
	*copy = c;
	return ERR_OK;
}

void
copy_free(struct copy *copy)
{
	if (copy == NULL)
		return;
	copy_clear(copy);
	free(copy->buckets);
	free(copy);
}

/* 64-bit FNV-1a that begins with our seed, folded. */
static uint32_t
hash_of(const struct copy *copy, const struct copy_key *key)
{
	uint64_t hash = (copy->seed ^ (unsigned)key->kind) * 1099511628211u;

	for (size_t i = 0; i < key->len; i++)
		hash = (hash ^ (unsigned char)key->text[i]) * 1099511628211u;
	return (uint32_t)(hash ^ (hash >> 32));
}

static size_t
size_of(const struct entry *entry)
{
	return sizeof(*entry) + entry->value_len + entry->key_len + OVERHEAD;
}

static struct entry **
bucket_of(struct copy *copy, uint32_t hash)
{
	return &copy->buckets[hash & (copy->n_buckets - 1)];
}

/* The link that leads to an entry; one to NULL when there is none. */
static struct entry **
find_link(struct copy *copy, const struct copy_key *key, uint32_t hash)
{
	struct entry **link = bucket_of(copy, hash);

	while (*link != NULL &&
	    ((*link)->hash != hash || (*link)->kind != key->kind ||
		(*link)->key_len != key->len ||
		memcmp((*link)->octets + (*link)->value_len, key->text,
		    key->len) != 0))
		link = &(*link)->next;
	return link;
}

static void
take_from_uses(struct copy *copy, const struct entry *entry)
{
	if (entry->newer != NULL)
		entry->newer->older = entry->older;
	else
		copy->newest = entry->older;
	if (entry->older != NULL)
		entry->older->newer = entry->newer;
	else
		copy->oldest = entry->newer;
}

static void
make_newest(struct copy *copy, struct entry *entry)
{
	entry->newer = NULL;
	entry->older = copy->newest;
	if (copy->newest != NULL)
		copy->newest->newer = entry;
	else
		copy->oldest = entry;
	copy->newest = entry;
}

/* Free the entry that a link leads to. */
static void
drop(struct copy *copy, struct entry **link)
{
	struct entry *entry = *link;

	*link = entry->next;
	take_from_uses(copy, entry);
	copy->used -= size_of(entry);
	free(entry);
}

static void
drop_oldest(struct copy *copy)
{
	struct entry **link;

	assert(copy->oldest != NULL);
	link = bucket_of(copy, copy->oldest->hash);
	while (*link != copy->oldest)
		link = &(*link)->next;
	drop(copy, link);
}

/* A bucket has its newest first: cut off what is too many. */
static void
limit_bucket(struct copy *copy, uint32_t hash)
{
	struct entry **link = bucket_of(copy, hash);

	for (int n = 0; n < BUCKET_MAX && *link != NULL; n++)
		link = &(*link)->next;
	while (*link != NULL)
		drop(copy, link);
}

const void *
copy_find(struct copy *copy, const struct copy_key *key, size_t *len)
{
	struct entry *entry = *find_link(copy, key, hash_of(copy, key));

	if (entry == NULL)
		return NULL;
	if (entry != copy->newest) {
		take_from_uses(copy, entry);
		make_newest(copy, entry);
	}
	*len = entry->value_len;
	return entry->octets;
}

void
copy_put(struct copy *copy, const struct copy_key *key, const void *value,
    size_t len)
{
	uint32_t hash = hash_of(copy, key);
	struct entry **bucket = bucket_of(copy, hash);
	struct entry *entry;

	copy_drop(copy, key);
	if (key->len > UINT16_MAX || len > UINT16_MAX)
		return;
	entry = malloc(sizeof(*entry) + len + key->len);
	if (entry == NULL)
		return;
	entry->hash = hash;
	entry->kind = key->kind;
	entry->key_len = (uint16_t)key->len;
	entry->value_len = (uint16_t)len;
	memcpy(entry->octets, value, len);
	memcpy(entry->octets + len, key->text, key->len);
	entry->next = *bucket;
	*bucket = entry;
	make_newest(copy, entry);
	copy->used += size_of(entry);
	limit_bucket(copy, hash);
	while (copy->used > copy->max)
		drop_oldest(copy);
}

void
copy_drop(struct copy *copy, const struct copy_key *key)
{
	struct entry **link = find_link(copy, key, hash_of(copy, key));

	if (*link != NULL)
		drop(copy, link);
}

void
copy_clear(struct copy *copy)
{
	while (copy->oldest != NULL)
		drop_oldest(copy);
}
