#ifndef FCGI_APP_ACCESS_SECRET_H
#define FCGI_APP_ACCESS_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "common/err.h"
#include "common/txtvalue.h"

#define SECRET_LEN      32  /* hex digits of a secret that we make */
#define SECRET_MAX      128 /* octets of a secret that a client sends */
#define SECRET_HASH_LEN 64  /* hex digits: BLAKE2b, 256 bits */

/*
 * A secret in the clear: random if we made it, or what a client sent, after it
 * has passed secret_parse().  It is shown once and wiped after use.  It is
 * never stored, logged or put into an error.
 */
struct secret {
	size_t len;
	char text[SECRET_MAX + 1]; /* NUL-terminated */
};

/* What is stored.  A random secret needs neither salt nor stretching. */
struct secret_hash {
	char text[SECRET_HASH_LEN + 1]; /* lower-case hex, NUL-terminated */
};

/*
 * Call this once, before threads start.
 * Returns ERR_OK, or ERR_SYSTEM if there is no randomness.
 */
MUST_CHECK enum err_code secret_init(struct err *err);

/* Make a secret of 128 random bits, as SECRET_LEN hex digits. */
void secret_make(struct secret *secret);

/* Make one like acme-dns's passwords: 40 characters of base64url. */
void secret_make_password(struct secret *secret);

#define SECRET_UUID_LEN 36

/* Make a random UUID (RFC 4122, 4.4); buf has SECRET_UUID_LEN + 1 octets. */
void secret_make_uuid(char *buf);

/* base64url(SHA-256(text)), 43 characters: RFC 8555, 8.4. */
void secret_digest(struct txtvalue *value, const char *text, size_t len);

/*
 * Parse an Authorization header, "Basic ..." (RFC 7617).  user has user_size
 * octets.
 * Returns ERR_OK, or ERR_INPUT with *secret untouched.
 */
MUST_CHECK enum err_code secret_parse_basic(char *user, size_t user_size,
    struct secret *secret, const char *header, struct err *err);

/*
 * Parse what a client sent: letters, digits and "-._~+/=".
 * Returns ERR_OK, or ERR_INPUT with *secret untouched.
 */
MUST_CHECK enum err_code secret_parse(struct secret *secret, const char *text,
    size_t len, struct err *err);

void secret_hash(struct secret_hash *hash, const struct secret *secret);

/*
 * Compare a secret with a stored hash, in constant time.  `stored` may be any
 * text; no secret matches "".
 */
bool secret_matches(const struct secret *secret, const char *stored);

void secret_wipe(struct secret *secret);

#endif
