#include <string.h>

#include <sodium.h>

#include "fcgi-app/secret.h"

enum err_code
secret_init(struct err *err)
{
	if (sodium_init() < 0)
		return err_set(err, ERR_SYSTEM, "libsodium: no randomness");
	return ERR_OK;
}

void
secret_make(struct secret *secret)
{
	unsigned char bits[SECRET_LEN / 2];

	randombytes_buf(bits, sizeof(bits));
	(void)sodium_bin2hex(secret->text, sizeof(secret->text), bits,
	    sizeof(bits));
	secret->len = SECRET_LEN;
	sodium_memzero(bits, sizeof(bits));
}

static bool
is_secret_octet(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') ||
	    (c != '\0' && strchr("-._~+/=", c) != NULL);
}

enum err_code
secret_parse(struct secret *secret, const char *text, size_t len,
    struct err *err)
{
	if (len == 0 || len > SECRET_MAX)
		return err_set(err, ERR_INPUT, "secret of %zu octets", len);
	for (size_t i = 0; i < len; i++)
		if (!is_secret_octet(text[i]))
			return err_set(err, ERR_INPUT, "secret: bad octet");
	secret->len = len;
	memcpy(secret->text, text, len);
	secret->text[len] = '\0';
	return ERR_OK;
}

void
secret_hash(struct secret_hash *hash, const struct secret *secret)
{
	unsigned char digest[SECRET_HASH_LEN / 2];

	(void)crypto_generichash(digest, sizeof(digest),
	    (const unsigned char *)secret->text, secret->len, NULL, 0);
	(void)sodium_bin2hex(hash->text, sizeof(hash->text), digest,
	    sizeof(digest));
}

bool
secret_matches(const struct secret *secret, const char *stored)
{
	struct secret_hash got, want = { "" };
	size_t len = strlen(stored);

	/* Another length cannot match, yet takes the same time to refuse. */
	if (len == SECRET_HASH_LEN)
		memcpy(want.text, stored, len);
	secret_hash(&got, secret);
	return sodium_memcmp(got.text, want.text, SECRET_HASH_LEN) == 0;
}

void
secret_wipe(struct secret *secret)
{
	sodium_memzero(secret, sizeof(*secret));
}
