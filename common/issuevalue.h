#ifndef COMMON_ISSUEVALUE_H
#define COMMON_ISSUEVALUE_H

#include <stddef.h>
#include <stdint.h>

#define ISSUEVALUE_MAX     510 /* octets: two character-strings of a TXT */
#define ISSUEVALUE_FOREVER INT64_MAX

/*
 * What dns-persist-01 wants in a TXT record at _validation-persist.NAME, an
 * issue-value that has passed issuevalue_parse():
 *
 *	ca.example; accounturi=https://ca.example/acct/123;
 *persistUntil=1767225600
 *
 * Its octets are printable ASCII and blanks without '"' and '\', so that it can
 * be quoted for the pipe protocol and in JSON as it is.
 */
struct issuevalue {
	size_t len;                    /* octets in text, 1..ISSUEVALUE_MAX */
	char text[ISSUEVALUE_MAX + 1]; /* NUL-terminated, as it was sent */
	int64_t until_s; /* persistUntil, s since the epoch; else _FOREVER */
};

enum issuevalue_fault {
	ISSUEVALUE_OK,
	ISSUEVALUE_BAD_LENGTH,
	ISSUEVALUE_BAD_SYNTAX,
	ISSUEVALUE_BAD_ACCOUNTURI, /* none, two, or no URI */
	ISSUEVALUE_BAD_UNTIL,      /* two, or not a number of seconds */
};

/*
 * Parse one.  Unknown parameters are taken, as the draft demands of a CA; tabs,
 * quotation marks and backslashes, which the RFC would allow, are refused.
 *
 *   text, len	the octets; need not be NUL-terminated; may hold NULs
 *
 * Returns ISSUEVALUE_OK, or what is wrong, with *value left untouched.
 * Source: RFC 8659, 4.2; draft-ietf-acme-dns-persist-02, "Challenge Response
 * and Verification"; RFC 8657, 3.
 */
enum issuevalue_fault issuevalue_parse(struct issuevalue *value,
    const char *text, size_t len);

#endif
