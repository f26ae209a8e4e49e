#ifndef FCGI_APP_API_ANSWER_H
#define FCGI_APP_API_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "common/dnsname.h"
#include "common/err.h"
#include "fcgi-app/access/secret.h"

/*
 * An HTTP answer.  A worker has one and uses it, with its memory, for each of
 * its requests.
 */
struct answer {
	int status;               /* RFC 9110, 15 */
	const char *header;       /* one more header line with CRLF, or "" */
	const char *content_type; /* JSON unless a handler says otherwise */
	bool is_cut;              /* out of memory: the body is not whole */
	size_t len, size;         /* octets of the body, and of its memory */
	char *body;               /* NUL-terminated; may hold a secret */
	/* A new secret that it holds, which is to be used once it has arrived.
	 */
	struct {
		bool is_set;
		struct dnsname name;
		struct secret_hash hash;
	} fresh;
};

/* Returns ERR_OK, or ERR_SYSTEM when out of memory. */
MUST_CHECK enum err_code answer_init(struct answer *answer, struct err *err);
void answer_wipe(struct answer *answer);

/* Start again with an empty body, wiping the old one. */
void answer_begin(struct answer *answer);

/* Append to the body. */
void answer_print(struct answer *answer, const char *fmt, ...)
    PRINTF_LIKE(2, 3);

/* Note a new secret that the body holds. */
void answer_set_fresh(struct answer *answer, const struct dnsname *name,
    const struct secret_hash *hash);

#endif
