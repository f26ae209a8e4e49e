/* Makes, parses, hashes and compares secrets.  Hides libsodium. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <sodium.h>

#include "fcgi-app/access/secret.h"

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

void
secret_make_password(struct secret *secret)
{
	unsigned char bits[30]; /* 3 octets make 4 characters */

	randombytes_buf(bits, sizeof(bits));
	(void)sodium_bin2base64(secret->text, sizeof(secret->text), bits,
	    sizeof(bits), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	secret->len = strlen(secret->text);
	sodium_memzero(bits, sizeof(bits));
}

void
secret_make_uuid(char *buf)
{
	unsigned char b[16];

	randombytes_buf(b, sizeof(b));
	b[6] = (unsigned char)(0x40 | (b[6] & 0x0f)); /* version 4 */
	b[8] = (unsigned char)(0x80 | (b[8] & 0x3f)); /* variant */
	(void)snprintf(buf, SECRET_UUID_LEN + 1,
	    "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
	    "%02x%02x%02x%02x%02x%02x",
	    b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10],
	    b[11], b[12], b[13], b[14], b[15]);
}

void
secret_digest(struct txtvalue *value, const char *text, size_t len)
{
	unsigned char digest[crypto_hash_sha256_BYTES];

	(void)crypto_hash_sha256(digest, (const unsigned char *)text, len);
	(void)sodium_bin2base64(value->text, sizeof(value->text), digest,
	    sizeof(digest), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	value->len = strlen(value->text);
}

enum err_code
secret_parse_basic(char *user, size_t user_size, struct secret *secret,
    const char *header, struct err *err)
{
	unsigned char pair[512];
	const unsigned char *colon = NULL;
	size_t len = 0, user_len;
	enum err_code rc = ERR_INPUT;

	if (strncasecmp(header, "Basic ", 6) == 0 &&
	    sodium_base642bin(pair, sizeof(pair), header + 6,
		strlen(header + 6), " ", &len, NULL,
		sodium_base64_VARIANT_ORIGINAL) == 0)
		colon = memchr(pair, ':', len);
	if (colon != NULL) {
		user_len = (size_t)(colon - pair);
		if (user_len < user_size && memchr(pair, '\0', len) == NULL) {
			rc = secret_parse(secret, (const char *)colon + 1,
			    len - user_len - 1, NULL);
			memcpy(user, pair, user_len);
			user[user_len] = '\0';
		}
	}
	sodium_memzero(pair, sizeof(pair));
	return rc == ERR_OK ? rc
			    : err_set(err, ERR_INPUT, "no Basic credentials");
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

	/* A text of another length takes just as long to refuse. */
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
