#ifndef TESTS_FUZZ_CHECK_H
#define TESTS_FUZZ_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/dnsname.h"
#include "pipe-backend/reply.h"

/*
 * What the fuzz targets hold true, said anew instead of by the code under
 * test.  A claim that fails aborts.
 */

#define CHECK(claim)                                                           \
	do {                                                                   \
		if (!(claim))                                                  \
			check_failed(#claim, __FILE__, __LINE__);              \
	} while (0)

_Noreturn void check_failed(const char *claim, const char *file, int line);

/* libFuzzer calls it with every input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* True for what dnsname_parse() is to take. */
bool check_is_name(const char *text, size_t len);

/* A parsed name is lower-case, without a trailing dot, and sane. */
void check_name(const struct dnsname *name);

void check_is_base64url(const char *text, size_t len);

/* The line number that stands at the head of an error. */
void check_error_line(const char *error, const char *file, const char *text,
    size_t len);

/*
 * A reply is one whole answer to `line`: DATA lines of the version and one END;
 * or FAIL alone, with an END behind it for SOA only; or a banner; or the text
 * that a CMD asked for.
 */
void check_answer(const struct reply *reply, const char *line,
    unsigned version);

#endif
