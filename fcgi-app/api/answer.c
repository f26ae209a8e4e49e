#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fcgi-app/api/answer.h"

#define FIRST_SIZE 4096 /* every refusal fits */

enum err_code
answer_init(struct answer *answer, struct err *err)
{
	memset(answer, 0, sizeof(*answer));
	answer->body = malloc(FIRST_SIZE);
	if (answer->body == NULL)
		return err_set(err, ERR_SYSTEM, "out of memory");
	answer->size = FIRST_SIZE;
	answer_begin(answer);
	return ERR_OK;
}

void
answer_wipe(struct answer *answer)
{
	if (answer->body != NULL)
		explicit_bzero(answer->body, answer->size);
	free(answer->body);
	memset(answer, 0, sizeof(*answer));
}

void
answer_begin(struct answer *answer)
{
	explicit_bzero(answer->body, answer->size);
	answer->status = 0;
	answer->header = "";
	answer->content_type = "application/json";
	answer->is_cut = false;
	answer->fresh.is_set = false;
	answer->len = 0;
	answer->body[0] = '\0';
}

/* Make room for n more octets and a NUL.  realloc() would leave a copy. */
static bool
grow(struct answer *answer, size_t n)
{
	size_t size = 2 * (answer->len + n + 1);
	char *body = malloc(size);

	if (body == NULL)
		return false;
	memcpy(body, answer->body, answer->len);
	explicit_bzero(answer->body, answer->size);
	free(answer->body);
	answer->body = body;
	answer->size = size;
	return true;
}

void
answer_print(struct answer *answer, const char *fmt, ...)
{
	va_list ap, copy;
	size_t left;
	int n;

	va_start(ap, fmt);
	do {
		left = answer->size - answer->len;
		va_copy(copy, ap);
		n = vsnprintf(answer->body + answer->len, left, fmt, copy);
		va_end(copy);
	} while (n >= 0 && (size_t)n >= left && grow(answer, (size_t)n));
	va_end(ap);
	if (n >= 0 && (size_t)n < left) {
		answer->len += (size_t)n;
	} else {
		answer->body[answer->len] = '\0';
		answer->is_cut = true;
	}
}

void
answer_set_fresh(struct answer *answer, const struct dnsname *name,
    const struct secret_hash *hash)
{
	answer->fresh.is_set = true;
	answer->fresh.name = *name;
	answer->fresh.hash = *hash;
}
