#ifndef TESTS_UNIT_PARAMS_H
#define TESTS_UNIT_PARAMS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fcgi-app/api/params.h"

/* Bodies of requests, and what params_parse() makes of them. */

#define FORM "application/x-www-form-urlencoded"
#define JSON "application/json"

#define N    PARAM_NAME
#define S    PARAM_SECRET
#define R    PARAM_RESPONSE
#define M    PARAM_SUFFIX_MATCH
#define L    PARAM_LABEL
#define P    PARAM_RECORD
#define ALL  (N | S | R | M)

#define A7   "aaaaaaa"
#define A63  A7 A7 A7 A7 A7 A7 A7 A7 A7

/* How sentences begin. */
#define THE(p)      "The parameter " p " is "
#define NOT_A_NAME  THE("name") "not a domain name"
#define NOT_ASCII   THE("name") "not ASCII: send the A-label"
#define NOT_BOOLEAN THE("suffix_match") "neither true nor false"
#define NOT_LABEL   THE("label") "not _ and 16 characters of the base32"
#define NOT_ISSUE   THE("record") "not an issue-value"

/* Values of dns-account-01 and dns-persist-01. */
#define LABEL  "_ujmmovf2vn55tgye"
#define RECORD "ca.example; accounturi=https://ca.example/1"

/* A body that is accepted, and the parameters in it. */
struct accepted {
	const char *body;
	unsigned given;
	const char *name, *secret, *response;
	bool suffix_match;
};

/* A body that is refused, and how the sentence begins. */
struct refused {
	const char *body, *want;
};

static inline enum params_fault
parse(struct params *p, const char *type, const char *body, size_t len,
    const char **sentence)
{
	struct request request = {
		.method = "POST",
		.path = "/",
		.content_type = type,
		.remote_addr = "192.0.2.1",
		.body = body,
		.body_len = len,
	};

	*sentence = NULL;
	return params_parse(p, &request, N, S | R | M | L | P, sentence);
}

/* No sentence may have a word that hooks look for, or need JSON escapes. */
static inline void
check_sentence(const char *sentence)
{
	assert_non_null(sentence);
	assert_null(strstr(sentence, "published"));
	assert_null(strstr(sentence, "expired"));
	assert_null(strpbrk(sentence, "\"\\\n"));
}

static inline void
check_accepted(const char *type, const struct accepted *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *sentence;
		struct params p;

		print_message("case %zu: %s\n", i, rows[i].body);
		assert_int_equal(parse(&p, type, rows[i].body,
				     strlen(rows[i].body), &sentence),
		    PARAMS_OK);
		assert_int_equal(p.given, rows[i].given);
		assert_string_equal(p.challenge.name.text, rows[i].name);
		assert_string_equal(p.secret.text, rows[i].secret);
		assert_string_equal(p.response.text, rows[i].response);
		assert_int_equal(p.suffix_match, rows[i].suffix_match);
		params_wipe(&p);
		assert_string_equal(p.secret.text, "");
	}
}

static inline void
check_refused(const char *type, const struct refused *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *want = rows[i].want;
		const char *sentence;
		struct params p;

		print_message("case %zu: %s\n", i, rows[i].body);
		assert_int_equal(parse(&p, type, rows[i].body,
				     strlen(rows[i].body), &sentence),
		    PARAMS_BAD);
		check_sentence(sentence);
		if (strncmp(sentence, want, strlen(want)) != 0)
			fail_msg("\"%s\", not \"%s\"", sentence, want);
	}
}

#endif
