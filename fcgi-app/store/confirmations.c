#include <pthread.h>
#include <stdlib.h>

#include "fcgi-app/store/authorisation.h"
#include "fcgi-app/store/confirmations.h"

#define CONFIRMATIONS_MAX 256

struct confirmation {
	struct dnsname name;
	struct secret_hash hash;
};

struct confirmations {
	pthread_mutex_t lock; /* of all below */
	size_t n;
	struct confirmation v[CONFIRMATIONS_MAX];
};

enum err_code
confirmations_new(struct confirmations **confirmations, struct err *err)
{
	struct confirmations *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return err_set(err, ERR_SYSTEM, "out of memory");
	(void)pthread_mutex_init(&c->lock, NULL);
	*confirmations = c;
	return ERR_OK;
}

void
confirmations_free(struct confirmations *confirmations)
{
	free(confirmations);
}

void
confirmations_add(struct confirmations *c, const struct dnsname *name,
    const struct secret_hash *hash)
{
	if (c == NULL)
		return;
	(void)pthread_mutex_lock(&c->lock);
	if (c->n < CONFIRMATIONS_MAX)
		c->v[c->n++] =
		    (struct confirmation){ .name = *name, .hash = *hash };
	(void)pthread_mutex_unlock(&c->lock);
}

bool
confirmations_wait(struct confirmations *c)
{
	bool any;

	(void)pthread_mutex_lock(&c->lock);
	any = c->n > 0;
	(void)pthread_mutex_unlock(&c->lock);
	return any;
}

static bool
take(struct confirmation *out, struct confirmations *c)
{
	bool any;

	(void)pthread_mutex_lock(&c->lock);
	any = c->n > 0;
	if (any)
		*out = c->v[--c->n];
	(void)pthread_mutex_unlock(&c->lock);
	return any;
}

void
confirmations_try(struct confirmations *confirmations, struct store *store)
{
	struct confirmation one;
	bool done;

	while (take(&one, confirmations)) {
		if (authorisation_confirm(&done, store, &one.name, &one.hash,
			NULL) == ERR_OK)
			continue;
		confirmations_add(confirmations, &one.name, &one.hash);
		return;
	}
}
