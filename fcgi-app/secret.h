#ifndef FCGI_APP_SECRET_H
#define FCGI_APP_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "common/err.h"

#define SECRET_LEN      32  /* hex digits of the secrets that we make */
#define SECRET_MAX      128 /* octets of a secret that somebody sends */
#define SECRET_HASH_LEN 64  /* hex digits: BLAKE2b, 256 bits */

/*
 * A secret in the clear: 128 random bits as hex digits when we made it, or
 * what a client sent, checked by secret_parse().  It is shown once, never
 * stored, logged or formatted into an error, and wiped after use.
 */
struct secret {
	size_t len;
	char text[SECRET_MAX + 1]; /* NUL-terminated */
};

/* What the store keeps.  Random secrets need neither salt nor stretching. */
struct secret_hash {
	char text[SECRET_HASH_LEN + 1]; /* lower-case hex, NUL-terminated */
};

/* Once, before threads start.  ERR_SYSTEM when there is no randomness. */
MUST_CHECK enum err_code secret_init(struct err *err);

void secret_make(struct secret *secret);

/*
 * Take what a client sent: letters, digits and "-._~+/=".
 * Returns ERR_OK, or ERR_INPUT with *secret untouched.
 */
MUST_CHECK enum err_code secret_parse(struct secret *secret, const char *text,
    size_t len, struct err *err);

void secret_hash(struct secret_hash *hash, const struct secret *secret);

/* Compare in constant time.  `stored` is any text; no hash equals "". */
bool secret_matches(const struct secret *secret, const char *stored);

void secret_wipe(struct secret *secret);

#endif
