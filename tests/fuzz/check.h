#ifndef TESTS_FUZZ_CHECK_H
#define TESTS_FUZZ_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/dnsname.h"
#include "pipe-backend/reply.h"

/*
 * What the fuzz targets check, without help from the code under test.  A check
 * that fails aborts.
 */

#define CHECK(claim)                                                           \
	do {                                                                   \
		if (!(claim))                                                  \
			check_failed(#claim, __FILE__, __LINE__);              \
	} while (0)

_Noreturn void check_failed(const char *claim, const char *file, int line);

/* libFuzzer calls it with every input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* True for what dnsname_parse() must accept. */
bool check_is_name(const char *text, size_t len);

/* Check that a name is valid, in lower case and without a trailing dot. */
void check_name(const struct dnsname *name);

void check_is_base64url(const char *text, size_t len);

/* Check the file and the line number at the beginning of an error. */
void check_error_line(const char *error, const char *file, const char *text,
    size_t len);

/*
 * Check that a reply is one whole answer to `line`: DATA lines of the version
 * and one END; or FAIL alone, for SOA with an END after it; or a banner; or the
 * text that a CMD asked for.
 */
void check_answer(const struct reply *reply, const char *line,
    unsigned version);

#endif
